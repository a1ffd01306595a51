/**
 * The Nextion instruction set, as far as a display needs it: ASCII instructions and UTF-8 text, each
 * ended by three bytes 0xFF. UTF-8 never contains 0xFF, so no text can end its instruction early.
 * Numbers of sections are those of the published instruction set.
 */
import { concat, utf8 } from './bytes.ts';

const END = Uint8Array.of(0xff, 0xff, 0xff);

/** One instruction on the wire (§1.1). */
export const writeInstruction = (instruction: string): Uint8Array => concat(utf8(instruction), END);

/** A text between quotes (§1.11, §1.14): `\` and `"` are escaped, line ends are `\r`. */
export function quote(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replace(/\r\n|\r|\n/g, '\\r')
    .replace(/[\u0000-\u001f\u007f]/g, ' ');
  return `"${escaped}"`;
}

/** 24-bit colour → the panel's 16 bits, five of red, six of green, five of blue (§1.13). */
export const colour565 = (rgb: number): number =>
  ((rgb >> 8) & 0xf800) | ((rgb >> 5) & 0x07e0) | ((rgb >> 3) & 0x001f);

/** What a panel says, §7; `failed` is any of the codes that refuse an instruction. */
export type PanelReply =
  | { readonly reply: 'done' }
  | { readonly reply: 'failed'; readonly code: number; readonly why: string }
  | {
      readonly reply: 'touch';
      readonly page: number;
      readonly part: number;
      readonly down: boolean;
    }
  | { readonly reply: 'page'; readonly page: number }
  | { readonly reply: 'started' }
  | { readonly reply: 'ready' }
  /** The answer to `connect`; the model, such as `NX8048T070_011R`. */
  | { readonly reply: 'hello'; readonly model: string }
  /** Well ended, but nothing that this terminal asked for. */
  | { readonly reply: 'other'; readonly bytes: Uint8Array };

const FAILURES: Record<number, string> = {
  0: 'invalid instruction',
  2: 'invalid component',
  3: 'invalid page',
  4: 'invalid picture',
  5: 'invalid font',
  6: 'invalid file operation',
  9: 'invalid CRC',
  17: 'invalid baud rate',
  18: 'invalid waveform',
  26: 'invalid variable name or attribute',
  27: 'invalid variable operation',
  28: 'assignment failed',
  29: 'EEPROM operation failed',
  30: 'wrong number of parameters',
  31: 'input or output failed',
  32: 'invalid escape',
  35: 'variable name too long',
  36: 'serial buffer overflow',
};

function readReply(frame: Uint8Array): PanelReply {
  const [code = 0, first = 0, second = 0] = frame;
  const why = FAILURES[code];
  if (frame.length === 1 && code === 1) return { reply: 'done' };
  if (frame.length === 1 && code === 0x88) return { reply: 'ready' };
  if (frame.length === 1 && why !== undefined) return { reply: 'failed', code, why };
  if (frame.length === 3 && code === 0 && first === 0 && second === 0) return { reply: 'started' };
  if (frame.length === 4 && code === 0x65) {
    return { reply: 'touch', page: first, part: second, down: frame[3] === 1 };
  }
  if (frame.length === 2 && code === 0x66) return { reply: 'page', page: first };
  const text = String.fromCharCode(...frame);
  if (text.startsWith('comok ')) return { reply: 'hello', model: text.split(',')[2] ?? '' };
  return { reply: 'other', bytes: frame };
}

/** Longest answer that this terminal reads; what is longer without an end is noise. */
const MAX_FRAME = 128;

/** Cuts the panel's byte stream into replies; noise costs the reply it hits, never the next one. */
export class PanelReader {
  #held: number[] = [];

  /** The replies that are complete with `bytes`. */
  read(bytes: Uint8Array): PanelReply[] {
    const replies: PanelReply[] = [];
    for (const byte of bytes) {
      this.#held.push(byte);
      const length = this.#held.length;
      const ended = length >= 3 && this.#held.slice(-3).every((each) => each === 0xff);
      if (ended && length > 3) replies.push(readReply(Uint8Array.from(this.#held.slice(0, -3))));
      if (ended || length > MAX_FRAME) this.#held = [];
    }
    return replies;
  }
}
