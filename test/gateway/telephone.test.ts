import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Clock } from '#gateway/clock.ts';
import { isTelephoneNumber } from '#gateway/orders/telephone/number.ts';
import { telephoneOrderSchema } from '#gateway/orders/telephone/order.ts';
import { until } from '#test/until.ts';
import {
  AGENT,
  type Bench,
  change,
  look,
  openBench,
  PAID,
  PHONE,
  place,
  result,
  stockOf,
  tell,
} from './centre-bench.ts';
import { type Answer, call, freshKey, shiftedClock } from './harness.ts';

const refused = (answer: Answer, status: number, code: string): void => {
  assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(answer.body));
};

for (const where of ['here', 'there'] as const) {
  describe(`telephone orders, the acquirer ${where}`, () => {
    let bench: Bench;
    let clock: Clock & { ahead: number };
    const made = (order: Answer): Promise<Answer> =>
      until('the link', async () => {
        const seen = await look(bench, order.body.number);
        return seen.body.link === 'made' && seen;
      });
    const state = (order: Answer, wanted: string): Promise<Answer> =>
      until(`${wanted} of ${order.body.number}`, async () => {
        const seen = await look(bench, order.body.number);
        return seen.body.state === wanted && seen;
      });

    before(async () => {
      clock = shiftedClock();
      bench = await openBench({ where, clock });
    });
    after(() => bench.close());

    test('a placed order has its stock taken, a link asked for, and a message under way', async () => {
      const before = stockOf(bench, '2');
      const order = await place(bench, { lines: [{ code: '2', quantity: 2 }], language: 'en' });
      assert.equal(order.status, 201, JSON.stringify(order.body));
      assert.ok(isTelephoneNumber(String(order.body.number)));
      const seen = await made(order);
      telephoneOrderSchema.parse(seen.body);
      assert.equal(seen.body.state, 'unpaid');
      assert.equal(seen.body.phone, '•••• 0001');
      assert.equal(stockOf(bench, '2'), before - 2);
      const [message] = seen.body.messages as { channel: string }[];
      assert.equal(message?.channel, 'sms');
      const asked = bench.desk.created.get(`link:${order.body.number}`);
      assert.equal(asked?.phone, PHONE);
      assert.equal(asked?.amount_minor, 2000);
      assert.deepEqual(asked?.lines, [
        { name: 'Chive and egg dumplings', code: '2', quantity: 2, unit_minor: 1000 },
      ]);
      const [delivery] = bench.core.tables.deliveries.ofOrder(String(order.body.number));
      assert.equal(delivery?.recipient, PHONE);
      const { text } = JSON.parse(delivery?.body ?? '{}') as { text: string };
      assert.match(text, /https:\/\/pay\.example\/l\/\d{10}$/);
      assert.ok(text.includes('¥20.00'));
    });

    test('the same key gives the same order; another body is refused; no key is refused', async () => {
      const key = freshKey();
      const body = { lines: [{ code: '2', quantity: 1 }] };
      const before = stockOf(bench, '2');
      const first = await place(bench, body, key);
      const again = await place(bench, body, key);
      assert.deepEqual(again.body, first.body);
      assert.equal(again.headers.get('idempotency-replayed'), 'true');
      assert.equal(stockOf(bench, '2'), before - 1);
      refused(
        await place(bench, { lines: [{ code: '2', quantity: 2 }] }, key),
        422,
        'idempotency_key_reused',
      );
      const url = `${bench.url}/v1/centre/orders`;
      refused(await call(url, { body: {}, bearer: AGENT }), 400, 'idempotency_key_missing');
      refused(await call(url, { body: {}, key: freshKey() }), 401, 'bearer_missing');
      refused(await call(url, { body: {}, key: freshKey(), bearer: 'x' }), 401, 'bearer_invalid');
    });

    test('what is not there is refused by its line, and nothing is half done', async () => {
      const before = [stockOf(bench, '1'), stockOf(bench, '2')];
      const lines = [
        { code: '2', quantity: 1 },
        { code: '1', quantity: 11 },
      ];
      const sold = await place(bench, { lines });
      refused(sold, 409, 'sold_out');
      assert.deepEqual([sold.body.line, sold.body.left], [1, 10]);
      const twice = await place(bench, {
        lines: [
          { code: '1', quantity: 6 },
          { code: '1', quantity: 6 },
        ],
      });
      refused(twice, 409, 'sold_out');
      assert.deepEqual([twice.body.line, twice.body.left], [1, 4]);
      const unknown = await place(bench, { lines: [{ code: '99', quantity: 1 }] });
      refused(unknown, 422, 'unknown_product');
      refused(await place(bench, { merchant: 'nobody' }), 422, 'unknown_merchant');
      refused(await place(bench, { phone: '12' }), 400, 'malformed_request');
      assert.deepEqual([stockOf(bench, '1'), stockOf(bench, '2')], before);
    });

    test('100 orders at once for 10 pieces: ten are placed, and stock ends at nothing', async () => {
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => place(bench, { lines: [{ code: '1', quantity: 1 }] })),
      );
      const placed = answers.filter(({ status }) => status === 201);
      assert.equal(placed.length, 10);
      for (const answer of answers) if (answer.status !== 201) refused(answer, 409, 'sold_out');
      assert.equal(stockOf(bench, '1'), 0);
      const movements = bench.core.tables.products.movements('lin', '1');
      assert.equal(
        movements.reduce((sum, { quantity }) => sum + quantity, 0),
        0,
      );
      for (const order of placed) {
        await made(order);
        const cancelled = await change(bench, order.body.number, 'cancellation');
        assert.equal(cancelled.status, 200, JSON.stringify(cancelled.body));
        await state(order, 'cancelled');
      }
      assert.equal(stockOf(bench, '1'), 10);
    });

    test('an unpaid order expires by the clock, and its stock comes back once', async () => {
      const order = await place(bench, { lifetime_s: 60 });
      await made(order);
      assert.equal(stockOf(bench, '1'), 8);
      clock.ahead += 61_000;
      // Something that happens wakes the timer, as the passing of time would.
      await place(bench, { lines: [{ code: '2', quantity: 1 }] });
      await state(order, 'expired');
      assert.equal(stockOf(bench, '1'), 10);
      refused(await change(bench, order.body.number, 'cancellation'), 409, 'closed');
      assert.equal(stockOf(bench, '1'), 10);
      const kinds = bench.core.tables.products
        .movementsOf(String(order.body.number))
        .map(({ kind }) => kind);
      assert.deepEqual(kinds, ['taken', 'returned']);
      assert.ok(bench.desk.closed.has(String(order.body.number)));
    });

    test('paid: the order ends, stock stays taken, the payer gets the bill', async () => {
      const order = await place(bench, { lines: [{ code: '2', quantity: 1 }] });
      await made(order);
      const before = stockOf(bench, '2');
      assert.equal((await tell(bench, result(order, { said: 'pending' }))).status, 204);
      assert.equal((await look(bench, order.body.number)).body.state, 'paying');
      assert.equal((await tell(bench, result(order, PAID))).status, 204);
      const { body } = await look(bench, order.body.number);
      assert.deepEqual([body.state, body.payment, body.payer], ['paid', 'PAY-1', '•••• 0001']);
      assert.equal((body.messages as unknown[]).length, 2);
      assert.equal(stockOf(bench, '2'), before);
      refused(await change(bench, order.body.number, 'cancellation'), 409, 'closed');
    });

    test('cancelled while it is being paid: the payer wins', async () => {
      const order = await place(bench, { lines: [{ code: '2', quantity: 1 }] });
      await made(order);
      const number = String(order.body.number);
      bench.desk.held.set(number, 'paying');
      const wish = await change(bench, number, 'cancellation');
      if (where === 'here') refused(wish, 409, 'being_paid');
      else assert.equal(wish.body.closing, 'cancelled');
      await tell(bench, result(order, PAID));
      assert.equal((await state(order, 'paid')).body.payment, 'PAY-1');
    });

    test('paid after it was cancelled: the money is sent back, and the order stays cancelled', async () => {
      const order = await place(bench, { lines: [{ code: '2', quantity: 1 }] });
      await made(order);
      const before = stockOf(bench, '2');
      await change(bench, order.body.number, 'cancellation');
      await state(order, 'cancelled');
      assert.equal(stockOf(bench, '2'), before + 1);
      await tell(bench, result(order, PAID, { id: `PAY-late-${where}` }));
      assert.equal((await look(bench, order.body.number)).body.state, 'cancelled');
      assert.equal(stockOf(bench, '2'), before + 1);
      const kinds = bench.core.tables.orders
        .events(String(order.body.number))
        .map(({ kind }) => kind);
      assert.ok(kinds.includes('paid_late') && kinds.includes('void_voided'), kinds.join(' '));
    });

    test('a draft takes no stock until it is placed', async () => {
      const much = { code: '1', quantity: 999 };
      const odd = await place(bench, { draft: true, lines: [much, { code: '99', quantity: 1 }] });
      refused(odd, 422, 'unknown_product');
      const wish = await place(bench, { draft: true, lines: [much] });
      refused(await change(bench, wish.body.number, 'placement'), 409, 'sold_out');
      assert.equal((await look(bench, wish.body.number)).body.state, 'not_placed');
      const before = stockOf(bench, '1');
      const draft = await place(bench, { draft: true });
      assert.equal(draft.body.state, 'not_placed');
      assert.equal(stockOf(bench, '1'), before);
      const placed = await change(bench, draft.body.number, 'placement');
      assert.equal(placed.body.state, 'unpaid');
      assert.equal(stockOf(bench, '1'), before - 2);
      refused(await change(bench, draft.body.number, 'placement'), 409, 'closed');
      await made(draft);
      await change(bench, draft.body.number, 'cancellation');
      await state(draft, 'cancelled');
    });

    test('a caller asks with four digits; wrong ones and unknown numbers look the same', async () => {
      const order = await place(bench, { lines: [{ code: '2', quantity: 1 }] });
      const ask = (number: unknown, digits: string) =>
        call(`${bench.url}/v1/centre/orders/${number}`, { headers: { 'phone-digits': digits } });
      const good = await ask(order.body.number, '0001');
      assert.equal(good.body.state, 'unpaid');
      const wrong = await ask(order.body.number, '9999');
      const unknown = await ask('0000000000', '0001');
      for (const answer of [wrong, unknown]) {
        refused(answer, 404, 'unknown_order');
        assert.equal(answer.body.state, 'not_found');
      }
      assert.deepEqual(wrong.body, unknown.body);
      refused(await ask('1234567890', '0001'), 400, 'malformed_request');
      for (let at = 0; at < 9; at += 1) await ask(order.body.number, '9999');
      refused(await ask(order.body.number, '0001'), 429, 'slow_down');
      assert.equal((await look(bench, order.body.number)).status, 200);
    });

    test('the link is sent again, of an open order that has one', async () => {
      const order = await place(bench, { lines: [{ code: '2', quantity: 1 }] });
      await made(order);
      const again = await change(bench, order.body.number, 'messages');
      assert.equal((again.body.messages as unknown[]).length, 2);
      assert.equal(bench.desk.created.size, new Set(bench.desk.created.keys()).size);
    });

    test('the sum of all movements is the stock, of every product', () => {
      for (const { code, stock } of bench.core.tables.products.search({
        ...{ merchant: 'lin', code: null, words: [], in_stock: false, limit: 10 },
      })) {
        const movements = bench.core.tables.products.movements('lin', code);
        assert.equal(
          movements.reduce((sum, { quantity }) => sum + quantity, 0),
          stock,
        );
      }
    });
  });
}

test('an answer that is lost is asked for again, under the same id', async () => {
  const bench = await openBench({ where: 'there' });
  bench.desk.silent = 1;
  const order = await place(bench, { lines: [{ code: '2', quantity: 1 }] });
  await until('the link', async () => (await look(bench, order.body.number)).body.link === 'made');
  assert.equal(bench.desk.asked, 2);
  assert.deepEqual([...bench.desk.created.keys()], [`link:${order.body.number}`]);
  const { messages } = (await look(bench, order.body.number)).body as { messages: unknown[] };
  assert.equal(messages.length, 1);
  await bench.close();
});

describe('a desk that watches an order', () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
  });
  after(() => bench.close());

  test('is told each change, and the stream ends with the order', async () => {
    const order = await place(bench, { lines: [{ code: '2', quantity: 1 }] });
    const url = `${bench.url}/v1/centre/orders/${order.body.number}/events`;
    refused(await call(url), 401, 'bearer_missing');
    refused(
      await call(url.replace(/\d{10}/, '0000000000'), { bearer: AGENT }),
      404,
      'unknown_order',
    );
    const response = await fetch(url, { headers: { authorization: `Bearer ${AGENT}` } });
    const told = response.text();
    await tell(bench, result(order, { said: 'pending' }));
    await tell(bench, result(order, PAID));
    const states = [...(await told).matchAll(/"state":"(unpaid|paying|paid)","merchant"/g)];
    assert.deepEqual([...new Set(states.map((match) => match[1]))], ['unpaid', 'paying', 'paid']);
  });
});
