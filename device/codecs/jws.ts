/**
 * JSON Web Signature in compact form (RFC 7515): HS256 for what a terminal says, EdDSA (RFC 8037) for
 * what the gateway says. The algorithm is the caller's, never the header's (RFC 8725 §3.1).
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { base64url, fromBase64url, fromUtf8, sameBytes, utf8 } from './bytes.ts';

export type Algorithm = 'HS256' | 'EdDSA';

export type Opened =
  | { readonly ok: true; readonly payload: unknown }
  | { readonly ok: false; readonly why: 'malformed' | 'wrong_algorithm' | 'wrong_signature' };

function sign(algorithm: Algorithm, key: Uint8Array, signed: Uint8Array): Uint8Array {
  return algorithm === 'HS256' ? hmac(sha256, key, signed) : ed25519.sign(signed, key);
}

function verify(
  algorithm: Algorithm,
  key: Uint8Array,
  signed: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (algorithm === 'HS256') return sameBytes(hmac(sha256, key, signed), signature);
  return signature.length === 64 && ed25519.verify(signature, signed, key);
}

/** Seals a JSON value. `key` is an HMAC key or an Ed25519 secret key of 32 bytes. */
export function seal(algorithm: Algorithm, key: Uint8Array, payload: unknown): string {
  const header = base64url(utf8(JSON.stringify({ alg: algorithm })));
  const signed = `${header}.${base64url(utf8(JSON.stringify(payload)))}`;
  return `${signed}.${base64url(sign(algorithm, key, utf8(signed)))}`;
}

/** Opens what {@link seal} made; `key` is the HMAC key or the Ed25519 public key. */
export function open(algorithm: Algorithm, key: Uint8Array, token: string): Opened {
  const parts = token.split('.');
  const [header, body, signature] = parts.map(fromBase64url);
  if (parts.length !== 3 || !header || !body || !signature) return { ok: false, why: 'malformed' };
  if (!namesAlgorithm(header, algorithm)) return { ok: false, why: 'wrong_algorithm' };
  const signed = utf8(token.slice(0, token.lastIndexOf('.')));
  if (!verify(algorithm, key, signed, signature)) return { ok: false, why: 'wrong_signature' };
  try {
    return { ok: true, payload: JSON.parse(fromUtf8(body)) };
  } catch {
    return { ok: false, why: 'malformed' };
  }
}

/** The payload of a token whose signature nobody checked: for traces and logs alone. */
export function peek(token: string): unknown {
  try {
    const body = fromBase64url(token.split('.')[1] ?? '');
    return body === null ? null : JSON.parse(fromUtf8(body));
  } catch {
    return null;
  }
}

function namesAlgorithm(header: Uint8Array, algorithm: Algorithm): boolean {
  try {
    const parsed: unknown = JSON.parse(fromUtf8(header));
    if (typeof parsed !== 'object' || parsed === null) return false;
    // A `crit` header asks for what is not understood here: RFC 7515 §4.1.11 says reject.
    return 'alg' in parsed && parsed.alg === algorithm && !('crit' in parsed);
  } catch {
    return false;
  }
}
