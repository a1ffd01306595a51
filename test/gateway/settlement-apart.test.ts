/**
 * Cards over the wire: a terminal on MQTT carries the settlement's commands to a card and tells what it
 * took, with the settlement in the same process, and in one of its own behind a wire that loses things.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Identity } from '#device/messages/enrolment.ts';
import type { Downlink } from '#device/messages/order.ts';
import type { RelayPurpose } from '#device/messages/relay.ts';
import { systemChance } from '#gateway/clock.ts';
import { Card } from '#simulators/card/card.ts';
import { repeatable } from '#test/card/bench.ts';
import { until } from '#test/until.ts';
import { holdCard } from './card-terminal.ts';
import { type Constellation, type Kind, openConstellation } from './constellation.ts';
import { stateLines } from './day-stand.ts';
import { call, enrol, freshKey, makeOrder, mintNumber, Terminal } from './harness.ts';
import { tapCard } from './settlement-stand.ts';

for (const kind of ['together', 'apart'] as const satisfies readonly Kind[]) {
  describe(`cards, with the settlement ${kind}`, () => {
    let all: Constellation;
    let terminal: Terminal;
    let second: Identity;
    let uids = 1;

    before(async () => {
      all = await openConstellation(kind, { peerTimeoutMs: 500 }, { settlement: {} });
      terminal = await Terminal.connect(await enrol(all.http));
      second = await enrol(all.http, 'CODE-0002');
    });
    after(async () => {
      await terminal.close();
      await all.close();
    });

    const settle = (path: string, body?: object, key = freshKey()) => {
      const at = all.settlement?.at ?? assert.fail();
      const sent = body === undefined ? {} : { body, key };
      return call(`${at.http}/v1/settlement/${path}`, { bearer: at.operatorToken, ...sent });
    };
    const heard = <K extends Downlink['kind']>(what: K) =>
      terminal.heard.filter((each): each is Extract<Downlink, { kind: K }> => each.kind === what);

    const hold = (card: Card, purpose: RelayPurpose) => holdCard(terminal, card, purpose);

    async function loaded(amount_minor: number) {
      const made = await settle('cards', { currency: 'CNY' });
      assert.equal(made.status, 201, JSON.stringify(made.body));
      const id = String(made.body.card);
      const uid = Uint8Array.of(0x04, 9, 9, 9, 9, 9, uids);
      const card = new Card({ uid, chance: repeatable(uids) });
      uids += 1;
      assert.equal((await hold(card, 'personalise')).said, 'done');
      const load = await settle(`cards/${id}/loads`, { amount_minor });
      assert.equal(load.body.state, 'asked');
      const end = await hold(card, 'load');
      assert.deepEqual([end.said, end.balance_minor, end.steps], ['done', amount_minor, 3]);
      return { id, card, load: String(load.body.id) };
    }

    const tap = async (card: Card, amount_minor: number, order = mintNumber()) => {
      const rndA = systemChance.bytes(16);
      const moment = { order, tear: null, at: Date.now(), rndA };
      const tapped = await tapCard(terminal.identity, card, { amount_minor, ...moment });
      assert.ok(tapped.did === 'paid');
      return tapped.payment;
    };
    const receipt = (order: string, nth = 1) =>
      until(`${nth} receipts of the card payment`, () => {
        const mine = heard('card_receipt').filter((each) => each.receipt.order === order);
        return mine.length >= nth ? mine.at(-1)?.receipt : undefined;
      });

    test('made and loaded through a terminal, and paid with', async () => {
      const { id, card, load } = await loaded(5000);
      assert.equal((await settle(`jobs/${load}`)).body.state, 'done');
      const order = makeOrder(terminal.identity);
      const payment = await tap(card, order.amount_minor, order.number);
      await terminal.offer(order);
      await terminal.say({ kind: 'card_payment', payment });
      assert.equal((await receipt(order.number)).said, 'posted');
      const result = await terminal.result(order.number);
      assert.deepEqual([result.outcome, result.payment], ['paid', `CARD-${id}-2`]);
      const statement = await settle(`cards/${id}`);
      assert.equal(statement.body.balance_minor, 5000 - order.amount_minor);
      assert.equal(await all.balance(/^settlement:card:/), 5000 - order.amount_minor);
      const second = await hold(card, 'inspect');
      assert.deepEqual([second.said, second.balance_minor], ['nothing_due', 3750]);
      for (const book of await all.books()) assert.deepEqual(book.complaints, []);
      assert.equal((await settle('reconciliation')).body.clean, true);
    });

    test('an order is refunded to the card that paid it', async () => {
      const { card } = await loaded(2000);
      const order = makeOrder(terminal.identity);
      const payment = await tap(card, order.amount_minor, order.number);
      await terminal.offer(order);
      await terminal.say({ kind: 'card_payment', payment });
      await terminal.result(order.number);
      const refused = await call(`${all.http}/v1/orders/${order.number}/refunds`, {
        ...{ bearer: all.centre.operatorToken, key: freshKey(), body: {} },
      });
      assert.deepEqual([refused.status, refused.body.reason], [409, 'paid_by_card']);
      const key = freshKey();
      const body = { order: order.number };
      const asked = await settle('refunds', body, key);
      assert.equal(asked.body.amount_minor, order.amount_minor, JSON.stringify(asked.body));
      assert.deepEqual((await settle('refunds', body, key)).body, asked.body);
      const end = await hold(card, 'refund');
      assert.deepEqual([end.said, end.balance_minor], ['done', 2000]);
      const again = await settle('refunds', body);
      assert.deepEqual([again.status, again.body.reason], [409, 'too_much']);
    });

    test('what a card paid that its order does not ask for goes back to it', async () => {
      const { card } = await loaded(2000);
      const order = makeOrder(terminal.identity);
      const payment = await tap(card, 700, order.number);
      await terminal.offer(order);
      await terminal.say({ kind: 'card_payment', payment });
      await receipt(order.number);
      const end = await until('the refund that waits for its card', async () => {
        const held = await hold(card, 'refund');
        return held.said === 'done' ? held : undefined;
      });
      assert.deepEqual([end.amount_minor, end.balance_minor], [700, 2000]);
    });

    test('a day is compared with the settlement’s debits, and the operator reads both sides', async () => {
      const { id, card } = await loaded(3000);
      const identity = second;
      const stall = await Terminal.connect(identity);
      const order = makeOrder(identity);
      const rndA = systemChance.bytes(16);
      const { number, amount_minor, made_at: at } = order;
      const moment = { order: number, tear: null, at, rndA };
      const tapped = await tapCard(identity, card, { amount_minor, ...moment });
      assert.ok(tapped.did === 'paid');
      await stall.offer(order);
      await stall.say({ kind: 'card_payment', payment: tapped.payment });
      await stall.result(number);
      const { counter } = tapped.payment;
      const day = stateLines(Date.now(), [
        { is: 'card', card: id, counter, order: number, amount_minor, sold: true },
        { is: 'order', order: number, way: 'card', outcome: 'paid', amount_minor },
      ]);
      await stall.say({ kind: 'day', day: { head: day.head, page: 0, lines: day.lines } });
      const told = await until('the receipt of the day', () =>
        stall.heard.find((each) => each.kind === 'day_receipt'),
      );
      assert.ok(told.kind === 'day_receipt');
      assert.deepEqual([told.receipt.agreed, told.receipt.differences], [true, []]);
      const read = (path: string) =>
        call(`${all.http}/v1/${path}`, { bearer: all.centre.operatorToken });
      const { body } = await read('terminals/t-0002/days/1');
      assert.deepEqual(body.at_gateway, body.at_terminal);
      assert.deepEqual(Object(body.at_gateway).cards, { count: 1, sum_minor: amount_minor });
      const list = await read('terminals/t-0002/days');
      assert.equal(Object(list.body).days[0].state, 'agreed');
      const statement = await read('vendors/lin/days?from=2020-01-01');
      assert.equal(Object(statement.body).totals[0].sales.sum_minor, amount_minor);
      assert.equal((await read('terminals/t-0002/days/2')).body.code, 'unknown_day');
      assert.equal((await read('terminals/t-0009/days')).body.code, 'unknown_terminal');
      assert.equal((await read('vendors/nobody/days')).body.code, 'unknown_vendor');
      assert.equal((await call(`${all.http}/v1/terminals/t-0002/days`)).body.code, 'operator_only');
      await stall.close();
    });

    test('a blocked card is told to terminals at once, and when they come', async () => {
      const { id, card } = await loaded(100);
      const blocked = await settle(`cards/${id}/blocking`, { because: 'lost' });
      assert.equal(blocked.body.state, 'blocked');
      await until('the hotlist', () =>
        heard('hotlist').find(({ hotlist }) => hotlist.entries.includes(id)),
      );
      assert.equal((await hold(card, 'load')).said, 'blocked_card');
      const late = await Terminal.connect(second);
      await until('the hotlist at the start', () =>
        late.heard.find((each) => each.kind === 'hotlist' && each.hotlist.entries.includes(id)),
      );
      await late.close();
      const refused = await settle(`cards/${id}/loads`, { amount_minor: 100 });
      assert.deepEqual([refused.status, refused.body.reason], [409, 'blocked_card']);
      assert.equal((await settle('cards/HC0000000000000000')).status, 404);
    });

    test('a debit in doubt has its verdict once the card has paid elsewhere', async () => {
      const { card } = await loaded(3000);
      const moment = { at: Date.now(), rndA: systemChance.bytes(16), order: mintNumber() };
      const torn = { amount_minor: 700, tear: { apdu: 9, done: true }, ...moment };
      const tapped = await tapCard(terminal.identity, card, torn);
      assert.ok(tapped.did === 'unknown');
      await terminal.say({ kind: 'card_unknown', unknown: tapped.unknown });
      assert.equal((await receipt(moment.order)).said, 'noted');
      await terminal.say({ kind: 'card_payment', payment: await tap(card, 50) });
      const found = await until('the verdict', () =>
        heard('card_verdict').find(({ verdict }) => verdict.order === moment.order),
      );
      assert.equal(found.verdict.committed, true);
      const end = await hold(card, 'refund');
      assert.deepEqual([end.said, end.amount_minor, end.balance_minor], ['done', 700, 2950]);
    });

    if (kind === 'apart') {
      test('lost questions and answers: posted once, driven on, and the keys stay there', async () => {
        const { id, card } = await loaded(4000);
        const wire = all.settlement?.wire ?? assert.fail();
        const payment = await tap(card, 1000);
        for (const [nth, fault] of (['lose_request', 'lose_answer'] as const).entries()) {
          wire.next('card-messages', fault);
          await terminal.say({ kind: 'card_payment', payment });
          await until(
            'the loss',
            () => all.logged.filter(({ says }) => says.includes('settlement did not answer'))[nth],
          );
        }
        await terminal.say({ kind: 'card_payment', payment });
        assert.equal((await receipt(payment.order)).said, 'already_posted');
        await settle(`cards/${id}/loads`, { amount_minor: 300 });
        wire.next('sittings', 'lose_answer');
        const end = await hold(card, 'load');
        assert.deepEqual([end.said, end.balance_minor], ['done', 3300]);
        assert.equal((await settle('reconciliation')).body.clean, true);
        assert.equal(await all.balance(new RegExp(`settlement:card:${id}`)), 3300);
        const home = all.home;
        const path = join(home, 'settlement', 'settlement.keys');
        assert.equal(statSync(path).mode & 0o777, 0o600);
        assert.ok(!readdirSync(join(home, 'order-centre')).includes('settlement.keys'));
        const secret = /"load":"([\w-]{22})"/.exec(readFileSync(path, 'utf8'))?.[1] ?? '-';
        for (const role of ['settlement', 'order-centre']) {
          for (const file of readdirSync(join(home, role))) {
            if (!file.startsWith('gateway.sqlite')) continue;
            assert.ok(!readFileSync(join(home, role, file), 'latin1').includes(secret), file);
          }
        }
        assert.ok(!JSON.stringify(all.logged).includes(secret));
      });
    }
  });
}
