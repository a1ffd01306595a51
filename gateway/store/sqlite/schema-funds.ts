/** Tables of the fund server. */

/** `appendOnly` gives the triggers that refuse changes of a table. */
export const fundsSchema = (appendOnly: (table: string) => string): string => `
  CREATE TABLE funds_parties (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    token TEXT NOT NULL UNIQUE,
    password TEXT,
    failures INTEGER NOT NULL DEFAULT 0,
    locked_until INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE funds_sessions (
    digest TEXT PRIMARY KEY,
    party TEXT NOT NULL REFERENCES funds_parties,
    until INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX funds_sessions_old ON funds_sessions (until);
  CREATE TABLE funds_vouchers (
    number TEXT PRIMARY KEY,
    issuing TEXT NOT NULL REFERENCES funds_parties,
    paying TEXT NOT NULL REFERENCES funds_parties,
    beneficiary TEXT NOT NULL REFERENCES funds_parties,
    currency TEXT NOT NULL,
    face_minor INTEGER NOT NULL CHECK (face_minor > 0),
    captured_minor INTEGER NOT NULL CHECK (captured_minor BETWEEN 0 AND face_minor),
    state TEXT NOT NULL,
    transferable INTEGER NOT NULL,
    partial INTEGER NOT NULL,
    memo TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    account TEXT,
    account_masked TEXT,
    account_name TEXT,
    changes INTEGER NOT NULL,
    ask TEXT,
    hold TEXT,
    trouble TEXT,
    serial INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    locked_until INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    issued_at INTEGER,
    ended_at INTEGER,
    CHECK ((state IN ('refused', 'redeemed', 'cancelled', 'expired')) = (ended_at IS NOT NULL)),
    CHECK (state <> 'redeemed' OR captured_minor = face_minor),
    CHECK (state NOT IN ('issued', 'redeeming', 'cancel_asked') OR hold IS NOT NULL)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX funds_vouchers_issuing ON funds_vouchers (issuing, created_at);
  CREATE INDEX funds_vouchers_paying ON funds_vouchers (paying, created_at);
  CREATE INDEX funds_vouchers_beneficiary ON funds_vouchers (beneficiary, created_at);
  CREATE INDEX funds_vouchers_open ON funds_vouchers (expires_at)
    WHERE ended_at IS NULL AND state <> 'redeeming';
  CREATE TRIGGER funds_vouchers_content BEFORE UPDATE ON funds_vouchers
    WHEN NEW.number <> OLD.number OR NEW.face_minor <> OLD.face_minor
      OR NEW.currency <> OLD.currency OR NEW.issuing <> OLD.issuing OR NEW.paying <> OLD.paying
      OR NEW.captured_minor < OLD.captured_minor
      OR (OLD.ended_at IS NOT NULL AND (NEW.state <> OLD.state
        OR NEW.captured_minor <> OLD.captured_minor OR NEW.ended_at IS NOT OLD.ended_at))
    BEGIN SELECT RAISE(ABORT, 'a voucher ends once and its content stays'); END;
  CREATE TRIGGER funds_vouchers_no_delete BEFORE DELETE ON funds_vouchers
    BEGIN SELECT RAISE(ABORT, 'vouchers are kept'); END;
  CREATE TABLE funds_events (
    id INTEGER PRIMARY KEY,
    voucher TEXT NOT NULL REFERENCES funds_vouchers,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    state TEXT NOT NULL,
    at INTEGER NOT NULL,
    detail TEXT NOT NULL
  ) STRICT;
  CREATE INDEX funds_events_of ON funds_events (voucher);
  ${appendOnly('funds_events')}
  CREATE TABLE funds_asks (
    id TEXT PRIMARY KEY,
    voucher TEXT NOT NULL REFERENCES funds_vouchers,
    kind TEXT NOT NULL CHECK (kind IN ('freeze', 'capture', 'release', 'undo')),
    question TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('asking', 'done')),
    reply TEXT,
    tries INTEGER NOT NULL,
    next_at INTEGER,
    begun_at INTEGER NOT NULL,
    CHECK ((state = 'asking') = (next_at IS NOT NULL))
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX funds_asks_open ON funds_asks (next_at) WHERE state = 'asking';
  CREATE TABLE funds_acts (
    caller TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    kind TEXT NOT NULL,
    of_key TEXT,
    voucher TEXT,
    amount_minor INTEGER NOT NULL,
    ask TEXT,
    reply TEXT,
    at INTEGER NOT NULL,
    PRIMARY KEY (caller, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX funds_acts_of ON funds_acts (caller, of_key) WHERE of_key IS NOT NULL;
  ${appendOnly('funds_acts')}`;

/** What a party was credited is read by its account; of all others no posting is longer for it. */
export const FUNDS_ENTRIES = `
  CREATE INDEX postings_of_party ON postings (account, id)
    WHERE account >= 'funds:party:' AND account < 'funds:party;';`;

/** A refund refills a voucher, also one that was spent; a beneficiary has a phone number. */
export const FUNDS_REFILLS = `
  ALTER TABLE funds_parties ADD COLUMN phone TEXT;
  DROP TRIGGER funds_vouchers_content;
  CREATE TRIGGER funds_vouchers_content BEFORE UPDATE ON funds_vouchers
    WHEN NEW.number <> OLD.number OR NEW.face_minor <> OLD.face_minor
      OR NEW.currency <> OLD.currency OR NEW.issuing <> OLD.issuing OR NEW.paying <> OLD.paying
      OR (NEW.captured_minor < OLD.captured_minor
        AND NOT (OLD.state = 'refilling' AND NEW.state = 'issued'))
      OR (OLD.ended_at IS NOT NULL AND NOT (OLD.state = 'redeemed' AND NEW.state = 'refilling'
          AND NEW.captured_minor = OLD.captured_minor) AND (NEW.state <> OLD.state
        OR NEW.captured_minor <> OLD.captured_minor OR NEW.ended_at IS NOT OLD.ended_at))
    BEGIN SELECT RAISE(ABORT, 'a voucher ends once and its content stays'); END;
  CREATE TABLE funds_questions (
    id TEXT PRIMARY KEY,
    voucher TEXT NOT NULL REFERENCES funds_vouchers,
    kind TEXT NOT NULL CHECK (kind IN ('freeze', 'capture', 'release', 'undo', 'give_back')),
    question TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('asking', 'done')),
    reply TEXT,
    tries INTEGER NOT NULL,
    next_at INTEGER,
    begun_at INTEGER NOT NULL,
    CHECK ((state = 'asking') = (next_at IS NOT NULL))
  ) STRICT, WITHOUT ROWID;
  INSERT INTO funds_questions SELECT id, voucher, kind, question, state, reply, tries, next_at,
    begun_at FROM funds_asks;
  DROP TABLE funds_asks;
  ALTER TABLE funds_questions RENAME TO funds_asks;
  CREATE INDEX funds_asks_open ON funds_asks (next_at) WHERE state = 'asking';
  INSERT INTO acquirer_methods (id, state) VALUES ('voucher', 'offered');`;

/** What the fund server's own people look through. */
export const FUNDS_OFFICE = `
  CREATE INDEX funds_vouchers_made ON funds_vouchers (created_at);
  CREATE INDEX funds_vouchers_standing ON funds_vouchers (currency, state) WHERE ended_at IS NULL;
  CREATE INDEX funds_asks_about ON funds_asks (voucher);`;

/** Wrong passwords are counted by name and address; what a party itself had of them is forgotten. */
export const FUNDS_TRIES = `
  CREATE TABLE funds_tries (
    name TEXT NOT NULL,
    client TEXT NOT NULL,
    failures INTEGER NOT NULL,
    since INTEGER NOT NULL,
    locked_until INTEGER NOT NULL,
    own_until INTEGER NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (name, client)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX funds_tries_old ON funds_tries (until);
  ALTER TABLE funds_parties DROP COLUMN failures;
  ALTER TABLE funds_parties DROP COLUMN locked_until;`;
