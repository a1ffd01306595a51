/** A terminal that comes back with a long queue: in order, a few at once, beside new sales. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { base64url } from '#device/codecs/bytes.ts';
import { deriveKeys } from '#device/codecs/keys.ts';
import { Journal } from '#device/journal.ts';
import type { JournalEntry } from '#device/messages/journal.ts';
import type { Order } from '#device/messages/order.ts';
import { MemoryDisk, STALL, START, Stand, settled } from './stand.ts';

const numberOf = (at: number): string => `2601010000${String(at).padStart(6, '0')}`;

const queued = (at: number): Order => ({
  number: numberOf(at),
  terminal: 't-0001',
  vendor: STALL.vendor,
  place: STALL.place,
  currency: 'CNY',
  amount_minor: 100,
  lines: [{ name: 'Tofu', quantity: 1, unit_minor: 100 }],
  made_at: START,
  lifetime_s: 3600,
});

/** A terminal that was started with `count` unsent orders and has no network yet. */
async function withQueue(count: number): Promise<Stand> {
  const disk = new MemoryDisk();
  const { journal } = await Journal.open(disk);
  const entries = Array.from(
    { length: count },
    (_, at): JournalEntry => ({ kind: 'order', order: queued(at) }),
  );
  await journal.append(entries);
  return Stand.start({ disk, online: false });
}

const sentNumbers = (stand: Stand): string[] => stand.orders().map(({ number }) => number);
const youngest = (count: number): string => numberOf(count - 1);

describe('a long queue', () => {
  test('keeps its numbers when the terminal is enrolled again with another secret', async () => {
    const count = 40;
    const { disk } = await withQueue(count);
    const keys = deriveKeys(base64url(new Uint8Array(32).fill(8)));
    const stand = await Stand.start({ disk, settings: { keys } });
    for (let at = 0; at < count; at += 1) {
      const order = stand.orders().find(({ number }) => number === numberOf(at));
      assert.deepEqual(order, queued(at));
      await stand.receive(queued(at));
    }
    assert.equal(new Set(sentNumbers(stand)).size, count, 'and no others');
  });

  test('is sent oldest first, never more at once than were answered', async () => {
    const count = 600;
    const stand = await withQueue(count);
    stand.link(true);
    let most = 0;
    let answered = 0;
    while (answered < count) {
      const sent = stand.orders();
      most = Math.max(most, sent.length - answered);
      assert.ok(sent.length > answered, `after ${answered} nothing more is sent`);
      const next = sent.slice(answered).map(({ number }) => ({ order: number }));
      answered = sent.length;
      for (let at = 0; at < next.length; at += 100) {
        const receipts = next.slice(at, at + 100).map((each) => ({
          ...each,
          said: 'recorded' as const,
        }));
        await stand.told({ kind: 'receipts', receipts });
      }
    }
    assert.ok(most <= 128, `${most} in flight`);
    const others = sentNumbers(stand).filter((number) => number !== youngest(count));
    assert.deepEqual(others, [...others].sort());
    assert.equal(new Set(sentNumbers(stand)).size, count);
    const again = await Stand.start({ disk: stand.disk });
    assert.deepEqual(sentNumbers(again), [], 'every receipt is on disk');
  });

  test('does not hold up the order on the screen, nor a new one', async () => {
    const stand = await withQueue(300);
    stand.link(true);
    assert.ok(sentNumbers(stand).includes(youngest(300)));
    const before = stand.sent.length;
    stand.key('cancel');
    await settled();
    stand.key('7', 'enter');
    await settled();
    const kinds = stand.sent.slice(before).map((each) => each.kind);
    assert.deepEqual(kinds, ['order', 'close', 'order']);
    assert.equal(stand.orders().at(-1)?.amount_minor, 700);
  });

  test('goes on behind an order that the gateway does not answer', async () => {
    const stand = await withQueue(40);
    stand.link(true);
    const dumb = new Set(sentNumbers(stand).slice(0, 8));
    for (let second = 0; second < 60; second += 1) {
      await stand.clock.pass(1000);
      for (const number of new Set(sentNumbers(stand))) {
        if (dumb.has(number)) continue;
        await stand.told({ kind: 'receipt', receipt: { order: number, said: 'recorded' } });
      }
    }
    assert.equal(new Set(sentNumbers(stand)).size, 40);
  });

  test('does not flood a link that answers nothing', async () => {
    const stand = await withQueue(2000);
    stand.link(true);
    await stand.clock.pass(60_000);
    assert.ok(stand.sent.length < 150, `${stand.sent.length} sent in a minute`);
  });

  test('begins anew after an interruption, without what was answered', async () => {
    const stand = await withQueue(50);
    stand.link(true);
    for (const number of sentNumbers(stand)) {
      await stand.told({ kind: 'receipt', receipt: { order: number, said: 'recorded' } });
    }
    const received = 8;
    stand.link(false);
    const before = stand.sent.length;
    await stand.clock.pass(10_000);
    assert.equal(stand.sent.length, before, 'nothing is sent without a link');
    stand.link(true);
    const first = stand.orders()[before];
    assert.equal(first?.number, numberOf(received - 1));
  });
});
