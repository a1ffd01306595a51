/** The book of sales against a plain map: whatever its layers hold, it answers the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beginSale } from '#device/flows/sale.ts';
import { SaleBook } from '#device/flows/sale-book.ts';
import type { Sale } from '#device/flows/sale-state.ts';
import { SeededChance } from '#simulators/simulation/chance.ts';
import { STALL, START } from './stand.ts';

function sale(number: string, closing: boolean): Sale {
  const order = {
    ...{ number, terminal: 't-0001', vendor: STALL.vendor, place: STALL.place },
    ...{ currency: 'CNY' as const, amount_minor: 100, made_at: START, lifetime_s: 120 },
    lines: [{ quantity: 1, unit_minor: 100 }],
  };
  const begun = beginSale(order, 0).sale;
  return closing ? { ...begun, stage: 'closing' } : begun;
}

test('a book of sales is a map in the order of its orders, however often it changed', () => {
  const chance = new SeededChance('book');
  let book = SaleBook.EMPTY;
  const known = new Map<string, Sale>();
  let fresh = 0;
  for (let step = 0; step < 2000; step += 1) {
    const before = book;
    const was = step % 200 === 0 ? [...known.keys()] : [];
    const changes = new Map<string, Sale | null>();
    for (let count = chance.happens(0.05) ? 300 : 1; count > 0; count -= 1) {
      const grows = chance.happens(0.5);
      if (grows) fresh += 1;
      const number = `N${grows ? fresh : chance.between(1, Math.max(1, fresh))}`;
      // What is gone does not come back.
      if (!grows && !known.has(number)) continue;
      changes.set(number, chance.happens(0.3) ? null : sale(number, chance.happens(0.5)));
    }
    book = book.change(changes);
    for (const [number, each] of changes) {
      if (each === null) known.delete(number);
      else known.set(number, each);
    }
    assert.equal(book.size, known.size);
    const since = new Set(book.changedSince(before));
    for (const [number, each] of changes) {
      assert.equal(book.get(number), each ?? undefined);
      if (each !== null) assert.ok(since.has(number), `${number} has changed`);
    }
    if (step % 200 !== 0) continue;
    assert.deepEqual([...book.keys()], [...known.keys()]);
    assert.deepEqual([...before.keys()], was, 'the book before stays as it was');
    const closing = [...known.values()].filter(({ stage }) => stage === 'closing').length;
    assert.equal(book.tally.closing, closing);
  }
  assert.ok(book.size > 4096, `${book.size} sales, enough for every layer`);
});
