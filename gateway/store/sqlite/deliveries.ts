import type { DatabaseSync } from 'node:sqlite';
import type { DeliveryRow, DeliveryTable, ReportRow } from '../tables-centre.ts';
import { every, first } from './rows.ts';

export function deliveryTable(database: DatabaseSync): DeliveryTable {
  const add = database.prepare(
    `INSERT INTO deliveries (id, owner, channel, recipient, body, order_number, next_at, at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const find = database.prepare('SELECT * FROM deliveries WHERE id = ?');
  const due = database.prepare(
    `SELECT * FROM deliveries WHERE owner = ? AND state = 'waiting' AND next_at <= ?
     ORDER BY next_at LIMIT ?`,
  );
  const next = database.prepare(
    `SELECT min(next_at) AS at FROM deliveries WHERE owner = ? AND state = 'waiting'`,
  );
  const ofOrder = database.prepare(
    'SELECT * FROM deliveries WHERE order_number = ? ORDER BY at, id',
  );
  const end = database.prepare(
    `UPDATE deliveries SET state = ?, ended_at = ?, reference = ?, trouble = ?, tries = tries + 1
     WHERE id = ? AND state = 'waiting'`,
  );
  const retry = database.prepare(
    `UPDATE deliveries SET next_at = ?, trouble = ?, tries = tries + 1
     WHERE id = ? AND state = 'waiting'`,
  );
  const receive = database.prepare(
    'INSERT INTO received_messages (receiver, id, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const report = database.prepare(
    'INSERT INTO delivery_reports (delivery, outcome, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const reportOf = database.prepare('SELECT * FROM delivery_reports WHERE delivery = ?');
  return {
    add({ id, owner, channel, recipient, body, order_number, at }) {
      add.run(id, owner, channel, recipient, body, order_number, at, at);
    },
    find: (id) => first<DeliveryRow>(find, id),
    due: (owner, now, limit) => every<DeliveryRow>(due, owner, now, limit),
    next: (owner) => first<{ at: number | null }>(next, owner)?.at ?? undefined,
    ofOrder: (order) => every<DeliveryRow>(ofOrder, order),
    delivered: (id, at, reference) => void end.run('delivered', at, reference, null, id),
    retry: (id, nextAt, trouble) => void retry.run(nextAt, trouble, id),
    failed: (id, at, trouble) => void end.run('failed', at, null, trouble, id),
    report: (id, outcome, at) => void report.run(id, outcome, at),
    reportOf: (id) => first<ReportRow>(reportOf, id),
    receive: (receiver, id, at) => receive.run(receiver, id, at).changes > 0,
  };
}
