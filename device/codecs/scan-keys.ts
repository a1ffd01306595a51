/**
 * What a scanner types: a USB barcode scanner is a keyboard with the US layout (key codes of
 * <linux/input-event-codes.h>), one that writes a code and then Enter or Tab. Num Lock is not looked
 * at: a scanner that types digits on the keypad means digits.
 */
import type { Scan } from '../ports/scanner.ts';
import { EV_KEY, EV_SYN, type InputEvent, SYN_DROPPED } from './evdev.ts';

/** The largest QR symbol holds 4,296 characters (ISO/IEC 18004 table 1); no voucher comes near it. */
export const MOST_CHARACTERS = 4296;

/** Keys in a row: their first code, what they write, and what with Shift. */
const ROWS: readonly (readonly [first: number, plain: string, shifted: string])[] = [
  [2, '1234567890-=', '!@#$%^&*()_+'],
  [16, 'qwertyuiop[]', 'QWERTYUIOP{}'],
  [30, "asdfghjkl;'`", 'ASDFGHJKL:"~'],
  [43, '\\zxcvbnm,./', '|ZXCVBNM<>?'],
  [55, '*', '*'],
  [57, ' ', ' '],
  [71, '789-456+1230.', '789-456+1230.'],
  [98, '/', '/'],
];

const KEYS: ReadonlyMap<number, readonly [plain: string, shifted: string]> = new Map(
  ROWS.flatMap(([first, plain, shifted]) =>
    Array.from(plain, (character, at): [number, [string, string]] => [
      first + at,
      [character, shifted.charAt(at)],
    ]),
  ),
);

/** Enter, Tab, and the keypad's Enter. */
const ENDS = [28, 15, 96];
const SHIFTS = [42, 54];
const ALTS = [56, 100];
const CAPS_LOCK = 58;
/** Ctrl, Num Lock and the two logo keys write nothing. */
const SILENT = [29, 97, 69, 125, 126];

/** What was typed of a scan so far. */
export interface Typed {
  readonly text: string;
  /** Shift keys that are down. */
  readonly shifts: readonly number[];
  /** Some scanners write capitals by Caps Lock. */
  readonly caps: boolean;
  /** Digits keyed while Alt is down: a character by its number. */
  readonly alt: string | null;
  readonly garbled: boolean;
}

export const NOTHING_TYPED: Typed = {
  ...{ text: '', shifts: [], caps: false, alt: null, garbled: false },
};

/** One event of the scanner; `scan` where it ended one. */
export function typeEvent(typed: Typed, event: InputEvent): { typed: Typed; scan: Scan | null } {
  const { type, code, value } = event;
  const on = (change: Partial<Typed>) => ({ typed: { ...typed, ...change }, scan: null });
  if (type === EV_SYN && code === SYN_DROPPED) return on({ garbled: true });
  // A key that is held on types nothing more: no scanner means it so.
  if (type !== EV_KEY || value > 1) return on({});
  const down = value === 1;
  if (SHIFTS.includes(code)) {
    const shifts = typed.shifts.filter((each) => each !== code);
    return on({ shifts: down ? [...shifts, code] : shifts });
  }
  if (ALTS.includes(code)) return on(down ? { alt: '' } : { ...byNumber(typed), alt: null });
  if (!down || SILENT.includes(code)) return on({});
  if (code === CAPS_LOCK) return on({ caps: !typed.caps });
  if (ENDS.includes(code)) return { typed: emptied(typed), scan: endTyped(typed, true) };
  const character = characterOf(typed, code);
  if (character === null) return on({ garbled: true });
  return on(typed.alt === null ? added(typed, character) : { alt: typed.alt + character });
}

/** What a scan comes to when it is over; `null` where nothing was typed. */
export function endTyped({ text, garbled }: Typed, ended: boolean): Scan | null {
  if (text.length > MOST_CHARACTERS) return { is: 'unreadable', why: 'too_long' };
  if (garbled) return { is: 'unreadable', why: 'garbled' };
  return text === '' ? null : { is: 'code', text, ended };
}

/** After a scan: Caps Lock and Shift are the next one's own again. */
const emptied = ({ shifts }: Typed): Typed => ({ ...NOTHING_TYPED, shifts });

function characterOf({ shifts, caps }: Typed, code: number): string | null {
  const key = KEYS.get(code);
  if (key === undefined) return null;
  const letter = /^[a-z]$/.test(key[0]);
  const upper = shifts.length > 0 !== (letter && caps);
  return upper ? key[1] : key[0];
}

/** One character more than there can be is kept, so that it is seen to be too long. */
const added = ({ text }: Typed, character: string): Partial<Typed> => ({
  text: text.length > MOST_CHARACTERS ? text : text + character,
});

/** The character of the number keyed with Alt held down. */
function byNumber(typed: Typed): Partial<Typed> {
  const { alt } = typed;
  if (alt === null || alt === '') return {};
  const number = Number(alt);
  if (!/^\d{2,4}$/.test(alt) || number < 32 || number > 126) return { garbled: true };
  return added(typed, String.fromCharCode(number));
}

/** The key, and whether with Shift, that writes a character; for whoever plays a scanner. */
export function keyOf(character: string): { code: number; shift: boolean } | null {
  if (character === '\n') return { code: 28, shift: false };
  if (character === '\t') return { code: 15, shift: false };
  for (const [code, [plain, shifted]] of KEYS) {
    if (code >= 55 && code !== 57) continue;
    if (plain === character) return { code, shift: false };
    if (shifted === character) return { code, shift: true };
  }
  return null;
}
