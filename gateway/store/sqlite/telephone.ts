import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { AskRow, TelephoneOrderRow, TelephoneOrderTable } from '../tables-centre.ts';
import { every, first } from './rows.ts';

const COLUMNS = [
  ...['number', 'merchant', 'lines', 'currency', 'amount_minor', 'phone', 'email', 'channel'],
  ...['language', 'state', 'closing', 'reason', 'created_at', 'placed_at', 'lifetime_ms'],
  ...['expires_at', 'link', 'link_expires_at', 'ended_at', 'payment', 'payer', 'refunded_minor'],
] as const satisfies readonly (keyof TelephoneOrderRow)[];

/** Those that {@link TelephoneOrderTable.change} may change. */
const CHANGING = [
  ...['state', 'closing', 'reason', 'placed_at', 'expires_at', 'link', 'link_expires_at'],
  ...['ended_at', 'payment', 'payer', 'refunded_minor'],
] as const satisfies readonly (keyof TelephoneOrderRow)[];

export function telephoneTable(database: DatabaseSync): TelephoneOrderTable {
  return { ...orders(database), ...attempts(database), ...asks(database) };
}

function orders(
  database: DatabaseSync,
): Pick<
  TelephoneOrderTable,
  'find' | 'ofPhone' | 'add' | 'change' | 'due' | 'dueTooLate' | 'nextExpiry'
> {
  const find = database.prepare('SELECT * FROM centre_orders WHERE number = ?');
  const add = database.prepare(
    `INSERT INTO centre_orders (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})`,
  );
  const change = database.prepare(
    `UPDATE centre_orders SET ${CHANGING.map((name) => `${name} = ?`).join(', ')} WHERE number = ?`,
  );
  const due = database.prepare(
    `SELECT * FROM centre_orders WHERE ended_at IS NULL AND closing IS NULL AND expires_at <= ?
     ORDER BY expires_at LIMIT ?`,
  );
  const late = database.prepare(
    `SELECT * FROM centre_orders WHERE ended_at IS NULL AND closing IS NULL AND expires_at >
       ? + CASE state WHEN 'not_placed' THEN ? ELSE lifetime_ms END LIMIT ?`,
  );
  const ofPhone = database.prepare(
    'SELECT * FROM centre_orders WHERE phone = ? ORDER BY created_at DESC, number LIMIT ?',
  );
  const next = database.prepare(
    'SELECT min(expires_at) AS at FROM centre_orders WHERE ended_at IS NULL AND closing IS NULL',
  );
  return {
    find: (number) => first<TelephoneOrderRow>(find, number),
    ofPhone: (phone, limit) => every<TelephoneOrderRow>(ofPhone, phone, limit),
    add(row) {
      const values: SQLInputValue[] = COLUMNS.map((name) => row[name]);
      add.run(...values);
    },
    change(number, wanted) {
      const row = first<TelephoneOrderRow>(find, number);
      if (row === undefined) throw new Error(`order ${number} is gone`);
      const changed = { ...row, ...wanted };
      change.run(...CHANGING.map((name) => changed[name]), number);
    },
    due: (now, limit) => every<TelephoneOrderRow>(due, now, limit),
    dueTooLate: (now, draftMs, limit) => every<TelephoneOrderRow>(late, now, draftMs, limit),
    nextExpiry: () => first<{ at: number | null }>(next)?.at ?? undefined,
  };
}

function attempts(
  database: DatabaseSync,
): Pick<TelephoneOrderTable, 'putAttempt' | 'attempt' | 'openAttempts'> {
  const put = database.prepare(
    `INSERT INTO centre_attempts (order_number, id, state, at) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET state = excluded.state, at = excluded.at WHERE state <> 'paid'`,
  );
  const state = database.prepare(
    'SELECT state FROM centre_attempts WHERE order_number = ? AND id = ?',
  );
  const open = database.prepare(
    `SELECT count(*) AS count FROM centre_attempts WHERE order_number = ? AND state = 'open'`,
  );
  return {
    putAttempt: (order, id, what, at) => void put.run(order, id, what, at),
    attempt: (order, id) => first<{ state: 'open' | 'over' | 'paid' }>(state, order, id)?.state,
    openAttempts: (order) => first<{ count: number }>(open, order)?.count ?? 0,
  };
}

function asks(
  database: DatabaseSync,
): Pick<
  TelephoneOrderTable,
  'addAsk' | 'ask' | 'asksOf' | 'dueAsks' | 'nextAsk' | 'retryAsk' | 'endAsk'
> {
  const add = database.prepare(
    `INSERT INTO centre_asks (id, order_number, verb, question, tries, next_at)
     VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  const find = database.prepare('SELECT * FROM centre_asks WHERE id = ?');
  const of = database.prepare('SELECT * FROM centre_asks WHERE order_number = ? ORDER BY id');
  const due = database.prepare(
    'SELECT * FROM centre_asks WHERE next_at <= ? ORDER BY next_at LIMIT ?',
  );
  const next = database.prepare('SELECT min(next_at) AS at FROM centre_asks');
  const retry = database.prepare(
    'UPDATE centre_asks SET tries = tries + 1, next_at = ? WHERE id = ?',
  );
  const end = database.prepare('DELETE FROM centre_asks WHERE id = ?');
  return {
    addAsk: (row) =>
      void add.run(row.id, row.order_number, row.verb, row.question, row.tries, row.next_at),
    ask: (id) => first<AskRow>(find, id),
    asksOf: (order) => every<AskRow>(of, order),
    dueAsks: (now, limit) => every<AskRow>(due, now, limit),
    nextAsk: () => first<{ at: number | null }>(next)?.at ?? undefined,
    retryAsk: (id, nextAt) => void retry.run(nextAt, id),
    endAsk: (id) => end.run(id).changes > 0,
  };
}
