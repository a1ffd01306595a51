import type { DatabaseSync } from 'node:sqlite';
import type { TopUpRow, TopUpTable } from '../tables-topups.ts';
import { every, first } from './rows.ts';

export const topUpSchema = `
  CREATE TABLE centre_topups (
    number TEXT PRIMARY KEY,
    card TEXT NOT NULL,
    customer TEXT NOT NULL,
    phone TEXT NOT NULL,
    merchant TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    state TEXT NOT NULL CHECK (state IN ('asked', 'unpaid', 'paid', 'due', 'loaded', 'refunding',
      'refunded', 'expired', 'refused')),
    link TEXT,
    payment TEXT,
    reason TEXT,
    tries INTEGER NOT NULL,
    next_at INTEGER,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    CHECK (state NOT IN ('paid', 'due', 'loaded', 'refunding', 'refunded') OR payment IS NOT NULL)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX centre_topups_next ON centre_topups (next_at) WHERE next_at IS NOT NULL;
  CREATE INDEX centre_topups_of ON centre_topups (card, state);
  CREATE TRIGGER centre_topups_end_once BEFORE UPDATE ON centre_topups
    WHEN OLD.state IN ('loaded', 'refunded') OR NEW.number <> OLD.number OR NEW.card <> OLD.card
      OR NEW.amount_minor <> OLD.amount_minor OR NEW.currency <> OLD.currency
      OR (OLD.payment IS NOT NULL AND NEW.payment IS NOT OLD.payment)
    BEGIN SELECT RAISE(ABORT, 'a top-up ends once and its content stays'); END;
  CREATE TRIGGER centre_topups_no_delete BEFORE DELETE ON centre_topups
    BEGIN SELECT RAISE(ABORT, 'top-ups are kept'); END;`;

const COLUMNS = [
  ...['number', 'card', 'customer', 'phone', 'merchant', 'currency', 'amount_minor', 'state'],
  ...['link', 'payment', 'reason', 'tries', 'next_at', 'created_at', 'expires_at', 'ended_at'],
] as readonly (keyof TopUpRow)[];
const CHANGING = [
  ...['state', 'link', 'payment', 'reason', 'tries', 'next_at', 'expires_at', 'ended_at'],
] as readonly (keyof TopUpRow)[];

export function topUpTable(database: DatabaseSync): TopUpTable {
  const renew = CHANGING.map((name) => `${name} = excluded.${name}`).join(', ');
  const put = database.prepare(
    `INSERT INTO centre_topups (${COLUMNS.join(', ')})
     VALUES (${COLUMNS.map(() => '?').join(', ')})
     ON CONFLICT (number) DO UPDATE SET ${renew}`,
  );
  const find = database.prepare('SELECT * FROM centre_topups WHERE number = ?');
  const due = database.prepare(
    'SELECT * FROM centre_topups WHERE next_at <= ? ORDER BY next_at LIMIT ?',
  );
  const next = database.prepare(
    'SELECT min(next_at) AS at FROM centre_topups WHERE next_at IS NOT NULL',
  );
  const unpaid = database.prepare(
    `SELECT count(*) AS count FROM centre_topups
     WHERE card = ? AND state IN ('asked', 'unpaid')`,
  );
  const hurry = database.prepare(
    `UPDATE centre_topups SET next_at = ? WHERE card = ? AND state = 'due'`,
  );
  return {
    find: (number) => first<TopUpRow>(find, number),
    put: (row) => void put.run(...COLUMNS.map((name) => row[name])),
    due: (now, limit) => every<TopUpRow>(due, now, limit),
    nextAt: () => first<{ at: number | null }>(next)?.at ?? undefined,
    unpaidOf: (card) => first<{ count: number }>(unpaid, card)?.count ?? 0,
    hurry(cards, at) {
      for (const card of cards) hurry.run(at, card);
    },
  };
}
