/** Tables of the settlement, and what the order centre keeps of card payments. */
export const settlementSchema = (appendOnly: (table: string) => string): string => `
  CREATE TABLE settlement_cards (
    id TEXT PRIMARY KEY,
    uid TEXT UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('new', 'active', 'blocked', 'ended')),
    currency TEXT NOT NULL,
    most_minor INTEGER NOT NULL CHECK (most_minor > 0),
    key_version INTEGER NOT NULL,
    personalised_at_s INTEGER NOT NULL,
    holder_name TEXT,
    holder_phone TEXT,
    because TEXT,
    made_at INTEGER NOT NULL,
    CHECK (state IN ('new', 'ended') OR uid IS NOT NULL)
  ) STRICT, WITHOUT ROWID;
  CREATE TRIGGER settlement_cards_no_delete BEFORE DELETE ON settlement_cards
    BEGIN SELECT RAISE(ABORT, 'cards are kept'); END;
  CREATE TRIGGER settlement_cards_stay BEFORE UPDATE ON settlement_cards
    WHEN NEW.currency <> OLD.currency OR (OLD.state <> 'new' AND NEW.uid IS NOT OLD.uid)
      OR (OLD.state = 'ended' AND NEW.state <> 'ended')
    BEGIN SELECT RAISE(ABORT, 'a card keeps currency and UID, and ends once'); END;
  CREATE TABLE settlement_transactions (
    id INTEGER PRIMARY KEY,
    card TEXT NOT NULL REFERENCES settlement_cards,
    counter INTEGER NOT NULL CHECK (counter > 0),
    kind TEXT NOT NULL CHECK (kind IN ('debit', 'load', 'refund')),
    reference TEXT NOT NULL,
    terminal TEXT,
    vendor TEXT,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    balance_before_minor INTEGER NOT NULL CHECK (balance_before_minor >= 0),
    balance_after_minor INTEGER NOT NULL CHECK (balance_after_minor >= 0),
    record TEXT NOT NULL,
    mac TEXT,
    mac_before TEXT,
    purpose TEXT NOT NULL CHECK (purpose IN ('sale', 'owed', 'credit')),
    proof TEXT NOT NULL CHECK (proof IN ('mac', 'log', 'next')),
    disproved INTEGER NOT NULL DEFAULT 0,
    at INTEGER NOT NULL,
    CHECK (balance_after_minor - balance_before_minor =
      CASE kind WHEN 'debit' THEN -amount_minor ELSE amount_minor END),
    CHECK (proof <> 'mac' OR mac IS NOT NULL)
  ) STRICT;
  CREATE UNIQUE INDEX settlement_transactions_by_counter
    ON settlement_transactions (card, counter) WHERE disproved = 0;
  CREATE INDEX settlement_transactions_of ON settlement_transactions (reference);
  CREATE TRIGGER settlement_transactions_stay BEFORE UPDATE ON settlement_transactions
    WHEN OLD.proof = 'mac' OR OLD.disproved = 1 OR NEW.record <> OLD.record
      OR NEW.counter <> OLD.counter OR NEW.amount_minor <> OLD.amount_minor
    BEGIN SELECT RAISE(ABORT, 'what a card proved stays'); END;
  CREATE TRIGGER settlement_transactions_no_delete BEFORE DELETE ON settlement_transactions
    BEGIN SELECT RAISE(ABORT, 'transactions are kept'); END;
  CREATE TABLE settlement_jobs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('load', 'refund', 'pay')),
    card TEXT NOT NULL REFERENCES settlement_cards,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    currency TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('asked', 'sent', 'unknown', 'done', 'failed')),
    order_number TEXT,
    vendor TEXT,
    source TEXT NOT NULL CHECK (source IN ('vendor', 'paid', 'owed', 'card')),
    record TEXT,
    counter_before INTEGER,
    balance_before_minor INTEGER,
    terminal TEXT,
    reason TEXT,
    asked_at INTEGER NOT NULL,
    ended_at INTEGER,
    CHECK ((state IN ('done', 'failed')) = (ended_at IS NOT NULL)),
    CHECK (state NOT IN ('sent', 'unknown') OR record IS NOT NULL)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX settlement_jobs_of_card ON settlement_jobs (card, asked_at);
  CREATE INDEX settlement_jobs_of_order ON settlement_jobs (order_number);
  CREATE UNIQUE INDEX settlement_jobs_one_sent ON settlement_jobs (card)
    WHERE state IN ('sent', 'unknown');
  CREATE TRIGGER settlement_jobs_end_once BEFORE UPDATE ON settlement_jobs
    WHEN OLD.ended_at IS NOT NULL OR NEW.amount_minor <> OLD.amount_minor OR NEW.card <> OLD.card
    BEGIN SELECT RAISE(ABORT, 'a job ends once'); END;
  CREATE TABLE settlement_unknowns (
    id INTEGER PRIMARY KEY,
    order_number TEXT NOT NULL,
    card TEXT NOT NULL REFERENCES settlement_cards,
    terminal TEXT NOT NULL,
    vendor TEXT NOT NULL,
    counter_before INTEGER NOT NULL,
    balance_before_minor INTEGER NOT NULL,
    amount_minor INTEGER NOT NULL,
    record TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'committed', 'not_committed')),
    at INTEGER NOT NULL,
    UNIQUE (order_number, card, counter_before)
  ) STRICT;
  CREATE INDEX settlement_unknowns_open ON settlement_unknowns (card) WHERE state = 'open';
  CREATE TABLE settlement_findings (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    card TEXT NOT NULL,
    counter INTEGER NOT NULL,
    terminal TEXT,
    order_number TEXT,
    amount_minor INTEGER NOT NULL,
    says TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX settlement_findings_once ON settlement_findings
    (kind, card, counter, coalesce(terminal, ''), coalesce(order_number, ''), amount_minor);
  ${appendOnly('settlement_findings')}
  CREATE TABLE centre_card_payments (
    order_number TEXT PRIMARY KEY,
    card TEXT NOT NULL,
    counter INTEGER NOT NULL,
    payment TEXT NOT NULL,
    terminal TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'paid', 'refused')),
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE centre_card_verdicts (
    order_number TEXT NOT NULL,
    card TEXT NOT NULL,
    counter_before INTEGER NOT NULL,
    terminal TEXT NOT NULL,
    committed INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (order_number, card, counter_before)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX centre_card_verdicts_of ON centre_card_verdicts (terminal, at);
  DROP TRIGGER orders_end_once;
  -- A card was debited and the goods are gone: that outlives every other ending of the order.
  CREATE TRIGGER orders_end_once BEFORE UPDATE ON orders
    WHEN (OLD.state <> 'offered' AND NOT (NEW.state = 'paid' AND NEW.payment LIKE 'CARD-%'
        AND coalesce(OLD.payment, '') NOT LIKE 'CARD-%'))
      OR NEW.number <> OLD.number OR NEW.body <> OLD.body
      OR NEW.amount_minor <> OLD.amount_minor OR NEW.currency <> OLD.currency
    BEGIN SELECT RAISE(ABORT, 'an order ends once and its content stays'); END;`;

/** What the settlement read as the card's last Transaction MAC before it had it do something. */
export const SETTLEMENT_MAC_BEFORE = 'ALTER TABLE settlement_jobs ADD COLUMN mac_before TEXT;';

/** Versions of the cards' keys: which is used how, which a card has, and which terminals have it. */
export const settlementKeysSchema = `
  CREATE TABLE settlement_key_versions (
    version INTEGER PRIMARY KEY CHECK (version BETWEEN 1 AND 255),
    state TEXT NOT NULL CHECK (state IN ('spreading', 'current', 'accepted', 'retired')),
    because TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    ready_at INTEGER,
    older_for_ms INTEGER,
    ends_at INTEGER,
    ended_at INTEGER,
    waiting INTEGER,
    CHECK ((state = 'retired') = (ended_at IS NOT NULL))
  ) STRICT;
  CREATE UNIQUE INDEX settlement_key_versions_one_current ON settlement_key_versions (state)
    WHERE state = 'current';
  CREATE UNIQUE INDEX settlement_key_versions_one_spreads ON settlement_key_versions (state)
    WHERE state = 'spreading';
  CREATE TRIGGER settlement_key_versions_end_once BEFORE UPDATE ON settlement_key_versions
    WHEN OLD.ended_at IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'a retired version of keys stays retired'); END;
  CREATE TRIGGER settlement_key_versions_no_delete BEFORE DELETE ON settlement_key_versions
    BEGIN SELECT RAISE(ABORT, 'versions of keys are kept'); END;
  ALTER TABLE settlement_cards ADD COLUMN made_version INTEGER NOT NULL DEFAULT 1;
  UPDATE settlement_cards SET made_version = key_version;
  ALTER TABLE settlement_cards ADD COLUMN rekeying INTEGER;
  CREATE INDEX settlement_cards_by_keys ON settlement_cards (key_version) WHERE state = 'active';
  CREATE TABLE centre_card_keys (
    terminal TEXT PRIMARY KEY,
    key_version INTEGER NOT NULL,
    set_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;`;
