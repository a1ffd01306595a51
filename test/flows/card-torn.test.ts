/** A card that is pulled away, at each command, and power that goes: debited once, announced once. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hex } from '#device/codecs/bytes.ts';
import type { Order } from '#device/messages/order.ts';
import type { Card } from '#simulators/card/card.ts';
import type { Tear } from '#simulators/card/field.ts';
import {
  balanceOf,
  Counter,
  cardIdOf,
  cardWith,
  debitsOf,
  payElsewhere,
  uid,
} from './card-stand.ts';
import { settled } from './stand.ts';

/** Commands of a payment: six to open the card, then debit, record, commit. */
const COMMIT = 9;

/** A card of ¥100.00 and a sale of ¥12.50 that nobody knows the end of: it was debited. */
async function inDoubt() {
  const counter = await Counter.open();
  const card = await cardWith(10_000);
  const order = await counter.stand.sell('12.50');
  await counter.tap(card, { apdu: COMMIT, when: 'after' });
  return { counter, card, order };
}

/** The vendor gives the order in doubt up, and the gateway has heard. */
async function giveUp({ stand }: Counter, order: Order): Promise<void> {
  stand.key('cancel');
  await settled();
  await stand.result(order, { outcome: 'cancelled' });
}

const title = ({ stand }: Counter): string | undefined => stand.screen?.title;

describe('torn', () => {
  const whens: Tear['when'][] = ['before', 'after'];
  for (let apdu = 1; apdu <= COMMIT; apdu += 1) {
    for (const when of whens) {
      const lost = apdu === COMMIT;
      test(`${when} command ${apdu}: the next tap finishes the same sale, debited once`, async () => {
        const counter = await Counter.open();
        const card = await cardWith(10_000);
        const order = await counter.stand.sell('12.50');
        await counter.tap(card, { apdu, when });
        assert.equal(title(counter), lost ? 'Hold the same card again' : 'Tap again');
        assert.equal(counter.stand.screen?.qr === undefined, lost, 'offered to no phone in doubt');
        assert.doesNotMatch(counter.stand.spoken.join(), /received/);
        await counter.tap(card);
        await once(counter, card, order);
      });

      test(`${when} command ${apdu}, then the power goes: the same after a restart`, async () => {
        const counter = await Counter.open();
        const card = await cardWith(10_000);
        const order = await counter.stand.sell('12.50');
        await counter.tap(card, { apdu, when });
        await counter.restart();
        await counter.tap(card);
        await once(counter, card, order);
      });
    }
  }

  for (let cutAt = 0; cutAt <= COMMIT; cutAt += 1) {
    test(`the terminal's power goes before command ${cutAt + 1}: recalled, debited once`, async () => {
      const counter = await Counter.open();
      const card = await cardWith(10_000);
      const order = await counter.stand.sell('12.50');
      counter.cutAt = cutAt;
      await counter.tap(card);
      await counter.restart();
      if (cutAt < COMMIT) await counter.tap(card);
      await once(counter, card, order);
    });
  }

  async function once(counter: Counter, card: Card, order: Order): Promise<void> {
    const paid = counter.heard.filter((text) => text.includes('received'));
    const told = new Set(counter.payments().map((each) => JSON.stringify(each)));
    assert.equal(told.size, 1);
    assert.equal(counter.payments()[0]?.order, order.number);
    assert.ok(counter.payments()[0]?.mac);
    assert.equal(paid.length, 1);
    assert.equal(await balanceOf(card), 8750);
    assert.equal(await debitsOf(card), 1);
  }

  test('another card meanwhile is asked to wait; Cancel gives the order up, and says so', async () => {
    const counter = await Counter.open();
    const [first, second] = [await cardWith(10_000), await cardWith(5000, { last: 2 })];
    const order = await counter.stand.sell('12.50');
    await counter.tap(first, { apdu: COMMIT, when: 'after' });
    await counter.tap(second);
    assert.equal(title(counter), 'This is another card');
    assert.equal(await balanceOf(second), 5000);
    counter.stand.key('cancel');
    await settled();
    const unknown = counter.stand.sent.find((each) => each.kind === 'card_unknown');
    assert.equal(unknown?.kind === 'card_unknown' && unknown.unknown.uid, hex(uid(1)));
    await counter.stand.result(order, { outcome: 'cancelled' });
    // Another sale, another card: it pays as ever.
    await counter.sell('1');
    await counter.tap(second);
    assert.equal(counter.stand.spoken.at(-1), 'received one yuan');
  });

  test('given up, and the card comes back: it is owed, not sold; then it pays the new order', async () => {
    const { counter, card, order } = await inDoubt();
    await giveUp(counter, order);
    await counter.tap(card);
    assert.equal(title(counter), 'Cancelled');
    assert.ok(counter.stand.screen?.lines.includes('Debited for an order that had ended'));
    assert.deepEqual(
      counter.payments().map(({ sold, counter: number }) => [sold, number]),
      [[false, 2]],
    );
    assert.doesNotMatch(counter.stand.spoken.join(), /received/);
    await counter.sell('1');
    await counter.tap(card);
    assert.equal(counter.stand.spoken.at(-1), 'received one yuan');
  });

  test('settlement’s verdict ends a doubt, also one from before a restart', async () => {
    const { counter, card, order } = await inDoubt();
    await giveUp(counter, order);
    await counter.restart();
    const told = () => counter.stand.sent.filter(({ kind }) => kind === 'card_unknown').length;
    assert.equal(told(), 1, 'told until it is answered');
    const of = { order: order.number, card: await cardIdOf(card) };
    await counter.stand.told({
      kind: 'card_receipt',
      receipt: { ...of, counter: 1, said: 'noted' },
    });
    await counter.clock.pass(100_000);
    assert.equal(told(), 1);
    await counter.stand.told({
      kind: 'card_verdict',
      verdict: { ...of, counter_before: 1, committed: true },
    });
    await counter.restart();
    await counter.clock.pass(100_000);
    assert.equal(told(), 0);
    assert.equal(counter.payments().length, 0);
  });

  test('a doubt that the card’s log has forgotten is left to settlement, and the card pays on', async () => {
    const { counter, card, order } = await inDoubt();
    await giveUp(counter, order);
    await payElsewhere(card, 11);
    await counter.tap(card);
    assert.ok(counter.stand.screen?.lines.includes('Settlement will tell'));
    await counter.sell('1');
    await counter.tap(card);
    assert.equal(counter.stand.spoken.at(-1), 'received one yuan');
  });

  test('a doubt is decided by the log alone: paid elsewhere since, its proof is gone', async () => {
    const { counter, card } = await inDoubt();
    await payElsewhere(card, 2);
    await counter.tap(card);
    assert.equal(counter.stand.spoken.at(-1), 'received twelve yuan fifty');
    assert.equal(counter.payments()[0]?.mac, undefined);
    assert.equal(counter.payments()[0]?.counter, 2);
  });
});
