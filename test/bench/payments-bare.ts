/** The rows of a payment and nothing else: what no code over this engine could be faster than. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openSqlite } from '#gateway/store/sqlite/engine.ts';
import { Writer } from '#gateway/store/writer.ts';
import { type Measured, measure, openOrders, type Run } from './payments.ts';

/** Columns as they are in a real payment, with values as long. */
const ANSWER = JSON.stringify({ said: 'paid', payer: '•••• 0001', at: 1_790_000_000_000 });
const DIGEST = 'x'.repeat(43);

export async function runBare(directory: string, run: Run): Promise<Measured> {
  const path = join(directory, `bare-${Math.round(performance.now() * 1000)}.sqlite`);
  const writer = new Writer(openSqlite(path), (then) => setImmediate(then));
  const orders = await openOrders(writer, run);
  writer.close();
  const database = new DatabaseSync(path);
  for (const [name, value] of [
    ['locking_mode', 'EXCLUSIVE'],
    ['journal_mode', 'WAL'],
    ['synchronous', 'FULL'],
    ['foreign_keys', 'ON'],
    ['wal_autocheckpoint', '10000'],
  ] as const) {
    database.exec(`PRAGMA ${name} = ${value}`);
  }
  const write = prepare(database, run.concurrent);
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const taken: number[] = [];
  const cpu = process.cpuUsage();
  const began = performance.now();
  for (let at = 0; at < orders.length; at += run.concurrent) {
    const group = orders.slice(at, at + run.concurrent);
    const start = performance.now();
    database.exec('BEGIN IMMEDIATE');
    for (const [index, order] of group.entries()) write(order, at + index, index);
    if (run.slow_ms > 0) Atomics.wait(cell, 0, 0, run.slow_ms);
    database.exec('COMMIT');
    const spent = performance.now() - start;
    for (const _ of group) taken.push(spent);
  }
  const measured = measure(taken, performance.now() - began, process.cpuUsage(cpu));
  database.close();
  return measured;
}

/** Seventeen statements: one for each row that a payment writes or changes. */
function prepare(
  database: DatabaseSync,
  payers: number,
): (order: string, at: number, payer: number) => void {
  const account = database.prepare(
    "INSERT INTO accounts (id, kind, currency, floor_minor) VALUES (?, 'liability', 'CNY', NULL)",
  );
  const shared = [
    'issuer:due:acquirer:CNY',
    'acquirer:due:issuer:CNY',
    'acquirer:merchant:v-0:CNY',
  ];
  const own = Array.from({ length: payers }, (_, at) => `issuer:payer:p-${at}:CNY`);
  for (const id of [...shared, ...own]) account.run(id);
  const transfer = database.prepare(
    'INSERT INTO transfers (reference, kind, order_number, at) VALUES (?, ?, ?, ?)',
  );
  const posting = database.prepare(
    `INSERT INTO postings (transfer, account, currency, amount_minor, balance_after_minor)
     VALUES (?, ?, 'CNY', ?, ?)`,
  );
  const move = database.prepare('UPDATE accounts SET balance_minor = ? WHERE id = ?');
  const request = database.prepare(
    `INSERT INTO issuer_requests (caller, id, kind, of_request, fingerprint, said, answer, account,
       amount_minor, reference, at)
     VALUES ('acquirer', ?, 'debit', NULL, ?, 'debited', ?, ?, 1250, ?, ?)`,
  );
  const payment = database.prepare(
    `INSERT INTO acquirer_payments (id, fingerprint, merchant, order_number, amount_minor, currency,
       capture, state, answer, captured_minor, tell, tries, next_at, begun_at, ended_at)
     VALUES (?, ?, 'v-0', ?, 1250, 'CNY', 'now', 'paid', ?, 1250, 0, 0, NULL, ?, ?)`,
  );
  const order = database.prepare(
    `UPDATE orders SET state = 'paid', ended_at = ?, payment = ?, payer = ? WHERE number = ?`,
  );
  const event = database.prepare(
    `INSERT INTO order_events (order_number, kind, at, detail) VALUES (?, 'paid', ?, ?)`,
  );
  const outbox = database.prepare(
    `INSERT INTO outbox (terminal, kind, order_number, body, at) VALUES ('t-0', 'result', ?, ?, ?)`,
  );
  const undelivered = database.prepare(
    "INSERT INTO undelivered (terminal, outbox) VALUES ('t-0', ?)",
  );
  const answer = database.prepare(
    'INSERT INTO answers (scope, key, fingerprint, answer, at) VALUES (?, ?, ?, ?, ?)',
  );
  const postTo = (id: bigint | number, to: string, amount: number, after: number): void => {
    posting.run(id, to, amount, after);
    move.run(after, to);
  };
  return (number, at, payer) => {
    const now = Date.now();
    const id = `PAY-${number}`;
    const total = 1250 * (at + 1);
    const from = own[payer] ?? '';
    const debit = transfer.run(`issuer:debit:acquirer:${id}`, 'debit', number, now);
    postTo(debit.lastInsertRowid, from, -1250, -total);
    postTo(debit.lastInsertRowid, 'issuer:due:acquirer:CNY', 1250, total);
    request.run(id, DIGEST, ANSWER, from, number, now);
    const paid = transfer.run(`acquirer:pay:${id}`, 'payment', number, now);
    postTo(paid.lastInsertRowid, 'acquirer:due:issuer:CNY', -1250, -total);
    postTo(paid.lastInsertRowid, 'acquirer:merchant:v-0:CNY', 1250, total);
    payment.run(id, DIGEST, number, ANSWER, now, now);
    order.run(now, id, '•••• 0001', number);
    event.run(number, now, ANSWER);
    const queued = outbox.run(number, `${ANSWER}${ANSWER}`, now);
    undelivered.run(queued.lastInsertRowid);
    answer.run(`pay:${number}`, `key-${at}`, DIGEST, ANSWER, now);
  };
}
