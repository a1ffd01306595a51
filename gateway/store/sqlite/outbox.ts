import type { DatabaseSync } from 'node:sqlite';
import type { OutboxRow, OutboxTable } from '../tables.ts';
import { every, first } from './rows.ts';

export function outboxTable(database: DatabaseSync): OutboxTable {
  const add = database.prepare(
    'INSERT INTO outbox (terminal, kind, order_number, body, at) VALUES (?, ?, ?, ?, ?)',
  );
  const queue = database.prepare('INSERT INTO undelivered (terminal, outbox) VALUES (?, ?)');
  const pending = database.prepare(
    `SELECT outbox.* FROM undelivered JOIN outbox ON outbox.id = undelivered.outbox
     WHERE undelivered.terminal = ? AND undelivered.outbox < ? ORDER BY undelivered.outbox DESC LIMIT ?`,
  );
  const terminals = database.prepare('SELECT DISTINCT terminal FROM undelivered');
  const done = database.prepare(
    `DELETE FROM undelivered
     WHERE outbox = ? AND terminal = (SELECT terminal FROM outbox WHERE id = ?)`,
  );
  const resultDone = database.prepare(
    `DELETE FROM undelivered WHERE terminal = ? AND outbox IN
       (SELECT id FROM outbox WHERE order_number = ? AND kind = 'result')`,
  );
  const resultPending = database.prepare(
    `SELECT 1 AS one FROM outbox JOIN undelivered
       ON undelivered.outbox = outbox.id AND undelivered.terminal = outbox.terminal
     WHERE outbox.order_number = ? AND outbox.kind = 'result'`,
  );
  const refundDone = database.prepare(
    `DELETE FROM undelivered WHERE terminal = ? AND outbox IN
       (SELECT id FROM outbox WHERE order_number = ? AND kind = 'refund'
          AND json_extract(body, '$.refund') = ?)`,
  );
  const webPaidDone = database.prepare(
    `DELETE FROM undelivered WHERE terminal = ? AND outbox IN
       (SELECT id FROM outbox WHERE order_number = ? AND kind = 'web_paid')`,
  );
  const ofOrder = database.prepare('SELECT * FROM outbox WHERE order_number = ? ORDER BY id');
  return {
    add(row) {
      const { lastInsertRowid } = add.run(
        row.terminal,
        row.kind,
        row.order_number,
        row.body,
        row.at,
      );
      queue.run(row.terminal, lastInsertRowid);
    },
    pending: (terminal, limit, below = Number.MAX_SAFE_INTEGER) =>
      every<OutboxRow>(pending, terminal, below, limit).reverse(),
    pendingTerminals: () => every<{ terminal: string }>(terminals).map(({ terminal }) => terminal),
    done: (id) => void done.run(id, id),
    resultDone: (terminal, order) => resultDone.run(terminal, order).changes > 0,
    resultPending: (order) => first(resultPending, order) !== undefined,
    refundDone: (terminal, order, refund) => refundDone.run(terminal, order, refund).changes > 0,
    webPaidDone: (terminal, order) => webPaidDone.run(terminal, order).changes > 0,
    ofOrder: (order) => every<OutboxRow>(ofOrder, order),
  };
}
