/** Command and response APDUs (ISO/IEC 7816-4:2020 §5.1 to §5.6). */
import { concat, uint } from './bytes.ts';

export interface CommandApdu {
  readonly cla: number;
  readonly ins: number;
  readonly p1: number;
  readonly p2: number;
  /** At most 65 535 bytes; empty where there is no Lc. */
  readonly data: Uint8Array;
  /** Most bytes wanted in return, 1 to 65 536; `null` where there is no Le. */
  readonly le: number | null;
}

export interface ResponseApdu {
  readonly data: Uint8Array;
  /** SW1 SW2 as one number, such as 0x9000. */
  readonly sw: number;
}

/** Status words that readers and cards answer (§5.6, table 5). */
export const SW = {
  done: 0x9000,
  wrongLength: 0x6700,
  noSuchFile: 0x6a82,
  noSuchFunction: 0x6a81,
  wrongParameters: 0x6a86,
  notAllowed: 0x6982,
  noSuchInstruction: 0x6d00,
  noSuchClass: 0x6e00,
  failed: 0x6f00,
} as const;

/** Cases 1 to 4; short fields wherever they fit, else extended ones (§5.2). */
export function writeCommand({ cla, ins, p1, p2, data, le }: CommandApdu): Uint8Array {
  const head = Uint8Array.of(cla, ins, p1, p2);
  const extended = data.length > 255 || (le !== null && le > 256);
  if (!extended) {
    const lc = data.length === 0 ? [] : [data.length];
    return concat(head, Uint8Array.from(lc), data, Uint8Array.from(le === null ? [] : [le & 255]));
  }
  const lc =
    data.length === 0 ? new Uint8Array(0) : concat(new Uint8Array(1), uint(data.length, 2));
  const lead = data.length === 0 ? 1 : 0;
  const tail = le === null ? [] : [...new Uint8Array(lead), ...uint(le & 0xffff, 2)];
  return concat(head, lc, data, Uint8Array.from(tail));
}

/** `null` where the bytes are of none of the seven forms of §5.2. */
export function readCommand(bytes: Uint8Array): CommandApdu | null {
  const [cla, ins, p1, p2, first] = bytes;
  if (cla === undefined || ins === undefined || p1 === undefined || p2 === undefined) return null;
  const head = { cla, ins, p1, p2 };
  const body = bytes.slice(5);
  const none = new Uint8Array(0);
  if (first === undefined) return { ...head, data: none, le: null };
  if (body.length === 0) return { ...head, data: none, le: first === 0 ? 256 : first };
  if (first === 0) return readExtended(head, body);
  if (body.length === first) return { ...head, data: body, le: null };
  if (body.length !== first + 1) return null;
  const le = body[first] ?? 0;
  return { ...head, data: body.slice(0, first), le: le === 0 ? 256 : le };
}

type Head = Pick<CommandApdu, 'cla' | 'ins' | 'p1' | 'p2'>;

function readExtended(head: Head, body: Uint8Array): CommandApdu | null {
  const number = (at: number): number => ((body[at] ?? 0) << 8) | (body[at + 1] ?? 0);
  const whole = (value: number): number => (value === 0 ? 65_536 : value);
  if (body.length === 2) return { ...head, data: new Uint8Array(0), le: whole(number(0)) };
  const length = number(0);
  const data = body.slice(2, 2 + length);
  if (length === 0 || data.length !== length) return null;
  if (body.length === 2 + length) return { ...head, data, le: null };
  if (body.length !== 4 + length) return null;
  return { ...head, data, le: whole(number(2 + length)) };
}

export const writeResponse = ({ data, sw }: ResponseApdu): Uint8Array => concat(data, uint(sw, 2));

/** `null` where there is no status word: such an answer was torn. */
export function readResponse(bytes: Uint8Array): ResponseApdu | null {
  if (bytes.length < 2) return null;
  const end = bytes.length - 2;
  const sw = ((bytes[end] ?? 0) << 8) | (bytes[end + 1] ?? 0);
  return { data: bytes.slice(0, end), sw };
}
