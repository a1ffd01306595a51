/** Days as the operator reads them, and the gateway's own figures beside the terminal's. */
import { type DaySums, salesOf, sumLines } from '#device/codecs/day-digest.ts';
import { type DayLine, dayOutcomeSchema } from '#device/messages/day.ts';
import type { Tables } from '../store/tables.ts';
import type { DayKey, DayRow } from '../store/tables-days.ts';
import { type Books, type Debits, debitName, nameOf, wayOf } from './compare.ts';
import { differenceOf, headOf, lineOf } from './rows.ts';

/** Counts and sums of what the gateway itself has of the orders, debits and refunds of a day. */
export function booksOf(
  books: Books,
  terminal: string,
  lines: readonly DayLine[],
  debits: Debits | null,
): DaySums {
  const named = new Map(lines.map((line) => [`${line.is} ${nameOf(line)}`, line]));
  return sumLines([...named.values()].flatMap((line) => own(books, terminal, line, debits)));
}

/** The gateway's version of a line of the terminal's; nothing where it has none. */
function own(
  { orders, attempts }: Books,
  terminal: string,
  line: DayLine,
  debits: Debits | null,
): DayLine[] {
  switch (line.is) {
    case 'open':
      return [line];
    case 'order': {
      const row = orders.find(line.order);
      if (row === undefined || row.terminal !== terminal) return [];
      const outcome = dayOutcomeSchema.safeParse(row.state);
      if (!outcome.success) return [{ is: 'open', order: line.order }];
      const way = row.state === 'paid' ? wayOf(row, line.way) : line.way;
      return [{ ...line, way, outcome: outcome.data, amount_minor: row.amount_minor }];
    }
    case 'card': {
      const debit = debits?.get(debitName(line));
      return debit === undefined ? [] : [{ ...line, amount_minor: debit.amount_minor }];
    }
    case 'refund': {
      const row = attempts.refund(line.refund);
      return row?.state === 'refunded' ? [{ ...line, amount_minor: row.amount_minor }] : [];
    }
  }
}

const iso = (ms: number): string | null => {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
};

/** One line of a list. */
export function viewDay({ days }: Pick<Tables, 'days'>, row: DayRow) {
  const head = headOf(row);
  const verdict = days.verdict(row);
  const all = days.differences(row);
  const open = all.filter(({ healed_at }) => healed_at === null);
  const state =
    verdict === undefined ? 'arriving' : open.length === 0 ? ('agreed' as const) : 'differs';
  return {
    ...{ terminal: row.terminal, book: head.book, number: head.number, state },
    ...{ from: iso(head.from), to: iso(head.to), arrived_at: iso(row.at) },
    ...(verdict === undefined ? {} : { compared_at: iso(verdict.at) }),
    currency: head.currency,
    sales: salesOf(head.totals),
    refunds: head.refunds,
    differing: open.length,
    healed: all.length - open.length,
  };
}

/** All that is known of a day: both sides' figures, what binds it, each line and each difference. */
export function viewWholeDay({ days }: Pick<Tables, 'days'>, row: DayRow) {
  const head = headOf(row);
  const { totals, refunds, cards, open } = head;
  const verdict = days.verdict(row);
  return {
    ...viewDay({ days }, row),
    proof: { head: head.head, digest: head.digest, before: head.before },
    at_terminal: { totals, refunds, cards, open },
    ...(verdict === undefined ? {} : { at_gateway: JSON.parse(verdict.books) as DaySums }),
    differences: days.differences(row).map((each) => ({
      ...differenceOf(each),
      found_at: iso(each.at),
      ...(each.healed_at === null ? {} : { healed_at: iso(each.healed_at) }),
    })),
    lines: days.lines(row).map(lineOf),
  };
}

interface Sum {
  readonly count: number;
  readonly sum_minor: number;
}
const plus = (left: Sum, right: Sum): Sum => ({
  count: left.count + right.count,
  sum_minor: left.sum_minor + right.sum_minor,
});
const NOTHING: Sum = { count: 0, sum_minor: 0 };

/** What a vendor sold, day by day and in all, by currency. */
export function viewStatement(tables: Pick<Tables, 'days'>, rows: readonly DayRow[]) {
  const days = rows.map((row) => viewDay(tables, row));
  const currencies = [...new Set(days.map(({ currency }) => currency))];
  const totals = currencies.map((currency) => {
    const mine = days.filter((day) => day.currency === currency);
    return {
      currency,
      sales: mine.reduce((all, { sales }) => plus(all, sales), NOTHING),
      refunds: mine.reduce((all, { refunds }) => plus(all, refunds), NOTHING),
    };
  });
  return { agreed: days.every(({ state }) => state === 'agreed'), totals, days };
}

/** The day of that number in a book; without one, in the book that was begun last. */
export function findDay(
  { days }: Pick<Tables, 'days'>,
  { terminal, number, book }: Omit<DayKey, 'book'> & { readonly book?: string | undefined },
): DayRow | undefined {
  const newest = book ?? days.ofTerminal(terminal, 1)[0]?.book;
  return newest === undefined ? undefined : days.find({ terminal, number, book: newest });
}
