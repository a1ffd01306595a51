/**
 * The table of a voucher's life over HTTP: whatever is asked by whomever in whichever state is done as
 * the table says, or is answered by an error that the document names, and changes nothing.
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { VoucherState } from '#device/messages/voucher.ts';
import { type Action, step } from '#gateway/funds/flow.ts';
import { PARTY_ACTIONS } from '#gateway/funds/http.ts';
import type { ActInput } from '#gateway/funds/schemas.ts';
import { openWeb, type Web } from '#gateway/web/server.ts';
import { until } from '#test/until.ts';
import { type Answer, call, freshKey } from './harness.ts';
import {
  ACCOUNT,
  closeStands,
  HUO,
  openStand,
  PART,
  type Party,
  type Stand,
  WANG,
  wish,
} from './voucher-stand.ts';
import { bringTo, inputFor, letLapse, ROLE, truth } from './voucher-states.ts';

const WHO = ['shop', 'fund', 'chen', 'stranger'] as const;

for (const kind of ['together', 'apart'] as const) {
  describe(`the table over HTTP, issuer ${kind}`, () => {
    let stand: Stand;
    let web: Web;
    /** Codes by operation, as the document has them. */
    let documented: (path: string, code: unknown) => boolean;

    const open = async (): Promise<void> => {
      stand = await openStand(kind);
      web = await openWeb(stand.core, {
        ...{ host: '127.0.0.1', port: 0, broker: 'mqtt://127.0.0.1:1' },
        ...{ operatorToken: 'operator', agentToken: 'agent' },
      });
      const { body } = await call(`${web.url}/v1/fund-server/openapi.json`);
      const paths = body.paths as Record<string, { post?: { responses: object } }>;
      documented = (path, code) =>
        JSON.stringify(paths[path]?.post?.responses).includes(`\`${String(code)}\``);
    };
    beforeEach(open);
    afterEach(async () => {
      await web.close();
      closeStands();
    });

    const bodyOf = ({ account, redeem, transfer }: ActInput) => account ?? redeem ?? transfer ?? {};
    const act = async (
      party: Party,
      number: string,
      action: Action,
      input: ActInput = inputFor(action),
      key = freshKey(),
    ): Promise<Answer> => {
      const name = action.replaceAll('_', '-');
      const answer = await call(`${web.url}/v1/funds/vouchers/${number}/${name}`, {
        ...{ bearer: `token-of-party-${party}`, key, body: bodyOf(input) },
      });
      const { code } = answer.body;
      const path = `/v1/funds/vouchers/{number}/${name}`;
      if (answer.status >= 400) assert.ok(documented(path, code), `${name}: ${String(code)}`);
      return answer;
    };

    test('every action in every state by every party: done by the table, or refused', async () => {
      const waits: readonly VoucherState[] = kind === 'apart' ? ['verifying', 'redeeming'] : [];
      const states: readonly VoucherState[] = [
        ...(['asked', 'agreed', 'refused', 'requested', 'named', 'changing', 'issued'] as const),
        ...(['cancel_asked', 'redeemed', 'cancelled', 'expired'] as const),
        ...waits,
      ];
      for (const state of states) {
        const { number } = await bringTo(stand, state);
        const earlier = truth(stand, number);
        for (const party of WHO) {
          for (const action of PARTY_ACTIONS) {
            const role = ROLE[party];
            const taken = role === null ? null : step(state, action, [role]);
            if (taken?.ok) continue;
            const { status, body } = await act(party, number, action);
            const expected =
              taken === null
                ? [404, 'unknown_voucher']
                : taken.why === 'wrong_party'
                  ? [403, 'wrong_party']
                  : [409, 'wrong_voucher_state'];
            assert.deepEqual([status, body.code], expected, `${action} by ${party} in ${state}`);
          }
        }
        assert.equal(truth(stand, number), earlier, state);
        stand.letGo();
        await until('the end of it', () => stand.core.tables.funds.nextAsk() === undefined);
        // The next states need the account's money again.
        await letLapse(stand, number);
      }
      assert.deepEqual(stand.complaints(), []);
    });

    test('wrong name, balance, currency, amount, account and terms, each by its code', async () => {
      const refused = async (number: string, ...asked: [Party, Action, ActInput]) => {
        const earlier = truth(stand, number);
        const { status, body } = await act(asked[0], number, asked[1], asked[2]);
        assert.equal(truth(stand, number), earlier);
        return [status, body.code, body.reason];
      };
      const named = async (more: object, account: typeof WANG) => {
        const { number } = await stand.create(more);
        await act('fund', number, 'agree');
        await act('shop', number, 'request_issue');
        await act('fund', number, 'name_account', ACCOUNT(account));
        const { status, body } = await act('shop', number, 'confirm_account');
        assert.equal(stand.funds.reading.view('fund', number)?.frozen_minor, 0);
        return [status, body.code, body.reason];
      };
      const other = { ...WANG, name: 'Somebody Else' };
      const short = [422, 'account_refused', 'insufficient_funds'];
      assert.deepEqual(await named({}, other), [422, 'account_refused', 'account_name_wrong']);
      assert.deepEqual(await named({ amount_minor: 50_001 }, WANG), short);
      assert.deepEqual(await named({ amount_minor: 30_101 }, HUO), short);
      assert.deepEqual(await named({ currency: 'EUR' }, WANG), [
        422,
        'account_refused',
        'wrong_currency',
      ]);
      const { number } = await bringTo(stand, 'requested');
      const wrong = ACCOUNT({ ...WANG, pin: '000000' });
      const pin = await refused(number, 'fund', 'name_account', wrong);
      assert.deepEqual(pin, [401, 'wrong_pin', undefined]);
      const phone = ACCOUNT({ ...WANG, phone: 'home' });
      assert.deepEqual(await refused(number, 'fund', 'name_account', phone), [
        ...[400, 'malformed_request', undefined],
      ]);
      const strict = (await stand.issue({ terms: { transferable: false, partial: false } })).number;
      const redeem = async (input: ActInput) => (await refused(strict, 'chen', 'redeem', input))[2];
      assert.equal(await redeem(PART(20_001)), 'too_small');
      assert.equal(await redeem(PART(1)), 'whole_only');
      assert.equal(await redeem(PART(20_000, 'EUR')), 'other_currency');
      assert.deepEqual(
        await refused(strict, 'chen', 'transfer', { transfer: { beneficiary: 'zhao' } }),
        [409, 'not_transferable', undefined],
      );
      const free = (await stand.issue({ amount_minor: 1000 })).number;
      for (const beneficiary of ['ghost', 'chen']) {
        const said = await refused(free, 'chen', 'transfer', { transfer: { beneficiary } });
        assert.deepEqual(said, [422, 'unknown_party', undefined]);
      }
    });

    test('each message again, and all of them in any order: once, or refused', async () => {
      const LIFE: readonly (readonly [Party, Action, ActInput?])[] = [
        ...[['fund', 'agree'] as const, ['shop', 'request_issue'] as const],
        ...[['fund', 'name_account'] as const, ['fund', 'ask_change'] as const],
        ...[['fund', 'name_account'] as const, ['shop', 'confirm_account'] as const],
        ...[['chen', 'redeem'] as const, ['shop', 'ask_cancel'] as const],
        ...[['chen', 'refuse_cancel'] as const, ['chen', 'transfer'] as const],
        ['zhao', 'redeem', PART(19_000)],
      ];
      const { number } = await stand.create();
      const sent: (() => Promise<Answer>)[] = [];
      const first: Answer[] = [];
      for (const [party, action, input] of LIFE) {
        const key = freshKey();
        const send = () => act(party, number, action, input, key);
        sent.push(send);
        first.push(await send());
        const other = await act(party, number, 'name_account', ACCOUNT(HUO), key);
        assert.equal(other.body.code, 'idempotency_key_reused');
      }
      assert.deepEqual(
        first.map(({ status }) => status),
        LIFE.map(() => 200),
      );
      const ended = truth(stand, number);
      for (const [at, send] of [...sent.entries()].reverse()) {
        const again = await send();
        // What the issuer decided is told as it is now; all else as it was told.
        assert.equal(again.status, 200);
        if (at < 5) assert.deepEqual(again.body, first[at]?.body);
      }
      assert.equal(truth(stand, number), ended);
      let seed = 5;
      const draw = (most: number): number => {
        seed = (seed * 48_271) % 2_147_483_647;
        return seed % most;
      };
      for (let each = 0; each < 12; each += 1) {
        const mixed = (await stand.create({ amount_minor: 1000 })).number;
        for (let step = 0; step < 16; step += 1) {
          const [party, action] = LIFE[draw(LIFE.length)] ?? ['fund', 'agree'];
          const earlier = truth(stand, mixed);
          const { status } = await act(party, mixed, action, inputFor(action));
          if (status >= 400 && action !== 'confirm_account') {
            assert.equal(truth(stand, mixed), earlier, `${action} by ${party}`);
          }
        }
        await letLapse(stand, mixed);
      }
      assert.deepEqual(stand.money(WANG).held, 0);
      assert.deepEqual(stand.complaints(), []);
    });

    test('whoever shows forged vouchers in a row has to wait', async () => {
      const { token } = await stand.issue({ amount_minor: 100 });
      const check = (text: unknown) =>
        call(`${web.url}/v1/funds/checks`, { body: { token: String(text) } });
      for (let each = 0; each < 20; each += 1) {
        assert.equal((await check(`${token}${each}`)).body.said, 'forged');
      }
      const over = await check(`${token}21`);
      assert.deepEqual([over.status, over.body.code], [429, 'slow_down']);
      // A signature is no guess: others behind that address are answered.
      assert.equal((await check(token)).body.said, 'genuine');
      assert.ok(documented('/v1/funds/checks', 'slow_down'));
      stand.clock.ahead += 15 * 60_000;
      assert.equal((await check(`${token}21`)).body.said, 'forged');
    });

    test('what is asked for wrongly is no voucher', async () => {
      const ask = async (more: object, bearer = 'token-of-party-shop') => {
        const body = { ...wish(stand.clock.now()), ...more };
        const answer = await call(`${web.url}/v1/funds/vouchers`, {
          bearer,
          key: freshKey(),
          body,
        });
        assert.ok(documented('/v1/funds/vouchers', answer.body.code), String(answer.body.code));
        return [answer.status, answer.body.code];
      };
      assert.deepEqual(await ask({ paying: 'ghost' }), [422, 'unknown_party']);
      assert.deepEqual(await ask({ currency: 'XXX' }), [400, 'malformed_request']);
      assert.deepEqual(await ask({ amount_minor: 0 }), [400, 'malformed_request']);
      assert.deepEqual(await ask({ expires_at: 1 }), [400, 'malformed_request']);
      assert.deepEqual(await ask({ gift: true }), [400, 'malformed_request']);
      assert.deepEqual(await ask({}, 'nobody'), [401, 'party_refused']);
      assert.deepEqual(stand.funds.reading.list('shop', Number.MAX_SAFE_INTEGER).vouchers, []);
    });
  });
}
