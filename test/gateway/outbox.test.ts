/** That each message of a long outbox is told in the end, whatever a terminal does not answer. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mintOrderNumber } from '#device/codecs/order-number.ts';
import { MAX_RECEIPTS } from '#device/messages/order.ts';
import { FIRST_PAGE, lookAt, PAGE, WINDOW } from '#gateway/notify/outbox-pages.ts';
import { openSqlite } from '#gateway/store/sqlite/engine.ts';
import { makeOrder } from './harness.ts';
import { openStand, settle } from './stand.ts';

const ORDER = '06D2A8Y1Z5W3KQ7M';
const refund = (at: number) => ({
  ...({ terminal: 't-0001', kind: 'refund', order_number: ORDER, at: 0 } as const),
  body: JSON.stringify({
    ...{ order: ORDER, refund: `REF-${at}`, amount_minor: 1, refunded_minor: 1 + at },
    ...{ currency: 'CNY', at: 0 },
  }),
});

const receipt = (at: number) => {
  const order = mintOrderNumber(1_700_000_000_000 + at, new Uint8Array(4));
  return {
    ...({ terminal: 't-0001', kind: 'receipt', order_number: order, at: 0 } as const),
    body: JSON.stringify({ order, said: 'recorded' }),
  };
};

describe('an outbox longer than its window', () => {
  test('an earlier result is told although hundreds of later refunds are never acknowledged', async () => {
    const stand = await openStand();
    const [terminal] = stand.terminals;
    const order = makeOrder(terminal.identity);
    await terminal.say({ kind: 'order', order });
    await settle();
    terminal.listening = false;
    await terminal.say({ kind: 'close', close: { order: order.number, because: 'cancelled' } });
    await stand.core.writer.run((tx) => {
      for (let at = 0; at < WINDOW + PAGE + 7; at += 1) tx.outbox.add(refund(at));
    });
    terminal.listening = true;
    stand.core.downlinks.arrived('t-0001');
    const result = () => terminal.heard.filter(({ kind }) => kind === 'result').length;
    await stand.clock.pass(4900);
    assert.equal(result(), 0, 'its page has its turn after the first one');
    await stand.clock.pass(200);
    assert.equal(result(), 1);
    await terminal.say({ kind: 'seen', seen: { order: order.number } });
    await stand.clock.pass(60_000);
    assert.equal(result(), 1);
    stand.core.close();
  });

  test('is gone through page by page, round and round, more and more slowly', () => {
    const engine = openSqlite(':memory:');
    const { tables } = engine;
    const count = WINDOW + 3 * PAGE + 7;
    for (let at = 0; at < count; at += 1) tables.outbox.add(refund(at));
    let page = FIRST_PAGE;
    const told = new Map<number, number>();
    let turns = 0;
    for (let now = 0; now < 3_600_000; now = page.until ?? now + 1) {
      const looked = lookAt(tables.outbox, 't-0001', page, now);
      assert.equal(looked.newest.length, WINDOW);
      assert.ok(looked.earlier.length > 0 && looked.earlier.length <= PAGE);
      ({ page } = looked);
      turns += 1;
      for (const { id } of looked.earlier) told.set(id, (told.get(id) ?? 0) + 1);
    }
    const times = [...told.values()];
    assert.equal(told.size, count - WINDOW);
    assert.ok(Math.max(...times) - Math.min(...times) <= 1, 'none more often than another');
    assert.ok(turns < 40, `${turns} pages in an hour`);
    // What is acknowledged makes room at once, in the middle of a turn.
    const { earlier } = lookAt(tables.outbox, 't-0001', page, 0);
    tables.outbox.done(earlier[0]?.id ?? 0);
    assert.equal(lookAt(tables.outbox, 't-0001', page, 0).earlier.at(-1)?.id, earlier.at(-1)?.id);
    engine.close();
  });

  test('receipts of one commit are told in as many messages as a terminal takes', async () => {
    const stand = await openStand();
    const [terminal] = stand.terminals;
    const count = 2 * MAX_RECEIPTS + 1;
    await stand.core.writer.run((tx) => {
      for (let at = 0; at < count; at += 1) tx.outbox.add(receipt(at));
    });
    stand.core.downlinks.arrived('t-0001');
    await stand.clock.pass(60_000);
    const told = terminal.heard.flatMap((each) => (each.kind === 'receipt' ? [each.receipt] : []));
    assert.equal(new Set(told.map(({ order }) => order)).size, count);
    assert.ok(stand.messages() < 10, `${stand.messages()} messages`);
    stand.core.close();
  });

  test('where it is short there are no pages', () => {
    const engine = openSqlite(':memory:');
    const { tables } = engine;
    assert.deepEqual(lookAt(tables.outbox, 't-0001', FIRST_PAGE, 5), {
      ...{ newest: [], earlier: [], page: FIRST_PAGE },
    });
    engine.close();
  });
});
