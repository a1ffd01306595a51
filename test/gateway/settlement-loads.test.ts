/** Loads and refunds: put on a card once, whatever is torn. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Card } from '#simulators/card/card.ts';
import { repeatable } from '#test/card/bench.ts';
import { until } from '#test/until.ts';
import { balanceOf, House, type Terminal } from './settlement-stand.ts';

describe('loads and refunds', () => {
  let house: House;
  let stall: Terminal;

  before(async () => {
    house = await House.open();
    stall = await house.terminal();
  });
  after(() => house.close());

  test('torn at every command, before it and after: done once, and told', async () => {
    for (const done of [false, true]) {
      for (let apdu = 1; apdu <= 8; apdu += 1) {
        const { id, card } = await house.card(2000);
        await house.load(id, 500);
        const first = await house.hold(card, 'load', { apdu, done });
        assert.equal(first.said, 'again', `${apdu} ${done}`);
        const again = await house.hold(card, 'load');
        assert.ok(['done', 'nothing_due'].includes(again.said), again.said);
        assert.equal(again.balance_minor, 2500, `command ${apdu}, ${done ? 'done' : 'not done'}`);
        assert.equal((await house.hold(card, 'load')).said, 'nothing_due');
        assert.equal(balanceOf(house, `settlement:card:${id}`), 2500);
        assert.equal(house.mine(id).agrees, true);
      }
    }
  });

  test('a load whose answer was lost is told by the next payment, too', async () => {
    const { id, card } = await house.card(2000);
    const job = await house.load(id, 500);
    assert.equal((await house.hold(card, 'load', { apdu: 8, done: true })).said, 'again');
    assert.equal(house.core.tables.settlement.job(job)?.state, 'unknown');
    await stall.tell(await stall.paid(card, 100));
    assert.equal(house.core.tables.settlement.job(job)?.state, 'done');
    assert.equal(balanceOf(house, `settlement:card:${id}`), 2400);
  });

  test('a process that ends while a card commits leaves nothing undone and nothing twice', async () => {
    for (const apdu of [6, 7, 8]) {
      const directory = mkdtempSync(join(tmpdir(), 'hawker-settlement-'));
      const database = join(directory, 'gateway.sqlite');
      const first = await House.open({ database });
      const { id, card } = await first.card(2000);
      await first.load(id, 500);
      const relayed = first.relayed(card, 'load', { apdu, done: true });
      let reached = false;
      void first.settlement
        .serve({
          ...relayed,
          async transport(apdus) {
            const carried = await relayed.transport(apdus);
            if (carried.ended === undefined) return carried;
            reached = true;
            return new Promise(() => undefined);
          },
        })
        .catch(() => undefined);
      await until('the card is torn away', () => reached || undefined);
      first.close();
      const second = await House.open({ database });
      const outcome = await second.hold(card, 'load');
      assert.ok(outcome.said === 'done' || outcome.said === 'nothing_due', outcome.said);
      assert.equal(outcome.balance_minor, 2500);
      assert.equal(balanceOf(second, `settlement:card:${id}`), 2500);
      assert.equal(second.settlement.reconcile().clean, true);
      second.close();
      rmSync(directory, { recursive: true, force: true });
    }
  });

  test('an order goes back to the card that paid it, never more than was paid', async () => {
    const { id, card } = await house.card(5000);
    const payment = await stall.paid(card, 1200);
    await stall.tell(payment);
    const ask = (amount?: number) => house.refund(payment.order, amount);
    assert.equal((await ask(700)).said, 'job');
    const more = await ask(600);
    assert.deepEqual(more, { said: 'refused', code: 'too_much', left_minor: 500 });
    const rest = await ask();
    assert.ok(rest.said === 'job' && rest.job.amount_minor === 500);
    assert.deepEqual((await house.hold(card, 'refund')).amount_minor, 1200);
    assert.equal(balanceOf(house, `settlement:card:${id}`), 5000);
    assert.equal((await house.refund(house.number())).said, 'refused');
  });

  test('asked twice is the same; more than the card may hold is refused', async () => {
    const { id } = await house.card(900, 1000);
    const ask = { kind: 'load', id: house.number(), card: id, amount_minor: 60 } as const;
    const first = await house.ask(ask);
    assert.deepEqual(await house.ask(ask), first);
    assert.deepEqual(await house.ask({ ...ask, amount_minor: 61 }), { said: 'conflict' });
    const refused = await house.ask({ ...ask, id: house.number() });
    assert.deepEqual(refused, { said: 'refused', code: 'too_much', left_minor: 40 });
    const cancelled = await house.cancel(ask.id);
    assert.ok(cancelled.said === 'job' && cancelled.job.state === 'failed');
    assert.equal((await house.ask({ ...ask, id: house.number() })).said, 'job');
  });

  test('a foreign card, a copy of a UID and a blank one are told apart, and nothing is sent', async () => {
    const { card } = await house.card(100);
    assert.equal((await house.hold(house.blank(), 'load')).said, 'unknown_card');
    const faked = new Card({ uid: card.uid, chance: repeatable(8) });
    assert.equal((await house.hold(faked, 'inspect')).said, 'unknown_card');
    assert.equal((await house.hold(card, 'personalise')).said, 'nothing_due');
  });
});
