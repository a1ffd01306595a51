/**
 * Input reports of a USB boot keyboard (HID 1.11 appendix B.1, usages of the HID Usage Tables §10):
 * a byte of modifiers, a reserved byte, and up to six keys that are down.
 */
import type { Key } from '#device/ports/keypad.ts';

export const REPORT_LENGTH = 8;

/** Usages of every key that is down. */
export type Down = ReadonlySet<number>;

/** All six are this when more keys are down than the keyboard can tell. */
const ERROR_ROLL_OVER = 0x01;
/** POSTFail and ErrorUndefined: no keys either. */
const LAST_ERROR = 0x03;

/** Left and right shift, in the byte of modifiers. */
const SHIFT = 0x22;

const KEYPAD_1 = 0x59;
const MAIN_1 = 0x1e;

const KEYS: ReadonlyMap<number, Key> = new Map<number, Key>([
  [0x28, 'enter'],
  [0x29, 'cancel'], // Escape
  [0x2a, 'back'], // Backspace
  [0x2d, '-'],
  [0x36, '.'], // the comma: the decimal sign of half the world
  [0x37, '.'],
  [0x38, '/'],
  [0x4c, 'back'], // Delete
  [0x53, 'cancel'], // Num Lock: top left on a keypad, where a till has its C key
  [0x54, '/'],
  [0x55, '*'],
  [0x56, '-'],
  [0x57, '+'],
  [0x58, 'enter'],
  [0x63, '.'],
  [0x85, '.'], // Keypad Comma
  ...('123456789'.split('') as Key[]).flatMap((key, at): [number, Key][] => [
    [KEYPAD_1 + at, key],
    [MAIN_1 + at, key],
  ]),
  [0x62, '0'],
  [0x27, '0'],
]);

/** Keys of the main row that mean another thing with Shift, on the US layout. */
const SHIFTED: ReadonlyMap<number, Key> = new Map<number, Key>([
  [0x25, '*'],
  [0x2e, '+'],
]);

/** A key that types two zeros at once. */
const DOUBLE_ZERO = 0xb0;

export interface ReadReport {
  /** Newly pressed, in the order the keyboard lists them; keys that mean nothing here are left out. */
  readonly keys: readonly Key[];
  readonly down: Down;
}

/** What one report adds to what was down before it. */
export function readReport(report: Uint8Array, before: Down): ReadReport {
  const usages = [...report.subarray(2, REPORT_LENGTH)].filter((usage) => usage !== 0);
  // Too many keys at once: which ones is unknown, so nothing was pressed and nothing let go.
  if (usages.some((usage) => usage >= ERROR_ROLL_OVER && usage <= LAST_ERROR)) {
    return { keys: [], down: before };
  }
  const shifted = ((report[0] ?? 0) & SHIFT) !== 0;
  const keys = usages
    .filter((usage, at) => !before.has(usage) && usages.indexOf(usage) === at)
    .flatMap((usage) => meaning(usage, shifted));
  return { keys, down: new Set(usages) };
}

function meaning(usage: number, shifted: boolean): Key[] {
  if (usage === DOUBLE_ZERO) return ['0', '0'];
  const key = (shifted ? SHIFTED.get(usage) : undefined) ?? KEYS.get(usage);
  return key === undefined ? [] : [key];
}

/**
 * The whole reports in what was read, and what is left of one: a stream may join reports or cut
 * them, though a USB pipe does neither.
 */
export function splitReports(bytes: Uint8Array): {
  readonly reports: readonly Uint8Array[];
  readonly rest: Uint8Array;
} {
  const reports: Uint8Array[] = [];
  let at = 0;
  for (; at + REPORT_LENGTH <= bytes.length; at += REPORT_LENGTH) {
    reports.push(bytes.subarray(at, at + REPORT_LENGTH));
  }
  return { reports, rest: bytes.slice(at) };
}

/** Modifier bits and usages that a keypad sends for a key; for whoever plays one. */
export function writeReport(usages: readonly number[]): Uint8Array {
  const report = new Uint8Array(REPORT_LENGTH);
  report.set(usages.slice(0, REPORT_LENGTH - 2), 2);
  return report;
}
