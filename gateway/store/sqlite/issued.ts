import type { DatabaseSync } from 'node:sqlite';
import type { IssuedRow, IssuedTable } from '../tables-money.ts';
import { every, first } from './rows.ts';

export function issuedTable(database: DatabaseSync): IssuedTable {
  const find = database.prepare('SELECT * FROM issuer_requests WHERE caller = ? AND id = ?');
  const about = database.prepare(
    // Named, because SQLite would rather look through all that the caller ever asked.
    `SELECT * FROM issuer_requests INDEXED BY issuer_requests_of
     WHERE caller = ? AND of_request = ?`,
  );
  const add = database.prepare(
    `INSERT INTO issuer_requests (caller, id, kind, of_request, fingerprint, said, answer, account,
       amount_minor, reference, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  return {
    find: (caller, id) => first<IssuedRow>(find, caller, id),
    about: (caller, id) => every<IssuedRow>(about, caller, id),
    add(row) {
      add.run(
        row.caller,
        row.id,
        row.kind,
        row.of_request,
        row.fingerprint,
        row.said,
        row.answer,
        row.account,
        row.amount_minor,
        row.reference,
        row.at,
      );
    },
  };
}
