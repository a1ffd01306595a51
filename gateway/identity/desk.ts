/**
 * Who has which certificate: codes, requests, renewals, revocations. A decision is one unit of the
 * writer; what is signed before it is worth nothing until the unit has recorded it.
 */
import { base64url } from '#device/codecs/bytes.ts';
import type { Chance, Clock } from '../clock.ts';
import { type GatewayKeys, keyedDigest } from '../keys.ts';
import type { Tables } from '../store/tables.ts';
import type { CertificateRow } from '../store/tables-identity.ts';
import type { Transaction, Writer } from '../store/writer.ts';
import { codeDigest } from '../terminals/enrolment.ts';
import { type Authority, digestOfKey, type IssuedCertificate, readRequest } from './authority.ts';
import { type Holder, KINDS, type Kind, renewAt } from './kinds.ts';
import type { Standing, Trust } from './trust.ts';

export interface DeskParts {
  readonly tables: Tables;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly keys: GatewayKeys;
  readonly authority: Authority;
}

/** What whoever enrols is given, beside what it is told as a terminal. */
export interface Granted extends Holder {
  /** PEM. */
  readonly certificate: string;
  /** PEM of whom to believe. */
  readonly authority: string;
  readonly expires_at: number;
}

export type GrantRefusal = 'code_refused' | 'csr_refused' | 'idempotency_key_reused';
export type Grant =
  | { readonly ok: true; readonly granted: Granted }
  | { readonly ok: false; readonly code: GrantRefusal };

/** How long a code for a merchant, party, role or server is good. */
const CODE_LIFETIME_MS = 24 * 3_600_000;

const refuse = (code: GrantRefusal): Grant => ({ ok: false, code });

export class IdentityDesk implements Trust {
  readonly #parts: DeskParts;
  readonly #listeners = new Set<() => void>();

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  get certificate(): string {
    return this.#parts.authority.certificate;
  }

  /** Whether a certificate that the authority signed is good now. */
  standing(serial: string): Standing {
    const row = this.#parts.tables.identity.find(serial.toLowerCase());
    if (row === undefined) return 'unknown';
    if (row.revoked_at !== null) return 'revoked';
    return row.expires_at > this.#parts.clock.now() ? 'good' : 'expired';
  }

  listen(then: () => void): () => void {
    this.#listeners.add(then);
    return () => this.#listeners.delete(then);
  }

  /** Tells whoever keeps connections open that somebody may have to go. */
  changed(): void {
    for (const each of this.#listeners) each();
  }

  /** Signs a certificate for the key of a request, `null` where it is none; not yet recorded. */
  async prepare(
    holder: Holder,
    names: readonly string[],
    csr: string,
  ): Promise<IssuedCertificate | null> {
    const publicKey = await readRequest(csr);
    return publicKey === null ? null : this.#parts.authority.issue(holder, names, publicKey);
  }

  /** Records a certificate in the unit that gives it away. */
  record(tx: Transaction, made: IssuedCertificate): Granted {
    tx.identity.add({ ...made, names: JSON.stringify(made.names) });
    return this.#granted(made);
  }

  /** The certificate that a holder has for this key, or `null`. */
  find(tx: Pick<Tables, 'identity'>, holder: Holder, publicKey: string): Granted | null {
    const row = tx.identity.ofKey(publicKey);
    const its = row?.kind === holder.kind && row.subject === holder.subject;
    return row !== undefined && its ? this.#granted(readRow(row)) : null;
  }

  /** Revokes all that a holder has, in the unit that calls; {@link changed} comes after it. */
  revokeAll(tx: Transaction, { kind, subject }: Holder, because: string): number {
    const rows = tx.identity.ofHolder(kind, subject);
    const now = Math.floor(this.#parts.clock.now());
    for (const { serial } of rows) tx.identity.revoke(serial, now, because);
    return rows.length;
  }

  /**
   * A one-time code. A terminal's is good until it is used, others' for a day; `null` where there is
   * no such terminal or merchant.
   */
  code(holder: Holder, names: readonly string[]): Promise<Issue | null> {
    const { writer, clock, chance, keys } = this.#parts;
    const code = base64url(chance.bytes(15)).toUpperCase().replaceAll(/[-_]/g, '0');
    return writer.run((tx) => {
      if (holder.kind === 'terminal') {
        if (tx.terminals.find(holder.subject) === undefined) return null;
        tx.terminals.addCode(codeDigest(keys, code), holder.subject);
        return { code, until: null };
      }
      const until = Math.floor(clock.now()) + CODE_LIFETIME_MS;
      const digest = keyedDigest(keys, `certificate\n${code}`);
      tx.identity.addCode({ digest, ...holder, names: JSON.stringify(names), until });
      return { code, until };
    });
  }

  /** A merchant, party, role or server brings its code and a request. The same again, the same answer. */
  async enrol(code: string, csr: string, idempotencyKey: string | null): Promise<Grant> {
    const { tables, writer, clock, keys } = this.#parts;
    const digest = keyedDigest(keys, `certificate\n${code}`);
    const usedWith = idempotencyKey === null ? null : keyedDigest(keys, `use\n${idempotencyKey}`);
    const known = tables.identity.code(digest);
    if (known === undefined) return refuse('code_refused');
    const holder = { kind: kindOf(known.kind), subject: known.subject };
    const made = await this.prepare(holder, JSON.parse(known.names), csr);
    if (made === null) return refuse('csr_refused');
    const grant = await writer.run((tx): Grant => {
      const row = tx.identity.code(digest);
      const now = Math.floor(clock.now());
      if (row === undefined || row.until <= now) return refuse('code_refused');
      if (row.used_at === null) {
        tx.identity.useCode(digest, now, usedWith);
        this.revokeAll(tx, holder, 'enrolled anew');
        return { ok: true, granted: this.record(tx, made) };
      }
      if (usedWith === null || row.used_with !== usedWith) return refuse('code_refused');
      const granted = this.find(tx, holder, made.public_key);
      return granted === null ? refuse('idempotency_key_reused') : { ok: true, granted };
    });
    this.changed();
    return grant;
  }

  /**
   * A new certificate for a key that has one which is good: the request's signature is the proof, and
   * whoever copies it can do nothing without the key. Early askers get the one they have.
   */
  async renew(csr: string): Promise<Grant> {
    const { tables, writer, clock } = this.#parts;
    const publicKey = await readRequest(csr);
    if (publicKey === null) return refuse('csr_refused');
    const row = tables.identity.ofKey(await digestOfKey(publicKey));
    if (row === undefined || this.standing(row.serial) !== 'good') return refuse('code_refused');
    const old = readRow(row);
    if (clock.now() < renewAt(row.issued_at, row.expires_at))
      return { ok: true, granted: this.#granted(old) };
    const { kind, subject, names } = old;
    const made = await this.#parts.authority.issue({ kind, subject }, names, publicKey);
    return writer.run((tx): Grant => {
      if (this.standing(row.serial) !== 'good') return refuse('code_refused');
      return { ok: true, granted: this.record(tx, made) };
    });
  }

  /**
   * Puts a holder out: its certificates, codes and, with a terminal, its secret. Resolves after the
   * commit with how many certificates it had, or `null` where nobody is known by that name.
   */
  async revoke(holder: Holder, because: string): Promise<number | null> {
    const { writer, clock } = this.#parts;
    const { kind, subject } = holder;
    const count = await writer.run((tx) => {
      const terminal = kind === 'terminal' ? tx.terminals.find(subject) : undefined;
      if (terminal !== undefined) {
        tx.terminals.expel(subject);
        tx.terminals.spendCodes(subject, Math.floor(clock.now()));
      }
      tx.identity.dropCodes(kind, subject);
      const revoked = this.revokeAll(tx, holder, because);
      return terminal === undefined && revoked === 0 ? null : revoked;
    });
    this.changed();
    return count;
  }

  /** The signed list, as PEM and DER. */
  crl() {
    const { tables, clock, authority } = this.#parts;
    const rows = tables.identity.revoked(clock.now());
    return authority.crl(rows.map(({ serial, revoked_at }) => ({ serial, at: revoked_at ?? 0 })));
  }

  #granted({ kind, subject, pem, expires_at }: IssuedCertificate): Granted {
    return { kind, subject, certificate: pem, authority: this.certificate, expires_at };
  }
}

export interface Issue {
  readonly code: string;
  /** ms since 1970; `null` where it is good until it is used. */
  readonly until: number | null;
}

function kindOf(text: string): Kind {
  const kind = KINDS.find((each) => each === text);
  if (kind === undefined) throw new Error(`no kind of certificate is called ${text}`);
  return kind;
}

const readRow = (row: CertificateRow): IssuedCertificate => ({
  ...row,
  kind: kindOf(row.kind),
  names: JSON.parse(row.names),
});
