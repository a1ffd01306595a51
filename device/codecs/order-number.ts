/**
 * An order number is 10 bytes: 48 bits of the terminal's milliseconds, then 32 bits of chance, so
 * that numbers sort by time and never meet another terminal's, even where a clock is wrong.
 * Written as 16 Crockford base-32 digits, which nobody confuses when reading them aloud.
 */
import { concat, uint } from './bytes.ts';

const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

export const ORDER_NUMBER_BYTES = 10;

/** Mints a number; `chance` is four random bytes. */
export function mintOrderNumber(nowMs: number, chance: Uint8Array): string {
  return writeOrderNumber(concat(uint(nowMs % 2 ** 48, 6), chance.subarray(0, 4)));
}

/** Ten bytes → 16 digits. */
export function writeOrderNumber(bytes: Uint8Array): string {
  if (bytes.length !== ORDER_NUMBER_BYTES) throw new RangeError('an order number has 10 bytes');
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  let text = '';
  for (let shift = 75n; shift >= 0n; shift -= 5n) text += DIGITS[Number((value >> shift) & 31n)];
  return text;
}

/** 16 digits → ten bytes; throws a RangeError on anything else. */
export function orderNumberBytes(text: string): Uint8Array {
  if (text.length !== 16) throw new RangeError('an order number has 16 digits');
  let value = 0n;
  for (const character of text) {
    const digit = DIGITS.indexOf(character);
    if (digit < 0) throw new RangeError(`${character} is not a Crockford base-32 digit`);
    value = (value << 5n) | BigInt(digit);
  }
  const bytes = new Uint8Array(ORDER_NUMBER_BYTES);
  for (let at = ORDER_NUMBER_BYTES - 1; at >= 0; at -= 1) {
    bytes[at] = Number(value & 255n);
    value >>= 8n;
  }
  return bytes;
}

/** In groups of four, for a screen or a bill. */
export const groupOrderNumber = (text: string): string => text.replace(/(.{4})(?=.)/g, '$1-');
