/** The SQLite schema, one migration an entry; `PRAGMA user_version` counts those that were applied. */

import { agentSchema } from './agents.ts';
import { centreSchema } from './centre-schema.ts';
import { IDENTITY, IDENTITY_PARTIES } from './identity.ts';
import { MERCHANT_WEBHOOKS } from './merchants.ts';
import { PAIRING } from './pairing.ts';
import { payerDeskSchema } from './payer-desk.ts';
import { PLATFORM } from './platform.ts';
import { daysSchema } from './schema-days.ts';
import {
  FUNDS_ENTRIES,
  FUNDS_OFFICE,
  FUNDS_REFILLS,
  FUNDS_TRIES,
  fundsSchema,
} from './schema-funds.ts';
import { lastingSchema } from './schema-lasting.ts';
import { ATTEMPT_CLIENTS, LINKS } from './schema-links.ts';
import { MONEY } from './schema-money.ts';
import { refundsSchema } from './schema-refunds.ts';
import { reportsSchema } from './schema-reports.ts';
import {
  SETTLEMENT_MAC_BEFORE,
  settlementKeysSchema,
  settlementSchema,
} from './schema-settlement.ts';
import { SHOP, SHOP_CLIENTS } from './shop.ts';
import { topUpSchema } from './topups.ts';

/** Refuses changes of what is only ever appended. */
const appendOnly = (table: string): string => `
  CREATE TRIGGER ${table}_no_update BEFORE UPDATE ON ${table}
    BEGIN SELECT RAISE(ABORT, '${table} is append-only'); END;
  CREATE TRIGGER ${table}_no_delete BEFORE DELETE ON ${table}
    BEGIN SELECT RAISE(ABORT, '${table} is append-only'); END;`;

const LEDGER = `
  CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('asset', 'liability', 'equity', 'income', 'expense')),
    currency TEXT NOT NULL,
    floor_minor INTEGER,
    balance_minor INTEGER NOT NULL DEFAULT 0,
    CHECK (floor_minor IS NULL OR balance_minor >= floor_minor)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE transfers (
    id INTEGER PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    order_number TEXT,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX transfers_of_order ON transfers (order_number) WHERE order_number IS NOT NULL;
  CREATE TABLE postings (
    id INTEGER PRIMARY KEY,
    transfer INTEGER NOT NULL REFERENCES transfers,
    account TEXT NOT NULL REFERENCES accounts,
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor <> 0),
    balance_after_minor INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX postings_of_transfer ON postings (transfer);
  ${appendOnly('transfers')}
  ${appendOnly('postings')}`;

const ORDERS = `
  CREATE TABLE orders (
    number TEXT PRIMARY KEY,
    terminal TEXT NOT NULL REFERENCES terminals,
    vendor TEXT NOT NULL REFERENCES vendors,
    body TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    state TEXT NOT NULL CHECK (state IN ('offered', 'paid', 'declined', 'cancelled', 'expired')),
    reason TEXT,
    recorded_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    payment TEXT,
    payer TEXT,
    CHECK ((state = 'offered') = (ended_at IS NULL)),
    CHECK ((state = 'paid') = (payment IS NOT NULL))
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX orders_open ON orders (expires_at) WHERE state = 'offered';
  CREATE TRIGGER orders_end_once BEFORE UPDATE ON orders
    WHEN OLD.state <> 'offered' OR NEW.number <> OLD.number OR NEW.body <> OLD.body
      OR NEW.amount_minor <> OLD.amount_minor OR NEW.currency <> OLD.currency
    BEGIN SELECT RAISE(ABORT, 'an order ends once and its content stays'); END;
  CREATE TRIGGER orders_no_delete BEFORE DELETE ON orders
    BEGIN SELECT RAISE(ABORT, 'orders are kept'); END;
  CREATE TABLE order_events (
    id INTEGER PRIMARY KEY,
    order_number TEXT NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    detail TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_of_order ON order_events (order_number);
  ${appendOnly('order_events')}
  CREATE TABLE early_closes (
    terminal TEXT NOT NULL,
    order_number TEXT NOT NULL,
    because TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (terminal, order_number)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE wrong_tries (
    id INTEGER PRIMARY KEY,
    order_number TEXT NOT NULL,
    client TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX tries_of_order ON wrong_tries (order_number);
  CREATE INDEX tries_of_client ON wrong_tries (client, at);
  ${appendOnly('wrong_tries')}`;

const OUTBOX = `
  CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    terminal TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('receipt', 'result')),
    order_number TEXT NOT NULL,
    body TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX outbox_of_order ON outbox (order_number);
  ${appendOnly('outbox')}
  CREATE TABLE undelivered (
    terminal TEXT NOT NULL,
    outbox INTEGER NOT NULL REFERENCES outbox,
    PRIMARY KEY (terminal, outbox)
  ) STRICT, WITHOUT ROWID;`;

const PARTIES = `
  CREATE TABLE vendors (id TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE terminals (
    id TEXT PRIMARY KEY,
    vendor TEXT NOT NULL REFERENCES vendors,
    stall TEXT NOT NULL,
    secret TEXT,
    enrolled_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE enrolment_codes (
    digest TEXT PRIMARY KEY,
    terminal TEXT NOT NULL REFERENCES terminals,
    used_at INTEGER,
    used_with TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE payers (
    id TEXT PRIMARY KEY,
    phone TEXT NOT NULL UNIQUE,
    pin TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'blocked')),
    failures INTEGER NOT NULL DEFAULT 0,
    locked_until INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE answers (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    answer TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX answers_by_age ON answers (at);
  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;`;

export const MIGRATIONS: readonly string[] = [
  PARTIES + LEDGER + ORDERS + OUTBOX,
  PAIRING + PLATFORM,
  centreSchema(appendOnly),
  MONEY,
  IDENTITY,
  LINKS,
  agentSchema(appendOnly),
  SHOP,
  refundsSchema(appendOnly),
  payerDeskSchema(appendOnly),
  ATTEMPT_CLIENTS,
  settlementSchema(appendOnly),
  SETTLEMENT_MAC_BEFORE,
  reportsSchema(appendOnly),
  MERCHANT_WEBHOOKS,
  'CREATE INDEX centre_orders_by_phone ON centre_orders (phone, created_at);',
  fundsSchema(appendOnly),
  topUpSchema,
  SHOP_CLIENTS,
  daysSchema(appendOnly),
  lastingSchema,
  FUNDS_REFILLS,
  IDENTITY_PARTIES,
  settlementKeysSchema,
  FUNDS_OFFICE,
  FUNDS_ENTRIES,
  FUNDS_TRIES,
];
