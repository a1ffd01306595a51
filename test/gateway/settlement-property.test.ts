/**
 * Whatever order things happen, are lost, doubled and forged in: value is conserved to the cent, an
 * order is sold at most once, and all that is wrong has a name.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { purseKey } from '#device/codecs/purse.ts';
import { drive } from '#device/codecs/purse-rounds.ts';
import { inspectPurse } from '#device/codecs/purse-talks.ts';
import type { CardDebit, CardPayment } from '#device/messages/card.ts';
import { Card } from '#simulators/card/card.ts';
import { Eeprom } from '#simulators/card/eeprom.ts';
import { repeatable } from '#test/card/bench.ts';
import { balanceOf, carry, House, type Tear, type Terminal } from './settlement-stand.ts';

type Message =
  | { readonly from: Terminal; readonly payment: CardPayment }
  | { readonly from: Terminal; readonly unknown: CardDebit };

interface Run {
  readonly house: House;
  readonly stalls: readonly Terminal[];
  readonly cards: readonly { readonly id: string; readonly card: Card }[];
  /** Said by cards, and not told yet. */
  queue: Message[];
  /** Orders that a vendor said "paid" to. */
  readonly sold: Map<string, number>;
  readonly orders: string[];
  brought: number;
  forged: number;
  readonly pick: (count: number) => number;
}

const STEPS = 70;

async function begin(seed: number): Promise<Run> {
  const house = await House.open();
  const stalls = [await house.terminal(), await house.terminal('CODE-0002')];
  const chance = repeatable(seed);
  const pick = (count: number): number => {
    const [high = 0, low = 0] = chance(2);
    return (high * 256 + low) % count;
  };
  const cards = [await house.card(4000), await house.card(2500), await house.card(900)];
  const sold = new Map<string, number>();
  const begun = { queue: [], sold, orders: [], brought: 7400, forged: 0 };
  return { house, stalls, cards, pick, ...begun };
}

function pickOf<T>(run: Run, all: readonly T[]): T {
  const found = all[run.pick(all.length)];
  assert.ok(found !== undefined);
  return found;
}

const tearOf = (run: Run, commands: number): Tear | null =>
  run.pick(3) === 0 ? { apdu: 1 + run.pick(commands), done: run.pick(2) === 0 } : null;

/** The order is a new one, or now and then one that was debited before. */
async function pay(run: Run): Promise<void> {
  const from = pickOf(run, run.stalls);
  const { card } = pickOf(run, run.cards);
  const again = run.orders.length > 0 && run.pick(12) === 0;
  const order = again ? pickOf(run, run.orders) : run.house.number();
  const tapped = await from.tap(card, 1 + run.pick(300), { tear: tearOf(run, 9), order });
  if (tapped.did === 'nothing') return;
  run.orders.push(order);
  if (tapped.did === 'unknown') run.queue.push({ from, unknown: tapped.unknown });
  else {
    if (!run.sold.has(order)) run.sold.set(order, tapped.payment.amount_minor);
    run.queue.push({ from, payment: tapped.payment });
  }
}

async function tell(message: Message): Promise<void> {
  if ('payment' in message) {
    const receipt = await message.from.tell(message.payment);
    assert.ok(receipt.said === 'posted' || receipt.said === 'already_posted', receipt.reason);
  } else assert.equal((await message.from.tellUnknown(message.unknown)).said, 'noted');
}

/** Any of those that wait, in any order; some are told twice. */
async function tellSome(run: Run): Promise<void> {
  if (run.queue.length === 0) return;
  const message = pickOf(run, run.queue);
  await tell(message);
  if (run.pick(4) !== 0) run.queue = run.queue.filter((each) => each !== message);
}

async function forge(run: Run): Promise<void> {
  const messages = run.queue.flatMap((each) => ('payment' in each ? [each] : []));
  if (messages.length === 0) return;
  const { from, payment } = pickOf(run, messages);
  const counter = payment.counter + 1000 + run.forged;
  run.forged += 1;
  const receipt = await from.tell({ ...payment, counter });
  assert.equal(receipt.said, 'refused');
}

async function load(run: Run): Promise<void> {
  const { id, card } = pickOf(run, run.cards);
  const amount = 1 + run.pick(500);
  await run.house.load(id, amount);
  run.brought += amount;
  await run.house.hold(card, 'load', tearOf(run, 9));
}

async function giveBack(run: Run): Promise<void> {
  const { tables } = run.house.core;
  const sales = run.cards.flatMap(({ id }) =>
    tables.settlement.transactions(id).filter(({ purpose }) => purpose === 'sale'),
  );
  if (sales.length === 0) return;
  const { reference, amount_minor } = pickOf(run, sales);
  await run.house.refund(reference, 1 + run.pick(amount_minor));
  await run.house.hold(pickOf(run, run.cards).card, 'refund', tearOf(run, 9));
}

/** Everything that waits arrives, and every card comes to a reader. */
async function drain(run: Run): Promise<void> {
  while (run.queue.length > 0) {
    const message = pickOf(run, run.queue);
    await tell(message);
    run.queue = run.queue.filter((each) => each !== message);
  }
  for (const { card } of run.cards) {
    let said = '';
    for (let times = 0; said !== 'nothing_due'; times += 1) {
      assert.ok(times < 60, said);
      said = (await run.house.hold(card, 'inspect')).said;
    }
  }
}

async function onCard({ house }: Run, card: Card): Promise<number> {
  card.powerDown();
  const master = house.keys.versions.get(1)?.load ?? assert.fail();
  const talk = inspectPurse({ key: purseKey(master, card.uid), rndA: house.chance(16) });
  const driven = await drive(talk, carry(card, null));
  assert.ok(driven.ended === null && driven.result.ok);
  return driven.result.balanceMinor;
}

async function check(run: Run): Promise<void> {
  const { house } = run;
  const { tables } = house.core;
  let total = 0;
  for (const { id, card } of run.cards) {
    const balance = await onCard(run, card);
    assert.equal(balanceOf(house, `settlement:card:${id}`), balance, id);
    total += balance;
  }
  assert.equal(balanceOf(house, 'settlement:float:CNY'), -total);
  assert.equal(balanceOf(house, 'settlement:due:CNY'), 0);
  assert.equal(total + balanceOf(house, 'settlement:vendor:lin:CNY'), run.brought);
  const sales = run.cards.flatMap(({ id }) =>
    tables.settlement.transactions(id).filter(({ purpose }) => purpose === 'sale'),
  );
  assert.equal(new Set(sales.map(({ reference }) => reference)).size, sales.length);
  assert.deepEqual(
    sales.map(({ reference }) => reference).sort(),
    [...run.sold.keys()].sort(),
    'sold is what a card has paid, and nothing else',
  );
  const { missing, in_doubt, cards, findings } = house.settlement.reconcile();
  assert.deepEqual([missing, in_doubt, cards], [[], [], []]);
  assert.equal(findings.filter(({ kind }) => kind === 'forged').length, run.forged);
  assert.ok(findings.every(({ kind }) => kind === 'forged' || kind === 'double'));
  assert.deepEqual(house.core.tables.ledger.unbalanced(), []);
}

const countersOf = (house: House, card: string): number[] =>
  house.settlement
    .reconcile()
    .missing.filter((each) => each.card === card)
    .flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, at) => from + at));

/** Some payments of a card never come, until they do: those below one that came are named, and no other. */
async function leaveGaps(run: Run): Promise<void> {
  const { id, card } = pickOf(run, run.cards);
  const untold = new Map<number, Message>();
  let last = 0;
  for (let nth = 0; nth < 8; nth += 1) {
    const from = pickOf(run, run.stalls);
    const order = run.house.number();
    const tapped = await from.tap(card, 1, { tear: null, order });
    if (tapped.did !== 'paid') continue;
    run.sold.set(order, 1);
    const { payment } = tapped;
    if (run.pick(2) === 0) untold.set(payment.counter, { from, payment });
    else {
      await tell({ from, payment });
      last = payment.counter;
    }
    const expected = [...untold.keys()].filter((counter) => counter < last);
    assert.deepEqual(countersOf(run.house, id), expected);
  }
  const waiting = [...untold];
  while (waiting.length > 0) {
    const [[counter, message] = assert.fail()] = waiting.splice(run.pick(waiting.length), 1);
    await tell(message);
    assert.ok(!countersOf(run.house, id).includes(counter));
  }
}

/** A card is copied, and both pay: whichever is told first is posted, the other named, the card blocked. */
async function fork(run: Run): Promise<void> {
  const { house } = run;
  const { id, card } = pickOf(run, run.cards);
  const copy = new Card({
    eeprom: new Eeprom(card.eeprom.image()),
    chance: repeatable(run.pick(99)),
  });
  const before = balanceOf(house, `settlement:card:${id}`);
  const told: { from: Terminal; payment: CardPayment }[] = [];
  for (const [each, amount] of [
    [card, 2],
    [copy, 3],
  ] as const) {
    const from = pickOf(run, run.stalls);
    const tapped = await from.tap(each, amount, { tear: null, order: house.number() });
    assert.ok(tapped.did === 'paid');
    told.push({ from, payment: tapped.payment });
  }
  if (run.pick(2) === 0) told.reverse();
  const [first, second] = told;
  assert.ok(first !== undefined && second !== undefined);
  assert.equal((await first.from.tell(first.payment)).said, 'posted');
  assert.equal((await second.from.tell(second.payment)).said, 'refused');
  assert.equal((await first.from.tell(first.payment)).said, 'already_posted');
  const { card: named, kind } = house.settlement.reconcile().findings.at(-1) ?? assert.fail();
  assert.deepEqual([named, kind], [id, 'fork']);
  assert.equal(house.core.tables.settlement.card(id)?.state, 'blocked');
  const { amount_minor } = first.payment;
  assert.equal(balanceOf(house, `settlement:card:${id}`), before - amount_minor);
  assert.deepEqual(house.core.tables.ledger.unbalanced(), []);
}

describe('any sequence of payments, loads, refunds, losses, doubles, forgeries, gaps and forks', () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    test(`seed ${seed}`, async () => {
      const run = await begin(seed);
      const steps = [pay, pay, pay, tellSome, tellSome, load, giveBack, forge];
      for (let step = 0; step < STEPS; step += 1) await pickOf(run, steps)(run);
      await drain(run);
      await check(run);
      await leaveGaps(run);
      await check(run);
      await fork(run);
      run.house.close();
    });
  }
});
