import type { DatabaseSync } from 'node:sqlite';
import type { EventRow, OrderRow, OrderTable } from '../tables.ts';
import { every, first } from './rows.ts';

type Expiry = 'nextExpiry' | 'lastExpiry' | 'bringForward';

export function orderTable(database: DatabaseSync): OrderTable {
  return { ...orders(database), ...events(database), ...closes(database), ...tries(database) };
}

function orders(
  database: DatabaseSync,
): Pick<OrderTable, 'find' | 'add' | 'end' | 'endByCard' | 'due' | Expiry> {
  const find = database.prepare('SELECT * FROM orders WHERE number = ?');
  const add = database.prepare(
    `INSERT INTO orders (number, terminal, vendor, body, currency, amount_minor, state, reason,
       recorded_at, expires_at, ended_at, payment, payer)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const end = database.prepare(
    `UPDATE orders SET state = ?, ended_at = ?, reason = ?, payment = ?, payer = ?
     WHERE number = ? AND state = 'offered'`,
  );
  const endByCard = database.prepare(
    `UPDATE orders SET state = ?, ended_at = ?, reason = ?, payment = ?, payer = ? WHERE number = ?`,
  );
  const due = database.prepare(
    `SELECT * FROM orders WHERE state = 'offered' AND expires_at <= ? ORDER BY expires_at LIMIT ?`,
  );
  const next = database.prepare(`SELECT min(expires_at) AS at FROM orders WHERE state = 'offered'`);
  const last = database.prepare(`SELECT max(expires_at) AS at FROM orders WHERE state = 'offered'`);
  const forward = database.prepare(
    `UPDATE orders SET expires_at = ?1 + 1000 * json_extract(body, '$.lifetime_s')
     WHERE state = 'offered' AND expires_at > ?2`,
  );
  return {
    find: (number) => first<OrderRow>(find, number),
    add(row) {
      add.run(
        row.number,
        row.terminal,
        row.vendor,
        row.body,
        row.currency,
        row.amount_minor,
        row.state,
        row.reason,
        row.recorded_at,
        row.expires_at,
        row.ended_at,
        row.payment,
        row.payer,
      );
    },
    end(number, { state, ended_at, reason, payment, payer }) {
      const { changes } = end.run(state, ended_at, reason, payment, payer, number);
      if (changes !== 1)
        throw new Error(`order ${number} is not open: whoever ends it looks first`);
    },
    endByCard: (number, { state, ended_at, reason, payment, payer }) =>
      void endByCard.run(state, ended_at, reason, payment, payer, number),
    due: (now, limit) => every<OrderRow>(due, now, limit),
    nextExpiry: () => first<{ at: number | null }>(next)?.at ?? undefined,
    lastExpiry: () => first<{ at: number | null }>(last)?.at ?? undefined,
    bringForward: (now, latest) => void forward.run(now, latest),
  };
}

function events(database: DatabaseSync): Pick<OrderTable, 'addEvent' | 'events'> {
  const add = database.prepare(
    'INSERT INTO order_events (order_number, kind, at, detail) VALUES (?, ?, ?, ?)',
  );
  const of = database.prepare(
    'SELECT order_number, kind, at, detail FROM order_events WHERE order_number = ? ORDER BY id',
  );
  return {
    addEvent: (row) => void add.run(row.order_number, row.kind, row.at, row.detail),
    events: (number) => every<EventRow>(of, number),
  };
}

function closes(database: DatabaseSync): Pick<OrderTable, 'rememberClose' | 'rememberedClose'> {
  const remember = database.prepare(
    `INSERT INTO early_closes (terminal, order_number, because, at) VALUES (?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
  );
  const remembered = database.prepare(
    'SELECT because FROM early_closes WHERE terminal = ? AND order_number = ?',
  );
  return {
    rememberClose: (terminal, number, because, at) =>
      void remember.run(terminal, number, because, at),
    rememberedClose: (terminal, number) =>
      first<{ because: 'cancelled' | 'expired' }>(remembered, terminal, number)?.because,
  };
}

function tries(
  database: DatabaseSync,
): Pick<OrderTable, 'addTry' | 'triesOfOrder' | 'triesOfClient'> {
  const add = database.prepare(
    'INSERT INTO wrong_tries (order_number, client, at) VALUES (?, ?, ?)',
  );
  const ofOrder = database.prepare(
    'SELECT count(*) AS count FROM wrong_tries WHERE order_number = ?',
  );
  const ofClient = database.prepare(
    'SELECT count(*) AS count FROM wrong_tries WHERE client = ? AND at > ?',
  );
  return {
    addTry: (number, client, at) => void add.run(number, client, at),
    triesOfOrder: (number) => first<{ count: number }>(ofOrder, number)?.count ?? 0,
    triesOfClient: (client, since) => first<{ count: number }>(ofClient, client, since)?.count ?? 0,
  };
}
