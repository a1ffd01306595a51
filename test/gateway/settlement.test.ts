/** The settlement: what cards did is proved, posted once, and what is wrong has a name. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fromBase64url, hex } from '#device/codecs/bytes.ts';
import { purseKey } from '#device/codecs/purse.ts';
import { drive } from '#device/codecs/purse-rounds.ts';
import { inspectPurse } from '#device/codecs/purse-talks.ts';
import type { CardEvent } from '#gateway/settlement/gate.ts';
import { readHouseKeys, writeHouseKeys } from '#gateway/settlement/keys.ts';
import { Card } from '#simulators/card/card.ts';
import { Eeprom } from '#simulators/card/eeprom.ts';
import { repeatable } from '#test/card/bench.ts';
import { until } from '#test/until.ts';
import { RICH } from './harness.ts';
import { balanceOf, carry, House, overWire, type Tear, type Terminal } from './settlement-stand.ts';

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

  const paid = async (...args: Parameters<Terminal['tap']>) => {
    const tapped = await stall.tap(...args);
    assert.ok(tapped.did === 'paid', tapped.did);
    return tapped.payment;
  };
  const state = (order: string) => house.core.tables.orders.find(order)?.state;

  test('makes a card, loads it, and a terminal takes from it: the order is paid', async () => {
    const { id, card } = await house.card(10_000);
    const payment = await paid(card, 1250);
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
    const early = await paid(card, 700);
    assert.equal((await stall.tell(early)).said, 'posted');
    assert.equal(state(early.order), undefined);
    await stall.order(early.order, 700);
    assert.equal(state(early.order), 'paid');
    const late = await paid(card, 300);
    await stall.order(late.order, 300);
    await stall.say({ kind: 'close', close: { order: late.order, because: 'expired' } });
    assert.equal(state(late.order), 'expired');
    await stall.tell(late);
    assert.equal(state(late.order), 'paid');
  });

  test('who paid by phone meanwhile has the money back, once; the card stands', async () => {
    const { card } = await house.card(10_000);
    const payment = await paid(card, 1250);
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
    const payment = await paid(card, 1250);
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
    const first = await paid(card, 1000);
    const second = await paid(copy, 900);
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
      await paid(card, 100),
      await paid(card, 250),
      await paid(card, 7),
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
    const payment = await paid(card, 600);
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
    const one = await paid(card, 1000);
    const two = await paid(second, 1000, { order: one.order });
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

  describe('a debit in doubt', () => {
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

  describe('loads and refunds', () => {
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
      await stall.tell(await paid(card, 100));
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
      const payment = await paid(card, 1200);
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
