/** Small conversions on byte arrays, without Node's Buffer so that they run anywhere. */
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/** Throws a TypeError where the bytes are not UTF-8. */
export const fromUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes);

export { bytesToHex as hex, concatBytes as concat, hexToBytes as fromHex };

const ALPHABET = utf8('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');
/** Character → its six bits; 64 where it has none. */
const SIXTETS = Uint8Array.from({ length: 128 }, (_, code) => {
  const at = ALPHABET.indexOf(code);
  return at < 0 ? 64 : at;
});

/** RFC 4648 §5 without padding. */
export function base64url(bytes: Uint8Array): string {
  // By hand: every message of a long queue goes through it, and `btoa` takes no bytes.
  const text = new Uint8Array(Math.ceil((bytes.length * 4) / 3));
  let held = 0;
  let bits = 0;
  let at = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xffff;
    for (bits += 8; bits >= 6; at += 1) {
      bits -= 6;
      text[at] = ALPHABET[(held >> bits) & 63] ?? 0;
    }
  }
  if (bits > 0) text[at] = ALPHABET[(held << (6 - bits)) & 63] ?? 0;
  return decoder.decode(text);
}

/** The bytes, or `null` where the text is not canonical unpadded base64url. */
export function fromBase64url(text: string): Uint8Array | null {
  if (text.length % 4 === 1) return null;
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let held = 0;
  let bits = 0;
  let next = 0;
  for (let at = 0; at < text.length; at += 1) {
    const sixtet = SIXTETS[text.charCodeAt(at)] ?? 64;
    if (sixtet === 64) return null;
    held = ((held << 6) | sixtet) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[next] = held >> bits;
    next += 1;
  }
  // Bits that are left over must be 0 (§3.5): else two texts would be one value.
  return (held & ((1 << bits) - 1)) === 0 ? bytes : null;
}

/** Big-endian unsigned integer of `width` bytes; the value must fit. */
export function uint(value: number, width: number): Uint8Array {
  const bytes = new Uint8Array(width);
  let rest = value;
  for (let at = width - 1; at >= 0; at -= 1) {
    bytes[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  if (rest !== 0) throw new RangeError(`${value} does not fit into ${width} bytes`);
  return bytes;
}

export function readUint(bytes: Uint8Array): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}

/** Compares without telling by its time where the difference is. */
export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let at = 0; at < left.length; at += 1) difference |= (left[at] ?? 0) ^ (right[at] ?? 0);
  return difference === 0;
}
