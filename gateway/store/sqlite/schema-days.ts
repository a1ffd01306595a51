/** Business days as terminals closed them, and what the order centre found on comparing them. */
export const daysSchema = (appendOnly: (table: string) => string): string => `
  CREATE TABLE days (
    terminal TEXT NOT NULL REFERENCES terminals,
    book TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number > 0),
    head TEXT NOT NULL,
    digest TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (terminal, book, number)
  ) STRICT, WITHOUT ROWID;
  ${appendOnly('days')}
  CREATE TABLE day_pages (
    terminal TEXT NOT NULL,
    book TEXT NOT NULL,
    number INTEGER NOT NULL,
    page INTEGER NOT NULL CHECK (page >= 0),
    at INTEGER NOT NULL,
    PRIMARY KEY (terminal, book, number, page),
    FOREIGN KEY (terminal, book, number) REFERENCES days
  ) STRICT, WITHOUT ROWID;
  ${appendOnly('day_pages')}
  CREATE TABLE day_lines (
    id INTEGER PRIMARY KEY,
    terminal TEXT NOT NULL,
    book TEXT NOT NULL,
    number INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('order', 'card', 'refund', 'open')),
    name TEXT NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX day_lines_of_day ON day_lines (terminal, book, number, id);
  CREATE INDEX day_lines_by_name ON day_lines (terminal, kind, name);
  ${appendOnly('day_lines')}
  CREATE TABLE day_verdicts (
    terminal TEXT NOT NULL,
    book TEXT NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    -- Orders recorded before it, and debits of the settlement up to it, are decided.
    orders_from INTEGER NOT NULL,
    debits_after INTEGER NOT NULL,
    -- Counts and sums of the gateway's own books.
    books TEXT NOT NULL,
    PRIMARY KEY (terminal, book, number),
    FOREIGN KEY (terminal, book, number) REFERENCES days
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX day_verdicts_last ON day_verdicts (terminal, at);
  ${appendOnly('day_verdicts')}
  CREATE TABLE day_differences (
    id INTEGER PRIMARY KEY,
    terminal TEXT NOT NULL,
    book TEXT NOT NULL,
    number INTEGER NOT NULL,
    kind TEXT NOT NULL,
    of TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX day_differences_once
    ON day_differences (terminal, book, number, kind, of, name);
  CREATE INDEX day_differences_by_name ON day_differences (terminal, of, name);
  ${appendOnly('day_differences')}
  CREATE TABLE day_healings (
    difference INTEGER PRIMARY KEY REFERENCES day_differences,
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  ${appendOnly('day_healings')}
  CREATE INDEX orders_of_terminal ON orders (terminal, recorded_at);
  CREATE INDEX outbox_refunds ON outbox (terminal) WHERE kind = 'refund';
  CREATE INDEX settlement_transactions_at ON settlement_transactions (terminal, id)
    WHERE kind = 'debit' AND terminal IS NOT NULL;`;
