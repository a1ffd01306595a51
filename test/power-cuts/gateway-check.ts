/** What a gateway's store must still say after a power cut. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Order } from '#device/messages/order.ts';
import { systemChance } from '#gateway/clock.ts';
import { type Core, openCore } from '#gateway/core.ts';
import { deriveGatewayKeys } from '#gateway/keys.ts';
import { readTrail } from '#gateway/ledger/trail.ts';
import { trialBalance } from '#gateway/ledger/trial-balance.ts';
import { ManualClock } from '#test/gateway/stand.ts';
import { quickStretch } from './cheap.ts';

type Promised =
  | { readonly recorded: Order }
  | { readonly answered: { readonly order: string; readonly kind: string } }
  | { readonly seen: string };

const NAMES = ['hawker.sqlite', 'hawker.sqlite-wal', 'hawker.sqlite-journal'];

/** Opens the files that were left, with the code that ships; throws where a promise is broken. */
export function checkGateway(
  directory: string,
  files: ReadonlyMap<string, Uint8Array>,
  promises: readonly unknown[],
): void {
  const path = join(directory, 'hawker.sqlite');
  for (const name of NAMES) {
    const bytes = files.get(name);
    // A removed file is an empty one here, and SQLite takes an empty log for none.
    if (bytes === undefined) rmSync(join(directory, name), { force: true });
    else writeFileSync(join(directory, name), bytes);
  }
  const keys = deriveGatewayKeys(new Uint8Array(32).fill(7));
  const core = openCore({
    ...{ database: path, keys, clock: new ManualClock(), chance: systemChance },
    ...{ log: () => undefined, defer: (then: () => void) => setImmediate(then) },
    stretch: quickStretch,
  });
  try {
    assert.ok(trialBalance(core.tables).balanced, 'the books do not balance');
    for (const each of promises as Promised[]) keepsPromise(core, each);
  } finally {
    core.close();
  }
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    assert.equal(database.prepare('PRAGMA integrity_check').get()?.integrity_check, 'ok');
    assert.deepEqual(database.prepare('PRAGMA foreign_key_check').all(), []);
    wholeOrNotAtAll(database);
  } finally {
    database.close();
  }
}

function keepsPromise({ tables }: Core, promised: Promised): void {
  if ('recorded' in promised) {
    const row = tables.orders.find(promised.recorded.number);
    assert.equal(row?.body, JSON.stringify(promised.recorded), 'a recorded order is lost');
  } else if ('answered' in promised) {
    const { order, kind: outcome } = promised.answered;
    assert.equal(tables.orders.find(order)?.state, outcome, `${order} was answered ${outcome}`);
    const moved = readTrail(tables, order).transfers.map(({ kind }) => kind);
    assert.deepEqual(moved, outcome === 'paid' ? ['debit', 'payment'] : [], order);
  } else assert.equal(tables.outbox.resultPending(promised.seen), false, 'is told again');
}

/** Of every order, promised or not: its end, its money, its event and its message stand together. */
function wholeOrNotAtAll(database: DatabaseSync): void {
  const rows = database
    .prepare(
      `SELECT number, state,
         (SELECT count(*) FROM transfers WHERE order_number = number) AS transfers,
         (SELECT count(*) FROM order_events WHERE order_number = number AND kind = state) AS events,
         (SELECT count(*) FROM outbox WHERE order_number = number AND kind = 'result') AS results,
         (SELECT count(*) FROM outbox WHERE order_number = number AND kind = 'receipt') AS receipts
       FROM orders`,
    )
    .all();
  for (const { number, state, transfers, events, results, receipts } of rows) {
    const ended = state === 'paid' || state === 'declined' ? 1 : 0;
    const what = `${number} is ${state}`;
    assert.equal(receipts, 1, `${what}: receipts`);
    assert.equal(results, ended, `${what}: results`);
    if (ended === 1) assert.equal(events, 1, `${what}: events`);
    // The debit at the issuer stands for itself until the payment that it is for is decided.
    if (state === 'paid') assert.equal(transfers, 2, `${what}: transfers`);
    if (state === 'declined') assert.equal(transfers, 0, `${what}: transfers`);
  }
  const uneven = database
    .prepare('SELECT transfer FROM postings GROUP BY transfer HAVING sum(amount_minor) <> 0')
    .all();
  assert.deepEqual(uneven, [], 'half a transfer');
}
