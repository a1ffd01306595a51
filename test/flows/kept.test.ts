/** What a journal is cut down to at start: whatever is still to come, and what business days need. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { readJournalLines } from '#device/codecs/journal-line.ts';
import { linesOf, recallDays } from '#device/flows/day-book.ts';
import { foreignOrder, keepEntries } from '#device/flows/kept.ts';
import { recallRefunds } from '#device/flows/refund.ts';
import { isSettled } from '#device/flows/sale.ts';
import { recallSales } from '#device/flows/sale-recall.ts';
import { Journal } from '#device/journal.ts';
import type { JournalEntry } from '#device/messages/journal.ts';
import type { Order } from '#device/messages/order.ts';
import { openFileDisk } from '#firmware/disk.ts';
import { STALL, START, Stand, settled } from './stand.ts';

/** As many settled sales are kept here, so that a short journal is cut down, too. */
const KEPT = 2;

/** Draws below `under`, the same for the same seed. */
function drawer(seed: number): (under: number) => number {
  let state = seed * 2_654_435_761;
  return (under) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 16) % under;
  };
}

/** The journal of a stall: sold, cancelled, refunded and left open; days closed, agreed to or not. */
async function lived(seed: number, steps: number): Promise<readonly JournalEntry[]> {
  const draw = drawer(seed);
  const stand = await Stand.start();
  const paid: Order[] = [];
  for (let step = 0; step < steps; step += 1) {
    const what = draw(10);
    if (what === 0) {
      stand.key('+', '6', 'enter', 'enter');
      await settled();
      stand.key('cancel', 'cancel');
      const sent = stand.sent.findLast(({ kind }) => kind === 'day');
      if (sent?.kind !== 'day' || draw(3) === 0) continue;
      const { book, number, digest } = sent.day.head;
      const verdict = { agreed: draw(4) > 0, differing: 0, healed: 0, differences: [], at: 1 };
      await stand.told({ kind: 'day_receipt', receipt: { book, number, digest, ...verdict } });
      continue;
    }
    const refunded = paid[draw(paid.length + 1)];
    if (what === 1 && refunded !== undefined) {
      stand.dumb = draw(3) === 0;
      await stand.refund(refunded, { refund: `REF-${step}`, amount_minor: 100 });
      stand.dumb = false;
      continue;
    }
    const order = await stand.sell('12.50');
    if (what > 2) await stand.receive(order, draw(12) === 0 ? 'conflicts' : 'recorded');
    if (what > 3) await stand.result(order, draw(5) === 0 ? { outcome: 'cancelled' } : {});
    if (what > 3) paid.push(order);
    stand.key('cancel');
    await settled();
  }
  return readJournalLines(await stand.disk.read()).values as JournalEntry[];
}

/** Closes come a little later: what was not known at the close stands in the journal before it. */
function withRaces(entries: readonly JournalEntry[]): readonly JournalEntry[] {
  const all = [...entries];
  for (let at = all.length - 2; at >= 0; at -= 1) {
    const closed = all[at];
    if (closed?.kind !== 'day_closed') continue;
    const days = all.findIndex(({ kind }, place) => place > at && /^day_/.test(kind));
    const by = Math.min(5, (days === -1 ? all.length : days) - at - 1);
    all.splice(at, 1);
    all.splice(at + by, 0, closed);
  }
  return all;
}

/** All that is still to come of a journal, and what its next day will state. */
function stillNeeded(entries: readonly JournalEntry[]) {
  const { pending, last, number, from, before, begunAt, sales, doubts, ...book } =
    recallDays(entries);
  return {
    sales: [...recallSales(entries, 0, 0)].filter(([, sale]) => !isSettled(sale)),
    unsaid: recallRefunds(entries).unsaid,
    day: { pending, last, number, from, before, begunAt, sales, doubts, book: book.book },
    lines: linesOf(recallDays(entries)),
  };
}

describe('a journal that is cut down', () => {
  test('keeps what is not ended, answered and told, and states the same days, wherever it is cut', async () => {
    let dropped = 0;
    let races = 0;
    for (let seed = 1; seed <= 10; seed += 1) {
      const life = await lived(seed, 60);
      for (const entries of [life, withRaces(life)]) {
        for (let length = 1; length <= entries.length; length += 1) {
          const before = entries.slice(0, length);
          const kept = keepEntries(before, KEPT);
          const where = `seed ${seed}, ${length} entries`;
          assert.deepEqual(stillNeeded(kept), stillNeeded(before), where);
          const places = kept.map((entry) => before.indexOf(entry));
          assert.deepEqual(
            places,
            places.toSorted((one, other) => one - other),
            where,
          );
          dropped += before.length - kept.length;
          const again = keepEntries(kept, KEPT);
          assert.deepEqual(stillNeeded(again), stillNeeded(before), `${where}, cut down again`);
        }
        const recalled = recallDays(entries);
        const closed = entries.findLastIndex(({ kind }) => kind === 'day_closed');
        const since = recallDays(entries.slice(closed + 1));
        if (linesOf(recalled).length > linesOf(since).length) races += 1;
      }
    }
    assert.ok(dropped > 1000, `${dropped} dropped`);
    assert.ok(races > 0, 'some days have a line that stands before the last close');
  });

  test('keeps what cards owe: it counts against what is taken without network', async () => {
    const facts = { uid: '04112233445566', amount_minor: 100, currency: 'CNY' as const, at: START };
    const more = { card: 'HC0123456789ABCDEF', offline: true, record: '00'.repeat(32) };
    const owed = Array.from({ length: 4 }, (_, at): JournalEntry[] => {
      const order = `2501010000${String(at).padStart(6, '0')}`;
      const debit = { ...facts, ...more, order };
      const payment = { ...debit, counter: at + 1, balance_after_minor: 900, sold: true };
      return [
        {
          kind: 'order',
          order: {
            ...{ number: order, terminal: 't-0001', vendor: STALL.vendor, place: STALL.place },
            ...{ currency: 'CNY', amount_minor: 100, made_at: START, lifetime_s: 120 },
            lines: [{ quantity: 1, unit_minor: 100 }],
          },
        },
        {
          kind: 'card_begun',
          debit: { ...debit, counter_before: at, balance_before_minor: 1000 },
        },
        { kind: 'card_done', payment },
        { kind: 'announced', order },
      ];
    });
    const all = [...owed.flat(), ...(await lived(3, 80))];
    const kept = keepEntries(all, KEPT);
    assert.ok(kept.length < all.length);
    const untold = (entries: readonly JournalEntry[]): number =>
      [...recallSales(entries, 0, 0).values()].filter(({ debit }) => debit?.told === false).length;
    assert.deepEqual([untold(all), untold(kept)], [4, 4]);
  });

  test('the last settled sales are whole: repeats and refunds of them are known', async () => {
    const life = await lived(3, 60);
    const settledSales = (entries: readonly JournalEntry[]) =>
      [...recallSales(entries, 0, 0)].filter(([, sale]) => isSettled(sale)).slice(-KEPT);
    const kept = keepEntries(life, KEPT);
    assert.ok(kept.length < life.length);
    assert.deepEqual(settledSales(kept), settledSales(life));
  });

  test('a few sales are not worth it, and neither is a day that was never closed', async () => {
    const life = await lived(5, 40);
    assert.equal(keepEntries(life), life);
    const open = life.filter(({ kind }) => kind !== 'day_closed' && kind !== 'day_receipt');
    assert.deepEqual(keepEntries(open, KEPT), open);
  });

  test('orders that another terminal made are found, own ones are not', async () => {
    const life = await lived(6, 10);
    assert.equal(foreignOrder(life, 't-0001'), null);
    assert.equal(foreignOrder(life, 't-0002')?.terminal, 't-0001');
    assert.equal(foreignOrder([], 't-0002'), null);
  });
});

describe('a power cut while the new journal takes the name of the old one', () => {
  const directory = mkdtempSync(join(tmpdir(), 'hawker-kept-'));
  after(() => rmSync(directory, { recursive: true }));
  const key = new Uint8Array(32).fill(7);
  const path = join(directory, 'journal');
  const keep = (entries: readonly JournalEntry[]) => keepEntries(entries, KEPT);

  test('at each step either journal is there, whole, and the next start ends the work', async () => {
    const life = await lived(3, 60);
    const write = async (): Promise<void> => {
      const disk = await openFileDisk(path);
      const { journal } = await Journal.open(disk, { key });
      await journal.append(life);
      await disk.close();
    };
    const open = async () => {
      const disk = await openFileDisk(path);
      const { journal, entries } = await Journal.open(disk, { key, keep });
      await disk.close();
      return { entries, head: journal.head };
    };
    await write();
    const old = readFileSync(path);
    const { entries: kept, head } = await open();
    const whole = readFileSync(path);
    assert.ok(whole.length < old.length);
    assert.deepEqual(kept, keep(life));
    // Whatever of the new file was written, it has not the name yet.
    for (let length = 0; length <= whole.length; length += length < 600 ? 60 : 997) {
      writeFileSync(path, old);
      writeFileSync(`${path}.new`, whole.subarray(0, length));
      const next = await open();
      assert.deepEqual(next.entries, kept, `${length} bytes of the new file`);
      assert.equal(next.head, head);
      assert.deepEqual(readFileSync(path), whole);
    }
    // It has.
    writeFileSync(path, whole);
    assert.deepEqual(await open(), { entries: kept, head });
    assert.deepEqual(readFileSync(path), whole, 'and is left as it is');
  });
});
