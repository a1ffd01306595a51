/**
 * A terminal's day against the gateway's own books, line by line: the answer names each thing in which
 * the two differ. It reads only; whoever calls it says what to keep.
 */
import { digestLines, sumLines } from '#device/codecs/day-digest.ts';
import { orderNumberBytes } from '#device/codecs/order-number.ts';
import {
  type DayDifference,
  type DayHead,
  type DayLine,
  wayOfPayment,
} from '#device/messages/day.ts';
import { refundSchema } from '#device/messages/order.ts';
import type { TakenDebit } from '../settlement/gate.ts';
import type { OrderRow, Tables } from '../store/tables.ts';
import type { DayKey } from '../store/tables-days.ts';

export type Books = Pick<Tables, 'days' | 'orders' | 'attempts'>;

/** Debits of the terminal as the settlement has them, by {@link debitName}. */
export type Debits = ReadonlyMap<string, TakenDebit>;

export interface Compared {
  readonly differences: readonly DayDifference[];
  /** Before this nothing has to be looked at again; see `DayVerdictRow`. */
  readonly orders_from: number;
  readonly debits_after: number;
}

export interface Asked {
  readonly day: DayKey;
  readonly head: DayHead;
  readonly lines: readonly DayLine[];
  /** `null` where there is no settlement to ask. */
  readonly debits: Debits | null;
  /** When the gateway heard of the terminal's day before this one. */
  readonly heardBefore: number;
  readonly ordersFrom: number;
  readonly debitsAfter: number;
  readonly now: number;
}

export const debitName = ({ card, counter }: Pick<TakenDebit, 'card' | 'counter'>): string =>
  `${card}-${counter}`;

/** What a line is called in the store and in reports. */
export function nameOf(line: DayLine): string {
  switch (line.is) {
    case 'order':
    case 'open':
      return line.order;
    case 'card':
      return debitName(line);
    case 'refund':
      return line.refund;
  }
}

export function compareDay(books: Books, asked: Asked): Compared {
  const { head, lines, debits, day } = asked;
  const stated = lines.flatMap((line) => compareLine(books, day.terminal, line, debits));
  const orders = missingOrders(books, asked);
  const cards = missingDebits(books, asked);
  return {
    differences: [
      ...compareHead(books, day, head, lines),
      ...stated,
      ...twice(books, day, lines),
      ...orders.differences,
      ...cards.differences,
      ...missingRefunds(books, asked),
    ],
    orders_from: orders.from,
    debits_after: cards.after,
  };
}

// ── What the terminal states ────────────────────────────────────────────────────────────────────

function compareHead(
  { days }: Books,
  day: DayKey,
  head: DayHead,
  lines: readonly DayLine[],
): DayDifference[] {
  const of = 'day';
  const differences: DayDifference[] = [];
  const { totals, refunds, cards, open } = head;
  const stated = JSON.stringify({ totals, refunds, cards, open });
  const whole = digestLines(head.before, lines) === head.digest && head.lines === lines.length;
  if (!whole || JSON.stringify(sumLines(lines)) !== stated) {
    differences.push({ kind: 'totals_differ', of, name: String(day.number) });
  }
  if (day.number === 1) return differences;
  const before = days.find({ ...day, number: day.number - 1 });
  const name = String(day.number - 1);
  if (before === undefined) differences.push({ kind: 'missing_at_gateway', of, name });
  else if (before.digest !== head.before) {
    const [terminal, gateway] = [head.before, before.digest];
    differences.push({ kind: 'outcome_differs', of, name, terminal, gateway });
  }
  return differences;
}

/** One line against the books; nothing where they agree. */
export function compareLine(
  books: Books,
  terminal: string,
  line: DayLine,
  debits: Debits | null,
): DayDifference[] {
  switch (line.is) {
    case 'order':
      return compareOrder(books, terminal, line);
    case 'card':
      return debits === null ? [] : compareDebit(debits, line);
    case 'refund':
      return compareRefund(books, line);
    case 'open':
      return [];
  }
}

function compareOrder(
  { orders }: Books,
  terminal: string,
  line: Extract<DayLine, { is: 'order' }>,
): DayDifference[] {
  const about = { of: 'order', name: line.order } as const;
  const row = orders.find(line.order);
  if (row === undefined || row.terminal !== terminal) {
    return [{ kind: 'missing_at_gateway', ...about }];
  }
  // The gateway holds another one of its number: only money that it took for that is a difference.
  const conflicts = line.outcome === 'conflicts';
  if (conflicts && row.state !== 'paid') return [];
  const differences: DayDifference[] = [];
  const differs = (kind: DayDifference['kind'], here: string, there: string): void => {
    if (here !== there) differences.push({ kind, ...about, terminal: here, gateway: there });
  };
  differs('outcome_differs', line.outcome, row.state);
  if (conflicts) return differences;
  differs('amount_differs', String(line.amount_minor), String(row.amount_minor));
  if (line.outcome === 'paid' && row.state === 'paid') {
    differs('way_differs', line.way, wayOf(row, line.way));
  }
  return differences;
}

/**
 * How the gateway has an order as paid. A terminal from before vouchers counted of their own says
 * `phone` of one, and is right.
 */
export const wayOf = ({ payment }: Pick<OrderRow, 'payment'>, said: string): string => {
  const way = wayOfPayment(payment);
  return way === 'voucher' && said === 'phone' ? said : way;
};

function compareDebit(debits: Debits, line: Extract<DayLine, { is: 'card' }>): DayDifference[] {
  const { order } = line;
  const about = { of: 'card', name: debitName(line), order } as const;
  const debit = debits.get(about.name);
  if (debit === undefined) return [{ kind: 'missing_at_gateway', ...about }];
  const both = (kind: DayDifference['kind'], terminal: string, gateway: string): DayDifference[] =>
    terminal === gateway ? [] : [{ kind, ...about, terminal, gateway }];
  return [
    ...both('outcome_differs', order, debit.order),
    ...both('amount_differs', String(line.amount_minor), String(debit.amount_minor)),
  ];
}

function compareRefund(
  { attempts }: Books,
  line: Extract<DayLine, { is: 'refund' }>,
): DayDifference[] {
  const { order } = line;
  const about = { of: 'refund', name: line.refund, order } as const;
  const row = attempts.refund(line.refund);
  if (row === undefined || row.state !== 'refunded' || row.order_number !== order) {
    return [{ kind: 'missing_at_gateway', ...about }];
  }
  const [terminal, gateway] = [String(line.amount_minor), String(row.amount_minor)];
  return terminal === gateway ? [] : [{ kind: 'amount_differs', ...about, terminal, gateway }];
}

/** What stands in this day, and in it or in one before it again. */
function twice({ days }: Books, day: DayKey, lines: readonly DayLine[]): DayDifference[] {
  const seen = new Set<string>();
  return lines.flatMap((line): DayDifference[] => {
    if (line.is === 'open') return [];
    const name = nameOf(line);
    const key = `${line.is} ${name}`;
    const again = seen.has(key);
    seen.add(key);
    const elsewhere = (): boolean =>
      days.named(day.terminal, line.is, name).some((row) => isBefore(row, day));
    if (!again && !elsewhere()) return [];
    const order = line.is === 'order' ? {} : { order: line.order };
    return [{ kind: 'twice', of: line.is, name, ...order }];
  });
}

const isBefore = (row: DayKey, day: DayKey): boolean =>
  row.book !== day.book || row.number < day.number;

// ── What the terminal should have stated ────────────────────────────────────────────────────────

/** Milliseconds of the terminal's clock in an order's number. */
const madeAt = (order: string): number =>
  orderNumberBytes(order)
    .slice(0, 6)
    .reduce((sum, byte) => sum * 256 + byte, 0);

/** Whether an order was there before the close, and nothing of it is still to come. */
function isOfDay({ head, lines }: Asked): (order: string) => boolean {
  const open = new Set(lines.flatMap((line) => (line.is === 'open' ? [line.order] : [])));
  return (order) => madeAt(order) <= head.to && !open.has(order);
}

const isNamed = ({ days }: Books, day: DayKey, of: DayDifference['of'], name: string): boolean =>
  days
    .differing(day.terminal, of, name)
    .some((row) => row.kind === 'missing_at_terminal' && isBefore(row, day));

function missingOrders(books: Books, asked: Asked) {
  const { day, heardBefore, ordersFrom, now } = asked;
  const isOurs = isOfDay(asked);
  const open = new Set(asked.lines.flatMap((line) => (line.is === 'open' ? [line.order] : [])));
  let from = now;
  const differences: DayDifference[] = [];
  for (const { number: name, recorded_at } of books.days.unstated(day.terminal, ordersFrom)) {
    if (isNamed(books, day, 'order', name)) continue;
    // Whatever its clock said: what was here before the last day came must be in this one.
    const old = recorded_at < heardBefore && !open.has(name);
    if (isOurs(name) || old) differences.push({ kind: 'missing_at_terminal', of: 'order', name });
    else from = Math.min(from, recorded_at);
  }
  return { differences, from };
}

function missingDebits(books: Books, asked: Asked) {
  const { day, debits, debitsAfter } = asked;
  const isOurs = isOfDay(asked);
  let after: number | null = null;
  let last = debitsAfter;
  const differences: DayDifference[] = [];
  for (const [name, { place, order }] of debits ?? []) {
    if (place <= debitsAfter) continue;
    last = Math.max(last, place);
    if (books.days.named(day.terminal, 'card', name).length > 0) continue;
    if (isNamed(books, day, 'card', name)) continue;
    if (isOurs(order)) {
      differences.push({ kind: 'missing_at_terminal', of: 'card', name, order });
    } else after = Math.min(after ?? Infinity, place - 1);
  }
  return { differences, after: after ?? last };
}

/** One that was acknowledged so long before the close was journalled before it. */
const CLOCKS_DIFFER_MS = 60_000;

function missingRefunds(books: Books, { day, head }: Asked): DayDifference[] {
  return books.days.unstatedRefunds(day.terminal).flatMap(({ order_number: order, body }) => {
    const { refund: name } = refundSchema.parse(JSON.parse(body));
    const seen = books.orders
      .events(order)
      .find(({ kind, detail }) => kind === 'refund_seen' && JSON.parse(detail).refund === name);
    if (seen === undefined || seen.at > head.gateway_to - CLOCKS_DIFFER_MS) return [];
    if (isNamed(books, day, 'refund', name)) return [];
    return [{ kind: 'missing_at_terminal', of: 'refund', name, order } as const];
  });
}
