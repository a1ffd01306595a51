/** What parties may get wrong or ask again at the edges of vouchers, over HTTP and on their pages. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { voucherQr } from '#gateway/funds/qr.ts';
import type { Entries } from '#gateway/funds/schemas.ts';
import { seedSchema } from '#gateway/seed.ts';
import { openWeb, type Web } from '#gateway/web/server.ts';
import { until } from '#test/until.ts';
import { call, freshKey } from './harness.ts';
import {
  ACCOUNT,
  closeStands,
  DAY_MS,
  MEI,
  openStand,
  type Party,
  type Stand,
  VOUCHER_SEED,
  WANG,
} from './voucher-stand.ts';
import { truth } from './voucher-states.ts';

for (const kind of ['together', 'apart'] as const) {
  describe(`the edges of vouchers, issuer ${kind}`, () => {
    let stand: Stand;
    let web: Web;
    beforeEach(async () => {
      stand = await openStand(kind);
      web = await openWeb(stand.core, {
        ...{ host: '127.0.0.1', port: 0, broker: 'mqtt://127.0.0.1:1' },
        ...{ operatorToken: 'operator', agentToken: 'agent' },
        publicUrl: 'https://vouchers.example/Shop',
      });
    });
    afterEach(async () => {
      await web.close();
      closeStands();
    });

    const act = (party: Party, number: string, action: string, body: unknown, key = freshKey()) =>
      call(`${web.url}/v1/funds/vouchers/${number}/${action}`, {
        ...{ bearer: `token-of-party-${party}`, key, body },
      });
    const part = (amount_minor: number) => ({ amount_minor, currency: 'CNY' });

    test('a key tells what became of it by that, whatever was done since', async () => {
      const { number } = await stand.issue();
      const key = freshKey();
      const first = await act('chen', number, 'redeem', part(300), key);
      assert.equal(first.body.redeemed_minor, 300);
      await act('chen', number, 'redeem', part(200));
      const again = await act('chen', number, 'redeem', part(300), key);
      assert.deepEqual(again.body, first.body);
      assert.equal(again.headers.get('idempotency-replayed'), 'true');
      await act('chen', number, 'transfer', { beneficiary: 'zhao' });
      await act('zhao', number, 'redeem', part(1000));
      // What the new beneficiary did is nothing that the old one is told.
      assert.deepEqual((await act('chen', number, 'redeem', part(300), key)).body, first.body);
    });

    test('an action that takes nothing refuses what comes with it', async () => {
      const { number } = await stand.create();
      const earlier = truth(stand, number);
      for (const body of [{ amount_minor: 1 }, [1], ['x'], 'now', 5]) {
        const { status, body: said } = await act('fund', number, 'agree', body);
        assert.deepEqual([status, said.code], [400, 'malformed_request'], JSON.stringify(body));
      }
      assert.equal(truth(stand, number), earlier);
      assert.equal((await act('fund', number, 'agree', {})).body.state, 'agreed');
    });

    test('whoever passes it on to the payer is not shown the account', async () => {
      const { number } = await stand.issue({ beneficiary: 'chen' });
      const { body } = await act('chen', number, 'transfer', { beneficiary: 'fund' });
      assert.equal((body.beneficiary as { id: string }).id, 'fund');
      for (const secret of ['account', 'code', 'token', 'qr']) assert.ok(!(secret in body), secret);
    });

    test('an unseen mark in a name is none, and marks alone are nobody', async () => {
      const named = async (name: string) => {
        const { number } = await stand.create({ amount_minor: 100 });
        await stand.done('fund', number, 'agree');
        await stand.done('shop', number, 'request_issue');
        await stand.done('fund', number, 'name_account', ACCOUNT({ ...MEI, name }));
        const { body } = await act('shop', number, 'confirm-account', {});
        return body.state ?? body.reason;
      };
      assert.equal(await named('\u200bchen\u200d MEI\ufeff'), 'issued');
      for (const name of ['.', '\u200b', 'Chen', 'Chen Mei Mei', 'Chén Mei']) {
        assert.equal(await named(name), 'account_name_wrong', JSON.stringify(name));
      }
      const payer = stand.bank.tables.payers.byPhone(MEI.phone)?.id ?? '';
      assert.equal(stand.bank.tables.ledger.account(`issuer:payer:${payer}:EUR`), undefined);
    });

    test('a refused currency leaves no account behind', async () => {
      await assert.rejects(stand.issue({ currency: 'EUR' }), /wrong_currency/);
      const ids = [...stand.bank.tables.ledger.accounts()].map(({ id }) => id);
      assert.ok(!ids.some((id) => id.endsWith(':EUR')), ids.join());
    });

    test('tells issuing and paying party all that was done, a beneficiary what is theirs', async () => {
      const { number } = await stand.create();
      await stand.done('fund', number, 'agree');
      await stand.done('shop', number, 'request_issue');
      await stand.done('fund', number, 'name_account', ACCOUNT(WANG));
      const history = async (party: string) => {
        const path = `${web.url}/v1/funds/vouchers/${number}/history`;
        const { status, body } = await call(path, { bearer: `token-of-party-${party}` });
        const events = (body.events ?? []) as Record<string, unknown>[];
        return { status, body, events, actions: events.map(({ action }) => action).join(' ') };
      };
      assert.equal((await history('chen')).actions, '', 'what is not issued is not theirs yet');
      await act('shop', number, 'confirm-account', {});
      await act('chen', number, 'redeem', part(300));
      assert.equal((await history('chen')).actions, 'freeze redeem capture_part');
      await act('chen', number, 'transfer', { beneficiary: 'zhao' });
      await act('zhao', number, 'redeem', part(200));
      const all =
        'ask agree request_issue name_account confirm_account freeze ' +
        'redeem capture_part transfer redeem capture_part';
      for (const party of ['shop', 'fund'] as const) {
        const seen = await history(party);
        assert.equal(seen.actions, all);
        assert.equal(seen.events[3]?.account, '•••• 0001');
        assert.deepEqual([seen.events[8]?.by, seen.events[8]?.to], ['chen', 'zhao']);
        assert.deepEqual(
          [seen.events[10]?.amount_minor, seen.events[10]?.by],
          [200, 'fund_server'],
        );
      }
      assert.equal((await history('zhao')).actions, 'freeze transfer redeem capture_part');
      for (const party of ['chen', 'stranger']) {
        assert.equal((await history(party)).body.code, 'unknown_voucher');
      }
    });

    test('tells each party what its balance is made of, page by page', async () => {
      const { number } = await stand.issue({ amount_minor: 5100 });
      for (let each = 1; each <= 51; each += 1) {
        await stand.done('chen', number, 'redeem', { redeem: { ...part(100), currency: 'CNY' } });
      }
      const read = async (query: string) => {
        const path = `${web.url}/v1/funds/entries?${query}`;
        const { body } = await call(path, { bearer: 'token-of-party-chen' });
        return body as unknown as Entries & { code?: string };
      };
      const first = await read('currency=CNY');
      assert.deepEqual([first.entries.length, first.entries[0]?.balance_minor], [50, 5100]);
      const { at: _at, ...last } =
        (await read(`currency=CNY&before=${first.next}`)).entries[0] ?? {};
      const what = { what: 'redeemed', voucher: number, amount_minor: 100, balance_minor: 100 };
      assert.deepEqual(last, what);
      assert.deepEqual((await read('currency=EUR')).entries, []);
      for (const query of ['', 'currency=XXX', 'currency=CNY&before=']) {
        assert.equal((await read(query)).code, 'malformed_request', query);
      }
    });

    test('a token that is renewed lets nobody in any more, nor do earlier sessions', async () => {
      const form = { party: ' Chen', password: 'password of chen' };
      const logIn = (typed: Record<string, string>) =>
        fetch(`${web.url}/vouchers/log-in`, {
          ...{ method: 'POST', body: new URLSearchParams(typed), redirect: 'manual' },
        });
      const cookie = (await logIn(form)).headers.get('set-cookie')?.split(';')[0] ?? '';
      const isIn = async () => {
        const page = await fetch(`${web.url}/vouchers`, { headers: { cookie } });
        return (await page.text()).includes('/vouchers/log-out');
      };
      assert.ok(await isIn());
      const renew = (id: string, body: unknown, bearer = 'operator') =>
        call(`${web.url}/v1/funds/parties/${id}/renewals`, { bearer, body });
      const password = 'another window';
      assert.equal((await renew('chen', {}, 'token-of-party-chen')).body.code, 'operator_only');
      assert.equal((await renew('ghost', {})).body.code, 'unknown_party');
      const { status, body } = await renew('chen', { password });
      assert.deepEqual([status, body.id], [200, 'chen']);
      const list = (bearer: string) => call(`${web.url}/v1/funds/vouchers`, { bearer });
      assert.equal((await list('token-of-party-chen')).body.code, 'party_refused');
      assert.equal((await list(String(body.token))).status, 200);
      assert.ok(!(await isIn()));
      assert.equal((await logIn(form)).status, 422);
      assert.equal((await logIn({ ...form, password })).status, 303);
      assert.equal((await renew('chen', {})).status, 200);
      assert.equal((await logIn({ ...form, password })).status, 303, 'the password has stayed');
    });

    test('what is frozen pays and is let go, also where the account is blocked or closed since', async () => {
      const { number } = await stand.issue({ amount_minor: 3000 });
      const payer = stand.bank.tables.payers.byPhone(WANG.phone)?.id ?? '';
      for (const state of ['blocked', 'closed'] as const) {
        await stand.bank.writer.run((tx) => tx.payers.setState(payer, state));
        assert.equal((await act('chen', number, 'redeem', part(1000))).body.state, 'issued');
      }
      assert.deepEqual(stand.money(WANG), { balance: 48_000, held: 1000 });
      assert.equal((await act('chen', number, 'give-up', {})).body.state, 'cancelled');
      await until('its release', () => stand.money(WANG).held === 0);
      assert.deepEqual([stand.money(WANG).balance, stand.complaints()], [48_000, []]);
    });

    test('a name that could turn a line around, or leave it, is no party’s', async () => {
      for (const name of ['Chen\u202eiY', 'Chen\nYi', 'Chen\u0007', '\ud800', ' ']) {
        const { status, body } = await call(`${web.url}/v1/funds/parties`, {
          ...{ bearer: 'operator', key: freshKey(), body: { id: 'new', name } },
        });
        assert.deepEqual([status, body.code], [400, 'malformed_request'], JSON.stringify(name));
        const sown = { ...VOUCHER_SEED, parties: [{ id: 'new', name }] };
        assert.equal(seedSchema.safeParse(sown).success, false, JSON.stringify(name));
      }
      for (const name of ['شركة محمد', '王小梅 🎉', 'Ç. O’Neil & Sons']) {
        const { body } = await call(`${web.url}/v1/funds/parties`, {
          ...{ bearer: 'operator', key: freshKey(), body: { id: freshKey(), name } },
        });
        assert.equal(body.code, undefined, name);
      }
    });

    test('a page that is asked for without a moment is refused', async () => {
      for (const before of ['', '0', 'x', '-1', '1.5']) {
        const { body } = await call(`${web.url}/v1/funds/vouchers?before=${before}`, {
          bearer: 'token-of-party-shop',
        });
        assert.equal(body.code, 'malformed_request', before);
      }
    });

    test('the page chooses nobody, and says what is left only while that can be had', async () => {
      const { number } = await stand.issue({ amount_minor: 4300 });
      const form = { party: 'chen', password: 'password of chen' };
      const logIn = await fetch(`${web.url}/vouchers/log-in`, {
        ...{ method: 'POST', body: new URLSearchParams(form), redirect: 'manual' },
      });
      const cookie = logIn.headers.get('set-cookie')?.split(';')[0] ?? '';
      const read = async (path: string, typed?: Record<string, string>) => {
        const sent =
          typed === undefined ? {} : { method: 'POST', body: new URLSearchParams(typed) };
        const answer = await fetch(`${web.url}/vouchers${path}`, { headers: { cookie }, ...sent });
        return answer.text();
      };
      assert.match(await read(`/${number}?lang=en`), /<option value="">Choose …/);
      assert.match(await read(`/${number}?lang=en`), /Left<[\s\S]*¥43\.00/);
      // On paper it leads to where everybody reaches it, and not to where this page was asked for.
      const code = `HTTPS://VOUCHERS.EXAMPLE/Shop/V/${stand.funds.reading.view('chen', number)?.qr}`;
      assert.ok((await read(`/${number}`)).includes(voucherQr(code, 'QR').text));
      const key = 'key-of-a-form';
      const nobody = await read(`/${number}/transfer?lang=en`, { key, beneficiary: '' });
      assert.match(nobody, /data-code="unknown_party">Choose another party/);
      const fields = { amount: '1', currency: 'CNY', memo: '', days: '3', key };
      const unpaid = await read('?lang=en', { ...fields, paying: '', beneficiary: 'zhao' });
      assert.match(unpaid, /<select id="paying" name="paying" required aria-invalid="true"/);
      const both = { paying: 'zhao', beneficiary: 'zhao' };
      const turned = await read('?lang=en', { ...fields, ...both, memo: '5\u202e00.1' });
      assert.match(
        turned,
        /data-code="malformed_request">At most 140.*for="memo".*name="memo".*inv/,
      );
      await stand.core.parties.add('zhao-2', 'The zhao', null);
      const alike = await read('?lang=en');
      assert.match(alike, />The zhao \(zhao\)<[^\n]*>The zhao \(zhao-2\)</);
      assert.match(alike, />The fund</);
      assert.match(await read(`/${number}/redeem?lang=en`, { key, amount: '３' }), /¥40\.00/);
      const credited = await read('/entries?currency=CNY&lang=en');
      assert.match(credited, /What was credited · CNY[\s\S]*¥3\.00[\s\S]*Redeemed/);
      for (let each = 0; each < 40; each += 1) await stand.core.parties.add(`p-${each}`, 'P', null);
      const crowd = await read('?lang=en');
      assert.match(crowd, /<input id="paying" name="paying" required[^>]*placeholder="Name that/);
      assert.ok(!crowd.includes('p-39') && Buffer.byteLength(crowd) < 20_000);
      await read('', { ...fields, key: 'key-of-another', paying: ' Zhao', beneficiary: 'p-39' });
      assert.equal(stand.funds.reading.list('p-39', Infinity).vouchers.length, 1);
      await stand.done('shop', number, 'ask_cancel');
      await stand.done('chen', number, 'agree_cancel');
      const over = await read(`/${number}?lang=en`);
      assert.doesNotMatch(over, />Left</);
      assert.match(over, /<summary>What was done<[\s\S]*Cancelled[\s\S]*Frozen and issued/);
    });
  });
}

test('one that can’t be ended keeps no other from expiring', async () => {
  const stand = await openStand('together');
  try {
    const stuck = await stand.issue({ amount_minor: 100 });
    const other = await stand.issue({ amount_minor: 200 });
    await stand.core.writer.run((tx) => tx.funds.change(stuck.number, { hold: 'of-nobody' }));
    stand.clock.ahead += 2 * DAY_MS;
    await stand.create();
    const state = (number: string) => stand.core.tables.funds.voucher(number)?.state;
    await until('the other', () => state(other.number) === 'expired');
    assert.equal(state(stuck.number), 'issued');
    assert.deepEqual(stand.money(WANG), { balance: 50_000, held: 100 });
  } finally {
    closeStands();
  }
});
