/** Account holders: who somebody is, how often they may be wrong, and how long they are remembered. */
import { createHmac } from 'node:crypto';
import { base64url } from '#device/codecs/bytes.ts';
import { hashPassword, verifyPassword } from '../password.ts';
import type { PlatformAccountRow, PlatformSessionRow } from '../store/tables-platform.ts';
import type { Transaction } from '../store/writer.ts';
import { digestOf, type PlatformParts } from './parts.ts';

/** Wrong passwords in a row after which a name is locked. */
const TRIES = 5;
const LOCKED_MS = 15 * 60_000;
export const SESSION_MS = 15 * 60_000;

/** `  Alice ` and `alice` are the same account. */
export const accountName = (text: string): string =>
  text.normalize('NFKC').replace(/\s+/g, '').toLowerCase();

/** Enough for its owner, nothing for anybody else: `al•••`. */
export const maskAccount = (name: string): string => `${Array.from(name).slice(0, 2).join('')}•••`;

/** What a client is told of an account: HMAC-SHA256 of its name under {@link accountKey}, base64url. */
export const accountDigest = (key: string, name: string): string =>
  createHmac('sha256', key).update(name).digest('base64url');

export interface Checked {
  readonly name: string;
  readonly account: string | null;
  readonly right: boolean;
}

/** Compares the password outside any transaction, because that is slow on purpose. */
export async function checkPassword(
  { tables, keys }: Pick<PlatformParts, 'tables' | 'keys'>,
  typed: string,
  password: string,
): Promise<Checked> {
  const name = accountName(typed);
  const row = tables.platform.accountOfName(name);
  if (row === undefined) {
    // As slow as a known name, so that nobody can find out who has an account.
    await hashPassword(keys.password, password, new Uint8Array(16));
    return { name, account: null, right: false };
  }
  const right = await verifyPassword(keys.password, password, row.password);
  return { name, account: row.id, right };
}

export type Entered =
  | { readonly ok: true; readonly account: PlatformAccountRow }
  | { readonly ok: false; readonly code: 'wrong_password' }
  | { readonly ok: false; readonly code: 'account_locked'; readonly retry_at: number };

/** Counts wrong passwords of a name, known or not, and locks it after {@link TRIES}. */
export function enter(
  tx: Transaction,
  keys: PlatformParts['keys'],
  checked: Checked,
  now: number,
): Entered {
  // As a digest: a password typed into the wrong field must not be kept.
  const who = digestOf(keys, `name\n${checked.name}`);
  const tries = tx.platform.tries(who) ?? { failures: 0, locked_until: 0 };
  if (tries.locked_until > now) {
    return { ok: false, code: 'account_locked', retry_at: tries.locked_until };
  }
  const account = checked.account === null ? undefined : tx.platform.account(checked.account);
  if (checked.right && account !== undefined) {
    if (tries.failures > 0) tx.platform.setTries(who, 0, 0, now);
    return { ok: true, account };
  }
  const failures = tries.failures + 1;
  if (failures < TRIES) {
    tx.platform.setTries(who, failures, 0, now);
    return { ok: false, code: 'wrong_password' };
  }
  tx.platform.setTries(who, 0, now + LOCKED_MS, now);
  return { ok: false, code: 'account_locked', retry_at: now + LOCKED_MS };
}

/** A new token for the holder, the only copy; the earlier one ends, so that none is ever fixed. */
export function beginSession(
  tx: Transaction,
  parts: Pick<PlatformParts, 'keys' | 'chance'>,
  account: string,
  earlier: string | null,
  now: number,
): string {
  if (earlier !== null) tx.platform.endSession(digestOf(parts.keys, `session\n${earlier}`));
  const token = base64url(parts.chance.bytes(32));
  const digest = digestOf(parts.keys, `session\n${token}`);
  tx.platform.addSession({ digest, account, until: now + SESSION_MS }, now);
  return token;
}

/** The session of a token, where it lasts. */
export function sessionOf(
  { tables, keys, clock }: Pick<PlatformParts, 'tables' | 'keys' | 'clock'>,
  token: string | null,
): PlatformSessionRow | null {
  if (token === null) return null;
  const row = tables.platform.session(digestOf(keys, `session\n${token}`));
  return row === undefined || row.until <= clock.now() ? null : row;
}
