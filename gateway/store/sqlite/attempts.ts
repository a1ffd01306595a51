import type { DatabaseSync } from 'node:sqlite';
import type { AttemptRow, AttemptTable, RefundRow } from '../tables-money.ts';
import { every, first } from './rows.ts';

export function attemptTable(database: DatabaseSync): AttemptTable {
  const next = database.prepare(
    `SELECT min(at) AS at FROM (
       SELECT min(next_at) AS at FROM centre_payments WHERE next_at IS NOT NULL
       UNION ALL SELECT min(next_at) FROM centre_refunds WHERE next_at IS NOT NULL)`,
  );
  return {
    ...attempts(database),
    ...refunds(database),
    nextAt: () => first<{ at: number | null }>(next)?.at ?? undefined,
  };
}

function attempts(database: DatabaseSync): Pick<AttemptTable, 'find' | 'openOf' | 'put' | 'due'> {
  const find = database.prepare('SELECT * FROM centre_payments WHERE id = ?');
  const open = database.prepare(
    "SELECT * FROM centre_payments WHERE order_number = ? AND state <> 'done'",
  );
  const put = database.prepare(
    `INSERT INTO centre_payments (id, order_number, key, fingerprint, state, tries, next_at,
       begun_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET state = excluded.state, tries = excluded.tries,
       next_at = excluded.next_at`,
  );
  const due = database.prepare(
    `SELECT * FROM centre_payments WHERE next_at IS NOT NULL AND next_at <= ?
     ORDER BY next_at LIMIT ?`,
  );
  return {
    find: (id) => first<AttemptRow>(find, id),
    openOf: (order) => first<AttemptRow>(open, order),
    due: (now, limit) => every<AttemptRow>(due, now, limit),
    put(row) {
      const { id, order_number, key, fingerprint, state, tries, next_at, begun_at } = row;
      put.run(id, order_number, key, fingerprint, state, tries, next_at, begun_at);
    },
  };
}

function refunds(
  database: DatabaseSync,
): Pick<AttemptTable, 'refund' | 'refundsOf' | 'putRefund' | 'dueRefunds'> {
  const find = database.prepare('SELECT * FROM centre_refunds WHERE id = ?');
  const of = database.prepare(
    'SELECT * FROM centre_refunds WHERE order_number = ? ORDER BY begun_at, id',
  );
  const put = database.prepare(
    `INSERT INTO centre_refunds (id, order_number, payment, kind, amount_minor, whole, restock,
       state, answer, tries, next_at, begun_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET state = excluded.state, answer = excluded.answer,
       tries = excluded.tries, next_at = excluded.next_at`,
  );
  const due = database.prepare(
    `SELECT * FROM centre_refunds WHERE next_at IS NOT NULL AND next_at <= ?
     ORDER BY next_at LIMIT ?`,
  );
  return {
    refund: (id) => first<RefundRow>(find, id),
    refundsOf: (order) => every<RefundRow>(of, order),
    dueRefunds: (now, limit) => every<RefundRow>(due, now, limit),
    putRefund(row) {
      const { id, order_number, payment, kind, amount_minor, whole, restock } = row;
      const { state, answer, tries, next_at, begun_at } = row;
      const what = [id, order_number, payment, kind, amount_minor, whole, restock] as const;
      put.run(...what, state, answer, tries, next_at, begun_at);
    },
  };
}
