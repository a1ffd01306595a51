import type { DatabaseSync } from 'node:sqlite';
import type {
  AnswerRow,
  AnswerTable,
  CodeRow,
  PayerRow,
  PayerTable,
  SettingTable,
  TerminalRow,
  TerminalTable,
} from '../tables.ts';
import { every, first } from './rows.ts';

const TERMINAL = 'id, vendor, stall, secret, enrolled_at';

export function terminalTable(database: DatabaseSync): TerminalTable {
  const find = database.prepare(`SELECT ${TERMINAL} FROM terminals WHERE id = ?`);
  const all = database.prepare(`SELECT ${TERMINAL} FROM terminals ORDER BY id`);
  const vendor = database.prepare(
    'INSERT INTO vendors (id, name) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name',
  );
  const put = database.prepare(
    `INSERT INTO terminals (id, vendor, stall) VALUES (?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET vendor = excluded.vendor, stall = excluded.stall
     WHERE secret IS NULL`,
  );
  const enrol = database.prepare('UPDATE terminals SET secret = ?, enrolled_at = ? WHERE id = ?');
  const expel = database.prepare('UPDATE terminals SET secret = NULL WHERE id = ?');
  const forgetUses = database.prepare(
    'UPDATE enrolment_codes SET used_with = NULL WHERE terminal = ?',
  );
  const spendCodes = database.prepare(
    `UPDATE enrolment_codes SET used_with = NULL, used_at = COALESCE(used_at, ?)
     WHERE terminal = ?`,
  );
  const code = database.prepare('SELECT * FROM enrolment_codes WHERE digest = ?');
  const addCode = database.prepare(
    'INSERT INTO enrolment_codes (digest, terminal) VALUES (?, ?) ON CONFLICT DO NOTHING',
  );
  const useCode = database.prepare(
    'UPDATE enrolment_codes SET used_at = ?, used_with = ? WHERE digest = ?',
  );
  return {
    find: (id) => first<TerminalRow>(find, id),
    all: () => every<TerminalRow>(all),
    addVendor: (id, name) => void vendor.run(id, name),
    put: (id, vendorId, stall) => void put.run(id, vendorId, stall),
    enrol: (id, secret, at) => void enrol.run(secret, at, id),
    expel: (id) => void expel.run(id),
    forgetUses: (id) => void forgetUses.run(id),
    spendCodes: (id, at) => void spendCodes.run(at, id),
    code: (digest) => first<CodeRow>(code, digest),
    addCode: (digest, terminal) => void addCode.run(digest, terminal),
    useCode: (digest, at, usedWith) => void useCode.run(at, usedWith, digest),
  };
}

export function payerTable(database: DatabaseSync): PayerTable {
  const find = database.prepare('SELECT * FROM payers WHERE id = ?');
  const byPhone = database.prepare('SELECT * FROM payers WHERE phone = ?');
  const add = database.prepare(
    `INSERT INTO payers (id, phone, pin, state, holder_name, identity_digest, identity_masked)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const state = database.prepare('UPDATE payers SET state = ? WHERE id = ?');
  const identify = database.prepare(
    `UPDATE payers SET holder_name = ?, identity_digest = ?, identity_masked = ?
     WHERE id = ? AND holder_name IS NULL`,
  );
  const fail = database.prepare('UPDATE payers SET failures = ?, locked_until = ? WHERE id = ?');
  return {
    find: (id) => first<PayerRow>(find, id),
    byPhone: (phone) => first<PayerRow>(byPhone, phone),
    add(row) {
      const { id, phone, pin, state, holder_name, identity_digest, identity_masked } = row;
      add.run(id, phone, pin, state, holder_name, identity_digest, identity_masked);
    },
    setState: (id, next) => void state.run(next, id),
    identify: (id, name, digest, masked) => void identify.run(name, digest, masked, id),
    setFailures: (id, failures, lockedUntil) => void fail.run(failures, lockedUntil, id),
  };
}

export function answerTable(database: DatabaseSync): AnswerTable {
  const find = database.prepare(
    'SELECT fingerprint, answer FROM answers WHERE scope = ? AND key = ?',
  );
  const add = database.prepare(
    'INSERT INTO answers (scope, key, fingerprint, answer, at) VALUES (?, ?, ?, ?, ?)',
  );
  const forget = database.prepare('DELETE FROM answers WHERE at < ?');
  return {
    find: (scope, key) => first<AnswerRow>(find, scope, key),
    add: (scope, key, row, at) => void add.run(scope, key, row.fingerprint, row.answer, at),
    forgetBefore: (at) => void forget.run(at),
  };
}

export function settingTable(database: DatabaseSync): SettingTable {
  const get = database.prepare('SELECT value FROM settings WHERE name = ?');
  const set = database.prepare(
    'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
  );
  return {
    get: (name) => first<{ value: string }>(get, name)?.value,
    set: (name, value) => void set.run(name, value),
  };
}
