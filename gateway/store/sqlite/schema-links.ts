/** Attempts of several phones side by side belong to whoever began them. */
export const ATTEMPT_CLIENTS = `
  ALTER TABLE acquirer_platform_attempts ADD COLUMN client TEXT;`;

/** Tables of the acquirer's payment links. */
export const LINKS = `
  CREATE TABLE acquirer_merchants (
    id TEXT PRIMARY KEY,
    number TEXT NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'suspended'))
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE acquirer_merchant_currencies (
    merchant TEXT NOT NULL REFERENCES acquirer_merchants,
    currency TEXT NOT NULL,
    least_minor INTEGER NOT NULL CHECK (least_minor > 0),
    most_minor INTEGER NOT NULL CHECK (most_minor >= least_minor),
    PRIMARY KEY (merchant, currency)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE acquirer_methods (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('offered', 'withdrawn'))
  ) STRICT, WITHOUT ROWID;
  INSERT INTO acquirer_methods (id, state) VALUES ('password', 'offered'), ('passkey', 'offered');
  CREATE TABLE acquirer_payers (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    identity_sealed TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE acquirer_contracts (
    id TEXT PRIMARY KEY,
    payer TEXT NOT NULL REFERENCES acquirer_payers,
    method TEXT NOT NULL REFERENCES acquirer_methods,
    phone TEXT NOT NULL,
    verification TEXT NOT NULL CHECK (verification IN ('password', 'webauthn', 'platform')),
    secret TEXT,
    state TEXT NOT NULL CHECK (state IN ('active', 'ended')),
    failures INTEGER NOT NULL DEFAULT 0,
    locked_until INTEGER NOT NULL DEFAULT 0,
    UNIQUE (method, phone),
    UNIQUE (payer, method),
    CHECK ((verification = 'webauthn') = (secret IS NULL))
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE acquirer_links (
    id TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    digest TEXT UNIQUE,
    salt TEXT NOT NULL,
    merchant TEXT NOT NULL,
    order_number TEXT NOT NULL,
    lines TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    phone TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'paying', 'paid', 'failed', 'closed')),
    reason TEXT,
    device TEXT,
    payer TEXT,
    verified_by TEXT,
    verified_at INTEGER,
    wrong INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    attempt TEXT UNIQUE,
    paid_from TEXT,
    next_at INTEGER,
    made_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    UNIQUE (merchant, order_number),
    CHECK ((state IN ('open', 'paying')) = (ended_at IS NULL)),
    CHECK ((state = 'paying') = (next_at IS NOT NULL))
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX acquirer_links_open ON acquirer_links (next_at) WHERE next_at IS NOT NULL;
  CREATE TRIGGER acquirer_links_end_once BEFORE UPDATE ON acquirer_links
    WHEN OLD.ended_at IS NOT NULL OR NEW.amount_minor <> OLD.amount_minor
      OR NEW.phone <> OLD.phone OR NEW.merchant <> OLD.merchant
      OR (OLD.device IS NOT NULL AND NEW.device IS NOT OLD.device)
    BEGIN SELECT RAISE(ABORT, 'a link ends once, and is bound once'); END;
  CREATE TABLE acquirer_passkeys (
    id TEXT PRIMARY KEY,
    contract TEXT NOT NULL REFERENCES acquirer_contracts,
    public_key TEXT NOT NULL,
    counter INTEGER NOT NULL,
    transports TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'suspended')),
    added_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX acquirer_passkeys_of ON acquirer_passkeys (contract);
  CREATE TABLE acquirer_challenges (
    digest TEXT PRIMARY KEY,
    link TEXT NOT NULL REFERENCES acquirer_links,
    purpose TEXT NOT NULL CHECK (purpose IN ('pay', 'register')),
    device TEXT NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX acquirer_challenges_old ON acquirer_challenges (expires_at);
  CREATE TABLE acquirer_platform_attempts (
    id TEXT PRIMARY KEY,
    link TEXT NOT NULL REFERENCES acquirer_links,
    platform TEXT NOT NULL,
    contract TEXT NOT NULL REFERENCES acquirer_contracts,
    state TEXT NOT NULL CHECK (state IN ('requesting', 'permitted', 'paid', 'failed',
      'refund_due', 'refunded')),
    page_url TEXT,
    payment TEXT,
    tries INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER,
    made_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX acquirer_platform_open ON acquirer_platform_attempts (next_at)
    WHERE next_at IS NOT NULL;
  -- Whose word a payment is: the issuer's, or that of a payment platform.
  ALTER TABLE acquirer_payments ADD COLUMN through TEXT NOT NULL DEFAULT 'issuer';`;
