/**
 * A voucher's number and its signed forms. The number is keyed in at a till; a system checks the JWS
 * (RFC 7515, EdDSA) with the fund server's key, and a QR code carries the same in fewer characters.
 */
import { type VoucherClaims, voucherClaimsSchema } from '../messages/voucher.ts';
import { open, seal } from './jws.ts';
import { type ReadShort, readShortVoucher } from './voucher-short.ts';

/** Digits before the check digit. */
const RANDOM_DIGITS = 11;

/** A number out of random bytes (at least 8): 10^11 are possible. */
export function mintVoucherNumber(random: Uint8Array): string {
  if (random.length < 8) throw new RangeError('a voucher number takes 8 random bytes');
  let value = 0n;
  for (const byte of random.subarray(0, 8)) value = (value << 8n) | BigInt(byte);
  const digits = String(value % 10n ** BigInt(RANDOM_DIGITS)).padStart(RANDOM_DIGITS, '0');
  return digits + checkDigit(digits);
}

/** Whether the last digit fits the others (Luhn): finds one wrong digit, and two neighbours swapped. */
export const isVoucherNumber = (text: string): boolean =>
  /^\d{12}$/.test(text) && checkDigit(text.slice(0, RANDOM_DIGITS)) === text.slice(RANDOM_DIGITS);

/** In fours, as people read it: `1234 5678 9012`. */
export const showVoucherNumber = (number: string): string =>
  number.replace(/(\d{4})(?=\d)/g, '$1 ');

function checkDigit(digits: string): string {
  let sum = 0;
  for (const [at, digit] of [...digits].reverse().entries()) {
    const value = Number(digit) * (at % 2 === 0 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return String((10 - (sum % 10)) % 10);
}

/** The long form: a JWS. `key` is the fund server's Ed25519 secret key. */
export const writeVoucher = (key: Uint8Array, claims: VoucherClaims): string =>
  seal('EdDSA', key, claims);

export type ReadVoucher =
  | { readonly ok: true; readonly claims: VoucherClaims; readonly expired: boolean }
  | { readonly ok: false; readonly why: 'malformed' | 'forged' };

/** Checks a signed voucher, long or short, without asking anybody; `key` is the public key, `now` ms since 1970. */
export function readVoucher(key: Uint8Array, token: string, now: number): ReadVoucher {
  const read = token.includes('.') ? readJws(key, token) : readShortVoucher(key, token);
  if (!read.ok) return read;
  const claims = voucherClaimsSchema.safeParse(read.claims);
  if (!claims.success) return { ok: false, why: 'malformed' };
  return { ok: true, claims: claims.data, expired: claims.data.expires_at <= now };
}

function readJws(key: Uint8Array, token: string): ReadShort {
  const opened = open('EdDSA', key, token);
  if (opened.ok) return { ok: true, claims: opened.payload };
  return { ok: false, why: opened.why === 'malformed' ? 'malformed' : 'forged' };
}
