import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type {
  AwaitedRow,
  FundActRow,
  FundAskRow,
  FundTable,
  PartyEntryRow,
  PartyRow,
  PartyTriesRow,
  StandingRow,
  VoucherEventRow,
  VoucherRow,
} from '../tables-funds.ts';
import { every, first } from './rows.ts';

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
const TRIES = [
  ...['name', 'client', 'failures', 'since', 'locked_until', 'own_until', 'until'],
] as const satisfies readonly (keyof PartyTriesRow)[];
/** What may expire, as the table of gateway/funds/flow.ts has it. */
const OPEN = `ended_at IS NULL AND state <> 'redeeming' AND state <> 'refilling'`;

const values = <Row>(row: Row, names: readonly (keyof Row)[]): SQLInputValue[] =>
  names.map((name) => row[name] as SQLInputValue);
const marks = (names: readonly string[]): string => names.map(() => '?').join(', ');

export const fundTable = (database: DatabaseSync): FundTable => ({
  ...parties(database),
  ...tries(database),
  ...vouchers(database),
  ...questions(database),
});

type Parties = Pick<
  FundTable,
  | 'party'
  | 'partyByToken'
  | 'parties'
  | 'addParty'
  | 'setPartyAccess'
  | 'setPartyPhone'
  | 'entries'
  | 'addSession'
  | 'session'
  | 'endSession'
  | 'endSessionsOf'
  | 'forgetSessions'
>;

function parties(database: DatabaseSync): Parties {
  const party = database.prepare('SELECT * FROM funds_parties WHERE id = ?');
  const byToken = database.prepare('SELECT * FROM funds_parties WHERE token = ?');
  const all = database.prepare('SELECT * FROM funds_parties ORDER BY name, id');
  const add = database.prepare(
    'INSERT INTO funds_parties (id, name, token, password, phone) VALUES (?, ?, ?, ?, ?)',
  );
  const setPhone = database.prepare('UPDATE funds_parties SET phone = ? WHERE id = ?');
  const setAccess = database.prepare(
    'UPDATE funds_parties SET token = ?, password = ? WHERE id = ?',
  );
  // The bounds are those of the index.
  const entries = database.prepare(
    `SELECT postings.id, kind, order_number AS voucher, at, amount_minor, balance_after_minor
     FROM postings JOIN transfers ON transfers.id = postings.transfer
     WHERE account = ? AND account >= 'funds:party:' AND account < 'funds:party;'
       AND postings.id < ? ORDER BY postings.id DESC LIMIT ?`,
  );
  const addSession = database.prepare(
    'INSERT INTO funds_sessions (digest, party, until) VALUES (?, ?, ?)',
  );
  const session = database.prepare('SELECT party, until FROM funds_sessions WHERE digest = ?');
  const end = database.prepare('DELETE FROM funds_sessions WHERE digest = ?');
  const endAll = database.prepare('DELETE FROM funds_sessions WHERE party = ?');
  const forget = database.prepare('DELETE FROM funds_sessions WHERE until <= ?');
  return {
    party: (id) => first<PartyRow>(party, id),
    partyByToken: (token) => first<PartyRow>(byToken, token),
    parties: () => every<PartyRow>(all),
    addParty: ({ id, name, token, password, phone }) =>
      void add.run(id, name, token, password, phone),
    setPartyAccess: (id, token, password) => void setAccess.run(token, password, id),
    setPartyPhone: (id, phone) => void setPhone.run(phone, id),
    entries: (account, before, limit) => every<PartyEntryRow>(entries, account, before, limit),
    addSession: (digest, of, until) => void addSession.run(digest, of, until),
    session: (digest) => first<{ party: string; until: number }>(session, digest),
    endSession: (digest) => void end.run(digest),
    endSessionsOf: (party) => void endAll.run(party),
    forgetSessions: (before) => void forget.run(before),
  };
}

type Tries = Pick<FundTable, 'partyTries' | 'putPartyTries' | 'endPartyTries' | 'forgetPartyTries'>;

function tries(database: DatabaseSync): Tries {
  const find = database.prepare('SELECT * FROM funds_tries WHERE name = ? AND client = ?');
  const put = database.prepare(
    `INSERT OR REPLACE INTO funds_tries (${TRIES.join(', ')}) VALUES (${marks(TRIES)})`,
  );
  const end = database.prepare('DELETE FROM funds_tries WHERE name = ?');
  const forget = database.prepare('DELETE FROM funds_tries WHERE until <= ?');
  return {
    partyTries: (name, client) => first<PartyTriesRow>(find, name, client),
    putPartyTries: (row) => void put.run(...values(row, TRIES)),
    endPartyTries: (name) => void end.run(name),
    forgetPartyTries: (before) => void forget.run(before),
  };
}

type Vouchers = Pick<
  FundTable,
  | 'voucher'
  | 'addVoucher'
  | 'change'
  | 'ofParty'
  | 'all'
  | 'standing'
  | 'due'
  | 'nextExpiry'
  | 'addEvent'
  | 'events'
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
  const all = database.prepare(
    `SELECT * FROM funds_vouchers WHERE created_at < ? ORDER BY created_at DESC, number LIMIT ?`,
  );
  const standing = database.prepare(
    `SELECT currency, state, count(*) AS count, sum(face_minor) AS face_minor,
       sum(CASE WHEN hold IS NULL THEN 0 ELSE face_minor - captured_minor END) AS frozen_minor
     FROM funds_vouchers WHERE ended_at IS NULL GROUP BY currency, state ORDER BY currency, state`,
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
    all: (before, limit) => every<VoucherRow>(all, before, limit),
    standing: () => every<StandingRow>(standing),
    due: (now, limit) => every<VoucherRow>(due, now, limit),
    nextExpiry: () => first<{ at: number | null }>(next)?.at ?? undefined,
    addEvent: ({ voucher, actor, action, state, at, detail }) =>
      void addEvent.run(voucher, actor, action, state, at, detail),
    events: (voucher) => every<VoucherEventRow>(events, voucher),
  };
}

type Questions = Pick<
  FundTable,
  | 'ask'
  | 'putAsk'
  | 'dueAsks'
  | 'nextAsk'
  | 'asksAbout'
  | 'openAsks'
  | 'awaited'
  | 'act'
  | 'addAct'
  | 'actsAbout'
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
  const asksAbout = database.prepare(
    'SELECT * FROM funds_asks WHERE voucher = ? ORDER BY begun_at, id',
  );
  const open = database.prepare(`SELECT count(*) AS count FROM funds_asks WHERE state = 'asking'`);
  const awaited = database.prepare(
    `SELECT voucher AS number, min(begun_at) AS since FROM funds_asks WHERE state = 'asking'
     GROUP BY voucher ORDER BY since, number LIMIT ?`,
  );
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
    asksAbout: (voucher) => every<FundAskRow>(asksAbout, voucher),
    openAsks: () => first<{ count: number }>(open)?.count ?? 0,
    awaited: (limit) => every<AwaitedRow>(awaited, limit),
    act: (caller, key) => first<FundActRow>(act, caller, key),
    addAct: (row) => void addAct.run(...values(row, ACT)),
    actsAbout: (caller, key) => every<FundActRow>(about, caller, key),
  };
}
