/**
 * Signed requests between servers: HTTP Message Signatures (RFC 9421) with Ed25519 over method, path,
 * Content-Digest (RFC 9530) and Idempotency-Key. One fixed profile, so that there is nothing to choose.
 */
import { createHash } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { fromBase64url, utf8 } from '#device/codecs/bytes.ts';

/** How far the clocks of two servers may differ, and how long a copy of a request is of use. */
const FRESH_S = 300;
const KEY_ID = /^[\w-]{1,64}$/;

export interface SignedParts {
  readonly method: string;
  /** Without query: what is signed has none. */
  readonly path: string;
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
  const headers: Record<string, string> = {};
  if (parts.body !== undefined) headers['content-digest'] = contentDigest(parts.body);
  if (parts.idempotencyKey !== undefined) headers['idempotency-key'] = parts.idempotencyKey;
  const created = Math.floor(now / 1000);
  const params = `(${names(parts)});created=${created};keyid="${keyId}";alg="ed25519"`;
  const base = signatureBase(parts, params);
  const signature = Buffer.from(ed25519.sign(utf8(base), secretKey)).toString('base64');
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
  const { 'signature-input': input, signature, 'content-digest': digest } = headers;
  if (typeof input !== 'string' || typeof signature !== 'string') return fail('missing');
  const read = /^sig=(\(([^)]*)\);created=(\d{1,12});keyid="([^"]*)";alg="ed25519")$/.exec(input);
  const bytes = /^sig=:([A-Za-z0-9+/=]{1,100}):$/.exec(signature)?.[1];
  const [, params = '', covered, created, keyId = ''] = read ?? [];
  if (read === null || bytes === undefined || !KEY_ID.test(keyId)) return fail('malformed');
  if (covered !== names(parts)) return fail('malformed');
  if (parts.body !== undefined && digest !== contentDigest(parts.body)) return fail('wrong');
  if (Math.abs(now / 1000 - Number(created)) > FRESH_S) return fail('stale');
  const key = fromBase64url(keyOf(keyId) ?? '');
  if (key?.length !== 32) return fail('unknown_key');
  const good = verify(Buffer.from(bytes, 'base64'), utf8(signatureBase(parts, params)), key);
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

const names = ({ body, idempotencyKey }: SignedParts): string =>
  [
    '"@method" "@path"',
    ...(body === undefined ? [] : ['"content-digest"']),
    ...(idempotencyKey === undefined ? [] : ['"idempotency-key"']),
  ].join(' ');

/** RFC 9421 §2.5. */
function signatureBase(parts: SignedParts, params: string): string {
  const { method, path, body, idempotencyKey } = parts;
  return [
    `"@method": ${method}`,
    `"@path": ${path}`,
    ...(body === undefined ? [] : [`"content-digest": ${contentDigest(body)}`]),
    ...(idempotencyKey === undefined ? [] : [`"idempotency-key": ${idempotencyKey}`]),
    `"@signature-params": ${params}`,
  ].join('\n');
}
