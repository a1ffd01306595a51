/**
 * A card is pulled away at every command, before it took it and after it did, with the network and
 * without, for payments, loads and refunds. Whatever happens: no value is made or lost, a sale is
 * debited at most once, "paid" is only said of a debit that the card committed, and when the card has
 * been held there again and the network is back, card, terminal and books agree.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Card } from '#simulators/card/card.ts';
import { REAL_TIMING } from '#simulators/card/work.ts';
import { measureLoad } from './load-time.ts';
import { WholeHouse } from './whole-house.ts';

const LOADED = 50_000;
const AMOUNT = 1200;

interface Tear {
  /** Counted from the card's arrival. */
  readonly apdu: number;
  readonly when: 'before' | 'after';
}

/** Both moments of each command up to the `last`. */
const tears = (last: number): Tear[] =>
  Array.from({ length: last }, (_, at) => at + 1).flatMap((apdu) => [
    { apdu, when: 'before' } as const,
    { apdu, when: 'after' } as const,
  ]);

const named = ({ apdu, when }: Tear): string => `${when} command ${apdu}`;

/** Commands of a payment: three to choose and prove, two to read, three to debit, and the challenge. */
const PAYMENT = 9;
/** Of a tap that tells its balance and then is given what it is due. */
const CREDIT = 6 + 8;
/** Messages between the tap and the end of such a credit, both ways. */
const MESSAGES = 8;

describe('a card torn away', () => {
  let house: WholeHouse;
  before(async () => {
    house = await WholeHouse.open();
  });
  after(() => house.close());

  const heard = (since: number): number =>
    house.spoken.slice(since).filter((text) => /received twelve yuan/.test(text)).length;

  /** Card, terminal and books agree, and nothing is in doubt. */
  async function agrees(id: string, card: Card, balance: number, what: string): Promise<void> {
    house.connect(true);
    await house.pass(3000);
    assert.equal(house.balance(card), balance, `${what}: on the card`);
    assert.equal(house.inBook(id), balance, `${what}: in the book`);
    const report = house.core.settlement?.reconcile();
    assert.ok(report?.clean === true, `${what}: ${JSON.stringify(report)}`);
    assert.deepEqual(house.core.tables.ledger.unbalanced(), []);
    assert.deepEqual(house.logged, [], what);
  }

  const paid = (order: string): boolean =>
    house.core.tables.settlement.transactionsOf(order).length === 1;

  for (const online of [true, false]) {
    const network = online ? 'with the network' : 'without';

    test(`${network}, the next tap finishes the payment, which is debited and said once`, async () => {
      const { id, card } = await house.card(LOADED);
      let left = LOADED;
      for (const tear of tears(PAYMENT)) {
        const what = `${network}, torn ${named(tear)}`;
        house.connect(online);
        const since = house.spoken.length;
        const order = await house.sell(12);
        await house.tap(card, tear);
        assert.equal(heard(since), 0, `${what}: nothing is said of a torn debit`);
        // It is the commit alone that takes anything.
        const committed = tear.apdu === PAYMENT && tear.when === 'after';
        assert.equal(house.balance(card), committed ? left - AMOUNT : left, what);
        left -= AMOUNT;
        await house.tap(card);
        assert.equal(house.balance(card), left, `${what}: finished`);
        assert.equal(heard(since), 1, `${what}: said once`);
        await house.tap(card);
        await agrees(id, card, left, what);
        assert.ok(paid(order), what);
        assert.equal(house.core.tables.orders.find(order)?.state, 'paid', what);
      }
    });

    test(`${network}, a payment that is given up leaves the whole amount on the card`, async () => {
      const { id, card } = await house.card(LOADED);
      for (const tear of tears(PAYMENT)) {
        const what = `${network}, given up after a tear ${named(tear)}`;
        house.connect(online);
        const since = house.spoken.length;
        const order = await house.sell(12);
        await house.tap(card, tear);
        await house.keys('cancel');
        await house.keys('cancel');
        await house.tap(card);
        house.connect(true);
        await house.pass(3000);
        // What was taken for nothing is owed, and given back at the next taps.
        await house.tap(card);
        await house.tap(card);
        assert.equal(heard(since), 0, what);
        await agrees(id, card, LOADED, what);
        assert.notEqual(house.core.tables.orders.find(order)?.state, 'paid', what);
      }
    });

    test(`${network}, power is cut with the tear, and the sale goes on`, async () => {
      const { id, card } = await house.card(LOADED);
      let left = LOADED;
      for (const tear of tears(PAYMENT)) {
        const what = `${network}, torn ${named(tear)} and power cut`;
        house.connect(online);
        const since = house.spoken.length;
        const order = await house.sell(12);
        await house.tap(card, tear);
        await house.powerCut();
        await house.tap(card);
        assert.equal(heard(since), 1, what);
        left -= AMOUNT;
        await agrees(id, card, left, what);
        assert.ok(paid(order), what);
      }
    });
  }

  test('a load is put on once, wherever it was torn', async () => {
    const { id, card } = await house.card(LOADED);
    let held = LOADED;
    for (const tear of tears(CREDIT)) {
      const what = `a load torn ${named(tear)}`;
      const job = await house.due(id, 1000);
      await house.tap(card, tear);
      const committed = tear.apdu === CREDIT && tear.when === 'after';
      assert.equal(house.balance(card), committed ? held + 1000 : held, what);
      held += 1000;
      await house.tap(card);
      await house.tap(card);
      await agrees(id, card, held, what);
      assert.equal(house.core.tables.settlement.job(job)?.state, 'done', what);
    }
  });

  test('a refund is put on once, wherever it was torn', async () => {
    const { id, card } = await house.card(LOADED);
    for (const tear of tears(CREDIT)) {
      const what = `a refund torn ${named(tear)}`;
      const order = await house.sell(12);
      await house.tap(card);
      await house.lift();
      await house.keys('back');
      const job = await house.refund(order);
      await house.tap(card, tear);
      await house.tap(card);
      await house.tap(card);
      await agrees(id, card, LOADED, what);
      assert.equal(house.core.tables.settlement.job(job)?.state, 'done', what);
    }
  });

  test('a load is put on once, after whichever message the network was cut', async () => {
    const { id, card } = await house.card(LOADED);
    let held = LOADED;
    for (let messages = 0; messages <= MESSAGES; messages += 1) {
      const what = `cut after message ${messages}`;
      const job = await house.due(id, 2000);
      held += 2000;
      await house.lift();
      house.cutAfter = messages;
      await house.tap(card);
      await house.lift();
      house.connect(true);
      await house.tap(card);
      await house.tap(card);
      await agrees(id, card, held, what);
      assert.equal(house.core.tables.settlement.job(job)?.state, 'done', what);
    }
  });
});

test('at 200 ms each way a load takes under 1.5 s at the reader, with the time of a real card', async () => {
  const house = await WholeHouse.open();
  // The first of a new card, and the one after it.
  const { id, card } = await house.card(0);
  card.timing = REAL_TIMING;
  for (const which of ['first', 'second']) {
    const took = await measureLoad(house, id, card);
    assert.ok(took > 1200 && took < 1500, `${which}: ${took} ms`);
  }
  await house.close();
});
