import type { DatabaseSync } from 'node:sqlite';
import type { OrderRow } from '../tables.ts';
import type {
  DayDifferenceRow,
  DayKey,
  DayLineRow,
  DayRow,
  DayTable,
  DayVerdictRow,
} from '../tables-days.ts';
import { every, first } from './rows.ts';

const KEY = 'terminal = ? AND book = ? AND number = ?';
const of = ({ terminal, book, number }: DayKey) => [terminal, book, number] as const;

export const dayTable = (database: DatabaseSync): DayTable => ({
  ...days(database),
  ...lines(database),
  ...unstated(database),
  ...verdicts(database),
  ...differences(database),
});

function days(database: DatabaseSync): Pick<DayTable, 'find' | 'add' | 'ofTerminal' | 'ofVendor'> {
  const find = database.prepare(`SELECT * FROM days WHERE ${KEY}`);
  const add = database.prepare(
    'INSERT INTO days (terminal, book, number, head, digest, at) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const mine = database.prepare(
    'SELECT * FROM days WHERE terminal = ? ORDER BY at DESC, number DESC LIMIT ?',
  );
  const vendors = database.prepare(
    `SELECT days.* FROM days JOIN terminals ON terminals.id = days.terminal
     WHERE terminals.vendor = ? AND json_extract(head, '$.to') >= ? AND json_extract(head, '$.to') < ?
     ORDER BY json_extract(head, '$.to'), days.terminal, days.number`,
  );
  return {
    find: (day) => first<DayRow>(find, ...of(day)),
    add: (row) => void add.run(...of(row), row.head, row.digest, row.at),
    ofTerminal: (terminal, limit) => every<DayRow>(mine, terminal, limit),
    ofVendor: (vendor, from, to) => every<DayRow>(vendors, vendor, from, to),
  };
}

function lines(database: DatabaseSync): Pick<DayTable, 'pages' | 'addPage' | 'lines' | 'named'> {
  const pages = database.prepare(
    `SELECT count(*) AS count, coalesce(max(at), 0) AS last_at FROM day_pages WHERE ${KEY}`,
  );
  const addPage = database.prepare(
    'INSERT INTO day_pages (terminal, book, number, page, at) VALUES (?, ?, ?, ?, ?)',
  );
  const addLine = database.prepare(
    'INSERT INTO day_lines (terminal, book, number, kind, name, body) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const all = database.prepare(`SELECT * FROM day_lines WHERE ${KEY} ORDER BY id`);
  const named = database.prepare(
    'SELECT * FROM day_lines WHERE terminal = ? AND kind = ? AND name = ? ORDER BY id',
  );
  return {
    pages: (day) =>
      first<{ count: number; last_at: number }>(pages, ...of(day)) ?? { count: 0, last_at: 0 },
    addPage(day, page, at, rows) {
      addPage.run(...of(day), page, at);
      for (const row of rows) addLine.run(...of(day), row.kind, row.name, row.body);
    },
    lines: (day) => every<DayLineRow>(all, ...of(day)),
    named: (terminal, kind, name) => every<DayLineRow>(named, terminal, kind, name),
  };
}

function unstated(database: DatabaseSync): Pick<DayTable, 'unstated' | 'unstatedRefunds'> {
  const orders = database.prepare(
    `SELECT * FROM orders WHERE terminal = ? AND recorded_at >= ? AND NOT EXISTS
       (SELECT 1 FROM day_lines WHERE day_lines.terminal = orders.terminal
          AND kind = 'order' AND name = orders.number)
     ORDER BY recorded_at`,
  );
  const refunds = database.prepare(
    `SELECT order_number, body FROM outbox WHERE terminal = ? AND kind = 'refund'
       AND NOT EXISTS (SELECT 1 FROM undelivered
         WHERE undelivered.terminal = outbox.terminal AND undelivered.outbox = outbox.id)
       AND NOT EXISTS (SELECT 1 FROM day_lines WHERE day_lines.terminal = outbox.terminal
         AND day_lines.kind = 'refund' AND name = json_extract(outbox.body, '$.refund'))`,
  );
  return {
    unstated: (terminal, since) => every<OrderRow>(orders, terminal, since),
    unstatedRefunds: (terminal) => every<{ order_number: string; body: string }>(refunds, terminal),
  };
}

function verdicts(
  database: DatabaseSync,
): Pick<DayTable, 'verdict' | 'lastVerdict' | 'addVerdict'> {
  const find = database.prepare(`SELECT * FROM day_verdicts WHERE ${KEY}`);
  const last = database.prepare(
    'SELECT * FROM day_verdicts WHERE terminal = ? ORDER BY at DESC, number DESC LIMIT 1',
  );
  const add = database.prepare(
    `INSERT INTO day_verdicts (terminal, book, number, at, orders_from, debits_after, books)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  return {
    verdict: (day) => first<DayVerdictRow>(find, ...of(day)),
    lastVerdict: (terminal) => first<DayVerdictRow>(last, terminal),
    addVerdict: (row) =>
      void add.run(...of(row), row.at, row.orders_from, row.debits_after, row.books),
  };
}

function differences(
  database: DatabaseSync,
): Pick<DayTable, 'addDifference' | 'differences' | 'differing' | 'open' | 'heal'> {
  const columns = 'day_differences.*, day_healings.at AS healed_at';
  const from = `SELECT ${columns} FROM day_differences
    LEFT JOIN day_healings ON day_healings.difference = day_differences.id`;
  const add = database.prepare(
    `INSERT INTO day_differences (terminal, book, number, kind, of, name, body, at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  const all = database.prepare(`${from} WHERE ${KEY} ORDER BY day_differences.id`);
  const about = database.prepare(
    `${from} WHERE terminal = ? AND of = ? AND name = ? ORDER BY day_differences.id`,
  );
  const open = database.prepare(
    `SELECT terminal, book, number FROM day_differences
     WHERE id NOT IN (SELECT difference FROM day_healings)
     GROUP BY terminal, book, number ORDER BY max(id) DESC LIMIT ?`,
  );
  const heal = database.prepare(
    'INSERT INTO day_healings (difference, at) VALUES (?, ?) ON CONFLICT DO NOTHING',
  );
  return {
    addDifference: (row) => void add.run(...of(row), row.kind, row.of, row.name, row.body, row.at),
    differences: (day) => every<DayDifferenceRow>(all, ...of(day)),
    differing: (terminal, what, name) => every<DayDifferenceRow>(about, terminal, what, name),
    open: (limit) => every<DayKey>(open, limit),
    heal: (difference, at) => void heal.run(difference, at),
  };
}
