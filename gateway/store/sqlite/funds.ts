import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type {
  FundActRow,
  FundAskRow,
  FundTable,
  PartyRow,
  VoucherEventRow,
  VoucherRow,
} from '../tables-funds.ts';
import { every, first } from './rows.ts';

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

const VOUCHER = [
  ...['number', 'issuing', 'paying', 'beneficiary', 'currency', 'face_minor', 'captured_minor'],
  ...['state', 'transferable', 'partial', 'memo', 'expires_at', 'account', 'account_masked'],
  ...['account_name', 'changes', 'ask', 'hold', 'trouble', 'serial', 'failures', 'locked_until'],
  ...['created_at', 'issued_at', 'ended_at'],
] as const satisfies readonly (keyof VoucherRow)[];
const CHANGING = VOUCHER.filter((name) => name !== 'number');
const ASK = [
  ...['id', 'voucher', 'kind', 'question', 'state', 'reply', 'tries', 'next_at', 'begun_at'],
] as const satisfies readonly (keyof FundAskRow)[];
const ACT = [
  ...['caller', 'key', 'fingerprint', 'kind', 'of_key', 'voucher', 'amount_minor', 'ask'],
  ...['reply', 'at'],
] as const satisfies readonly (keyof FundActRow)[];
const OPEN = `ended_at IS NULL AND state <> 'redeeming'`;

const values = <Row>(row: Row, names: readonly (keyof Row)[]): SQLInputValue[] =>
  names.map((name) => row[name] as SQLInputValue);
const marks = (names: readonly string[]): string => names.map(() => '?').join(', ');

export const fundTable = (database: DatabaseSync): FundTable => ({
  ...parties(database),
  ...vouchers(database),
  ...questions(database),
});

type Parties = Pick<
  FundTable,
  | 'party'
  | 'partyByToken'
  | 'parties'
  | 'addParty'
  | 'setPartyFailures'
  | 'addSession'
  | 'session'
  | 'endSession'
  | 'forgetSessions'
>;

function parties(database: DatabaseSync): Parties {
  const party = database.prepare('SELECT * FROM funds_parties WHERE id = ?');
  const byToken = database.prepare('SELECT * FROM funds_parties WHERE token = ?');
  const all = database.prepare('SELECT * FROM funds_parties ORDER BY name, id');
  const add = database.prepare(
    'INSERT INTO funds_parties (id, name, token, password) VALUES (?, ?, ?, ?)',
  );
  const fail = database.prepare(
    'UPDATE funds_parties SET failures = ?, locked_until = ? WHERE id = ?',
  );
  const addSession = database.prepare(
    'INSERT INTO funds_sessions (digest, party, until) VALUES (?, ?, ?)',
  );
  const session = database.prepare('SELECT party, until FROM funds_sessions WHERE digest = ?');
  const end = database.prepare('DELETE FROM funds_sessions WHERE digest = ?');
  const forget = database.prepare('DELETE FROM funds_sessions WHERE until <= ?');
  return {
    party: (id) => first<PartyRow>(party, id),
    partyByToken: (token) => first<PartyRow>(byToken, token),
    parties: () => every<PartyRow>(all),
    addParty: ({ id, name, token, password }) => void add.run(id, name, token, password),
    setPartyFailures: (id, failures, until) => void fail.run(failures, until, id),
    addSession: (digest, of, until) => void addSession.run(digest, of, until),
    session: (digest) => first<{ party: string; until: number }>(session, digest),
    endSession: (digest) => void end.run(digest),
    forgetSessions: (before) => void forget.run(before),
  };
}

type Vouchers = Pick<
  FundTable,
  'voucher' | 'addVoucher' | 'change' | 'ofParty' | 'due' | 'nextExpiry' | 'addEvent' | 'events'
>;

function vouchers(database: DatabaseSync): Vouchers {
  const find = database.prepare('SELECT * FROM funds_vouchers WHERE number = ?');
  const add = database.prepare(
    `INSERT INTO funds_vouchers (${VOUCHER.join(', ')}) VALUES (${marks(VOUCHER)})
     ON CONFLICT (number) DO NOTHING`,
  );
  const change = database.prepare(
    `UPDATE funds_vouchers SET ${CHANGING.map((name) => `${name} = ?`).join(', ')}
     WHERE number = ?`,
  );
  const of = (column: string): string =>
    `SELECT * FROM (SELECT * FROM funds_vouchers WHERE ${column} = ?1 AND created_at < ?2
     ORDER BY created_at DESC, number LIMIT ?3)`;
  const ofParty = database.prepare(
    `${['issuing', 'paying', 'beneficiary'].map(of).join(' UNION ')}
     ORDER BY created_at DESC, number LIMIT ?3`,
  );
  const due = database.prepare(
    `SELECT * FROM funds_vouchers WHERE ${OPEN} AND expires_at <= ? ORDER BY expires_at LIMIT ?`,
  );
  const next = database.prepare(`SELECT min(expires_at) AS at FROM funds_vouchers WHERE ${OPEN}`);
  const addEvent = database.prepare(
    `INSERT INTO funds_events (voucher, actor, action, state, at, detail)
     VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const events = database.prepare(
    `SELECT voucher, actor, action, state, at, detail FROM funds_events WHERE voucher = ?
     ORDER BY id`,
  );
  return {
    voucher: (number) => first<VoucherRow>(find, number),
    addVoucher: (row) => add.run(...values(row, VOUCHER)).changes === 1,
    change(number, wanted) {
      const row = first<VoucherRow>(find, number);
      if (row === undefined) throw new Error(`voucher ${number} is gone`);
      const changed = { ...row, ...wanted };
      change.run(...values(changed, CHANGING), number);
      return changed;
    },
    ofParty: (party, before, limit) => every<VoucherRow>(ofParty, party, before, limit),
    due: (now, limit) => every<VoucherRow>(due, now, limit),
    nextExpiry: () => first<{ at: number | null }>(next)?.at ?? undefined,
    addEvent: ({ voucher, actor, action, state, at, detail }) =>
      void addEvent.run(voucher, actor, action, state, at, detail),
    events: (voucher) => every<VoucherEventRow>(events, voucher),
  };
}

type Questions = Pick<
  FundTable,
  'ask' | 'putAsk' | 'dueAsks' | 'nextAsk' | 'act' | 'addAct' | 'actsAbout'
>;

function questions(database: DatabaseSync): Questions {
  const ask = database.prepare('SELECT * FROM funds_asks WHERE id = ?');
  const put = database.prepare(
    `INSERT INTO funds_asks (${ASK.join(', ')}) VALUES (${marks(ASK)})
     ON CONFLICT (id) DO UPDATE SET state = excluded.state, reply = excluded.reply,
       tries = excluded.tries, next_at = excluded.next_at`,
  );
  const due = database.prepare(
    `SELECT * FROM funds_asks WHERE state = 'asking' AND next_at <= ? ORDER BY next_at LIMIT ?`,
  );
  const next = database.prepare(`SELECT min(next_at) AS at FROM funds_asks WHERE state = 'asking'`);
  const act = database.prepare('SELECT * FROM funds_acts WHERE caller = ? AND key = ?');
  const addAct = database.prepare(
    `INSERT INTO funds_acts (${ACT.join(', ')}) VALUES (${marks(ACT)})`,
  );
  const about = database.prepare('SELECT * FROM funds_acts WHERE caller = ? AND of_key = ?');
  return {
    ask: (id) => first<FundAskRow>(ask, id),
    putAsk: (row) => void put.run(...values(row, ASK)),
    dueAsks: (now, limit) => every<FundAskRow>(due, now, limit),
    nextAsk: () => first<{ at: number | null }>(next)?.at ?? undefined,
    act: (caller, key) => first<FundActRow>(act, caller, key),
    addAct: (row) => void addAct.run(...values(row, ACT)),
    actsAbout: (caller, key) => every<FundActRow>(about, caller, key),
  };
}
