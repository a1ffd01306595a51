/** Purchases that the gateway drives, with the settlement here and elsewhere. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { CardEvent } from '#gateway/settlement/gate.ts';
import type { Card } from '#simulators/card/card.ts';
import { until } from '#test/until.ts';
import { balanceOf, House, overWire, type Tear } from './settlement-stand.ts';

describe('a purchase that the gateway drives', () => {
  let house: House;

  before(async () => {
    house = await House.open();
  });
  after(() => house.close());

  test('a purchase that the gateway drives is taken once, whatever is torn', async () => {
    for (const done of [false, true]) {
      const { id, card } = await house.card(3000);
      const number = await house.shopOrder(1200);
      const purchase = {
        order: number,
        merchant: 'lin',
        currency: 'CNY',
        amount_minor: 1200,
      } as const;
      const take = (tear: { apdu: number; done: boolean } | null) =>
        house.settlement.purchase(purchase, house.relayed(card, 'pay', tear));
      assert.equal((await take({ apdu: 9, done })).said, 'again');
      assert.equal(house.core.tables.shop.find(number)?.state, 'unsure');
      const taken = await take(null);
      assert.deepEqual([taken.said, taken.balance_minor], ['done', 1800]);
      assert.equal((await take(null)).said, 'done');
      const gate = house.settlement.gate();
      const asked = await house.core.writer.run((tx) => gate.purchased.ask(tx, number));
      assert.equal(asked.said, 'paid');
      assert.equal(house.core.tables.shop.find(number)?.state, 'paid');
      assert.equal(balanceOf(house, `settlement:card:${id}`), 1800);
      assert.equal(house.mine(id).agrees, true);
    }
  });

  test('a purchase with the settlement elsewhere: lost, torn or refused, the shop comes to know', async () => {
    const events: CardEvent[] = [];
    const tellCard = { event: (_tx: unknown, event: CardEvent) => void events.push(event) };
    const far = await House.open({ tellCard: { ...tellCard, begun: () => true } });
    const gate = far.settlement.gate();
    let lost = true;
    const settlement = {
      ...overWire(far.core, gate),
      purchase: (...asked: Parameters<typeof gate.purchase>) =>
        lost ? Promise.resolve({ said: 'again' as const }) : gate.purchase(...asked),
    };
    const roles = ['order-centre', 'acquirer', 'issuer'] as const;
    const centre = await House.open({ gates: { settlement }, roles });
    const { writer, cards, tables } = centre.core;
    assert.ok(cards !== null && centre.core.settlement === null);
    const number = await centre.shopOrder(1200);
    const bill = { order: number, merchant: 'lin', currency: 'CNY', amount_minor: 1200 } as const;
    const take = (card: Card, tear: Tear | null = null) =>
      cards.purchases().take(bill, far.relayed(card, 'pay', tear));
    const [{ card: poor }, { card, id }] = [await far.card(100), await far.card(3000)];
    assert.equal((await take(card)).said, 'again');
    assert.equal(tables.shop.find(number)?.state, 'unsure');
    await writer.run((tx) => tx.note({ about: 'card_refused' }));
    await until(
      'it is open again',
      () => tables.shop.find(number)?.state === 'unpaid' || undefined,
    );
    lost = false;
    assert.equal((await take(poor)).said, 'insufficient_funds');
    assert.equal(tables.shop.find(number)?.state, 'unpaid');
    assert.equal((await take(card, { apdu: 9, done: true })).said, 'again');
    assert.equal((await take(card)).said, 'done');
    for (const event of events) await writer.run((tx) => cards.event(tx, event));
    assert.equal(tables.shop.find(number)?.state, 'paid');
    assert.equal(balanceOf(far, `settlement:card:${id}`), 1800);
    far.close();
    centre.close();
  });
});
