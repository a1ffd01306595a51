/** The settlement: what cards did is proved, posted once, and what is wrong has a name. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fromBase64url, hex } from '#device/codecs/bytes.ts';
import { purseKey } from '#device/codecs/purse.ts';
import { drive } from '#device/codecs/purse-rounds.ts';
import { inspectPurse } from '#device/codecs/purse-talks.ts';
import { readHouseKeys, writeHouseKeys } from '#gateway/settlement/keys.ts';
import { Card } from '#simulators/card/card.ts';
import { Eeprom } from '#simulators/card/eeprom.ts';
import { repeatable } from '#test/card/bench.ts';
import { until } from '#test/until.ts';
import { RICH } from './harness.ts';
import { balanceOf, carry, House, type Terminal } from './settlement-stand.ts';

describe('the settlement', () => {
  let house: House;
  let stall: Terminal;
  let other: Terminal;

  before(async () => {
    house = await House.open();
    stall = await house.terminal();
    other = await house.terminal('CODE-0002');
  });
  after(() => house.close());

  const state = (order: string) => house.core.tables.orders.find(order)?.state;

  test('makes a card, loads it, and a terminal takes from it: the order is paid', async () => {
    const { id, card } = await house.card(10_000);
    const payment = await stall.paid(card, 1250);
    await stall.order(payment.order, 1250);
    assert.equal((await stall.tell(payment)).said, 'posted');
    assert.equal((await stall.tell(payment)).said, 'already_posted');
    assert.equal(state(payment.order), 'paid');
    assert.equal(balanceOf(house, `settlement:card:${id}`), 8750);
    assert.equal(balanceOf(house, 'settlement:vendor:lin:CNY'), 1250);
    assert.equal(house.core.tables.orders.find(payment.order)?.payment, `CARD-${id}-2`);
    assert.equal(house.settlement.reconcile().clean, true);
  });

  test('a payment that comes before its order waits for it; an ended order is paid all the same', async () => {
    const { card } = await house.card(10_000);
    const early = await stall.paid(card, 700);
    assert.equal((await stall.tell(early)).said, 'posted');
    assert.equal(state(early.order), undefined);
    await stall.order(early.order, 700);
    assert.equal(state(early.order), 'paid');
    const late = await stall.paid(card, 300);
    await stall.order(late.order, 300);
    await stall.say({ kind: 'close', close: { order: late.order, because: 'expired' } });
    assert.equal(state(late.order), 'expired');
    await stall.tell(late);
    assert.equal(state(late.order), 'paid');
  });

  test('who paid by phone meanwhile has the money back, once; the card stands', async () => {
    const { card } = await house.card(10_000);
    const payment = await stall.paid(card, 1250);
    const { order } = payment;
    await stall.order(order, 1250);
    const phone = await house.core.payments.pay({ order, key: 'k-1', ...RICH });
    assert.ok(phone.ok && phone.answer.kind === 'paid');
    const issuerBefore = balanceOf(house, 'acquirer:merchant:lin:CNY');
    await stall.tell(payment);
    await stall.tell(payment);
    await house.settle();
    assert.equal(balanceOf(house, 'acquirer:merchant:lin:CNY'), issuerBefore - 1250);
    const refunds = house.core.tables.attempts.refundsOf(order);
    assert.deepEqual(
      refunds.map((each) => [each.state, each.amount_minor]),
      [['refunded', 1250]],
    );
    assert.match(house.core.tables.orders.find(order)?.payment ?? '', /^CARD-/);
    const again = { id: 'R-1', order, kind: 'refund', restock: false, by: 'operator' } as const;
    const refused = await house.core.refunds.refund(again);
    assert.ok(refused.said === 'refused' && refused.reason === 'paid_by_card');
  });

  test('names what is forged, replayed, malformed or of no card of ours, and posts none of it', async () => {
    const { id, card } = await house.card(10_000);
    const payment = await stall.paid(card, 1250);
    const before = house.findings().length;
    const wrong = [
      [{ mac: 'AAAAAAAAAAA' }, 'forged'],
      [{ balance_after_minor: 9000 }, 'malformed'],
      [{ amount_minor: 1 }, 'malformed'],
      [{ card: 'HC0000000000000000' }, 'unknown_card'],
      [{ counter: 9 }, 'forged'],
    ] as const;
    for (const [change, kind] of wrong) {
      const receipt = await stall.tell({ ...payment, ...change });
      assert.equal(receipt.said, 'refused', kind);
      assert.equal(house.findings().at(-1)?.kind, kind);
    }
    assert.equal((await other.tell(payment)).said, 'refused');
    assert.equal(house.findings().at(-1)?.kind, 'replayed');
    assert.equal(house.findings().length, before + wrong.length + 1);
    assert.equal(balanceOf(house, `settlement:card:${id}`), 10_000);
    assert.equal((await stall.tell(payment)).said, 'posted');
    const {
      card: named,
      counter,
      terminal,
      order_number,
      amount_minor,
    } = house.findings()[before] ?? assert.fail();
    assert.deepEqual(
      [named, counter, terminal, order_number, amount_minor],
      [id, 2, 't-0001', payment.order, 1250],
    );
  });

  test('two cards with one counter: named, blocked, and every terminal hears of it', async () => {
    const { id, card } = await house.card(10_000);
    const copy = new Card({ eeprom: new Eeprom(card.eeprom.image()), chance: repeatable(5) });
    const first = await stall.paid(card, 1000);
    const second = await stall.paid(copy, 900);
    assert.equal((await stall.tell(first)).said, 'posted');
    const receipt = await stall.tell(second);
    assert.equal(receipt.said, 'refused');
    assert.equal(house.findings().at(-1)?.kind, 'fork');
    assert.equal(house.core.tables.settlement.card(id)?.state, 'blocked');
    for (const terminal of [stall, other]) {
      assert.ok(house.heard(terminal.id, 'hotlist').at(-1)?.hotlist.entries.includes(id));
    }
    assert.equal((await house.hold(card, 'inspect')).said, 'blocked_card');
  });

  test('what is missing is named with its amount, and closed when it comes', async () => {
    const { id, card } = await house.card(10_000);
    const [first, second, third] = [
      await stall.paid(card, 100),
      await stall.paid(card, 250),
      await stall.paid(card, 7),
    ];
    await stall.tell(first);
    await stall.tell(third);
    const { missing, clean } = house.settlement.reconcile();
    assert.equal(clean, false);
    assert.deepEqual(
      missing.filter((each) => each.card === id),
      [{ card: id, from: 3, to: 3, change_minor: -250, order: null, terminal: null }],
    );
    await stall.tell(second);
    assert.deepEqual(house.mine(id).missing, []);
    assert.equal(house.mine(id).agrees, true);
  });

  test('a debit of another amount than the order goes back to its card', async () => {
    const { id, card } = await house.card(5000);
    const payment = await stall.paid(card, 600);
    await stall.order(payment.order, 1200);
    assert.equal((await stall.tell(payment)).said, 'posted');
    assert.equal(state(payment.order), 'offered');
    await until('the refund', () => house.core.tables.settlement.refundsOf(payment.order)[0]);
    assert.equal((await house.hold(card, 'refund')).amount_minor, 600);
    assert.equal(balanceOf(house, `settlement:card:${id}`), 5000);
  });

  test('a second debit of one order is due to its card, and goes back to it', async () => {
    const { id, card } = await house.card(10_000);
    const { card: second, id: secondId } = await house.card(5000);
    const one = await stall.paid(card, 1000);
    const two = await stall.paid(second, 1000, { order: one.order });
    await stall.tell(one);
    assert.equal((await stall.tell(two)).said, 'posted');
    assert.equal(house.findings().at(-1)?.kind, 'double');
    assert.equal(balanceOf(house, `settlement:card:${secondId}`), 4000);
    const done = await house.hold(second, 'refund');
    assert.deepEqual([done.said, done.amount_minor, done.balance_minor], ['done', 1000, 5000]);
    assert.equal(balanceOf(house, `settlement:card:${secondId}`), 5000);
    assert.equal((await house.hold(second, 'refund')).said, 'nothing_due');
    assert.equal(balanceOf(house, `settlement:card:${id}`), 9000);
  });

  test('a card that presents itself is judged by UID, counter and balance', async () => {
    const { id, card } = await house.card(1000);
    const uid = hex(card.uid);
    const judge = (asked: object) =>
      house.validate({ uid, counter: 1, balance_minor: 1000, ...asked });
    const why = async (asked: object) => {
      const told = await judge(asked);
      return told.said === 'invalid' ? told.why : `${told.not_here_yet} not here yet`;
    };
    assert.equal(await why({}), '0 not here yet');
    assert.equal(await why({ counter: 3, balance_minor: 400 }), '2 not here yet');
    assert.equal(await why({ balance_minor: 999 }), 'wrong_balance');
    assert.equal(await why({ counter: 2, balance_minor: 1001 }), 'wrong_balance');
    assert.equal(await why({ counter: 0, balance_minor: 0 }), 'rolled_back');
    assert.equal(await why({ uid: '04000000000001' }), 'unknown_card');
    assert.equal(await why({ card: 'HC0000000000000000' }), 'another_card');
    assert.equal(await why({ mac: 'AAAAAAAAAAA' }), 'wrong_mac');
    await house.settlement.block(id, 'lost');
    assert.equal(await why({}), 'blocked_card');
    await house.settlement.unblock(id);
    assert.equal(await why({}), '0 not here yet');
    await house.settlement.end(id, 'worn out');
    assert.equal(await why({}), 'ended_card');
    assert.deepEqual(await house.settlement.unblock(id), { ok: false, code: 'card_ended' });
  });

  test('keys are in no table, and what a terminal has cannot load', async () => {
    const { card } = await house.card(100);
    const debit = fromBase64url(stall.identity.card_keys?.debit ?? '') ?? assert.fail();
    const key = purseKey(debit, card.uid);
    const talk = inspectPurse({ key, rndA: house.chance(16) });
    const driven = await drive(talk, carry(card, null));
    assert.ok(driven.ended === null && !driven.result.ok && driven.result.at === 'key');
    const file = writeHouseKeys(house.keys);
    assert.deepEqual(readHouseKeys(file).versions, house.keys.versions);
    for (const secret of Object.values(JSON.parse(file).versions['1'])) {
      assert.ok(!JSON.stringify(house.logged).includes(String(secret)));
    }
  });
});
