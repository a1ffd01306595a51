/**
 * Signatures of Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.payload`, under a secret that is
 * written `whsec_` and base64.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

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
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return null;
  const key = Buffer.from(text, 'base64');
  return key.length >= 24 && key.length <= 64 ? new Uint8Array(key) : null;
}

/** The written form of 24 to 64 bytes. */
export const writeWebhookSecret = (key: Uint8Array): string =>
  PREFIX + Buffer.from(key).toString('base64');

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
    'webhook-signature': `v1,${signature(secret, id, timestamp, payload).toString('base64')}`,
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
    .map((each) => Buffer.from(each.slice(3), 'base64'));
  const right = secrets.some((secret) => {
    const made = signature(secret, id, timestamp, payload);
    return given.some((each) => each.length === made.length && timingSafeEqual(each, made));
  });
  if (!right) return { ok: false, why: 'forged' };
  const age = Math.floor(nowMs / 1000) - Number(timestamp);
  if (age > TOLERANCE_S) return { ok: false, why: 'too_old' };
  if (age < -TOLERANCE_S) return { ok: false, why: 'too_early' };
  return { ok: true, id };
}

function signature(secret: string, id: string, timestamp: string, payload: string): Buffer {
  const key = readWebhookSecret(secret);
  if (key === null) throw new Error('a webhook secret is whsec_ and 24 to 64 bytes of base64');
  return createHmac('sha256', key).update(`${id}.${timestamp}.${payload}`).digest();
}
