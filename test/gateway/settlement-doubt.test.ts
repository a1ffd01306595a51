/** A debit that nobody knows the end of: whoever sees the card next settles it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { balanceOf, House, type Terminal } from './settlement-stand.ts';

describe('a debit in doubt', () => {
  let house: House;
  let stall: Terminal;
  let other: Terminal;

  before(async () => {
    house = await House.open();
    stall = await house.terminal();
    other = await house.terminal('CODE-0002');
  });
  after(() => house.close());

  /** 3 rounds of 3, 1 and 2 commands before it; the commit is the ninth. */
  const COMMIT = 9;

  const torn = async (done: boolean, terminal = stall) => {
    const made = await house.card(10_000);
    const tapped = await terminal.tap(made.card, 1250, { tear: { apdu: COMMIT, done } });
    assert.ok(tapped.did === 'unknown');
    assert.equal((await terminal.tellUnknown(tapped.unknown)).said, 'noted');
    return { ...made, unknown: tapped.unknown };
  };
  const verdict = (order: string) =>
    house.heard(stall.id, 'card_verdict').filter((each) => each.verdict.order === order);

  test('that happened is told by the next payment, and is due to the card', async () => {
    const { id, card, unknown } = await torn(true);
    assert.equal(house.mine(id).in_doubt.length, 1);
    const next = await other.tap(card, 50);
    assert.ok(next.did === 'paid');
    await other.tell(next.payment);
    assert.equal(verdict(unknown.order).at(-1)?.verdict.committed, true);
    assert.equal(balanceOf(house, `settlement:card:${id}`), 10_000 - 1250 - 50);
    assert.equal((await house.hold(card, 'refund')).amount_minor, 1250);
    assert.equal(house.mine(id).agrees, true);
    assert.deepEqual(house.mine(id).in_doubt, []);
  });

  test('that did not happen is told by the next payment', async () => {
    const { id, card, unknown } = await torn(false);
    const next = await other.tap(card, 1250);
    assert.ok(next.did === 'paid');
    await other.tell(next.payment);
    assert.equal(verdict(unknown.order).at(-1)?.verdict.committed, false);
    assert.equal(balanceOf(house, `settlement:card:${id}`), 8750);
  });

  test('the same amount taken by another terminal meanwhile is not mistaken for it', async () => {
    const { id, card, unknown } = await torn(false);
    const [silent, next] = [await other.tap(card, 1250), await other.tap(card, 10)];
    assert.ok(silent.did === 'paid' && next.did === 'paid');
    await other.tell(next.payment);
    assert.equal(verdict(unknown.order).length, 0);
    await other.tell(silent.payment);
    assert.equal(verdict(unknown.order).at(-1)?.verdict.committed, false);
    assert.equal(house.mine(id).agrees, true);
  });

  test('is told by the card itself, at any reader', async () => {
    for (const done of [true, false]) {
      const { id, card, unknown } = await torn(done);
      assert.equal((await house.hold(card, 'inspect')).said, done ? 'done' : 'nothing_due');
      assert.equal(verdict(unknown.order).at(-1)?.verdict.committed, done);
      assert.equal(balanceOf(house, `settlement:card:${id}`), 10_000);
      assert.equal(house.mine(id).agrees, true);
    }
  });

  test('is finished as a sale by the same terminal, where that saw the card again', async () => {
    const { id, unknown } = await torn(true);
    const { counter_before: at, balance_before_minor: was, ...rest } = unknown;
    const finished = { ...rest, counter: at + 1, balance_after_minor: was - 1250, sold: true };
    assert.equal((await stall.tell(finished)).said, 'posted');
    assert.equal(house.mine(id).agrees, true);
    const vendor = house.core.tables.settlement.transaction(id, at + 1);
    assert.deepEqual([vendor?.purpose, vendor?.proof], ['sale', 'log']);
  });
});
