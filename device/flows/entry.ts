/**
 * What the vendor keys, row A1: an expression that is read anew with each key, so that the screen and
 * the order can't disagree. `12.50` is an amount, `3*4.50` three of it, `/2` item 2 of the catalogue,
 * `3*` + `/2` three of it, and `+` begins the next line.
 * `/3=35.50`, which only a voice makes, is goods for an amount in all.
 *
 * A key that makes it wrong is kept, not dropped: `1.234` is refused until it is mended. Dropping the
 * third decimal would make Enter sell at 1.23, which nobody keyed.
 */
import type { CatalogueItem, Stall } from '../messages/enrolment.ts';
import { parseAmount } from '../messages/money.ts';
import { linesTotal, type OrderLine } from '../messages/order.ts';
import type { Key } from '../ports/keypad.ts';
import type { EntryProblem } from '../words/catalogue.ts';

export interface Entry {
  /** Exactly the keys pressed since the last order, less what was taken back. */
  readonly keyed: string;
  /** Enter was refused: the problem is shown although more could still be keyed. */
  readonly refused: boolean;
}

export const EMPTY_ENTRY: Entry = { keyed: '', refused: false };

/** More keys than any order needs; what is longer is refused, not cut. */
const MAX_KEYED = 200;
export const MAX_LINES = 50;
export const MAX_QUANTITY = 9999;

export interface ReadEntry {
  /** The lines that are whole and right so far. */
  readonly lines: readonly OrderLine[];
  /** Sum of `lines`, minor units. */
  readonly total_minor: number;
  /** What is wrong, where Enter would be refused now. */
  readonly problem?: EntryProblem;
  /** The problem can't be mended by keying on: it is shown at once. */
  readonly stuck: boolean;
  /** The part of `keyed` that belongs to the line being keyed. */
  readonly current: string;
}

/** The entry after one key other than Enter; `cancel` empties it. */
export function keyEntry(entry: Entry, key: Exclude<Key, 'enter'>): Entry {
  if (key === 'cancel') return EMPTY_ENTRY;
  if (key === 'back') return { keyed: entry.keyed.slice(0, -1), refused: false };
  if (entry.keyed.length > MAX_KEYED) return { ...entry, refused: true };
  return { keyed: entry.keyed + key, refused: false };
}

/** Reads what was keyed; never throws. */
export function readEntry(entry: Entry, stall: Pick<Stall, 'currency' | 'catalogue'>): ReadEntry {
  const terms = entry.keyed.split('+');
  const lines: OrderLine[] = [];
  const current = terms.at(-1) ?? '';
  const fail = (problem: EntryProblem, stuck: boolean): ReadEntry => {
    return { lines, total_minor: totalOf(lines), problem, stuck, current };
  };
  if (entry.keyed.length > MAX_KEYED) return fail('too_many_keys', true);
  if (terms.length > MAX_LINES) return fail('too_many_lines', true);
  for (const [at, term] of terms.entries()) {
    const isLast = at === terms.length - 1;
    const read = readTerm(term, stall);
    if (typeof read === 'string') return fail(read, !isLast || !canGrow(term, read));
    if (Number.isNaN(linesTotal([...lines, read]))) return fail('too_large', true);
    lines.push(read);
  }
  return { lines, total_minor: totalOf(lines), stuck: false, current };
}

const totalOf = (lines: readonly OrderLine[]): number =>
  lines.length === 0 ? 0 : linesTotal(lines);

/** Whether more keys can still make a line of it, such as `0` or `3*` or `/`. */
function canGrow(term: string, problem: EntryProblem): boolean {
  switch (problem) {
    case 'empty':
      return true;
    case 'zero':
      // Two decimals are there already: 0.00 can't become anything.
      return !/\.\d\d$/.test(term);
    case 'unknown_item':
      return /\/\d{0,3}$/.test(term);
    default:
      return false;
  }
}

function readTerm(
  term: string,
  stall: Pick<Stall, 'currency' | 'catalogue'>,
): OrderLine | EntryProblem {
  if (term.includes('-')) return 'negative';
  const [goods = '', total, ...more] = term.split('=');
  if (total !== undefined)
    return more.length > 0 ? 'not_a_number' : readPriced(goods, total, stall);
  const parts = term.split('*');
  if (parts.length > 2) return 'not_a_number';
  const quantity = parts.length === 2 ? readQuantity(parts[0] ?? '') : 1;
  if (typeof quantity === 'string') return quantity;
  const what = parts.at(-1) ?? '';
  const line = what.startsWith('/')
    ? readItem(what.slice(1), quantity, stall.catalogue)
    : readBare(what, quantity, stall);
  return line;
}

/** Goods for an amount in all; where it can't be shared out evenly, one line that names how many. */
function readPriced(
  goods: string,
  total: string,
  stall: Pick<Stall, 'currency' | 'catalogue'>,
): OrderLine | EntryProblem {
  const amount = parseAmount(total, stall.currency);
  if (!amount.ok) return amount.why;
  const { amount_minor } = amount;
  const bare = /^(\d+)\*$/.exec(goods)?.[1];
  const of = bare === undefined ? readTerm(goods, stall) : readQuantity(bare);
  if (typeof of === 'string') return of;
  const line = typeof of === 'number' ? { quantity: of, unit_minor: 1 } : of;
  if (amount_minor % line.quantity === 0) {
    return { ...line, unit_minor: amount_minor / line.quantity };
  }
  const name = 'name' in line ? `${line.name} ` : '';
  return { name: `${name}× ${line.quantity}`.slice(0, 60), quantity: 1, unit_minor: amount_minor };
}

function readQuantity(text: string): number | EntryProblem {
  if (!/^\d+$/.test(text)) return 'not_a_number';
  const quantity = Number(text);
  if (quantity === 0) return 'quantity_zero';
  return quantity > MAX_QUANTITY ? 'quantity_too_large' : quantity;
}

function readItem(
  code: string,
  quantity: number,
  catalogue: readonly CatalogueItem[],
): OrderLine | EntryProblem {
  if (code === '') return 'empty';
  const item = catalogue.find((each) => each.code === code);
  if (item === undefined) return 'unknown_item';
  return { name: item.name, code: item.code, quantity, unit_minor: item.unit_minor };
}

function readBare(
  text: string,
  quantity: number,
  stall: Pick<Stall, 'currency'>,
): OrderLine | EntryProblem {
  if (text.includes('/')) return 'not_a_number';
  if (text.split('.').length > 2) return 'two_points';
  const amount = parseAmount(text, stall.currency);
  if (!amount.ok) return amount.why;
  return { quantity, unit_minor: amount.amount_minor };
}
