/**
 * The auditor's books of business days: what each terminal stated, line by line, and what the gateway's
 * report names. A report may name nothing that is not so, and must name all that is.
 */
import {
  type DayHead,
  type DayLine,
  type DayStatement,
  wayOfPayment,
} from '#device/messages/day.ts';
import type { JournalEntry } from '#device/messages/journal.ts';
import type { OrderRow, Tables } from '#gateway/store/tables.ts';
import type { DayKey } from '#gateway/store/tables-days.ts';
import type { OrderBooks } from './order-books.ts';
import type { DayDifference, Write } from './watched-engine.ts';

export interface DayBooksParts {
  readonly orders: () => OrderBooks;
  readonly report: (what: string) => void;
  readonly counts: { days: number };
}

type OrderLine = Extract<DayLine, { is: 'order' }>;

const keyOf = ({ terminal, book, number }: DayKey): string => `${terminal} ${book} ${number}`;

export class DayBooks {
  readonly #parts: DayBooksParts;
  /** Each that a journal has, by its name. */
  readonly #stated = new Map<string, DayStatement>();
  readonly #terminals = new Map<string, string[]>();
  /** Orders that stand in a day, and the days they stand in. */
  readonly #linesOf = new Map<string, string[]>();
  /** By terminal, orders that the next day must have. */
  readonly #late = new Map<string, readonly string[]>();
  /** By terminal, orders that ended and stand in no day yet. */
  readonly #ended = new Map<string, Set<string>>();

  constructor(parts: DayBooksParts) {
    this.#parts = parts;
  }

  /** The journal of a terminal has these. */
  journalled(terminal: string, entries: readonly JournalEntry[]): void {
    for (const entry of entries) {
      if (entry.kind === 'day_closed') this.#note(terminal, entry.day);
      if (entry.kind === 'result') this.#end(terminal, entry.result.order);
      if (entry.kind === 'card_done' && entry.payment.sold)
        this.#end(terminal, entry.payment.order);
    }
  }

  #end(terminal: string, order: string): void {
    const ended = this.#ended.get(terminal) ?? new Set();
    if (!this.#linesOf.has(order)) this.#ended.set(terminal, ended.add(order));
  }

  /** Whether an order has ended that stands in no day yet. */
  hasOpenDay(terminal: string): boolean {
    return (this.#ended.get(terminal)?.size ?? 0) > 0;
  }

  #note(terminal: string, day: DayStatement): void {
    const key = keyOf({ terminal, ...day.head });
    const known = this.#stated.get(key);
    if (known !== undefined) {
      if (known.head.digest !== day.head.digest) this.#wrong(key, 'is stated in two ways');
      return;
    }
    this.#parts.counts.days += 1;
    this.#stated.set(key, day);
    this.#terminals.set(terminal, [...(this.#terminals.get(terminal) ?? []), key]);
    const late = this.#late.get(terminal) ?? [];
    for (const line of day.lines) {
      if (line.is !== 'order') continue;
      this.#ended.get(terminal)?.delete(line.order);
      const days = [...(this.#linesOf.get(line.order) ?? []), key];
      this.#linesOf.set(line.order, days);
      if (days.length > 1) this.#wrong(line.order, `stands in ${days.join(' and ')}`);
    }
    for (const order of late) {
      if (!this.#linesOf.has(order)) this.#wrong(key, `leaves out ${order}, which ended before it`);
    }
    // What reached the journal while the day was being closed is of the next one.
    this.#late.set(terminal, [...(this.#ended.get(terminal) ?? [])]);
  }

  committed(writes: readonly Write[]): void {
    const verdicts = writes.flatMap((write) => (write.is === 'day_verdict' ? [write.row] : []));
    for (const verdict of verdicts) {
      const key = keyOf(verdict);
      const day = this.#stated.get(key);
      const named = writes.flatMap((write) =>
        write.is === 'day_difference' && keyOf(write.row) === key ? [write.row] : [],
      );
      if (day === undefined) this.#wrong(key, 'is judged, and no journal has it');
      else this.#checkVerdict(key, verdict.terminal, day, named);
    }
  }

  /** The report names exactly what is missing of orders, as they are in this commit. */
  #checkVerdict(
    key: string,
    terminal: string,
    day: DayStatement,
    named: readonly DayDifference[],
  ): void {
    const orders = this.#parts.orders();
    const names = new Set(named.map(({ kind, of, name }) => `${kind} ${of} ${name}`));
    for (const line of day.lines) {
      if (line.is !== 'order') continue;
      const right = differences(line, orders.find(line.order)).map(
        (each) => `${each} ${line.order}`,
      );
      for (const each of right) {
        if (!names.delete(each)) this.#wrong(key, `does not name ${each}`);
      }
    }
    for (const name of names) {
      const [kind = '', of = '', what = ''] = name.split(' ');
      if (kind === 'twice' || kind === 'totals_differ') this.#wrong(key, `wrongly names ${name}`);
      else if (of === 'order') this.#checkNamed(key, terminal, kind, what);
    }
  }

  #checkNamed(key: string, terminal: string, kind: string, order: string): void {
    const row = this.#parts.orders().find(order);
    const isLeftOut =
      kind === 'missing_at_terminal' &&
      row?.terminal === terminal &&
      !(this.#linesOf.get(order) ?? []).includes(key);
    if (!isLeftOut) this.#wrong(key, `wrongly names ${kind} of order ${order}`);
  }

  /** What is not compared, agreed to or mended yet, a sentence each. */
  unfinished(terminal: string, tables: Tables): string[] {
    return (this.#terminals.get(terminal) ?? []).flatMap((key) => {
      const { head } = this.#stated.get(key) ?? {};
      if (head === undefined) return [];
      const day: DayKey = { terminal, book: head.book, number: head.number };
      if (tables.days.verdict(day) === undefined) return [`day ${key} is not compared`];
      const open = tables.days.differences(day).filter(({ healed_at }) => healed_at === null);
      return open.map(({ kind, name }) => `day ${key}: ${kind} ${name}`);
    });
  }

  /** At the end each order stands in one day of its terminal, as the gateway has it. */
  judge(tables: Tables): void {
    for (const row of this.#parts.orders().all()) {
      if (!this.#linesOf.has(row.number)) {
        this.#wrong(row.number, `of ${row.terminal} stands in no day`);
      }
    }
    for (const [terminal, keys] of this.#terminals) {
      let before: DayHead | null = null;
      for (const key of keys) {
        const day = this.#stated.get(key);
        if (day === undefined) continue;
        this.#judgeDay(terminal, key, day, before, tables);
        before = day.head;
      }
    }
  }

  #judgeDay(
    terminal: string,
    key: string,
    { head, lines }: DayStatement,
    before: DayHead | null,
    tables: Tables,
  ): void {
    const row = tables.days.find({ terminal, book: head.book, number: head.number });
    if (row?.digest !== head.digest) this.#wrong(key, 'is another one at the gateway');
    if (before !== null && before.digest !== head.before) this.#wrong(key, 'follows another one');
    for (const line of lines) {
      if (line.is !== 'order') continue;
      const order = this.#parts.orders().find(line.order);
      for (const each of differences(line, order)) this.#wrong(key, `${each} ${line.order}`);
    }
  }

  #wrong(what: string, says: string): void {
    this.#parts.report(`day: ${what} ${says}`);
  }
}

/** In what a line of a day and the order centre's order differ. */
function differences(line: OrderLine, row: OrderRow | undefined): string[] {
  if (row === undefined) return ['missing_at_gateway order'];
  const way = wayOfPayment(row.payment);
  return [
    ...(line.outcome === row.state ? [] : ['outcome_differs order']),
    ...(line.amount_minor === row.amount_minor ? [] : ['amount_differs order']),
    ...(line.outcome === 'paid' && row.state === 'paid' && line.way !== way
      ? ['way_differs order']
      : []),
  ];
}
