import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { ShopOrderRow, ShopTable } from '../tables-shop.ts';
import { every, first } from './rows.ts';

export const SHOP = `
  CREATE TABLE centre_shop_orders (
    number TEXT PRIMARY KEY,
    merchant TEXT NOT NULL REFERENCES vendors,
    customer TEXT NOT NULL,
    lines TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    language TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('unpaid', 'unsure', 'paid', 'cancelled', 'expired')),
    terminal TEXT,
    trouble TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    payment TEXT,
    card TEXT,
    balance_minor INTEGER,
    CHECK ((state IN ('unpaid', 'unsure')) = (ended_at IS NULL)),
    CHECK ((state = 'paid') = (payment IS NOT NULL))
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX centre_shop_orders_open ON centre_shop_orders (expires_at) WHERE state = 'unpaid';
  CREATE INDEX centre_shop_orders_of ON centre_shop_orders (customer) WHERE ended_at IS NULL;
  CREATE TRIGGER centre_shop_orders_end_once BEFORE UPDATE ON centre_shop_orders
    WHEN OLD.ended_at IS NOT NULL OR NEW.number <> OLD.number OR NEW.lines <> OLD.lines
      OR NEW.amount_minor <> OLD.amount_minor OR NEW.currency <> OLD.currency
    BEGIN SELECT RAISE(ABORT, 'an order ends once and its content stays'); END;
  CREATE TRIGGER centre_shop_orders_no_delete BEFORE DELETE ON centre_shop_orders
    BEGIN SELECT RAISE(ABORT, 'orders are kept'); END;
  CREATE TABLE centre_shop_readers (
    digest TEXT PRIMARY KEY,
    terminal TEXT NOT NULL REFERENCES terminals,
    until INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;`;

/** How many orders of one address keep stock from others. */
export const SHOP_CLIENTS = `
  ALTER TABLE centre_shop_orders ADD COLUMN client TEXT;
  CREATE INDEX centre_shop_orders_from ON centre_shop_orders (client) WHERE ended_at IS NULL;`;

const COLUMNS = [
  ...['number', 'merchant', 'customer', 'lines', 'currency', 'amount_minor', 'language', 'state'],
  ...['terminal', 'trouble', 'created_at', 'expires_at', 'ended_at', 'payment', 'card'],
  ...(['balance_minor', 'client'] as const),
] as const satisfies readonly (keyof ShopOrderRow)[];

/** Those that {@link ShopTable.change} may change. */
const CHANGING = [
  ...['state', 'terminal', 'trouble', 'expires_at', 'ended_at', 'payment', 'card'],
  'balance_minor',
] as const satisfies readonly (keyof ShopOrderRow)[];

export function shopTable(database: DatabaseSync): ShopTable {
  const marks = COLUMNS.map(() => '?').join(', ');
  const find = database.prepare('SELECT * FROM centre_shop_orders WHERE number = ?');
  const add = database.prepare(
    `INSERT INTO centre_shop_orders (${COLUMNS.join(', ')}) VALUES (${marks})`,
  );
  const change = database.prepare(
    `UPDATE centre_shop_orders SET ${CHANGING.map((name) => `${name} = ?`).join(', ')}
     WHERE number = ?`,
  );
  const due = database.prepare(
    `SELECT * FROM centre_shop_orders WHERE state = 'unpaid' AND expires_at <= ?
     ORDER BY expires_at LIMIT ?`,
  );
  const next = database.prepare(
    `SELECT min(expires_at) AS at FROM centre_shop_orders WHERE state = 'unpaid'`,
  );
  const unsure = database.prepare(`SELECT * FROM centre_shop_orders WHERE state = 'unsure'`);
  const openOf = database.prepare(
    `SELECT count(*) AS count FROM centre_shop_orders WHERE customer = ? AND ended_at IS NULL`,
  );
  const openFrom = database.prepare(
    `SELECT count(*) AS count FROM centre_shop_orders WHERE client = ? AND ended_at IS NULL`,
  );
  return {
    find: (number) => first<ShopOrderRow>(find, number),
    add(row) {
      const values: SQLInputValue[] = COLUMNS.map((name) => row[name]);
      add.run(...values);
    },
    change(number, wanted) {
      const row = first<ShopOrderRow>(find, number);
      if (row === undefined) throw new Error(`order ${number} is gone`);
      const changed = { ...row, ...wanted };
      change.run(...CHANGING.map((name) => changed[name]), number);
    },
    due: (now, limit) => every<ShopOrderRow>(due, now, limit),
    nextExpiry: () => first<{ at: number | null }>(next)?.at ?? undefined,
    unsure: () => every<ShopOrderRow>(unsure),
    openFrom: (client) => first<{ count: number }>(openFrom, client)?.count ?? 0,
    openOf: (customer) => first<{ count: number }>(openOf, customer)?.count ?? 0,
    ...readers(database),
  };
}

function readers(database: DatabaseSync): Pick<ShopTable, 'addReader' | 'reader' | 'forgetReader'> {
  const add = database.prepare(
    `INSERT INTO centre_shop_readers (digest, terminal, until) VALUES (?, ?, ?)`,
  );
  const forget = database.prepare('DELETE FROM centre_shop_readers WHERE until < ?');
  const drop = database.prepare('DELETE FROM centre_shop_readers WHERE digest = ?');
  const find = database.prepare(
    'SELECT terminal FROM centre_shop_readers WHERE digest = ? AND until >= ?',
  );
  return {
    addReader(digest, terminal, until, now) {
      forget.run(now);
      add.run(digest, terminal, until);
    },
    reader: (digest, now) => first<{ terminal: string }>(find, digest, now)?.terminal,
    forgetReader: (digest) => void drop.run(digest),
  };
}
