/**
 * Signed requests between servers: HTTP Message Signatures (RFC 9421) over method, path, query,
 * Content-Digest (RFC 9530) and Idempotency-Key. One fixed profile, so that there is nothing to choose:
 * Ed25519 between organisations, ECDSA on P-256 for merchants, whose certificates have such keys.
 */
import { createHash, type KeyObject, verify as verifyEcdsa } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { fromBase64url, utf8 } from '#device/codecs/bytes.ts';

/** How far the clocks of two servers may differ, and how long a copy of a request is of use. */
const FRESH_S = 300;
const KEY_ID = /^[\w-]{1,64}$/;

export interface SignedParts {
  readonly method: string;
  readonly path: string;
  /** With its question mark; absent where there is none. */
  readonly query?: string | undefined;
  readonly body?: string | undefined;
  readonly idempotencyKey?: string | undefined;
}

/** Headers that carry the signature. `now` in ms since 1970. */
export function signMessage(
  parts: SignedParts,
  keyId: string,
  secretKey: Uint8Array,
  now: number,
): Record<string, string> {
  return signMessageWith(parts, keyId, 'ed25519', (base) => ed25519.sign(base, secretKey), now);
}

/** RFC 9421 §3.3: `ecdsa-p256-sha256` is the 64 bytes of r and s, not DER. */
export type Algorithm = 'ed25519' | 'ecdsa-p256-sha256';

/** The same by whoever has the key; `sign` is given the signature base. */
export function signMessageWith(
  parts: SignedParts,
  keyId: string,
  algorithm: Algorithm,
  sign: (base: Uint8Array) => Uint8Array,
  now: number,
): Record<string, string> {
  const headers: Record<string, string> = {};
  if (parts.body !== undefined) headers['content-digest'] = contentDigest(parts.body);
  if (parts.idempotencyKey !== undefined) headers['idempotency-key'] = parts.idempotencyKey;
  const created = Math.floor(now / 1000);
  const params = `(${names(parts)});created=${created};keyid="${keyId}";alg="${algorithm}"`;
  const base = signatureBase(parts, params);
  const signature = Buffer.from(sign(utf8(base))).toString('base64');
  return { ...headers, 'signature-input': `sig=${params}`, signature: `sig=:${signature}:` };
}

export type Verified =
  | { readonly ok: true; readonly keyId: string }
  | {
      readonly ok: false;
      readonly why: 'missing' | 'malformed' | 'stale' | 'unknown_key' | 'wrong';
    };

/** Who signed; `keyOf` gives the public key (base64url) of a key id, `null` where there is none. */
export function verifyMessage(
  parts: SignedParts,
  headers: Readonly<Record<string, unknown>>,
  keyOf: (keyId: string) => string | null,
  now: number,
): Verified {
  return verifyWith(parts, headers, 'ed25519', now, (keyId, signature, base) => {
    const key = fromBase64url(keyOf(keyId) ?? '');
    return key?.length === 32 ? verify(signature, base, key) : null;
  });
}

/** Who signed with the key of a certificate (ECDSA on P-256). */
export function verifyMessageOf(
  parts: SignedParts,
  headers: Readonly<Record<string, unknown>>,
  keyOf: (keyId: string) => KeyObject | null,
  now: number,
): Verified {
  return verifyWith(parts, headers, 'ecdsa-p256-sha256', now, (keyId, signature, base) => {
    const key = keyOf(keyId);
    if (key === null) return null;
    return verifyEcdsa('sha256', base, { key, dsaEncoding: 'ieee-p1363' }, signature);
  });
}

/** `check` answers `null` where the key is not known. */
function verifyWith(
  parts: SignedParts,
  headers: Readonly<Record<string, unknown>>,
  algorithm: Algorithm,
  now: number,
  check: (keyId: string, signature: Uint8Array, base: Uint8Array) => boolean | null,
): Verified {
  const { 'signature-input': input, signature, 'content-digest': digest } = headers;
  if (typeof input !== 'string' || typeof signature !== 'string') return fail('missing');
  const read = /^sig=(\(([^)]*)\);created=(\d{1,12});keyid="([^"]*)";alg="([^"]*)")$/.exec(input);
  const bytes = /^sig=:([A-Za-z0-9+/=]{1,100}):$/.exec(signature)?.[1];
  const [, params = '', covered, created, keyId = '', alg] = read ?? [];
  if (read === null || bytes === undefined || !KEY_ID.test(keyId)) return fail('malformed');
  if (covered !== names(parts) || alg !== algorithm) return fail('malformed');
  if (parts.body !== undefined && digest !== contentDigest(parts.body)) return fail('wrong');
  if (Math.abs(now / 1000 - Number(created)) > FRESH_S) return fail('stale');
  const base = utf8(signatureBase(parts, params));
  const good = check(keyId, Buffer.from(bytes, 'base64'), base);
  if (good === null) return fail('unknown_key');
  return good ? { ok: true, keyId } : fail('wrong');
}

const fail = (why: Extract<Verified, { ok: false }>['why']): Verified => ({ ok: false, why });

function verify(signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  try {
    return ed25519.verify(signature, message, key);
  } catch {
    return false;
  }
}

const contentDigest = (body: string): string =>
  `sha-256=:${createHash('sha256').update(body).digest('base64')}:`;

const names = ({ query, body, idempotencyKey }: SignedParts): string =>
  [
    '"@method" "@path"',
    ...(query === undefined ? [] : ['"@query"']),
    ...(body === undefined ? [] : ['"content-digest"']),
    ...(idempotencyKey === undefined ? [] : ['"idempotency-key"']),
  ].join(' ');

/** RFC 9421 §2.5. */
function signatureBase(parts: SignedParts, params: string): string {
  const { method, path, query, body, idempotencyKey } = parts;
  return [
    `"@method": ${method}`,
    `"@path": ${path}`,
    ...(query === undefined ? [] : [`"@query": ${query}`]),
    ...(body === undefined ? [] : [`"content-digest": ${contentDigest(body)}`]),
    ...(idempotencyKey === undefined ? [] : [`"idempotency-key": ${idempotencyKey}`]),
    `"@signature-params": ${params}`,
  ].join('\n');
}
