/** What refunds of every kind of order added; `appendOnly` writes the triggers of a table. */

const CENTRE = `
  ALTER TABLE centre_refunds ADD COLUMN kind TEXT NOT NULL DEFAULT 'refund'
    CHECK (kind IN ('refund', 'void'));
  ALTER TABLE centre_refunds ADD COLUMN whole INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE centre_refunds ADD COLUMN restock INTEGER NOT NULL DEFAULT 1;`;

/** An outbox that carries more kinds than the first two: the schema of the message says which. */
const outbox = (appendOnly: (table: string) => string): string => `
  CREATE TABLE outbox_now (
    id INTEGER PRIMARY KEY,
    terminal TEXT NOT NULL,
    kind TEXT NOT NULL,
    order_number TEXT NOT NULL,
    body TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  INSERT INTO outbox_now SELECT id, terminal, kind, order_number, body, at FROM outbox;
  CREATE TABLE undelivered_now (
    terminal TEXT NOT NULL,
    outbox INTEGER NOT NULL REFERENCES outbox_now,
    PRIMARY KEY (terminal, outbox)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO undelivered_now SELECT terminal, outbox FROM undelivered;
  DROP TABLE undelivered;
  DROP TABLE outbox;
  ALTER TABLE outbox_now RENAME TO outbox;
  ALTER TABLE undelivered_now RENAME TO undelivered;
  CREATE INDEX outbox_of_order ON outbox (order_number);
  ${appendOnly('outbox')}`;

/** A payer is known only when the platform has told who paid: attempts of several phones side by side. */
const PLATFORM_ATTEMPTS = `
  ALTER TABLE acquirer_platform_attempts ADD COLUMN device TEXT;
  ALTER TABLE acquirer_platform_attempts ADD COLUMN reason TEXT;
  CREATE INDEX acquirer_platform_of_link ON acquirer_platform_attempts (link);`;

export const refundsSchema = (appendOnly: (table: string) => string): string =>
  CENTRE + outbox(appendOnly) + PLATFORM_ATTEMPTS;
