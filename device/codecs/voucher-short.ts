/**
 * A signed voucher in so few characters that its QR symbol can be read off a small screen: fixed
 * fields in bytes, an Ed25519 signature (RFC 8032), written in 41 characters that are in the
 * alphanumeric mode of a QR code (ISO/IEC 18004 §7.4.4) and in a path of a URL (RFC 3986 §3.3).
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { type Currency, currencySchema } from '../messages/money.ts';
import type { VoucherClaims } from '../messages/voucher.ts';
import { fromUtf8, utf8 } from './bytes.ts';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ$*+-:';
const BASE = BigInt(ALPHABET.length);
const VERSION = 2;
const SIGNATURE = 64;
/** Keeps a signature of this form from being one of any other that the same key makes. */
const CONTEXT = utf8('hawker voucher/2\n');
const [TRANSFERABLE, PARTIAL] = [1, 2];

/** `key` is the fund server's Ed25519 secret key. */
export function writeShortVoucher(key: Uint8Array, claims: VoucherClaims): string {
  const { number, amount_minor, currency, serial, terms, issued_at, expires_at } = claims;
  const flags = (terms.transferable ? TRANSFERABLE : 0) | (terms.partial ? PARTIAL : 0);
  const names = [claims.issuing, claims.paying, claims.beneficiary].map(utf8);
  const body = Uint8Array.from([
    ...[VERSION, flags, ...utf8(currency)],
    ...[Number(number), amount_minor, issued_at, expires_at, serial].flatMap(writeCount),
    ...names.flatMap((name) => [...writeCount(name.length), ...name]),
  ]);
  const signature = ed25519.sign(joined(CONTEXT, body), key);
  return writeText(joined(body, signature));
}

export type ReadShort =
  /** As they were signed; whether they are a voucher's is for the schema to say. */
  | { readonly ok: true; readonly claims: unknown }
  | { readonly ok: false; readonly why: 'malformed' | 'forged' };

/** Opens what {@link writeShortVoucher} made; `key` is the public key. */
export function readShortVoucher(key: Uint8Array, text: string): ReadShort {
  const bytes = readText(text);
  if (bytes === null || bytes.length <= SIGNATURE) return { ok: false, why: 'malformed' };
  const body = bytes.subarray(0, -SIGNATURE);
  const good = ed25519.verify(bytes.subarray(-SIGNATURE), joined(CONTEXT, body), key);
  if (!good) return { ok: false, why: 'forged' };
  const claims = readBody(body);
  return claims === null ? { ok: false, why: 'malformed' } : { ok: true, claims };
}

function readBody(body: Uint8Array): unknown {
  const [version, flags = 0] = body;
  const currency = currencySchema.safeParse(fromUtf8(body.subarray(2, 5)));
  if (version !== VERSION || !currency.success) return null;
  const at = { next: 5 };
  const [number = 0, amount_minor, issued_at, expires_at, serial] = Array.from({ length: 5 }, () =>
    readCount(body, at),
  );
  const [issuing, paying, beneficiary] = Array.from({ length: 3 }, () => {
    const length = readCount(body, at);
    at.next += length;
    return fromUtf8(body.subarray(at.next - length, at.next));
  });
  if (at.next !== body.length) return null;
  return {
    ...{ v: 1, number: String(number).padStart(12, '0'), amount_minor, serial },
    ...{ currency: currency.data satisfies Currency, issuing, paying, beneficiary },
    terms: { transferable: (flags & TRANSFERABLE) !== 0, partial: (flags & PARTIAL) !== 0 },
    ...{ issued_at, expires_at },
  };
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}

/** Seven bits a byte, the lowest first; the last has its top bit clear. Up to 2^53. */
function writeCount(count: number): number[] {
  const bytes: number[] = [];
  let rest = count;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}

function readCount(body: Uint8Array, at: { next: number }): number {
  let [count, place] = [0, 1];
  for (;;) {
    const byte = body[at.next] ?? 0;
    at.next += 1;
    count += (byte % 128) * place;
    place *= 128;
    if (byte < 128 || at.next > body.length) return count;
  }
}

/** As one number: a leading 1 keeps zeros at the front. */
function writeText(bytes: Uint8Array): string {
  let value = 1n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  let text = '';
  for (; value > 0n; value /= BASE) text = ALPHABET.charAt(Number(value % BASE)) + text;
  return text;
}

function readText(text: string): Uint8Array | null {
  if (text.length > 2000 || text.startsWith('0')) return null;
  let value = 0n;
  for (const character of text) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) return null;
    value = value * BASE + BigInt(digit);
  }
  const digits = value.toString(16);
  if (!/^1(?:..)*$/.test(digits)) return null;
  return Uint8Array.from(digits.slice(1).match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
