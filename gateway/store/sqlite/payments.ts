import type { DatabaseSync } from 'node:sqlite';
import type { ActionRow, PaymentRow, PaymentTable } from '../tables-money.ts';
import { every, first } from './rows.ts';

export function paymentTable(database: DatabaseSync): PaymentTable {
  const next = database.prepare(
    `SELECT min(at) AS at FROM (
       SELECT min(next_at) AS at FROM acquirer_payments WHERE next_at IS NOT NULL
       UNION ALL SELECT min(next_at) FROM acquirer_actions WHERE next_at IS NOT NULL)`,
  );
  return {
    ...payments(database),
    ...actions(database),
    nextAt: () => first<{ at: number | null }>(next)?.at ?? undefined,
  };
}

function payments(
  database: DatabaseSync,
): Pick<PaymentTable, 'find' | 'ofOrder' | 'ofMerchant' | 'put' | 'due'> {
  const find = database.prepare('SELECT * FROM acquirer_payments WHERE id = ?');
  const ofOrder = database.prepare(
    `SELECT * FROM acquirer_payments WHERE merchant = ? AND order_number = ?
       AND state IN ('asking', 'authorised', 'paid')`,
  );
  const ofMerchant = database.prepare(
    `SELECT * FROM acquirer_payments WHERE merchant = ? AND order_number > ?
       AND state IN ('asking', 'authorised', 'paid') ORDER BY order_number LIMIT ?`,
  );
  const put = database.prepare(
    `INSERT INTO acquirer_payments (id, fingerprint, merchant, order_number, amount_minor, currency,
       capture, state, answer, captured_minor, tell, tries, next_at, begun_at, ended_at, through)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET state = excluded.state, answer = excluded.answer,
       captured_minor = excluded.captured_minor, tell = excluded.tell, tries = excluded.tries,
       next_at = excluded.next_at, ended_at = excluded.ended_at`,
  );
  const due = database.prepare(
    `SELECT * FROM acquirer_payments WHERE next_at IS NOT NULL AND next_at <= ?
     ORDER BY next_at LIMIT ?`,
  );
  return {
    find: (id) => first<PaymentRow>(find, id),
    ofOrder: (merchant, order) => first<PaymentRow>(ofOrder, merchant, order),
    ofMerchant: (merchant, after, limit) => every<PaymentRow>(ofMerchant, merchant, after, limit),
    due: (now, limit) => every<PaymentRow>(due, now, limit),
    put(row) {
      put.run(
        row.id,
        row.fingerprint,
        row.merchant,
        row.order_number,
        row.amount_minor,
        row.currency,
        row.capture,
        row.state,
        row.answer,
        row.captured_minor,
        row.tell,
        row.tries,
        row.next_at,
        row.begun_at,
        row.ended_at,
        row.through,
      );
    },
  };
}

function actions(
  database: DatabaseSync,
): Pick<PaymentTable, 'action' | 'actionsOf' | 'putAction' | 'dueActions'> {
  const find = database.prepare('SELECT * FROM acquirer_actions WHERE id = ?');
  const of = database.prepare('SELECT * FROM acquirer_actions WHERE payment = ?');
  const put = database.prepare(
    `INSERT INTO acquirer_actions (id, kind, payment, amount_minor, state, answer, tries, next_at,
       begun_at, ended_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET state = excluded.state, answer = excluded.answer,
       tries = excluded.tries, next_at = excluded.next_at, ended_at = excluded.ended_at`,
  );
  const due = database.prepare(
    `SELECT * FROM acquirer_actions WHERE next_at IS NOT NULL AND next_at <= ?
     ORDER BY next_at LIMIT ?`,
  );
  return {
    action: (id) => first<ActionRow>(find, id),
    actionsOf: (payment) => every<ActionRow>(of, payment),
    dueActions: (now, limit) => every<ActionRow>(due, now, limit),
    putAction(row) {
      const { id, kind, payment, amount_minor, state, answer, tries } = row;
      const { next_at, begun_at, ended_at } = row;
      put.run(id, kind, payment, amount_minor, state, answer, tries, next_at, begun_at, ended_at);
    },
  };
}
