import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Order, resultSchema } from '#device/messages/order.ts';
import type { Seed } from '#gateway/seed.ts';
import { until } from '#test/until.ts';
import { type Constellation, type Kind, openConstellation } from './constellation.ts';
import {
  ALSO_RICH,
  BLOCKED,
  bearerFor,
  call,
  enrol,
  freshKey,
  makeOrder,
  operator,
  POOR,
  pay,
  RICH,
  SEED,
  Terminal,
} from './harness.ts';

const SHUT: Seed['vendors'][number] = {
  ...{ id: 'shut', name: 'Shut Shop' },
  acquiring: { number: 'M-0002', state: 'suspended', currencies: [{ currency: 'CNY' }] },
};
const DEBIT_AND_POSTING = ['debit', 'payment'];

/** Whatever happened: the books agree with themselves and, across organisations, with each other. */
async function checkBooks(all: Constellation): Promise<void> {
  for (const book of await all.books()) assert.deepEqual(book.complaints, []);
  const owed = await all.balance(/^issuer:due:acquirer:/);
  const due = await all.balance(/^acquirer:due:issuer:/);
  assert.equal(owed + due, 0, 'what the issuer owes is what the acquirer is owed');
}

const refund = (all: Constellation, order: Order, amount: number | undefined, key = freshKey()) =>
  call(`${all.http}/v1/orders/${order.number}/refunds`, {
    body: amount === undefined ? {} : { amount_minor: amount },
    bearer: all.centre.operatorToken,
    key,
  });

for (const kind of ['together', 'apart'] as const satisfies readonly Kind[]) {
  describe(`payments, organisations ${kind}`, () => {
    let all: Constellation;
    let terminal: Terminal;
    before(async () => {
      const [street, shut] = SEED.terminals;
      if (street === undefined || shut === undefined) throw new Error('the seed has no terminals');
      const seed = {
        ...SEED,
        vendors: [...SEED.vendors, SHUT],
        terminals: [street, { ...shut, vendor: SHUT.id }],
      };
      all = await openConstellation(kind, { seed });
      terminal = await Terminal.connect(await enrol(all.http));
    });
    after(async () => {
      await terminal.close();
      await checkBooks(all);
      await all.close();
    });

    test('nothing is taken for a merchant that is suspended, and the order stays open', async () => {
      const closed = await Terminal.connect(await enrol(all.http, 'CODE-0002'));
      const order = await closed.offer(makeOrder(closed.identity));
      const bearer = await bearerFor(all.http, closed, order);
      const before = await all.balance(/^issuer:account:/);
      const refused = await pay(all.http, order.number, bearer, RICH);
      assert.deepEqual([refused.status, refused.body.code], [403, 'merchant_suspended']);
      assert.equal(await all.balance(/^issuer:account:/), before);
      const seen = await operator(all.centre, `/v1/orders/${order.number}/trail`);
      assert.match(JSON.stringify(seen.body), /not_made/);
      await closed.close();
    });

    const offer = () => terminal.offer(makeOrder(terminal.identity));
    const paid = async (payer = RICH): Promise<Order> => {
      const order = await offer();
      const bearer = await bearerFor(all.http, terminal, order);
      const answer = await pay(all.http, order.number, bearer, payer);
      assert.equal(answer.body.outcome, 'paid', JSON.stringify(answer.body));
      return order;
    };

    test('one debit, one posting, and both sides are told the same', async () => {
      const order = await offer();
      const bearer = await bearerFor(all.http, terminal, order);
      const answer = await pay(all.http, order.number, bearer, RICH);
      assert.equal(answer.status, 201);
      const result = resultSchema.parse(await terminal.result(order.number));
      assert.equal(result.payment, answer.body.payment);
      assert.equal(result.payer, '•••• 0001');
      assert.deepEqual((await all.moved(order.number)).kinds, DEBIT_AND_POSTING);
      await checkBooks(all);
    });

    test('two phones with ten retries each pay once', async () => {
      const order = await offer();
      const bearer = await bearerFor(all.http, terminal, order);
      const earlier = await all.balance(/^issuer:payer:/);
      const keys = [freshKey(), freshKey()];
      const tries = Array.from({ length: 20 }, (_, at) =>
        pay(all.http, order.number, bearer, at % 2 ? RICH : ALSO_RICH, keys[at % 2]),
      );
      await Promise.all(tries);
      const ends = await Promise.all([
        pay(all.http, order.number, bearer, ALSO_RICH, keys[0]),
        pay(all.http, order.number, bearer, RICH, keys[1]),
      ]);
      assert.deepEqual(ends.map(({ status }) => status).sort(), [201, 409]);
      assert.equal(earlier - (await all.balance(/^issuer:payer:/)), 1250);
      assert.deepEqual((await all.moved(order.number)).kinds, DEBIT_AND_POSTING);
      const result = await terminal.result(order.number);
      assert.equal(result.payment, ends.find(({ status }) => status === 201)?.body.payment);
      await checkBooks(all);
    });

    test('too little money, a blocked account and a wrong PIN take nothing', async () => {
      const poor = await offer();
      let bearer = await bearerFor(all.http, terminal, poor);
      const declined = await pay(all.http, poor.number, bearer, POOR);
      assert.equal(declined.body.reason, 'insufficient_funds');
      assert.equal((await terminal.result(poor.number)).reason, 'insufficient_funds');
      const blocked = await offer();
      bearer = await bearerFor(all.http, terminal, blocked);
      const refused = await pay(all.http, blocked.number, bearer, BLOCKED);
      assert.equal(refused.body.reason, 'account_blocked');
      const wrong = await offer();
      bearer = await bearerFor(all.http, terminal, wrong);
      const pin = await pay(all.http, wrong.number, bearer, { ...RICH, pin: '999999' });
      assert.equal(pin.body.code, 'wrong_pin');
      assert.equal(pin.body.tries_left, 4);
      assert.equal((await pay(all.http, wrong.number, bearer, RICH)).body.outcome, 'paid');
      for (const order of [poor, blocked]) {
        assert.deepEqual((await all.moved(order.number)).kinds, []);
      }
    });

    test('a key with another body is refused, with the same it gets the same', async () => {
      const order = await offer();
      const bearer = await bearerFor(all.http, terminal, order);
      const key = freshKey();
      const first = await pay(all.http, order.number, bearer, RICH, key);
      const other = await pay(all.http, order.number, bearer, ALSO_RICH, key);
      assert.equal(other.status, 422);
      assert.equal(other.body.code, 'idempotency_key_reused');
      const again = await pay(all.http, order.number, bearer, RICH, key);
      assert.equal(again.headers.get('idempotency-replayed'), 'true');
      assert.deepEqual(again.body, first.body);
    });

    test('refunds a part, then the rest, and never more than was paid', async () => {
      const order = await paid();
      const earlier = await all.balance(/^issuer:payer:/);
      const takings = await all.balance(/^acquirer:merchant:lin:/);
      const key = freshKey();
      const part = await refund(all, order, 500, key);
      assert.equal(part.status, 201, JSON.stringify(part.body));
      assert.deepEqual((await refund(all, order, 500, key)).body, part.body);
      assert.equal((await refund(all, order, 600, key)).status, 422);
      const much = await refund(all, order, 751);
      assert.equal(much.body.code, 'refund_refused');
      assert.equal(much.body.left_minor, 750);
      const rest = await refund(all, order, undefined);
      assert.equal(rest.body.amount_minor, 750);
      assert.equal((await refund(all, order, undefined)).body.left_minor, 0);
      assert.equal((await all.balance(/^issuer:payer:/)) - earlier, 1250);
      assert.equal(takings - (await all.balance(/^acquirer:merchant:lin:/)), 1250);
      await checkBooks(all);
    });

    test('the terminal is told of each refund until it has seen it, and of a void', async () => {
      const order = await paid();
      terminal.answers = false;
      await refund(all, order, 300);
      const first = await until('the first twice', () => {
        const [one, again] = terminal.refunds(order.number);
        return again !== undefined && one;
      });
      assert.deepEqual(
        { ...first, refund: '', at: 0 },
        {
          ...{ order: order.number, refund: '', amount_minor: 300, refunded_minor: 300 },
          ...{ currency: 'CNY', at: 0 },
        },
      );
      await terminal.say({
        kind: 'refund_seen',
        seen: { order: order.number, refund: first.refund },
      });
      terminal.answers = true;
      await refund(all, order, undefined);
      await until('the second', () =>
        terminal.refunds(order.number).some(({ refunded_minor }) => refunded_minor === 1250),
      );
      const seen = async (of: Order): Promise<number> => {
        const { body } = await operator(all.centre, `/v1/orders/${of.number}/trail`);
        const { events } = body as { events: { kind: string }[] };
        return events.filter((each) => each.kind === 'refund_seen').length;
      };
      await until('both seen', async () => (await seen(order)) === 2);
      const other = await paid();
      const voided = await call(`${all.http}/v1/orders/${other.number}/voids`, {
        ...{ body: {}, bearer: all.centre.operatorToken, key: freshKey() },
      });
      assert.equal(voided.body.outcome, 'voided', JSON.stringify(voided.body));
      await until('the void', () =>
        terminal.refunds(other.number).some(({ amount_minor }) => amount_minor === 1250),
      );
      await until('it seen', async () => (await seen(other)) === 1);
    });

    test('a payer’s stream tells a refund, and the bill’s page shows it', async () => {
      const order = await offer();
      const bearer = await bearerFor(all.http, terminal, order);
      await pay(all.http, order.number, bearer, RICH);
      const url = `${all.http}/v1/orders/${order.number}/events?follow=refunds`;
      const stream = await fetch(url, { headers: { authorization: `Bearer ${bearer}` } });
      await refund(all, order, undefined);
      const text = await stream.text();
      assert.match(text, /"refunded_minor":1250/);
      const ended = await fetch(`${all.http}/v1/orders/${order.number}/events`, {
        headers: { authorization: `Bearer ${bearer}` },
      });
      assert.match(await ended.text(), /"state":"paid".*"refunded_minor":1250/);
    });

    test('refunds that race give back what was paid and no more', async () => {
      const order = await offer();
      const bearer = await bearerFor(all.http, terminal, order);
      await pay(all.http, order.number, bearer, RICH);
      const earlier = await all.balance(/^issuer:payer:/);
      const keys = [freshKey(), freshKey(), freshKey(), freshKey()];
      await Promise.all(
        keys.flatMap((key) => [refund(all, order, 400, key), refund(all, order, 400, key)]),
      );
      await until('no refund on its way', async () => (await all.moved(order.number)).held === 0);
      const ends = await Promise.all(keys.map((key) => refund(all, order, 400, key)));
      assert.deepEqual(ends.map(({ status }) => status).sort(), [201, 201, 201, 409]);
      assert.equal((await all.balance(/^issuer:payer:/)) - earlier, 1200);
      const bill = await call(`${all.http}/v1/orders/${order.number}/bill`, { bearer });
      assert.equal(bill.body.refunded_minor, 1200);
      await checkBooks(all);
    });

    test('an order that is not paid, or not known, is not refunded', async () => {
      const order = await offer();
      assert.equal((await refund(all, order, 100)).body.code, 'not_paid');
      const unknown = { ...order, number: '06D2A8Y1Z5W3KQ7M' };
      assert.equal((await refund(all, unknown, 100)).body.code, 'unknown_order');
    });
  });
}
