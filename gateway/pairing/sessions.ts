/** Phones that have logged in: a random token, of which only a digest is kept. */
import { base64url } from '#device/codecs/bytes.ts';
import type { Chance } from '../clock.ts';
import { type GatewayKeys, keyedDigest } from '../keys.ts';
import type { Tables } from '../store/tables.ts';
import type { PairingSessionRow } from '../store/tables-pairing.ts';
import type { Transaction } from '../store/writer.ts';

export const SESSION_MS = 8 * 3_600_000;

/** Whoever keeps payers' accounts says who this is; asked before any unit, counted inside one. */
export type SignIn = (phone: string, pin: string) => Promise<(tx: Transaction) => SignedIn>;

export type SignedIn =
  | { readonly ok: true; readonly payer: string; readonly masked: string }
  | { readonly ok: false; readonly code: 'wrong_pin'; readonly tries_left?: number | undefined }
  | { readonly ok: false; readonly code: 'account_locked'; readonly retry_at?: number | undefined }
  /** Nobody could be asked: nothing was counted, as far as is known. */
  | { readonly ok: false; readonly code: 'issuer_unreachable' };

export const sessionDigest = (keys: Pick<GatewayKeys, 'digest'>, token: string): string =>
  keyedDigest(keys, `pairing session\n${token}`);

/** A new token, the only copy: a phone never goes on with the one that it came with. */
export function beginSession(
  tx: Transaction,
  parts: { readonly keys: Pick<GatewayKeys, 'digest'>; readonly chance: Chance },
  who: Extract<SignedIn, { ok: true }>,
  now: number,
): { readonly token: string; readonly row: PairingSessionRow } {
  const token = base64url(parts.chance.bytes(32));
  const row: PairingSessionRow = {
    digest: sessionDigest(parts.keys, token),
    payer: who.payer,
    masked: who.masked,
    began_at: now,
    until: now + SESSION_MS,
  };
  tx.pairings.addSession(row);
  return { token, row };
}

export type ReadSession =
  | { readonly ok: true; readonly session: PairingSessionRow }
  | { readonly ok: false; readonly code: 'bearer_missing' | 'bearer_invalid' | 'bearer_expired' };

export function readSession(
  tables: Pick<Tables, 'pairings'>,
  keys: Pick<GatewayKeys, 'digest'>,
  token: string | null,
  now: number,
): ReadSession {
  if (token === null) return { ok: false, code: 'bearer_missing' };
  const session = tables.pairings.session(sessionDigest(keys, token));
  if (session === undefined) return { ok: false, code: 'bearer_invalid' };
  return session.until > now ? { ok: true, session } : { ok: false, code: 'bearer_expired' };
}
