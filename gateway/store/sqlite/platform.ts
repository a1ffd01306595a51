import type { DatabaseSync } from 'node:sqlite';
import type {
  PermissionRow,
  PlatformAccountRow,
  PlatformClientRow,
  PlatformRefundRow,
  PlatformSessionRow,
  PlatformTable,
} from '../tables-platform.ts';
import { every, first } from './rows.ts';

export const PLATFORM = `
  CREATE TABLE platform_clients (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    code TEXT NOT NULL UNIQUE,
    key TEXT,
    webhook_url TEXT,
    return_url TEXT,
    webhook_secret TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE platform_accounts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'blocked'))
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE platform_tries (
    name TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    locked_until INTEGER NOT NULL,
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE platform_sessions (
    digest TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES platform_accounts,
    until INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE platform_permissions (
    permission TEXT PRIMARY KEY,
    client TEXT NOT NULL REFERENCES platform_clients,
    request TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    merchant TEXT NOT NULL,
    order_number TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    currency TEXT NOT NULL,
    return_url TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('requested', 'paid', 'failed')),
    reason TEXT,
    account TEXT,
    payer TEXT,
    payment TEXT,
    made_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    UNIQUE (client, request),
    CHECK ((state = 'requested') = (ended_at IS NULL)),
    CHECK ((state = 'paid') = (payment IS NOT NULL))
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX platform_permissions_open ON platform_permissions (expires_at)
    WHERE state = 'requested';
  CREATE TRIGGER platform_permissions_end_once BEFORE UPDATE ON platform_permissions
    WHEN OLD.state <> 'requested'
    BEGIN SELECT RAISE(ABORT, 'a permission ends once'); END;
  CREATE TABLE platform_withdrawn (
    client TEXT NOT NULL,
    request TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (client, request)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE platform_refunds (
    client TEXT NOT NULL,
    request TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    permission TEXT NOT NULL REFERENCES platform_permissions,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    refund TEXT NOT NULL UNIQUE,
    at INTEGER NOT NULL,
    PRIMARY KEY (client, request)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX platform_refunds_of ON platform_refunds (permission);`;

export function platformTable(database: DatabaseSync): PlatformTable {
  return {
    ...clients(database),
    ...accounts(database),
    ...permissions(database),
    ...refunds(database),
  };
}

type Clients = Pick<PlatformTable, 'client' | 'clientOfCode' | 'addClient' | 'registerClient'>;

function clients(database: DatabaseSync): Clients {
  const find = database.prepare('SELECT * FROM platform_clients WHERE id = ?');
  const ofCode = database.prepare('SELECT * FROM platform_clients WHERE code = ?');
  const add = database.prepare(
    `INSERT INTO platform_clients (id, name, code, webhook_secret) VALUES (?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
  );
  const register = database.prepare(
    'UPDATE platform_clients SET key = ?, webhook_url = ?, return_url = ? WHERE id = ?',
  );
  return {
    client: (id) => first<PlatformClientRow>(find, id),
    clientOfCode: (digest) => first<PlatformClientRow>(ofCode, digest),
    addClient: (row) => void add.run(row.id, row.name, row.code, row.webhook_secret),
    registerClient: (row) => void register.run(row.key, row.webhook_url, row.return_url, row.id),
  };
}

type Accounts = Pick<
  PlatformTable,
  | 'account'
  | 'accountOfName'
  | 'addAccount'
  | 'tries'
  | 'setTries'
  | 'session'
  | 'addSession'
  | 'endSession'
>;

/** Tries for names that nobody has used for so long are forgotten. */
const FORGET_MS = 86_400_000;

function accounts(database: DatabaseSync): Accounts {
  const find = database.prepare('SELECT * FROM platform_accounts WHERE id = ?');
  const ofName = database.prepare('SELECT * FROM platform_accounts WHERE name = ?');
  const add = database.prepare(
    'INSERT INTO platform_accounts (id, name, password, state) VALUES (?, ?, ?, ?)',
  );
  const tries = database.prepare(
    'SELECT failures, locked_until FROM platform_tries WHERE name = ?',
  );
  const forget = database.prepare('DELETE FROM platform_tries WHERE at < ?');
  const setTries = database.prepare(
    `INSERT INTO platform_tries (name, failures, locked_until, at) VALUES (?, ?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET failures = excluded.failures,
       locked_until = excluded.locked_until, at = excluded.at`,
  );
  const session = database.prepare('SELECT * FROM platform_sessions WHERE digest = ?');
  const old = database.prepare('DELETE FROM platform_sessions WHERE until < ?');
  const addSession = database.prepare(
    'INSERT INTO platform_sessions (digest, account, until) VALUES (?, ?, ?)',
  );
  const endSession = database.prepare('DELETE FROM platform_sessions WHERE digest = ?');
  return {
    account: (id) => first<PlatformAccountRow>(find, id),
    accountOfName: (name) => first<PlatformAccountRow>(ofName, name),
    addAccount: (row) => void add.run(row.id, row.name, row.password, row.state),
    tries: (name) => first<{ failures: number; locked_until: number }>(tries, name),
    setTries(name, failures, lockedUntil, at) {
      forget.run(at - FORGET_MS);
      setTries.run(name, failures, lockedUntil, at);
    },
    session: (digest) => first<PlatformSessionRow>(session, digest),
    addSession(row, now) {
      old.run(now);
      addSession.run(row.digest, row.account, row.until);
    },
    endSession: (digest) => void endSession.run(digest),
  };
}

type Permissions = Pick<
  PlatformTable,
  'permission' | 'permissionOf' | 'addPermission' | 'endPermission' | 'expired' | 'nextExpiry'
>;

function permissions(database: DatabaseSync): Permissions {
  const find = database.prepare('SELECT * FROM platform_permissions WHERE permission = ?');
  const of = database.prepare(
    'SELECT * FROM platform_permissions WHERE client = ? AND request = ?',
  );
  const add = database.prepare(
    `INSERT INTO platform_permissions (permission, client, request, fingerprint, merchant,
       order_number, amount_minor, currency, return_url, state, made_at, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'requested', ?, ?)`,
  );
  const end = database.prepare(
    `UPDATE platform_permissions SET state = ?, reason = ?, account = ?, payer = ?, payment = ?,
       ended_at = ? WHERE permission = ?`,
  );
  const expired = database.prepare(
    `SELECT * FROM platform_permissions WHERE state = 'requested' AND expires_at <= ?
     ORDER BY expires_at LIMIT ?`,
  );
  const next = database.prepare(
    "SELECT min(expires_at) AS at FROM platform_permissions WHERE state = 'requested'",
  );
  return {
    permission: (permission) => first<PermissionRow>(find, permission),
    permissionOf: (client, request) => first<PermissionRow>(of, client, request),
    addPermission: (row) =>
      void add.run(
        row.permission,
        row.client,
        row.request,
        row.fingerprint,
        row.merchant,
        row.order_number,
        row.amount_minor,
        row.currency,
        row.return_url,
        row.made_at,
        row.expires_at,
      ),
    endPermission: (row) =>
      void end.run(
        row.state,
        row.reason,
        row.account,
        row.payer,
        row.payment,
        row.ended_at,
        row.permission,
      ),
    expired: (now, limit) => every<PermissionRow>(expired, now, limit),
    nextExpiry: () => first<{ at: number | null }>(next)?.at ?? undefined,
  };
}

type Refunds = Pick<
  PlatformTable,
  'withdrawn' | 'addWithdrawn' | 'refund' | 'refundsOf' | 'addRefund'
>;

function refunds(database: DatabaseSync): Refunds {
  const withdrawn = database.prepare(
    'SELECT 1 AS one FROM platform_withdrawn WHERE client = ? AND request = ?',
  );
  const addWithdrawn = database.prepare(
    `INSERT INTO platform_withdrawn (client, request, at) VALUES (?, ?, ?)
     ON CONFLICT DO NOTHING`,
  );
  const find = database.prepare('SELECT * FROM platform_refunds WHERE client = ? AND request = ?');
  const of = database.prepare('SELECT * FROM platform_refunds WHERE permission = ?');
  const add = database.prepare(
    `INSERT INTO platform_refunds (client, request, fingerprint, permission, amount_minor, refund, at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  return {
    withdrawn: (client, request) => first(withdrawn, client, request) !== undefined,
    addWithdrawn: (client, request, at) => void addWithdrawn.run(client, request, at),
    refund: (client, request) => first<PlatformRefundRow>(find, client, request),
    refundsOf: (permission) => every<PlatformRefundRow>(of, permission),
    addRefund: (row) =>
      void add.run(
        row.client,
        row.request,
        row.fingerprint,
        row.permission,
        row.amount_minor,
        row.refund,
        row.at,
      ),
  };
}
