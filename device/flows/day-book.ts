/**
 * The open business day and those that were closed, read off the journal one entry at a time: the same
 * fold at the start and while the terminal runs. What a day needs of the journal is what came since the
 * last `day_closed`, and each `day_closed` that the gateway has not agreed to: all else may be dropped.
 */
import { digestLines, NO_DAY, sumLines, writeDayLine } from '../codecs/day-digest.ts';
import type { CardDebit } from '../messages/card.ts';
import { type DayLine, type DayReceipt, type DayStatement, wayOfPayment } from '../messages/day.ts';
import type { JournalEntry } from '../messages/journal.ts';
import type { Currency } from '../messages/money.ts';
import type { Result } from '../messages/order.ts';

/** Lines as a chain, newest first: one more costs the same however many there are. */
interface Chained {
  readonly line: DayLine;
  readonly before: Chained | null;
}

export interface ClosedDay {
  readonly day: DayStatement;
  /** `null` until the gateway has compared it. */
  readonly receipt: DayReceipt | null;
}

export interface DayBook {
  /** `null` until the first close. */
  readonly book: string | null;
  /** Of the open day. */
  readonly number: number;
  /** When the day before was closed; `null` before the first close. */
  readonly from: number | null;
  readonly before: string;
  /** Terminal's clock when the first order of the open day was made. */
  readonly begunAt: number | null;
  readonly lines: Chained | null;
  /** Orders that were paid in the open day, and their sum. */
  readonly sales: { readonly count: number; readonly sum_minor: number };
  /** Debits of which nobody knows yet, by order. */
  readonly doubts: ReadonlyMap<string, CardDebit>;
  /** Closed, and not agreed to yet; oldest first. */
  readonly pending: readonly ClosedDay[];
  readonly last: ClosedDay | null;
}

export const NO_BOOK: DayBook = {
  book: null,
  number: 1,
  from: null,
  before: NO_DAY,
  begunAt: null,
  lines: null,
  sales: { count: 0, sum_minor: 0 },
  doubts: new Map(),
  pending: [],
  last: null,
};

/** Days with differences that are asked about again; of older ones the gateway's own report tells. */
const DIFFERING = 8;

export const recallDays = (entries: readonly JournalEntry[]): DayBook =>
  entries.reduce(noteEntry, NO_BOOK);

/** The book after one more entry of the journal. */
export function noteEntry(book: DayBook, entry: JournalEntry): DayBook {
  switch (entry.kind) {
    case 'order':
      return { ...book, begunAt: book.begunAt ?? entry.order.made_at };
    case 'result':
      return noteResult(book, entry.result);
    case 'receipt': {
      if (entry.receipt.said !== 'conflicts') return book;
      const { order } = entry.receipt;
      const outcome = 'conflicts';
      return add(book, { is: 'order', order, way: 'phone', outcome, amount_minor: 0 });
    }
    case 'card_begun':
      return { ...book, doubts: new Map(book.doubts).set(entry.debit.order, entry.debit) };
    case 'card_done': {
      const { order, card, counter, amount_minor, sold } = entry.payment;
      const known = add(settleDoubt(book, order), {
        ...{ is: 'card', card, counter, order, amount_minor, sold },
      });
      if (!sold) return known;
      return add(known, { is: 'order', order, way: 'card', outcome: 'paid', amount_minor });
    }
    case 'card_undone':
      return settleDoubt(book, entry.order);
    case 'card_verdict': {
      const { order, card, counter_before, committed } = entry.verdict;
      const debit = book.doubts.get(order);
      const known = settleDoubt(book, order);
      if (!committed || debit === undefined) return known;
      const { amount_minor } = debit;
      const counter = counter_before + 1;
      return add(known, { is: 'card', card, counter, order, amount_minor, sold: false });
    }
    case 'refund': {
      const { order, refund, amount_minor } = entry.refund;
      return add(book, { is: 'refund', order, refund, amount_minor });
    }
    case 'day_closed':
      return turnPage(book, entry.day);
    case 'day_receipt':
      return noteReceipt(book, entry.receipt);
    default:
      return book;
  }
}

/** A result that only repeats what a card's debit has told already is of no second sale. */
function noteResult(book: DayBook, { order, outcome, amount_minor, payment }: Result): DayBook {
  return add(book, { is: 'order', order, way: wayOfPayment(payment), outcome, amount_minor });
}

function add(book: DayBook, line: DayLine): DayBook {
  const { count, sum_minor } = book.sales;
  const paid = line.is === 'order' && line.outcome === 'paid';
  return {
    ...book,
    lines: { line, before: book.lines },
    sales: paid ? { count: count + 1, sum_minor: sum_minor + line.amount_minor } : book.sales,
  };
}

function settleDoubt(book: DayBook, order: string): DayBook {
  if (!book.doubts.has(order)) return book;
  const doubts = new Map(book.doubts);
  doubts.delete(order);
  return { ...book, doubts };
}

/** Lines of the open day, oldest first. */
export function linesOf(book: DayBook): DayLine[] {
  const lines: DayLine[] = [];
  for (let at = book.lines; at !== null; at = at.before) lines.push(at.line);
  return lines.reverse();
}

/** What reached the journal just before the close, and was not known then, is of the next day. */
function turnPage(book: DayBook, day: DayStatement): DayBook {
  const closed = new Set(day.lines.map(writeDayLine));
  const byCard = paidByCard(day.lines);
  const left = linesOf(book).filter(
    (line) => !closed.has(writeDayLine(line)) && !isDoubled(line, byCard),
  );
  const { head } = day;
  const next: DayBook = {
    ...book,
    ...{ book: head.book, number: head.number + 1, from: head.to, before: head.digest },
    ...{ begunAt: null, lines: null, sales: NO_BOOK.sales },
    pending: [...book.pending, { day, receipt: null }],
    last: { day, receipt: null },
  };
  return left.reduce(add, next);
}

export const isOf = ({ head }: DayStatement, { book, number, digest }: DayReceipt): boolean =>
  head.book === book && head.number === number && head.digest === digest;

function noteReceipt(book: DayBook, receipt: DayReceipt): DayBook {
  const noted = (each: ClosedDay): ClosedDay =>
    isOf(each.day, receipt) ? { ...each, receipt } : each;
  const pending = book.pending.map(noted).filter((each) => each.receipt?.agreed !== true);
  const differing = pending.filter((each) => each.receipt !== null);
  const old = new Set(differing.slice(0, -DIFFERING));
  return {
    ...book,
    pending: pending.filter((each) => !old.has(each)),
    last: book.last === null ? null : noted(book.last),
  };
}

export interface Close {
  readonly currency: Currency;
  readonly book: string;
  readonly now: number;
  /** What the terminal takes for the gateway's clock. */
  readonly gatewayNow: number;
  /** Chain of the journal. */
  readonly head: string;
  /** Orders of which something is still to come. */
  readonly open: readonly string[];
}

/** A card and a phone paid it at one moment: the card's payment stands, the phone's goes back. */
const isDoubled = (line: DayLine, byCard: ReadonlySet<string>): boolean =>
  line.is === 'order' && line.way !== 'card' && byCard.has(line.order);

const paidByCard = (lines: readonly DayLine[]): ReadonlySet<string> =>
  new Set(
    lines.flatMap((line) => (line.is === 'order' && line.way === 'card' ? [line.order] : [])),
  );

/** What the terminal states of the open day, were it closed now. */
export function stateDay(book: DayBook, close: Close): DayStatement {
  const { currency, now, gatewayNow, head, open } = close;
  const known = linesOf(book);
  const byCard = paidByCard(known);
  const lines: DayLine[] = [
    ...known.filter((line) => !isDoubled(line, byCard)),
    ...open.map((order): DayLine => ({ is: 'open', order })),
  ];
  const to = Math.max(0, Math.floor(now));
  return {
    head: {
      ...{ book: book.book ?? close.book, number: book.number, currency },
      ...{ from: book.from ?? book.begunAt ?? to, to, gateway_to: Math.floor(gatewayNow) },
      ...sumLines(lines),
      ...{ lines: lines.length, digest: digestLines(book.before, lines) },
      ...{ before: book.before, head },
    },
    lines,
  };
}
