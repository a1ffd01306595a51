/** The number by which a person names a terminal: six digits, drawn once and kept. */
import type { Chance } from '../clock.ts';
import type { Transaction } from '../store/writer.ts';
import { typedFigures } from '../typed.ts';

/** 100000 to 999999, so that no leading zero gets lost on the way. */
const FIRST = 100_000;
const COUNT = 900_000;
const DRAWS = 1000;

/** The terminal's number, drawn where it has none. */
export function terminalNumber(
  tx: Pick<Transaction, 'pairings'>,
  chance: Chance,
  terminal: string,
): string {
  const known = tx.pairings.numberOf(terminal);
  if (known !== undefined) return known;
  for (let draw = 0; draw < DRAWS; draw += 1) {
    const bytes = chance.bytes(6);
    const value = bytes.reduce((total, byte) => total * 256 + byte, 0);
    const number = String(FIRST + (value % COUNT));
    if (tx.pairings.terminalOf(number) !== undefined) continue;
    tx.pairings.addNumber(terminal, number);
    return number;
  }
  throw new Error('no terminal number is free');
}

/** `104 233` or `104-233` as somebody may type it; `null` where it is no number of a terminal. */
export function readTerminalNumber(text: string): string | null {
  const digits = typedFigures(text);
  return /^\d{6}$/.test(digits) ? digits : null;
}
