/** Holds, the issuer's requests, the acquirer's payments and the order centre's attempts. */

const HOLDS = `
  ALTER TABLE accounts ADD COLUMN held_minor INTEGER NOT NULL DEFAULT 0 CHECK (
    held_minor >= 0 AND (floor_minor IS NULL OR balance_minor - held_minor >= floor_minor)
  );
  CREATE TABLE holds (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    purpose TEXT NOT NULL,
    order_number TEXT,
    state TEXT NOT NULL CHECK (state IN ('held', 'captured', 'released')),
    captured_minor INTEGER NOT NULL DEFAULT 0 CHECK (captured_minor BETWEEN 0 AND amount_minor),
    transfer TEXT,
    at INTEGER NOT NULL,
    ended_at INTEGER,
    CHECK ((state = 'held') = (ended_at IS NULL)),
    CHECK ((state = 'captured') = (transfer IS NOT NULL))
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX holds_of_order ON holds (order_number) WHERE order_number IS NOT NULL;
  CREATE INDEX holds_open ON holds (account) WHERE state = 'held';
  CREATE TRIGGER holds_end_once BEFORE UPDATE ON holds
    WHEN OLD.state <> 'held' OR NEW.id <> OLD.id OR NEW.account <> OLD.account
      OR NEW.amount_minor <> OLD.amount_minor
    BEGIN SELECT RAISE(ABORT, 'a hold ends once and its content stays'); END;
  CREATE TRIGGER holds_no_delete BEFORE DELETE ON holds
    BEGIN SELECT RAISE(ABORT, 'holds are kept'); END;`;

/** Where an account of the first books is now: each organisation has its own. */
const RENAMED = `CASE
    WHEN id LIKE 'payer:%' THEN 'issuer:' || id
    WHEN id LIKE 'funding:%' THEN 'issuer:' || id
    WHEN id LIKE 'vendor:%' THEN 'acquirer:merchant:' || substr(id, 8)
    ELSE id END`;

/**
 * A payment of the first books went from payer to vendor. Now it passes what the issuer owes to the
 * acquirer, so that the books of each balance by themselves: two postings more for each.
 */
const OWN_BOOKS = `
  DROP TRIGGER postings_no_update;
  INSERT INTO accounts (id, kind, currency, floor_minor, balance_minor)
    SELECT ${RENAMED}, kind, currency, floor_minor, balance_minor FROM accounts
    WHERE id LIKE 'payer:%' OR id LIKE 'funding:%' OR id LIKE 'vendor:%';
  UPDATE postings SET account = (SELECT ${RENAMED} FROM accounts WHERE id = postings.account);
  DELETE FROM accounts WHERE id LIKE 'payer:%' OR id LIKE 'funding:%' OR id LIKE 'vendor:%';
  CREATE TRIGGER postings_no_update BEFORE UPDATE ON postings
    BEGIN SELECT RAISE(ABORT, 'postings is append-only'); END;
  INSERT INTO accounts (id, kind, currency, floor_minor)
    SELECT DISTINCT 'issuer:due:acquirer:' || currency, 'liability', currency, 0
      FROM postings JOIN transfers ON transfers.id = transfer WHERE kind = 'payment'
    UNION SELECT DISTINCT 'acquirer:due:issuer:' || currency, 'asset', currency, NULL
      FROM postings JOIN transfers ON transfers.id = transfer WHERE kind = 'payment';
  INSERT INTO postings (transfer, account, currency, amount_minor, balance_after_minor)
    SELECT transfer, 'issuer:due:acquirer:' || currency, currency, amount_minor,
      sum(amount_minor) OVER (PARTITION BY currency ORDER BY transfer)
      FROM postings JOIN transfers ON transfers.id = transfer
      WHERE kind = 'payment' AND amount_minor > 0 AND account LIKE 'acquirer:merchant:%'
    UNION ALL SELECT transfer, 'acquirer:due:issuer:' || currency, currency, -amount_minor,
      -sum(amount_minor) OVER (PARTITION BY currency ORDER BY transfer)
      FROM postings JOIN transfers ON transfers.id = transfer
      WHERE kind = 'payment' AND amount_minor > 0 AND account LIKE 'acquirer:merchant:%';
  UPDATE accounts SET balance_minor =
      (SELECT coalesce(sum(amount_minor), 0) FROM postings WHERE account = accounts.id)
    WHERE id LIKE 'issuer:due:%' OR id LIKE 'acquirer:due:%';`;

const ISSUER = `
  CREATE TABLE payers_now (
    id TEXT PRIMARY KEY,
    phone TEXT NOT NULL UNIQUE,
    pin TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'blocked', 'closed')),
    failures INTEGER NOT NULL DEFAULT 0,
    locked_until INTEGER NOT NULL DEFAULT 0,
    holder_name TEXT,
    identity_digest TEXT,
    identity_masked TEXT,
    CHECK ((identity_digest IS NULL) = (identity_masked IS NULL))
  ) STRICT, WITHOUT ROWID;
  INSERT INTO payers_now (id, phone, pin, state, failures, locked_until)
    SELECT id, phone, pin, state, failures, locked_until FROM payers;
  DROP TABLE payers;
  ALTER TABLE payers_now RENAME TO payers;
  CREATE TABLE issuer_requests (
    caller TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK
      (kind IN ('authorise', 'capture', 'release', 'debit', 'reverse', 'refund')),
    of_request TEXT,
    fingerprint TEXT NOT NULL,
    said TEXT NOT NULL,
    answer TEXT NOT NULL,
    account TEXT,
    amount_minor INTEGER NOT NULL,
    reference TEXT,
    at INTEGER NOT NULL,
    PRIMARY KEY (caller, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX issuer_requests_of ON issuer_requests (caller, of_request)
    WHERE of_request IS NOT NULL;
  CREATE TRIGGER issuer_requests_no_update BEFORE UPDATE ON issuer_requests
    BEGIN SELECT RAISE(ABORT, 'issuer_requests is append-only'); END;
  CREATE TRIGGER issuer_requests_no_delete BEFORE DELETE ON issuer_requests
    BEGIN SELECT RAISE(ABORT, 'issuer_requests is append-only'); END;`;

const ACQUIRER = `
  CREATE TABLE acquirer_payments (
    id TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    merchant TEXT NOT NULL,
    order_number TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    currency TEXT NOT NULL,
    capture TEXT NOT NULL CHECK (capture IN ('now', 'later')),
    state TEXT NOT NULL CHECK (state IN ('asking', 'authorised', 'paid', 'declined',
      'not_admitted', 'not_made', 'voided', 'closed')),
    answer TEXT NOT NULL,
    captured_minor INTEGER NOT NULL DEFAULT 0,
    tell INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER,
    begun_at INTEGER NOT NULL,
    ended_at INTEGER,
    CHECK ((state = 'asking') = (next_at IS NOT NULL))
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX acquirer_pays_once ON acquirer_payments (merchant, order_number)
    WHERE state IN ('asking', 'authorised', 'paid');
  CREATE INDEX acquirer_payments_open ON acquirer_payments (next_at) WHERE next_at IS NOT NULL;
  CREATE TABLE acquirer_actions (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('capture', 'void', 'refund')),
    payment TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('asking', 'done', 'refused')),
    answer TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER,
    begun_at INTEGER NOT NULL,
    ended_at INTEGER,
    CHECK ((state = 'asking') = (next_at IS NOT NULL))
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX acquirer_actions_of ON acquirer_actions (payment);
  CREATE INDEX acquirer_actions_open ON acquirer_actions (next_at) WHERE next_at IS NOT NULL;`;

const CENTRE = `
  CREATE TABLE centre_payments (
    id TEXT PRIMARY KEY,
    order_number TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('asking', 'undoing', 'done')),
    tries INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER,
    begun_at INTEGER NOT NULL,
    CHECK ((state = 'done') = (next_at IS NULL))
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX centre_payments_one ON centre_payments (order_number) WHERE state = 'asking';
  CREATE INDEX centre_payments_open ON centre_payments (next_at) WHERE next_at IS NOT NULL;
  CREATE TABLE centre_refunds (
    id TEXT PRIMARY KEY,
    order_number TEXT NOT NULL,
    payment TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    state TEXT NOT NULL CHECK (state IN ('asking', 'refunded', 'refused')),
    answer TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER,
    begun_at INTEGER NOT NULL,
    CHECK ((state = 'asking') = (next_at IS NOT NULL))
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX centre_refunds_of ON centre_refunds (order_number);
  CREATE INDEX centre_refunds_open ON centre_refunds (next_at) WHERE next_at IS NOT NULL;`;

export const MONEY = HOLDS + OWN_BOOKS + ISSUER + ACQUIRER + CENTRE;
