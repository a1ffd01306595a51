import type { DatabaseSync } from 'node:sqlite';
import type { AttemptRow, PairingRow, PairingSessionRow, PairingTable } from '../tables-pairing.ts';
import { every, first } from './rows.ts';

export const PAIRING = `
  CREATE TABLE centre_terminal_numbers (
    terminal TEXT PRIMARY KEY,
    number TEXT NOT NULL UNIQUE
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE centre_pairing_sessions (
    digest TEXT PRIMARY KEY,
    payer TEXT NOT NULL,
    masked TEXT NOT NULL,
    began_at INTEGER NOT NULL,
    until INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE centre_pairings (
    id TEXT PRIMARY KEY,
    terminal TEXT NOT NULL,
    session TEXT NOT NULL,
    payer TEXT NOT NULL,
    began_at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    order_number TEXT,
    done INTEGER NOT NULL DEFAULT 0,
    ended_at INTEGER,
    because TEXT CHECK (because IN ('left', 'time', 'terminal', 'next_phone', 'elsewhere')),
    CHECK ((ended_at IS NULL) = (because IS NULL))
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX centre_pairing_of_terminal ON centre_pairings (terminal)
    WHERE ended_at IS NULL;
  CREATE UNIQUE INDEX centre_pairing_of_session ON centre_pairings (session)
    WHERE ended_at IS NULL;
  CREATE INDEX centre_pairings_of_session ON centre_pairings (session, began_at);
  CREATE TABLE centre_pairing_attempts (
    id TEXT PRIMARY KEY,
    pairing TEXT NOT NULL REFERENCES centre_pairings,
    terminal TEXT NOT NULL,
    order_number TEXT NOT NULL,
    nth INTEGER NOT NULL,
    platform TEXT NOT NULL,
    state TEXT NOT NULL CHECK (
      state IN ('requesting', 'permitted', 'paid', 'failed', 'refund_due', 'refunded')),
    reason TEXT,
    page_url TEXT,
    payment TEXT,
    payer TEXT NOT NULL,
    withdraw INTEGER NOT NULL DEFAULT 0,
    made_at INTEGER NOT NULL,
    next_at INTEGER,
    tries INTEGER NOT NULL DEFAULT 0,
    UNIQUE (order_number, nth)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX centre_pairing_attempts_due ON centre_pairing_attempts (next_at)
    WHERE next_at IS NOT NULL;`;

export function pairingTable(database: DatabaseSync): PairingTable {
  return { ...numbers(database), ...pairings(database), ...attempts(database) };
}

type Numbers = Pick<
  PairingTable,
  'numberOf' | 'terminalOf' | 'addNumber' | 'addSession' | 'session' | 'endSession'
>;

function numbers(database: DatabaseSync): Numbers {
  const numberOf = database.prepare(
    'SELECT number FROM centre_terminal_numbers WHERE terminal = ?',
  );
  const terminalOf = database.prepare(
    'SELECT terminal FROM centre_terminal_numbers WHERE number = ?',
  );
  const addNumber = database.prepare(
    'INSERT INTO centre_terminal_numbers (terminal, number) VALUES (?, ?)',
  );
  const addSession = database.prepare(
    `INSERT INTO centre_pairing_sessions (digest, payer, masked, began_at, until)
     VALUES (?, ?, ?, ?, ?)`,
  );
  const session = database.prepare('SELECT * FROM centre_pairing_sessions WHERE digest = ?');
  const forget = database.prepare('DELETE FROM centre_pairing_sessions WHERE until < ?');
  const endSession = database.prepare('DELETE FROM centre_pairing_sessions WHERE digest = ?');
  return {
    numberOf: (terminal) => first<{ number: string }>(numberOf, terminal)?.number,
    terminalOf: (number) => first<{ terminal: string }>(terminalOf, number)?.terminal,
    addNumber: (terminal, number) => void addNumber.run(terminal, number),
    addSession({ digest, payer, masked, began_at, until }) {
      forget.run(began_at);
      addSession.run(digest, payer, masked, began_at, until);
    },
    session: (digest) => first<PairingSessionRow>(session, digest),
    endSession: (digest) => void endSession.run(digest),
  };
}

type Pairings = Pick<
  PairingTable,
  | 'add'
  | 'find'
  | 'ofTerminal'
  | 'ofSession'
  | 'lastOf'
  | 'live'
  | 'setOrder'
  | 'setDone'
  | 'end'
  | 'openOrder'
>;

function pairings(database: DatabaseSync): Pairings {
  const add = database.prepare(
    `INSERT INTO centre_pairings (id, terminal, session, payer, began_at, until)
     VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const find = database.prepare('SELECT * FROM centre_pairings WHERE id = ?');
  const ofTerminal = database.prepare(
    'SELECT * FROM centre_pairings WHERE terminal = ? AND ended_at IS NULL',
  );
  const ofSession = database.prepare(
    'SELECT * FROM centre_pairings WHERE session = ? AND ended_at IS NULL',
  );
  const lastOf = database.prepare(
    'SELECT * FROM centre_pairings WHERE session = ? ORDER BY began_at DESC LIMIT 1',
  );
  const live = database.prepare('SELECT * FROM centre_pairings WHERE ended_at IS NULL');
  const setOrder = database.prepare(
    'UPDATE centre_pairings SET order_number = ?, done = 0, until = ? WHERE id = ?',
  );
  const setDone = database.prepare('UPDATE centre_pairings SET done = 1, until = ? WHERE id = ?');
  const end = database.prepare(
    'UPDATE centre_pairings SET ended_at = ?, because = ? WHERE id = ? AND ended_at IS NULL',
  );
  const openOrder = database.prepare(
    `SELECT number FROM orders WHERE state = 'offered' AND terminal = ?
     ORDER BY recorded_at DESC, number DESC LIMIT 1`,
  );
  return {
    add: ({ id, terminal, session, payer, began_at, until }) =>
      void add.run(id, terminal, session, payer, began_at, until),
    find: (id) => first<PairingRow>(find, id),
    ofTerminal: (terminal) => first<PairingRow>(ofTerminal, terminal),
    ofSession: (session) => first<PairingRow>(ofSession, session),
    lastOf: (session) => first<PairingRow>(lastOf, session),
    live: () => every<PairingRow>(live),
    setOrder: (id, order, until) => void setOrder.run(order, until, id),
    setDone: (id, until) => void setDone.run(until, id),
    end: (id, at, because) => void end.run(at, because, id),
    openOrder: (terminal) => first<{ number: string }>(openOrder, terminal)?.number,
  };
}

type Attempts = Pick<
  PairingTable,
  | 'attempt'
  | 'addAttempt'
  | 'putAttempt'
  | 'attemptsOf'
  | 'attemptsFor'
  | 'attemptsCalled'
  | 'dueAttempts'
  | 'nextDue'
>;

function attempts(database: DatabaseSync): Attempts {
  const find = database.prepare('SELECT * FROM centre_pairing_attempts WHERE id = ?');
  const add = database.prepare(
    `INSERT INTO centre_pairing_attempts (id, pairing, terminal, order_number, nth, platform, state,
       reason, page_url, payment, payer, withdraw, made_at, next_at, tries)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const put = database.prepare(
    `UPDATE centre_pairing_attempts SET state = ?, reason = ?, page_url = ?, payment = ?, payer = ?,
       withdraw = ?, next_at = ?, tries = ? WHERE id = ?`,
  );
  const ofOrder = database.prepare(
    'SELECT * FROM centre_pairing_attempts WHERE order_number = ? ORDER BY nth',
  );
  const ofVendor = `SELECT attempt.* FROM centre_pairing_attempts AS attempt
    JOIN orders ON orders.number = attempt.order_number
    WHERE orders.vendor = ? AND attempt.state IN ('requesting', 'permitted', 'paid')`;
  const page = database.prepare(
    `${ofVendor} AND attempt.order_number > ? ORDER BY attempt.order_number, nth LIMIT ?`,
  );
  const called = database.prepare(
    `${ofVendor} AND (attempt.payment = ? OR attempt.id = ?) LIMIT 1`,
  );
  const due = database.prepare(
    `SELECT * FROM centre_pairing_attempts WHERE next_at IS NOT NULL AND next_at <= ?
     ORDER BY next_at LIMIT ?`,
  );
  const next = database.prepare('SELECT min(next_at) AS at FROM centre_pairing_attempts');
  return {
    attempt: (id) => first<AttemptRow>(find, id),
    addAttempt: (row) =>
      void add.run(
        row.id,
        row.pairing,
        row.terminal,
        row.order_number,
        row.nth,
        row.platform,
        row.state,
        row.reason,
        row.page_url,
        row.payment,
        row.payer,
        row.withdraw,
        row.made_at,
        row.next_at,
        row.tries,
      ),
    putAttempt: (row) =>
      void put.run(
        row.state,
        row.reason,
        row.page_url,
        row.payment,
        row.payer,
        row.withdraw,
        row.next_at,
        row.tries,
        row.id,
      ),
    attemptsFor: (vendor, after, limit) => every<AttemptRow>(page, vendor, after, limit),
    attemptsCalled: (vendor, payment) => every<AttemptRow>(called, vendor, payment, payment),
    attemptsOf: (order) => every<AttemptRow>(ofOrder, order),
    dueAttempts: (now, limit) => every<AttemptRow>(due, now, limit),
    nextDue: () => first<{ at: number | null }>(next)?.at ?? undefined,
  };
}
