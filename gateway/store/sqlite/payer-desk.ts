import type { DatabaseSync } from 'node:sqlite';
import type { ContractEventRow, PayerDeskTable, PayerSessionRow } from '../tables-payers.ts';
import { every, first } from './rows.ts';

/** `appendOnly` gives the triggers that refuse changes of a table. */
export const payerDeskSchema = (appendOnly: (table: string) => string): string => `
  CREATE TABLE acquirer_payer_sessions (
    digest TEXT PRIMARY KEY,
    phone TEXT NOT NULL,
    masked TEXT NOT NULL,
    wrong INTEGER NOT NULL DEFAULT 0,
    until INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX acquirer_payer_sessions_old ON acquirer_payer_sessions (until);
  CREATE TABLE acquirer_payer_challenges (
    digest TEXT PRIMARY KEY,
    session TEXT NOT NULL REFERENCES acquirer_payer_sessions ON DELETE CASCADE,
    expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX acquirer_payer_challenges_of ON acquirer_payer_challenges (session);
  CREATE INDEX acquirer_contracts_of_phone ON acquirer_contracts (phone);
  CREATE TABLE acquirer_contract_events (
    id INTEGER PRIMARY KEY,
    contract TEXT NOT NULL REFERENCES acquirer_contracts,
    what TEXT NOT NULL CHECK (what IN ('registered', 'changed', 'ended')),
    at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX acquirer_contract_events_of ON acquirer_contract_events (contract);
  ${appendOnly('acquirer_contract_events')}`;

export function payerDeskTable(database: DatabaseSync): PayerDeskTable {
  const add = database.prepare(
    `INSERT INTO acquirer_payer_sessions (digest, phone, masked, wrong, until)
     VALUES (?, ?, ?, ?, ?)`,
  );
  const session = database.prepare('SELECT * FROM acquirer_payer_sessions WHERE digest = ?');
  const wrong = database.prepare(
    'UPDATE acquirer_payer_sessions SET wrong = wrong + 1 WHERE digest = ?',
  );
  const end = database.prepare('DELETE FROM acquirer_payer_sessions WHERE digest = ?');
  const forget = database.prepare('DELETE FROM acquirer_payer_sessions WHERE until <= ?');
  const payerOf = database.prepare(
    'SELECT payer FROM acquirer_contracts WHERE phone = ? ORDER BY id LIMIT 1',
  );
  const rename = database.prepare(
    'UPDATE acquirer_payers SET name = ?, identity_sealed = ? WHERE id = ?',
  );
  const renew = database.prepare(
    `UPDATE acquirer_contracts SET secret = ?, state = ?, failures = 0, locked_until = 0
     WHERE id = ?`,
  );
  const addEvent = database.prepare(
    'INSERT INTO acquirer_contract_events (contract, what, at) VALUES (?, ?, ?)',
  );
  const eventsOf = database.prepare(
    'SELECT contract, what, at FROM acquirer_contract_events WHERE contract = ? ORDER BY id',
  );
  const addChallenge = database.prepare(
    'INSERT INTO acquirer_payer_challenges (digest, session, expires_at) VALUES (?, ?, ?)',
  );
  const take = database.prepare(
    'DELETE FROM acquirer_payer_challenges WHERE digest = ? RETURNING session, expires_at',
  );
  return {
    addSession: (row) => void add.run(row.digest, row.phone, row.masked, row.wrong, row.until),
    session: (digest) => first<PayerSessionRow>(session, digest),
    countWrong: (digest) => void wrong.run(digest),
    endSession: (digest) => void end.run(digest),
    forget: (before) => void forget.run(before),
    payerOf: (phone) => first<{ payer: string }>(payerOf, phone)?.payer,
    renamePayer: (id, name, sealed) => void rename.run(name, sealed, id),
    renewContract: (id, secret, state) => void renew.run(secret, state, id),
    addEvent: ({ contract, what, at }) => void addEvent.run(contract, what, at),
    eventsOf: (contract) => every<ContractEventRow>(eventsOf, contract),
    addChallenge: (digest, of, until) => void addChallenge.run(digest, of, until),
    takeChallenge(digest, now) {
      const row = first<{ session: string; expires_at: number }>(take, digest);
      return row === undefined || row.expires_at <= now ? undefined : row.session;
    },
  };
}
