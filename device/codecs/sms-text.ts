/**
 * Text of short messages: which alphabet it takes, how a long one is cut into parts, and the user data
 * of each (3GPP TS 23.038; TS 23.040 §9.2.3.24). What came may be anything.
 */
import { concat } from './bytes.ts';
import { fromSeptets, packSeptets, toSeptets, unpackSeptets } from './gsm-alphabet.ts';

/** One part of a long message (23.040 §9.2.3.24.1 and .8). */
export interface SmsPart {
  readonly reference: number;
  /** Whether the reference has 16 bits instead of 8. */
  readonly wide: boolean;
  readonly count: number;
  /** From 1. */
  readonly number: number;
}

export type SmsAlphabet = 'gsm' | 'ucs2' | 'octets';

/** TP-DCS, TP-UDL and TP-UD, and whether TP-UDHI is set. */
export interface UserData {
  readonly scheme: number;
  readonly length: number;
  readonly bytes: Uint8Array;
  readonly headed: boolean;
}

/** What one message holds alone and as a part with an 8-bit reference: septets, or UTF-16 units. */
const ROOM = { gsm: { alone: 160, part: 153 }, ucs2: { alone: 70, part: 67 } } as const;
const MOST_PARTS = 255;
const SCHEME = { gsm: 0x00, octets: 0x04, ucs2: 0x08 } as const;
const CONCATENATED = 0x00;
const CONCATENATED_WIDE = 0x08;

export interface SplitText {
  readonly alphabet: 'gsm' | 'ucs2';
  readonly pieces: readonly string[];
}

/**
 * The pieces of a text, one where it fits alone; characters are never cut. `null` where it takes more
 * than 255 or is empty.
 */
export function splitText(text: string): SplitText | null {
  const alphabet = toSeptets(text) === null ? 'ucs2' : 'gsm';
  const weigh = (character: string): number =>
    alphabet === 'gsm' ? (toSeptets(character)?.[0]?.length ?? 1) : character.length;
  const whole = [...text].reduce((sum, each) => sum + weigh(each), 0);
  if (whole === 0) return null;
  if (whole <= ROOM[alphabet].alone) return { alphabet, pieces: [text] };
  const pieces: string[] = [];
  let piece = '';
  let left: number = ROOM[alphabet].part;
  for (const character of text) {
    const weight = weigh(character);
    if (weight > left) {
      pieces.push(piece);
      piece = '';
      left = ROOM[alphabet].part;
    }
    piece += character;
    left -= weight;
  }
  pieces.push(piece);
  return pieces.length > MOST_PARTS ? null : { alphabet, pieces };
}

function writeHeader(part: SmsPart | null): Uint8Array {
  if (part === null) return new Uint8Array(0);
  const { reference, wide, count, number } = part;
  return wide
    ? Uint8Array.of(6, CONCATENATED_WIDE, 4, reference >> 8, reference & 255, count, number)
    : Uint8Array.of(5, CONCATENATED, 3, reference & 255, count, number);
}

/** Throws a `RangeError` where the piece does not fit: {@link splitText} makes those that do. */
export function writeUserData(
  alphabet: 'gsm' | 'ucs2',
  piece: string,
  part: SmsPart | null,
): UserData {
  const header = writeHeader(part);
  const headed = part !== null;
  if (alphabet === 'ucs2') {
    const units = Uint8Array.from(
      [...Array(piece.length * 2).keys()],
      (at) => (piece.charCodeAt(at >> 1) >> (at % 2 === 0 ? 8 : 0)) & 255,
    );
    const bytes = concat(header, units);
    if (bytes.length > 140) throw new RangeError('a part of a message has 140 octets');
    return { scheme: SCHEME.ucs2, length: bytes.length, bytes, headed };
  }
  const septets = toSeptets(piece)?.flat();
  if (septets === undefined) throw new RangeError('the text is not of the GSM alphabet');
  const fill = (7 - ((header.length * 8) % 7)) % 7;
  const length = (header.length * 8 + fill) / 7 + septets.length;
  if (length > 160) throw new RangeError('a part of a message has 160 septets');
  const bytes = concat(header, packSeptets(septets, fill));
  return { scheme: SCHEME.gsm, length, bytes, headed };
}

/** The alphabet of a TP-DCS (23.038 §4), or `null` where it is compressed or reserved. */
export function alphabetOf(scheme: number): SmsAlphabet | null {
  const group = scheme >> 4;
  if (group < 8) {
    if ((scheme & 0x20) !== 0) return null;
    return (['gsm', 'octets', 'ucs2', null] as const)[(scheme >> 2) & 3] ?? null;
  }
  if (group === 0xc || group === 0xd) return 'gsm';
  if (group === 0xe) return 'ucs2';
  if (group === 0xf) return (scheme & 4) === 0 ? 'gsm' : 'octets';
  return null;
}

export interface ReadUserData {
  /** `null` where it is no text. */
  readonly text: string | null;
  readonly part: SmsPart | null;
}

/** `null` where less is there than `length` says, or a header that runs over it. */
export function readUserData(data: UserData): ReadUserData | null {
  const { scheme, length, bytes, headed } = data;
  const alphabet = alphabetOf(scheme);
  const octets = alphabet === 'gsm' ? Math.ceil((length * 7) / 8) : length;
  if (bytes.length < octets || octets > 140) return null;
  const head = headed ? (bytes[0] ?? 0) + 1 : 0;
  if (head > octets) return null;
  const part = headed ? readPart(bytes.subarray(1, head)) : null;
  switch (alphabet) {
    case 'gsm': {
      const fill = (7 - ((head * 8) % 7)) % 7;
      const count = length - (head * 8 + fill) / 7;
      if (count < 0) return null;
      return { text: fromSeptets(unpackSeptets(bytes.subarray(head), count, fill)), part };
    }
    case 'ucs2':
      return { text: fromUcs2(bytes.subarray(head, length)), part };
    default:
      return { text: null, part };
  }
}

const fromUcs2 = (bytes: Uint8Array): string =>
  Array.from({ length: bytes.length >> 1 }, (_, at) =>
    String.fromCharCode(((bytes[at * 2] ?? 0) << 8) | (bytes[at * 2 + 1] ?? 0)),
  ).join('');

/** The concatenation among the header's elements; nonsense is no part (§9.2.3.24.1). */
function readPart(elements: Uint8Array): SmsPart | null {
  for (let at = 0; at + 2 <= elements.length; ) {
    const [id, length = 0] = elements.subarray(at, at + 2);
    const data = elements.subarray(at + 2, at + 2 + length);
    at += 2 + length;
    const wide = id === CONCATENATED_WIDE && data.length === 4;
    if (!wide && !(id === CONCATENATED && data.length === 3)) continue;
    const [high = 0, low = 0] = data;
    const [count = 0, number = 0] = data.subarray(wide ? 2 : 1);
    if (number === 0 || number > count) continue;
    return { reference: wide ? high * 256 + low : high, wide, count, number };
  }
  return null;
}
