import type { DatabaseSync } from 'node:sqlite';
import type { CertificateCodeRow, CertificateRow, IdentityTable } from '../tables-identity.ts';
import { every, first } from './rows.ts';

/** What the table of certificates is looked up by, and what may be done with it. */
const KEPT = `
  CREATE INDEX identity_certificates_of_key ON identity_certificates (public_key, issued_at);
  CREATE INDEX identity_certificates_of_holder ON identity_certificates (kind, subject);
  CREATE INDEX identity_certificates_revoked ON identity_certificates (expires_at)
    WHERE revoked_at IS NOT NULL;
  CREATE TRIGGER identity_certificates_revoked_once BEFORE UPDATE ON identity_certificates
    WHEN OLD.revoked_at IS NOT NULL OR NEW.pem <> OLD.pem OR NEW.subject <> OLD.subject
    BEGIN SELECT RAISE(ABORT, 'a certificate is revoked once and its content stays'); END;
  CREATE TRIGGER identity_certificates_no_delete BEFORE DELETE ON identity_certificates
    BEGIN SELECT RAISE(ABORT, 'certificates are kept'); END;`;

export const IDENTITY = `
  CREATE TABLE identity_certificates (
    serial TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('terminal', 'merchant', 'role', 'server')),
    subject TEXT NOT NULL,
    names TEXT NOT NULL,
    public_key TEXT NOT NULL,
    pem TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    because TEXT,
    CHECK ((revoked_at IS NULL) = (because IS NULL))
  ) STRICT, WITHOUT ROWID;
  ${KEPT}
  CREATE TABLE identity_codes (
    digest TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    names TEXT NOT NULL,
    until INTEGER NOT NULL,
    used_at INTEGER,
    used_with TEXT
  ) STRICT, WITHOUT ROWID;`;

/** Parties of vouchers have certificates, too. */
export const IDENTITY_PARTIES = `
  CREATE TABLE identity_holders (
    serial TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('terminal', 'merchant', 'party', 'role', 'server')),
    subject TEXT NOT NULL,
    names TEXT NOT NULL,
    public_key TEXT NOT NULL,
    pem TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    because TEXT,
    CHECK ((revoked_at IS NULL) = (because IS NULL))
  ) STRICT, WITHOUT ROWID;
  INSERT INTO identity_holders SELECT serial, kind, subject, names, public_key, pem, issued_at,
    expires_at, revoked_at, because FROM identity_certificates;
  DROP TABLE identity_certificates;
  ALTER TABLE identity_holders RENAME TO identity_certificates;
  ${KEPT}`;

export function identityTable(database: DatabaseSync): IdentityTable {
  const find = database.prepare('SELECT * FROM identity_certificates WHERE serial = ?');
  const ofKey = database.prepare(
    `SELECT * FROM identity_certificates WHERE public_key = ? AND revoked_at IS NULL
     ORDER BY issued_at DESC, serial LIMIT 1`,
  );
  const ofHolder = database.prepare(
    `SELECT * FROM identity_certificates WHERE kind = ? AND subject = ? AND revoked_at IS NULL
     ORDER BY issued_at, serial`,
  );
  const add = database.prepare(
    `INSERT INTO identity_certificates
       (serial, kind, subject, names, public_key, pem, issued_at, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const revoke = database.prepare(
    'UPDATE identity_certificates SET revoked_at = ?, because = ? WHERE serial = ?',
  );
  const revoked = database.prepare(
    `SELECT * FROM identity_certificates WHERE revoked_at IS NOT NULL AND expires_at > ?
     ORDER BY serial`,
  );
  const code = database.prepare('SELECT * FROM identity_codes WHERE digest = ?');
  const addCode = database.prepare(
    'INSERT INTO identity_codes (digest, kind, subject, names, until) VALUES (?, ?, ?, ?, ?)',
  );
  const useCode = database.prepare(
    'UPDATE identity_codes SET used_at = ?, used_with = ? WHERE digest = ?',
  );
  const dropCodes = database.prepare('DELETE FROM identity_codes WHERE kind = ? AND subject = ?');
  return {
    find: (serial) => first<CertificateRow>(find, serial),
    ofKey: (publicKey) => first<CertificateRow>(ofKey, publicKey),
    ofHolder: (kind, subject) => every<CertificateRow>(ofHolder, kind, subject),
    add(row) {
      const { serial, kind, subject, names, public_key, pem, issued_at, expires_at } = row;
      add.run(serial, kind, subject, names, public_key, pem, issued_at, expires_at);
    },
    revoke: (serial, at, because) => void revoke.run(at, because, serial),
    revoked: (now) => every<CertificateRow>(revoked, now),
    code: (digest) => first<CertificateCodeRow>(code, digest),
    addCode: ({ digest, kind, subject, names, until }) =>
      void addCode.run(digest, kind, subject, names, until),
    useCode: (digest, at, usedWith) => void useCode.run(at, usedWith, digest),
    dropCodes: (kind, subject) => void dropCodes.run(kind, subject),
  };
}
