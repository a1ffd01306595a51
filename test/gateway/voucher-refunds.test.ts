/** What a till gives back of a voucher: it refills it, or goes where docs/voucher.md says. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { askGate } from '#gateway/gate.ts';
import { PeerError } from '#gateway/peers/client.ts';
import { until } from '#test/until.ts';
import { closeStands, DAY_MS, openStand, PART, type Stand, WANG } from './voucher-stand.ts';

afterEach(closeStands);

/** A till of that stand: what the acquirer asks of the fund server. */
function tillOf({ core, funds }: Stand) {
  const { writer } = core;
  const gate = funds.gate();
  return {
    debit: (number: string, id: string, amount_minor: number) =>
      askGate(writer, gate.debit, {
        ...{ id, amount_minor, currency: 'CNY', merchant: 'lin', reference: `ORDER-${id}` },
        payer: {
          proof: { by: 'voucher', number, code: funds.reading.view('chen', number)?.code ?? '' },
        },
      }),
    refund: (id: string, of: string, amount_minor: number) =>
      askGate(writer, gate.refund, { id, of, amount_minor }),
    reverse: (id: string, of: string) => askGate(writer, gate.reverse, { id, of }),
  };
}

const seen = ({ funds }: Stand, number: string) => {
  const view = funds.reading.view('shop', number);
  if (view === null) throw new Error(`${number} is gone`);
  const { state, redeemed_minor, frozen_minor } = view;
  return [state, redeemed_minor, frozen_minor];
};

for (const kind of ['together', 'apart'] as const) {
  describe(`what goes back of a voucher, issuer ${kind}`, () => {
    test('a part, and then the rest of what spent it, are frozen for it again, once', async () => {
      const stand = await openStand(kind);
      const { number } = await stand.issue();
      const till = tillOf(stand);
      await till.debit(number, 'A', 5000);
      const part = await till.refund('R-1', 'A', 2000);
      assert.equal(part.said === 'refunded' && part.amount_minor, 2000);
      assert.deepEqual(await till.refund('R-1', 'A', 2000), part);
      assert.equal((await till.refund('R-1', 'A', 2001)).said, 'conflict');
      assert.deepEqual(seen(stand, number), ['issued', 3000, 17_000]);
      assert.deepEqual(stand.money(WANG), { balance: 47_000, held: 17_000 });
      assert.equal((await till.debit(number, 'B', 17_000)).said, 'debited');
      assert.deepEqual(seen(stand, number), ['redeemed', 20_000, 0]);
      const back = await till.reverse('V-1', 'B');
      assert.equal(back.said === 'reversed' && back.amount_minor, 17_000);
      assert.deepEqual(await till.reverse('V-1', 'B'), back);
      assert.deepEqual(seen(stand, number), ['issued', 3000, 17_000]);
      const much = await till.refund('R-2', 'A', 3001);
      assert.equal(much.said === 'refused' && much.left_minor, 3000);
      assert.equal((await till.refund('R-3', 'A', 3000)).said, 'refunded');
      assert.deepEqual(stand.money(WANG), { balance: 50_000, held: 20_000 });
      assert.equal((await till.refund('R-4', 'B', 1)).said, 'refused');
      const again = await stand.done('chen', number, 'redeem', PART(20_000));
      assert.equal(again.state, 'redeemed');
      assert.deepEqual(stand.money(WANG), { balance: 30_000, held: 0 });
      assert.deepEqual(stand.funds.reading.balances('chen'), [
        { currency: 'CNY', amount_minor: 20_000 },
      ]);
      assert.deepEqual(stand.complaints(), []);
    });

    test('of one that is over to the paying account; of one passed on to who redeemed', async () => {
      const stand = await openStand(kind);
      const till = tillOf(stand);
      const late = (await stand.issue({ amount_minor: 3000 })).number;
      const spent = (await stand.issue({ amount_minor: 1000 })).number;
      const ended = (await stand.issue({ amount_minor: 3000 })).number;
      const passed = (
        await stand.issue({ amount_minor: 3000, expires_at: stand.clock.now() + 9 * DAY_MS })
      ).number;
      for (const number of [late, ended, passed]) await till.debit(number, `P-${number}`, 1000);
      await till.debit(spent, `P-${spent}`, 1000);
      await stand.done('shop', ended, 'ask_cancel');
      await stand.done('chen', ended, 'agree_cancel');
      await stand.done('chen', passed, 'transfer', { transfer: { beneficiary: 'zhao' } });
      stand.clock.ahead += 2 * DAY_MS;
      for (const number of [late, spent, ended, passed]) {
        const said = await till.refund(`R-${number}`, `P-${number}`, 1000);
        assert.equal(said.said, 'refunded', JSON.stringify(said));
      }
      await until('all let go', () => stand.core.tables.funds.nextAsk() === undefined);
      assert.deepEqual(seen(stand, late), ['expired', 1000, 0]);
      assert.deepEqual(seen(stand, spent), ['redeemed', 1000, 0]);
      assert.deepEqual(seen(stand, ended), ['cancelled', 1000, 0]);
      assert.deepEqual(seen(stand, passed), ['issued', 1000, 2000]);
      assert.deepEqual(stand.funds.reading.balances('chen'), [
        { currency: 'CNY', amount_minor: 1000 },
      ]);
      assert.deepEqual(stand.money(WANG), { balance: 49_000, held: 2000 });
      assert.deepEqual(stand.complaints(), []);
    });

    test('where the paying account is closed it is whoever redeemed it', async () => {
      const stand = await openStand(kind);
      const till = tillOf(stand);
      const { number } = await stand.issue({ amount_minor: 1000 });
      await till.debit(number, 'A', 1000);
      const payer = stand.bank.tables.payers.byPhone(WANG.phone)?.id ?? '';
      await stand.bank.writer.run((tx) => tx.payers.setState(payer, 'closed'));
      assert.equal((await till.refund('R-1', 'A', 400)).said, 'refunded');
      assert.deepEqual(seen(stand, number), ['redeemed', 1000, 0]);
      assert.deepEqual(stand.funds.reading.balances('chen'), [
        { currency: 'CNY', amount_minor: 400 },
      ]);
      assert.deepEqual(stand.complaints(), []);
    });
  });
}

describe('an issuer that does not answer a refund', () => {
  for (const fault of ['lose_answer', 'lose_request'] as const) {
    test(`${fault}: asked again under its id, refilled once, and nothing redeemed between`, async () => {
      const stand = await openStand('apart');
      const { number } = await stand.issue();
      const till = tillOf(stand);
      await till.debit(number, 'A', 5000);
      stand.next('refund', fault);
      await assert.rejects(till.refund('R-1', 'A', 2000), PeerError);
      assert.equal(seen(stand, number)[0], 'refilling');
      const busy = await till.debit(number, 'B', 100);
      assert.equal(busy.said === 'voucher_refused' && busy.reason, 'busy');
      await assert.rejects(till.refund('R-2', 'A', 100), PeerError);
      await until('refilled', () => seen(stand, number)[0] === 'issued');
      assert.equal((await till.refund('R-1', 'A', 2000)).said, 'refunded');
      assert.equal((await till.refund('R-2', 'A', 100)).said, 'refunded');
      assert.deepEqual(seen(stand, number), ['issued', 2900, 17_100]);
      assert.deepEqual(stand.money(WANG), { balance: 47_100, held: 17_100 });
      assert.deepEqual(stand.complaints(), []);
    });
  }
});
