/** Vouchers against the issuer's own ledger, in one store with it and beside it. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { fromBase64url } from '#device/codecs/bytes.ts';
import { isVoucherNumber, mintVoucherNumber, readVoucher } from '#device/codecs/voucher.ts';
import { systemChance } from '#gateway/clock.ts';
import type { ActInput } from '#gateway/funds/schemas.ts';
import { askGate } from '#gateway/gate.ts';
import { until } from '#test/until.ts';
import {
  ACCOUNT,
  closeStands,
  DAY_MS,
  freshKey,
  HUO,
  MEI,
  openStand,
  PART,
  WANG,
} from './voucher-stand.ts';
import { truth } from './voucher-states.ts';

afterEach(closeStands);

const KINDS = ['together', 'apart'] as const;
for (const kind of KINDS) {
  describe(`vouchers, issuer ${kind}`, () => {
    test('is asked for, agreed, issued against frozen money and redeemed in parts', async () => {
      const stand = await openStand(kind);
      const { done, funds } = stand;
      const issued = await stand.issue();
      assert.equal(issued.state, 'issued');
      assert.equal(issued.frozen_minor, 20_000);
      assert.deepEqual(stand.money(WANG), { balance: 50_000, held: 20_000 });
      const part = await done('chen', issued.number, 'redeem', PART(5000));
      assert.equal(part.state, 'issued');
      assert.deepEqual(stand.money(WANG), { balance: 45_000, held: 15_000 });
      const whole = await done('chen', issued.number, 'redeem', PART(15_000));
      assert.equal(whole.state, 'redeemed');
      assert.deepEqual(stand.money(WANG), { balance: 30_000, held: 0 });
      assert.deepEqual(funds.reading.balances('chen'), [{ currency: 'CNY', amount_minor: 20_000 }]);
      assert.deepEqual(stand.complaints(), []);
    });

    test('name, funds, currency and PIN are refused by name, and freeze nothing', async () => {
      const stand = await openStand(kind);
      const refused = async (amount_minor: number, account: ActInput, more = {}) => {
        const { number } = await stand.create({ amount_minor, ...more });
        await stand.done('fund', number, 'agree');
        await stand.done('shop', number, 'request_issue');
        const named = await stand.act('fund', number, 'name_account', account);
        if ('problem' in named) return [named.problem, named.extras];
        const reply = await stand.act('shop', number, 'confirm_account');
        const view = stand.funds.reading.view('fund', number);
        assert.deepEqual([view?.state, view?.frozen_minor], ['requested', 0]);
        return 'problem' in reply ? [reply.problem, reply.extras] : [String(reply.status), {}];
      };
      const other = { account: { ...WANG, name: 'Somebody Else' } };
      assert.deepEqual(await refused(1000, other), [
        ...['account_refused', { reason: 'account_name_wrong' }],
      ]);
      assert.deepEqual(await refused(50_001, ACCOUNT(WANG)), [
        ...['account_refused', { reason: 'insufficient_funds' }],
      ]);
      assert.deepEqual(await refused(1000, ACCOUNT(WANG), { currency: 'EUR' }), [
        ...['account_refused', { reason: 'wrong_currency' }],
      ]);
      const [code] = await refused(1000, { account: { ...WANG, pin: '000000' } });
      assert.equal(code, 'wrong_pin');
      assert.deepEqual(stand.money(WANG), { balance: 50_000, held: 0 });
      const onCredit = await stand.issue({ amount_minor: 30_100 }, HUO);
      assert.equal(onCredit.state, 'issued');
      assert.deepEqual(await refused(1, ACCOUNT(HUO)), [
        ...['account_refused', { reason: 'insufficient_funds' }],
      ]);
    });

    test('the account is changed on the way, five times and no more', async () => {
      const stand = await openStand(kind);
      const { done, act } = stand;
      const { number } = await stand.create();
      await done('fund', number, 'agree');
      await done('shop', number, 'request_issue');
      for (let change = 0; change < 5; change += 1) {
        await done('fund', number, 'name_account', ACCOUNT(change % 2 === 0 ? WANG : MEI));
        await done(change % 2 === 0 ? 'shop' : 'fund', number, 'ask_change');
      }
      await done('fund', number, 'name_account', ACCOUNT(MEI));
      const before = truth(stand, number);
      const reply = await act('shop', number, 'ask_change');
      assert.equal('problem' in reply && reply.problem, 'change_refused');
      assert.equal(truth(stand, number), before);
      assert.equal((await done('shop', number, 'confirm_account')).state, 'issued');
      assert.deepEqual(stand.money(WANG), { balance: 50_000, held: 0 });
      assert.deepEqual(stand.money(MEI), { balance: 50_000, held: 20_000 });
    });

    test('is redeemed, passed on, cancelled and expired by its terms, each once', async () => {
      const stand = await openStand(kind);
      const { act, done } = stand;
      const code = async (...asked: Parameters<typeof act>) => {
        const reply = await act(...asked);
        return 'problem' in reply ? [reply.problem, reply.extras.reason] : [reply.status];
      };
      const strict = await stand.issue({ terms: { transferable: false, partial: false } });
      const { number } = strict;
      assert.deepEqual(await code('chen', number, 'redeem', PART(1)), [
        ...['voucher_refused', 'whole_only'],
      ]);
      assert.deepEqual(await code('chen', number, 'redeem', PART(20_001)), [
        ...['voucher_refused', 'too_small'],
      ]);
      assert.deepEqual(await code('chen', number, 'redeem', PART(20_000, 'EUR')), [
        ...['voucher_refused', 'other_currency'],
      ]);
      const zhao = { transfer: { beneficiary: 'zhao' } };
      assert.deepEqual(await code('chen', number, 'transfer', zhao), [
        ...['not_transferable', undefined],
      ]);
      // The same key again is the same redemption; another body under it is none.
      const key = freshKey();
      const first = await act('chen', number, 'redeem', PART(20_000), key);
      assert.deepEqual(await act('chen', number, 'redeem', PART(20_000), key), {
        ...first,
        replayed: true,
      });
      assert.deepEqual(await code('chen', number, 'redeem', PART(1), key), [
        ...['idempotency_key_reused', undefined],
      ]);
      assert.deepEqual(stand.money(WANG), { balance: 30_000, held: 0 });

      const passed = await stand.issue();
      const after = await done('chen', passed.number, 'transfer', zhao);
      assert.equal(after.code, undefined);
      assert.equal(stand.funds.reading.view('chen', passed.number), null);
      const owned = stand.funds.reading.view('zhao', passed.number);
      assert.notEqual(owned?.code, passed.code);
      await done('zhao', passed.number, 'redeem', PART(1000));
      await done('fund', passed.number, 'ask_cancel');
      await done('zhao', passed.number, 'agree_cancel');
      await until('its release', () => stand.money(WANG).held === 0);
      assert.deepEqual(stand.money(WANG), { balance: 29_000, held: 0 });

      const unwanted = await stand.issue();
      await done('chen', unwanted.number, 'redeem', PART(1000));
      const givenUp = await done('chen', unwanted.number, 'give_up');
      assert.deepEqual([givenUp.state, givenUp.may], ['cancelled', []]);
      // Where the issuer is here, it has let go before anybody is answered.
      assert.equal(givenUp.frozen_minor, kind === 'together' ? 0 : 19_000);
      await until('its release', () => stand.money(WANG).held === 0);
      assert.deepEqual(stand.money(WANG), { balance: 28_000, held: 0 });
      assert.deepEqual(await code('chen', unwanted.number, 'redeem', PART(1)), [
        ...['wrong_voucher_state', undefined],
      ]);

      const late = await stand.issue();
      assert.equal(stand.money(WANG).held, 20_000);
      stand.clock.ahead += 2 * DAY_MS;
      assert.deepEqual(await code('chen', late.number, 'redeem', PART(1)), [
        ...['wrong_voucher_state', undefined],
      ]);
      await until('its release', () => stand.money(WANG).held === 0);
      assert.deepEqual(stand.complaints(), []);
    });

    test('a till redeems by number and code, and what goes back refills the voucher', async () => {
      const stand = await openStand(kind);
      const { writer } = stand.core;
      const till = stand.funds.gate();
      const { number } = await stand.issue();
      const good = stand.funds.reading.view('chen', number)?.code ?? '';
      let order = 0;
      const debit = (code: string, amount_minor = 1250, id = `PAY-${order++}`, of = number) =>
        askGate(writer, till.debit, {
          ...{ id, amount_minor, currency: 'CNY', merchant: 'lin', reference: `ORDER-${id}` },
          payer: { proof: { by: 'voucher', number: of, code } },
        });
      const wrong = good === '000000' ? '000001' : '000000';
      const taken = await debit(good, 1250, 'PAY-A');
      assert.equal(taken.said, 'debited');
      assert.deepEqual(await debit(good, 1250, 'PAY-A'), taken);
      assert.equal((await debit(good, 1251, 'PAY-A')).said, 'conflict');
      const back = { id: 'V-1', of: 'PAY-A' };
      const reversed = await askGate(writer, till.reverse, back);
      assert.equal(reversed.said === 'reversed' && reversed.amount_minor, 1250);
      assert.deepEqual(await askGate(writer, till.reverse, back), reversed);
      assert.equal(stand.funds.reading.view('chen', number)?.frozen_minor, 20_000);
      await askGate(writer, till.reverse, { id: 'V-2', of: 'PAY-LATE' });
      assert.equal((await debit(good, 1250, 'PAY-LATE')).said, 'refused');
      const unknown = mintVoucherNumber(systemChance.bytes(8));
      const guessed = await debit(good, 1250, 'PAY-G', unknown);
      assert.deepEqual(guessed, { said: 'voucher_refused', reason: 'wrong_code' });
      for (let tries = 0; tries < 4; tries += 1) {
        const said = await debit(wrong);
        assert.equal(said.said === 'voucher_refused' && said.reason, 'wrong_code');
      }
      const fifth = await debit(wrong);
      assert.equal(fifth.said === 'voucher_refused' && fifth.reason, 'locked');
      const locked = await debit(good);
      assert.equal(locked.said === 'voucher_refused' && locked.reason, 'locked');
      // Whoever guesses at tills keeps nobody from redeeming its own on the web.
      await stand.done('chen', number, 'redeem', PART(100));
      stand.clock.ahead += 16 * 60_000;
      assert.equal((await debit(good)).said, 'debited');
      assert.deepEqual(stand.complaints(), []);
    });
  });
}

describe('an issuer that does not answer', () => {
  test('a change while it verifies: the last account counts, nothing stays on the first', async () => {
    for (const fault of ['hold', 'lose_answer', 'lose_request'] as const) {
      const stand = await openStand('apart');
      const { number } = await stand.create();
      await stand.done('fund', number, 'agree');
      await stand.done('shop', number, 'request_issue');
      await stand.done('fund', number, 'name_account', ACCOUNT(WANG));
      stand.next('authorise', fault);
      const first = stand.act('shop', number, 'confirm_account');
      await until(
        'verifying',
        () => stand.funds.reading.view('shop', number)?.state === 'verifying',
      );
      if (fault !== 'hold') {
        const said = await first;
        assert.equal('status' in said && said.status, 202);
      }
      const changed = await stand.act('fund', number, 'ask_change');
      assert.ok('status' in changed, JSON.stringify(changed));
      await stand.done('fund', number, 'name_account', ACCOUNT(MEI));
      assert.equal((await stand.done('shop', number, 'confirm_account')).state, 'issued');
      stand.letGo();
      await first;
      await until('all answered', () => stand.core.tables.funds.nextAsk() === undefined);
      assert.deepEqual(stand.money(WANG), { balance: 50_000, held: 0 }, fault);
      assert.deepEqual(stand.money(MEI), { balance: 50_000, held: 20_000 }, fault);
    }
  });

  test('lost answers to freezing, capturing and releasing are asked for again', async () => {
    const stand = await openStand('apart');
    stand.next('authorise', 'lose_answer');
    const { number } = await stand.issue();
    const view = () => stand.funds.reading.view('chen', number);
    await until('issued', () => view()?.state === 'issued');
    assert.equal(stand.money(WANG).held, 20_000);
    stand.next('capture', 'lose_answer');
    const key = freshKey();
    const lost = await stand.act('chen', number, 'redeem', PART(500), key);
    assert.equal('status' in lost && lost.status, 202);
    await until('redeemed', () => view()?.redeemed_minor === 500);
    const again = await stand.act('chen', number, 'redeem', PART(500), key);
    assert.equal('status' in again && again.status, 200);
    assert.deepEqual(stand.money(WANG), { balance: 49_500, held: 19_500 });
    stand.next('release', 'lose_answer');
    await stand.done('shop', number, 'ask_cancel');
    await stand.done('chen', number, 'agree_cancel');
    await until('released', () => view()?.frozen_minor === 0);
    assert.deepEqual(stand.money(WANG), { balance: 49_500, held: 0 });
    assert.deepEqual(stand.complaints(), []);
  });
});

describe('the signed voucher', () => {
  test('is checked without a connection, and any change of it is seen', async () => {
    const stand = await openStand('together');
    const { token = '', number } = await stand.issue();
    const key = fromBase64url(stand.core.keys.public) ?? new Uint8Array();
    const read = readVoucher(key, token, stand.clock.now());
    assert.ok(read.ok && read.claims.number === number && !read.expired);
    const late = readVoucher(key, token, stand.clock.now() + 2 * DAY_MS);
    assert.ok(late.ok && late.expired);
    const [header, , signature] = token.split('.');
    const richer = { ...read.claims, amount_minor: 99_999 };
    const body = Buffer.from(JSON.stringify(richer)).toString('base64url');
    const forged = `${header}.${body}.${signature}`;
    assert.deepEqual(readVoucher(key, forged, 0), { ok: false, why: 'forged' });
    assert.equal(stand.funds.reading.check(forged).said, 'forged');
    assert.ok(token.length < 700, `${token.length} characters in a QR code`);
  });

  test('a number is twelve digits that tell a wrong one', () => {
    for (let each = 0; each < 200; each += 1) {
      const number = mintVoucherNumber(systemChance.bytes(8));
      assert.ok(isVoucherNumber(number));
      const at = each % 12;
      const digit = String((Number(number[at]) + 1) % 10);
      assert.ok(!isVoucherNumber(number.slice(0, at) + digit + number.slice(at + 1)));
    }
  });
});
