/** Tables of the order centre's telephone side; `appendOnly` writes the triggers of a table. */

export const centreSchema = (appendOnly: (table: string) => string): string => `
  CREATE TABLE centre_products (
    merchant TEXT NOT NULL REFERENCES vendors,
    code TEXT NOT NULL,
    name_en TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    service_en TEXT NOT NULL,
    service_zh TEXT NOT NULL,
    currency TEXT NOT NULL,
    unit_minor INTEGER NOT NULL CHECK (unit_minor > 0),
    stock INTEGER NOT NULL DEFAULT 0 CHECK (stock >= 0),
    search TEXT NOT NULL,
    PRIMARY KEY (merchant, code)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE centre_stock_movements (
    id INTEGER PRIMARY KEY,
    merchant TEXT NOT NULL,
    code TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('stocked', 'taken', 'returned')),
    quantity INTEGER NOT NULL CHECK ((kind = 'taken') = (quantity < 0) AND quantity <> 0),
    stock_after INTEGER NOT NULL CHECK (stock_after >= 0),
    order_number TEXT,
    at INTEGER NOT NULL,
    CHECK ((kind = 'stocked') = (order_number IS NULL)),
    FOREIGN KEY (merchant, code) REFERENCES centre_products
  ) STRICT;
  CREATE INDEX centre_movements_of_product ON centre_stock_movements (merchant, code);
  CREATE UNIQUE INDEX centre_movements_once ON centre_stock_movements (order_number, code, kind)
    WHERE order_number IS NOT NULL;
  ${appendOnly('centre_stock_movements')}
  CREATE TABLE centre_orders (
    number TEXT PRIMARY KEY,
    merchant TEXT NOT NULL REFERENCES vendors,
    lines TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    phone TEXT NOT NULL,
    email TEXT,
    channel TEXT NOT NULL CHECK (channel IN ('sms', 'email')),
    language TEXT NOT NULL,
    state TEXT NOT NULL
      CHECK (state IN ('not_placed', 'unpaid', 'paying', 'paid', 'cancelled', 'expired')),
    closing TEXT CHECK (closing IN ('cancelled', 'expired')),
    reason TEXT,
    created_at INTEGER NOT NULL,
    placed_at INTEGER,
    lifetime_ms INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    link TEXT,
    link_expires_at INTEGER,
    ended_at INTEGER,
    payment TEXT,
    payer TEXT,
    refunded_minor INTEGER NOT NULL DEFAULT 0 CHECK (refunded_minor <= amount_minor),
    CHECK (channel = 'sms' OR email IS NOT NULL),
    CHECK ((state IN ('not_placed', 'unpaid', 'paying')) = (ended_at IS NULL)),
    CHECK ((state = 'paid') = (payment IS NOT NULL))
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX centre_orders_open ON centre_orders (expires_at)
    WHERE ended_at IS NULL AND closing IS NULL;
  CREATE TRIGGER centre_orders_end_once BEFORE UPDATE ON centre_orders
    WHEN NEW.number <> OLD.number OR NEW.lines <> OLD.lines OR NEW.phone <> OLD.phone
      OR NEW.amount_minor <> OLD.amount_minor OR NEW.currency <> OLD.currency
      OR (OLD.ended_at IS NOT NULL AND (NEW.state <> OLD.state OR NEW.ended_at <> OLD.ended_at
        OR NEW.payment IS NOT OLD.payment OR NEW.refunded_minor < OLD.refunded_minor))
    BEGIN SELECT RAISE(ABORT, 'an order ends once and its content stays'); END;
  CREATE TRIGGER centre_orders_no_delete BEFORE DELETE ON centre_orders
    BEGIN SELECT RAISE(ABORT, 'orders are kept'); END;
  CREATE TABLE centre_attempts (
    order_number TEXT NOT NULL REFERENCES centre_orders,
    id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'over', 'paid')),
    at INTEGER NOT NULL,
    PRIMARY KEY (order_number, id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE centre_asks (
    id TEXT PRIMARY KEY,
    order_number TEXT NOT NULL REFERENCES centre_orders,
    verb TEXT NOT NULL CHECK (verb IN ('create_link', 'close_link', 'void')),
    question TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX centre_asks_due ON centre_asks (next_at);
  CREATE TABLE deliveries (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('sms', 'email', 'webhook')),
    recipient TEXT NOT NULL,
    body TEXT NOT NULL,
    order_number TEXT,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed')),
    tries INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER NOT NULL,
    at INTEGER NOT NULL,
    ended_at INTEGER,
    reference TEXT,
    trouble TEXT,
    CHECK ((state = 'waiting') = (ended_at IS NULL))
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX deliveries_due ON deliveries (owner, next_at) WHERE state = 'waiting';
  CREATE INDEX deliveries_of_order ON deliveries (order_number) WHERE order_number IS NOT NULL;
  CREATE TRIGGER deliveries_end_once BEFORE UPDATE ON deliveries
    WHEN OLD.state <> 'waiting' OR NEW.body <> OLD.body OR NEW.recipient <> OLD.recipient
    BEGIN SELECT RAISE(ABORT, 'a delivery ends once and its content stays'); END;
  CREATE TABLE received_messages (
    receiver TEXT NOT NULL,
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (receiver, id)
  ) STRICT, WITHOUT ROWID;
  ${appendOnly('received_messages')}`;
