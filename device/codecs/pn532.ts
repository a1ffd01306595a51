/**
 * Frames of NXP's PN532 on a serial line (UM0701-02 §6.2.1): preamble, start code, length and its
 * complement, direction, data, checksum. What came may be anything.
 */
import { concat } from './bytes.ts';

export const PN532 = {
  diagnose: 0x00,
  getFirmwareVersion: 0x02,
  readRegister: 0x06,
  writeRegister: 0x08,
  setSerialBaudRate: 0x10,
  setParameters: 0x12,
  samConfiguration: 0x14,
  powerDown: 0x16,
  rfConfiguration: 0x32,
  inDataExchange: 0x40,
  inCommunicateThru: 0x42,
  inDeselect: 0x44,
  inListPassiveTarget: 0x4a,
  inRelease: 0x52,
  inSelect: 0x54,
} as const;

/** Towards the chip, and from it. */
export const TO_CHIP = 0xd4;
export const FROM_CHIP = 0xd5;

export const ACK: Uint8Array = Uint8Array.of(0x00, 0x00, 0xff, 0x00, 0xff, 0x00);
/** The chip did not understand a command (§6.2.1.5). */
export const SYNTAX_ERROR: Uint8Array = Uint8Array.of(0, 0, 0xff, 0x01, 0xff, 0x7f, 0x81, 0);
/** Wakes a chip that sleeps (§7.2.11). */
export const WAKE: Uint8Array = concat(Uint8Array.of(0x55, 0x55), new Uint8Array(14));

export type Pn532Frame =
  | { readonly kind: 'ack' }
  | { readonly kind: 'nack' }
  | { readonly kind: 'error' }
  /** `code` is the command, or the command plus one in an answer. */
  | {
      readonly kind: 'data';
      readonly direction: number;
      readonly code: number;
      readonly data: Uint8Array;
    };

const sum = (bytes: Uint8Array): number => bytes.reduce((total, byte) => (total + byte) & 255, 0);

/** One frame; extended where the data need it (§6.2.1.2). */
export function writePn532(direction: number, code: number, data: Uint8Array): Uint8Array {
  const body = concat(Uint8Array.of(direction, code), data);
  const length = body.length;
  const head =
    length < 256
      ? Uint8Array.of(length, (256 - length) & 255)
      : Uint8Array.of(0xff, 0xff, length >> 8, length & 255, -((length >> 8) + length) & 255);
  const tail = Uint8Array.of(-sum(body) & 255, 0x00);
  return concat(Uint8Array.of(0x00, 0x00, 0xff), head, body, tail);
}

/** Longest frame: an extended one with 264 bytes of data and direction. */
const LONGEST = 280;

/** Cuts a serial line's bytes into frames; bytes between frames and wrong checksums are skipped. */
export class Pn532Splitter {
  #rest: Uint8Array = new Uint8Array(0);

  push(bytes: Uint8Array): Pn532Frame[] {
    this.#rest = concat(this.#rest, bytes);
    const frames: Pn532Frame[] = [];
    for (;;) {
      const start = this.#rest.findIndex((byte, at) => byte === 0 && this.#rest[at + 1] === 0xff);
      if (start < 0) {
        this.#rest = this.#rest.slice(-1);
        return frames;
      }
      const after = this.#rest.subarray(start + 2);
      const found = readBody(after);
      if (found === null) {
        this.#rest = this.#rest.slice(start);
        return frames;
      }
      if (found.frame !== null) frames.push(found.frame);
      this.#rest = after.slice(found.length);
    }
  }
}

/** What stands behind a start code; `null` where more bytes must tell. */
function readBody(bytes: Uint8Array): { frame: Pn532Frame | null; length: number } | null {
  const [first, second, high = 0, low = 0] = bytes;
  if (first === undefined || second === undefined) return null;
  if (first === 0x00 && second === 0xff) return { frame: { kind: 'ack' }, length: 2 };
  if (first === 0xff && second === 0x00) return { frame: { kind: 'nack' }, length: 2 };
  const extended = first === 0xff && second === 0xff;
  if (extended && bytes.length < 5) return null;
  const head = extended ? bytes.subarray(2, 5) : bytes.subarray(0, 2);
  const length = extended ? high * 256 + low : first;
  const begin = extended ? 5 : 2;
  if (sum(head) !== 0 || length === 0 || length > LONGEST) return { frame: null, length: 0 };
  if (bytes.length < begin + length + 1) return null;
  const body = bytes.slice(begin, begin + length);
  if (((sum(body) + (bytes[begin + length] ?? 0)) & 255) !== 0) return { frame: null, length: 0 };
  const whole = begin + length + 1;
  if (length === 1) return { frame: { kind: 'error' }, length: whole };
  const [direction = 0, code = 0] = body;
  return { frame: { kind: 'data', direction, code, data: body.slice(2) }, length: whole };
}

export interface Pn532Target {
  /** Number by which the chip knows it. */
  readonly number: number;
  readonly uid: Uint8Array;
  /** Whether it talks in ISO/IEC 14443-4 blocks. */
  readonly blocks: boolean;
  /** Its answer to select, length byte included; empty where it has none. */
  readonly ats: Uint8Array;
}

/** Targets of an InListPassiveTarget at 106 kbit/s type A (§7.3.5). */
export function readTargets(data: Uint8Array): Pn532Target[] {
  const targets: Pn532Target[] = [];
  let at = 1;
  for (let left = data[0] ?? 0; left > 0 && at + 5 <= data.length; left -= 1) {
    const uidLength = data[at + 4] ?? 0;
    const blocks = ((data[at + 3] ?? 0) & 0x20) !== 0;
    const uid = data.slice(at + 5, at + 5 + uidLength);
    const atsAt = at + 5 + uidLength;
    const atsLength = blocks ? (data[atsAt] ?? 0) : 0;
    targets.push({
      number: data[at] ?? 0,
      uid,
      blocks,
      ats: data.slice(atsAt, atsAt + atsLength),
    });
    at = atsAt + atsLength;
  }
  return targets;
}
