/**
 * Signatures of Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.payload`, under a secret that is
 * written `whsec_` and base64.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { sameBytes, utf8 } from './bytes.ts';

export interface WebhookHeaders {
  readonly 'webhook-id': string;
  /** Seconds since 1970. */
  readonly 'webhook-timestamp': string;
  /** One or more of `v1,` and base64, divided by spaces. */
  readonly 'webhook-signature': string;
}

/** How old or early a message may be (§ Verifying signatures). */
const TOLERANCE_S = 5 * 60;
const PREFIX = 'whsec_';

/** The key of a written secret, or `null` where it is none of 24 to 64 bytes. */
export function readWebhookSecret(secret: string): Uint8Array | null {
  const text = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : '';
  const key = fromBase64(text);
  return key !== null && key.length >= 24 && key.length <= 64 ? key : null;
}

/** The written form of 24 to 64 bytes. */
export const writeWebhookSecret = (key: Uint8Array): string => PREFIX + base64(key);

/** Signs the very bytes that are sent; throws on a secret that is none. */
export function signWebhook(
  secret: string,
  id: string,
  nowMs: number,
  payload: string,
): WebhookHeaders {
  const timestamp = String(Math.floor(nowMs / 1000));
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${base64(signature(secret, id, timestamp, payload))}`,
  };
}

export type Verified =
  | { readonly ok: true; readonly id: string }
  | { readonly ok: false; readonly why: 'unsigned' | 'forged' | 'too_old' | 'too_early' };

/** Verifies what came, with each of the secrets: while one is replaced there are two. */
export function verifyWebhook(
  secrets: readonly string[],
  headers: Readonly<Record<string, unknown>>,
  payload: string,
  nowMs: number,
): Verified {
  const id = headers['webhook-id'];
  const timestamp = headers['webhook-timestamp'];
  const signatures = headers['webhook-signature'];
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signatures !== 'string') {
    return { ok: false, why: 'unsigned' };
  }
  if (!/^[\x21-\x2d\x2f-\x7e]{1,128}$/.test(id) || !/^\d{1,12}$/.test(timestamp)) {
    return { ok: false, why: 'unsigned' };
  }
  const given = signatures
    .split(' ')
    .slice(0, 16)
    .filter((each) => each.startsWith('v1,'))
    .map((each) => fromBase64(each.slice(3)));
  const right = secrets.some((secret) => {
    const made = signature(secret, id, timestamp, payload);
    return given.some((each) => each !== null && sameBytes(each, made));
  });
  if (!right) return { ok: false, why: 'forged' };
  const age = Math.floor(nowMs / 1000) - Number(timestamp);
  if (age > TOLERANCE_S) return { ok: false, why: 'too_old' };
  if (age < -TOLERANCE_S) return { ok: false, why: 'too_early' };
  return { ok: true, id };
}

function signature(secret: string, id: string, timestamp: string, payload: string): Uint8Array {
  const key = readWebhookSecret(secret);
  if (key === null) throw new Error('a webhook secret is whsec_ and 24 to 64 bytes of base64');
  return hmac(sha256, key, utf8(`${id}.${timestamp}.${payload}`));
}

const base64 = (bytes: Uint8Array): string =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));

/** The bytes, or `null` where it is no base64 (RFC 4648 §4); padding may be left out. */
function fromBase64(text: string): Uint8Array | null {
  const bare = text.replace(/={0,2}$/, '');
  if (!/^[A-Za-z0-9+/]+$/.test(bare) || bare.length % 4 === 1) return null;
  return Uint8Array.from(atob(bare), (character) => character.charCodeAt(0));
}
