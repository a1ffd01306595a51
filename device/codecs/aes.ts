/**
 * AES-128 as smart cards use it: whole blocks in CBC, CMAC that may continue from an earlier block,
 * and the paddings of ISO/IEC 9797-1. Nothing here adds or checks padding unasked.
 */
import { cbc } from '@noble/ciphers/aes.js';
import { concat } from './bytes.ts';

export const BLOCK = 16;
export const ZERO_BLOCK: Uint8Array = new Uint8Array(BLOCK);

/** CBC without padding (NIST SP 800-38A §6.2); the data must be whole blocks. */
export const encryptBlocks = (key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array =>
  data.length === 0 ? data : cbc(key, iv, { disablePadding: true }).encrypt(data);

/** The reverse of {@link encryptBlocks}. */
export const decryptBlocks = (key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array =>
  data.length === 0 ? data : cbc(key, iv, { disablePadding: true }).decrypt(data);

/** Doubles in GF(2^128), as RFC 4493 §2.3 makes subkeys. */
function double(block: Uint8Array): Uint8Array {
  const doubled = new Uint8Array(BLOCK);
  for (let at = 0; at < BLOCK; at += 1) {
    doubled[at] = (((block[at] ?? 0) << 1) | ((block[at + 1] ?? 0) >> 7)) & 255;
  }
  if (((block[0] ?? 0) & 0x80) !== 0) doubled[BLOCK - 1] = (doubled[BLOCK - 1] ?? 0) ^ 0x87;
  return doubled;
}

export function xor(left: Uint8Array, right: Uint8Array): Uint8Array {
  return left.map((byte, at) => byte ^ (right[at] ?? 0));
}

export interface CmacOptions {
  /** Where the chain begins: the last block of an earlier message; zeros for a plain CMAC. */
  readonly iv?: Uint8Array;
  /** Pads a message that ends on a 16-byte border as if it did not: AN10922 pads to 32 bytes. */
  readonly padTo?: number;
}

/** AES-CMAC, 16 bytes (RFC 4493 §2.4; with an IV: DESFire EV1's chained CMAC). */
export function cmac(key: Uint8Array, message: Uint8Array, options: CmacOptions = {}): Uint8Array {
  const first = double(encryptBlocks(key, ZERO_BLOCK, ZERO_BLOCK));
  const least = Math.max(BLOCK, options.padTo ?? 0);
  const whole = message.length >= least && message.length % BLOCK === 0;
  const padded = whole ? message.slice() : padBit(message, least);
  const last = padded.length - BLOCK;
  padded.set(xor(padded.subarray(last), whole ? first : double(first)), last);
  return encryptBlocks(key, options.iv ?? ZERO_BLOCK, padded).slice(last);
}

/** The 8 bytes of a CMAC that EV2 secure messaging sends: every second one (MF2DL(H)x0 §9.1.3). */
export const truncateMac = (mac: Uint8Array): Uint8Array =>
  Uint8Array.from({ length: 8 }, (_, at) => mac[at * 2 + 1] ?? 0);

/** ISO/IEC 9797-1 padding method 2: 80 00 … up to whole blocks, at least one byte and `least`. */
export function padBit(data: Uint8Array, least = 0): Uint8Array {
  const length = Math.max(least, Math.ceil((data.length + 1) / BLOCK) * BLOCK);
  return concat(data, Uint8Array.of(0x80), new Uint8Array(length - data.length - 1));
}

/** What {@link padBit} padded, or `null` where the padding is not one. */
export function unpadBit(padded: Uint8Array): Uint8Array | null {
  const end = padded.findLastIndex((byte) => byte !== 0);
  return end >= 0 && padded[end] === 0x80 ? padded.slice(0, end) : null;
}

/** Zeros up to whole blocks; nothing where they are whole. */
export const padZero = (data: Uint8Array): Uint8Array =>
  concat(data, new Uint8Array((BLOCK - (data.length % BLOCK)) % BLOCK));

/** One byte to the left, the first becomes the last: how a challenge is proven. */
export const rotateLeft = (bytes: Uint8Array): Uint8Array =>
  concat(bytes.subarray(1), bytes.subarray(0, 1));

const CRC_TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, index) => {
  let crc = index;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/**
 * CRC-32 as DESFire has it: polynomial EDB88320, begun with ones, *not* inverted at the end, last
 * byte first (ISO 3309 without its final complement; AN12196 §5.16.1, "CRC32NK").
 */
export function crc32(bytes: Uint8Array): Uint8Array {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ byte) & 255] ?? 0);
  return Uint8Array.of(crc & 255, (crc >>> 8) & 255, (crc >>> 16) & 255, crc >>> 24);
}
