/** Vouchers over HTTP, by the tokens of their parties, in both constellations. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fromBase64url } from '#device/codecs/bytes.ts';
import { readVoucher, showVoucherNumber } from '#device/codecs/voucher.ts';
import type { Seed } from '#gateway/seed.ts';
import { until } from '#test/until.ts';
import { type Constellation, openConstellation } from './constellation.ts';
import {
  type Answer,
  bearerFor,
  call,
  enrol,
  freshKey,
  makeOrder,
  operator,
  SEED,
  Terminal,
} from './harness.ts';
import { voucherDesk } from './voucher-desk.ts';
import { DAY_MS, VOUCHER_SEED, WANG, wish } from './voucher-stand.ts';

/** As a keyboard for Chinese writes figures. */
const inFull = (figures: string): string =>
  figures.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)));

const HTTP_SEED: Seed = { ...SEED, payers: VOUCHER_SEED.payers, parties: VOUCHER_SEED.parties };

for (const kind of ['together', 'apart'] as const) {
  describe(`vouchers over HTTP, ${kind}`, () => {
    let all: Constellation;
    let terminal: Terminal;
    const api = () => `${all.funds?.at.http}/v1/funds`;
    const { ask, act, asked, issue } = voucherDesk(() => all.funds?.at.http ?? assert.fail());

    before(async () => {
      all = await openConstellation(kind, { seed: HTTP_SEED }, { 'fund-server': {} });
      terminal = await Terminal.connect(await enrol(all.http));
    });
    after(async () => {
      await terminal.close();
      await all.close();
    });

    test('is issued, and pays an order at the stall by number and code', async () => {
      const { number } = await issue();
      const { body: owned } = await ask('chen', `vouchers/${number}`);
      const order = await terminal.offer(makeOrder(terminal.identity));
      const bearer = await bearerFor(all.http, terminal, order);
      const pay = (code: string) =>
        call(`${all.http}/v1/orders/${order.number}/payments`, {
          ...{ bearer, key: freshKey(), body: { voucher: number, code } },
        });
      const code = String(owned.code);
      const wrong = await pay(code === '000000' ? '000001' : '000000');
      assert.equal(wrong.body.code, 'voucher_refused', JSON.stringify(wrong.body));
      assert.equal(wrong.body.reason, 'wrong_code');
      const paid = await pay(code);
      assert.equal(paid.body.outcome, 'paid', JSON.stringify(paid.body));
      const result = await terminal.result(order.number);
      assert.equal(result.outcome, 'paid');
      const { body: left } = await ask('chen', `vouchers/${number}`);
      assert.equal(left.redeemed_minor, 1250);
      assert.equal(left.frozen_minor, 18_750);
      const books = await all.books();
      assert.deepEqual(
        books.flatMap(({ complaints }) => complaints),
        [],
      );
      const [merchant, due] = [/^acquirer:merchant:lin/, /^funds:due:acquirer/];
      assert.equal(await all.balance(merchant), await all.balance(due));
      const back = await call(`${all.http}/v1/orders/${order.number}/refunds`, {
        ...{ bearer: all.centre.operatorToken, key: freshKey(), body: { amount_minor: 500 } },
      });
      assert.ok(back.status < 300, JSON.stringify(back.body));
      await until('the voucher refilled', async () => {
        return (await ask('chen', `vouchers/${number}`)).body.frozen_minor === 19_250;
      });
    });

    test('looked up by the terminal: its key, what is left, that it was passed on', async () => {
      const { number, token } = await issue({ amount_minor: 5000 });
      const look = async (id: string, asked?: string) => {
        await terminal.say({
          kind: 'voucher_look',
          look: { id, ...(asked === undefined ? {} : { token: asked }) },
        });
        return until(`the answer to ${id}`, () => {
          const [told] = terminal.heard.flatMap((each) =>
            each.kind === 'voucher_looked' && each.looked.id === id ? [each.looked] : [],
          );
          return told;
        });
      };
      const { key, voucher: none } = await look('LOOKUP0000000001');
      assert.equal(none, null);
      const read = readVoucher(fromBase64url(key ?? '') ?? assert.fail(), token, Date.now());
      assert.ok(read.ok && read.claims.number === number, 'read without asking anybody');
      await act('chen', number, 'redeem', { amount_minor: 1200, currency: 'CNY' });
      const { body: owned } = await ask('chen', `vouchers/${number}`);
      const good = { said: 'genuine', state: 'issued', left_minor: 3800, superseded: false };
      for (const [id, form] of [
        ['LOOKUP0000000002', token],
        ['LOOKUP0000000003', String(owned.qr)],
      ] as const) {
        assert.deepEqual((await look(id, form)).voucher, good);
      }
      await act('chen', number, 'transfer', { beneficiary: 'zhao' });
      const passed = await look('LOOKUP0000000004', token);
      assert.deepEqual(passed.voucher, { ...good, left_minor: 0, superseded: true });
      const forged = await look('LOOKUP0000000005', token.slice(0, -4));
      assert.deepEqual(forged.voucher, { said: 'forged' });
    });

    test('pays on the cashier page, and a wrong code leaves the order open', async () => {
      const { number } = await issue({ amount_minor: 5000 });
      const { body: owned } = await ask('chen', `vouchers/${number}`);
      const order = await terminal.offer(makeOrder(terminal.identity));
      const at = `${all.http}/p/${terminal.token(order)}`;
      const page = await (await fetch(`${at}?by=voucher`)).text();
      assert.match(page, /name="voucher"/);
      const fieldOf = (name: string) =>
        new RegExp(`name="${name}" value="([^"]+)"`).exec(page)?.[1];
      const send = (code: string) =>
        fetch(at, {
          ...{ method: 'POST', redirect: 'manual' },
          body: new URLSearchParams({
            ...{ ticket: fieldOf('ticket') ?? '', key: fieldOf('key') ?? '', by: 'voucher' },
            ...{ voucher: inFull(showVoucherNumber(number)), digits: terminal.digits(order) },
            code: inFull(`${code.slice(0, 3)} ${code.slice(3)}`),
          }),
        });
      const code = String(owned.code);
      const wrong = await send(code === '000000' ? '000001' : '000000');
      assert.equal(wrong.status, 422);
      assert.match(await wrong.text(), /Number or code of the voucher is wrong/);
      assert.equal((await send(code)).status, 303);
      assert.equal((await terminal.result(order.number)).outcome, 'paid');
    });

    test('keyed in at the terminal: refused by name, and then paid', async () => {
      const { number } = await issue({ amount_minor: 1300 });
      const { body: owned } = await ask('chen', `vouchers/${number}`);
      const order = await terminal.offer(makeOrder(terminal.identity));
      const say = (id: string, code: string) =>
        terminal.say({
          kind: 'voucher',
          voucher: { id, order: order.number, number: String(number), code },
        });
      const code = String(owned.code);
      await say('0000000000000001', code === '000000' ? '000001' : '000000');
      const refusal = await until('the refusal', () =>
        terminal.heard.find((each) => each.kind === 'voucher_refused'),
      );
      assert.ok(refusal.kind === 'voucher_refused' && refusal.refused.reason === 'wrong_code');
      await say('0000000000000002', code);
      assert.equal((await terminal.result(order.number)).outcome, 'paid');
    });

    test('tells strangers nothing, and refuses what the table refuses', async () => {
      const number = await asked();
      const codes = async (answer: Promise<Answer>) => {
        const { status, body } = await answer;
        return [status, body.code];
      };
      assert.deepEqual(await codes(act('chen', number, 'agree')), [403, 'wrong_party']);
      assert.deepEqual(await codes(act('stranger', number, 'agree')), [404, 'unknown_voucher']);
      assert.deepEqual(await codes(ask('stranger', `vouchers/${number}`)), [
        ...[404, 'unknown_voucher'],
      ]);
      assert.deepEqual(await codes(act('shop', number, 'confirm-account')), [
        ...[409, 'wrong_voucher_state'],
      ]);
      assert.deepEqual(await codes(ask('nobody', 'vouchers')), [401, 'party_refused']);
      const late = { ...wish(Date.now()), expires_at: Date.now() - DAY_MS };
      assert.deepEqual(await codes(ask('shop', 'vouchers', late)), [400, 'malformed_request']);
      const bad = { ...wish(Date.now()), paying: 'ghost' };
      assert.deepEqual(await codes(ask('shop', 'vouchers', bad)), [422, 'unknown_party']);
      const unkeyed = await call(`${api()}/vouchers/${number}/agree`, {
        ...{ bearer: 'token-of-party-fund', body: {} },
      });
      assert.equal(unkeyed.body.code, 'idempotency_key_missing');
    });

    test('a signed voucher is checked by anybody, a party is added by the operator', async () => {
      const { token } = await issue({ amount_minor: 700 });
      const checked = await call(`${api()}/checks`, { body: { token } });
      assert.equal(checked.body.said, 'genuine');
      assert.equal(checked.body.left_minor, 700);
      const forged = await call(`${api()}/checks`, { body: { token: `${token}x` } });
      assert.equal(forged.body.said, 'forged');
      const at = all.funds?.at;
      if (at === undefined) throw new Error('no fund server');
      const add = (bearer: string) =>
        call(`${api()}/parties`, { bearer, body: { id: 'new', name: 'New' } });
      assert.equal((await add('wrong')).body.code, 'operator_only');
      const added = await add(at.operatorToken);
      assert.equal(added.status, 201);
      assert.equal((await add(at.operatorToken)).body.code, 'party_taken');
      const own = await call(`${api()}/balances`, { bearer: String(added.body.token) });
      assert.deepEqual(own.body.balances, []);
      assert.equal((await operator(at, '/v1/fund-server/openapi.json')).status, 200);
    });

    if (kind === 'together') return;

    test('an answer that is lost between fund server and issuer is asked for again', async () => {
      const number = await asked({ amount_minor: 900 });
      await act('fund', number, 'agree');
      await act('shop', number, 'request-issue');
      await act('fund', number, 'name-account', WANG);
      all.funds?.wire?.next('/v1/issuer/authorisations', 'lose_answer');
      const key = freshKey();
      const path = `vouchers/${number}/confirm-account`;
      const first = await ask('shop', path, {}, key);
      assert.equal(first.status, 202);
      assert.equal(first.body.state, 'verifying');
      await until('issued', async () => (await ask('shop', path, {}, key)).body.state === 'issued');
      const { held } = await all.moved(number);
      assert.equal(held, 1);
    });
  });
}
