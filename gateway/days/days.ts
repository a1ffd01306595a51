/**
 * The gateway's side of the end of a business day: it takes what a terminal states, page by page, asks
 * the settlement for its debits, compares, and answers with a signed receipt. What differs is named and
 * kept; what is mended later, by an order that comes late, is marked with when.
 */
import {
  DAY_PAGE,
  type DayDifference,
  type DayHead,
  type DayLine,
  type DayPage,
  type DayReceipt,
  RECEIPT_DIFFERENCES,
} from '#device/messages/day.ts';
import type { Clock } from '../clock.ts';
import { askGate } from '../gate.ts';
import type { Log } from '../log.ts';
import type { Downlinks } from '../notify/downlinks.ts';
import { DEBITS_LIMIT, type SettlementGate, type TakenDebit } from '../settlement/gate.ts';
import type { Tables } from '../store/tables.ts';
import type { DayDifferenceRow, DayKey } from '../store/tables-days.ts';
import type { Transaction, Writer } from '../store/writer.ts';
import { compareDay, compareLine, type Debits, debitName, nameOf } from './compare.ts';
import { differenceOf, headOf, lineOf } from './rows.ts';
import { booksOf } from './view.ts';

export interface DaysParts {
  readonly tables: Tables;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly log: Log;
  readonly downlinks: Pick<Downlinks, 'tell'>;
  /** `null` where there is none: then no card's transaction is compared. */
  readonly settlement: Pick<SettlementGate, 'debits'> | null;
}

/** What another organisation was told a moment ago may still be on its way. */
const GRACE_MS = 15_000;
/** How often days with differences are looked at again, and how soon after an order was recorded. */
const ROUND_MS = 60_000;
const SOON_MS = 1000;
const OPEN_DAYS = 100;

export type Taken = 'wanted' | 'compared' | 'refused';

export class Days {
  readonly #parts: DaysParts;
  readonly #unlisten: () => void;
  readonly #busy = new Set<string>();
  #cancel: () => void = () => undefined;
  #closed = false;
  #soon = false;

  constructor(parts: DaysParts) {
    this.#parts = parts;
    this.#unlisten = parts.writer.listen((note) => {
      if (note.about !== 'order' || this.#soon || this.#closed) return;
      if (parts.tables.days.open(1).length > 0) this.#arm(SOON_MS);
    });
    this.#arm(ROUND_MS);
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
    this.#unlisten();
  }

  /** Takes one page; rejects with a `StoreError` where the store took nothing. */
  async take(terminal: string, page: DayPage): Promise<Taken> {
    const { writer, clock, downlinks, log } = this.#parts;
    const day: DayKey = { terminal, book: page.head.book, number: page.head.number };
    const { head } = page;
    const missing = linesOfPage(head, page.page) - page.lines.length;
    if (missing !== 0) {
      const says = `${terminal}: day ${day.number}, page ${page.page} is not ${DAY_PAGE} lines long`;
      log({ level: 'warn', place: 'days', says, mend: 'update whichever of the two is older' });
      return 'refused';
    }
    const kept = await writer.run((tx) => keepPage(tx, day, page, Math.floor(clock.now())));
    if (kept === null) {
      const says = `${terminal}: day ${day.number} of book ${day.book} was stated otherwise before`;
      const mend = 'the first statement stands; look at the journal of the terminal';
      log({ level: 'warn', place: 'days', says, mend });
      return 'refused';
    }
    if (kept >= pagesOf(head) && (await this.#judge(day))) {
      this.#tell(day);
      return 'compared';
    }
    const wanted = { book: day.book, number: day.number, page: kept };
    downlinks.tell(terminal, { kind: 'day_wanted', wanted });
    return 'wanted';
  }

  /** Whether there is a verdict; what is open of an earlier one is looked at again. */
  async #judge(day: DayKey): Promise<boolean> {
    const { tables, log } = this.#parts;
    const key = `${day.terminal} ${day.book} ${day.number}`;
    if (this.#busy.has(key)) return tables.days.verdict(day) !== undefined;
    this.#busy.add(key);
    try {
      if (tables.days.verdict(day) !== undefined) {
        await this.#heal(day);
        return true;
      }
      return await this.#compare(day);
    } catch (error) {
      log({ level: 'warn', place: 'days', says: `${key}: not compared yet: ${String(error)}` });
      return tables.days.verdict(day) !== undefined;
    } finally {
      this.#busy.delete(key);
    }
  }

  async #compare(day: DayKey): Promise<boolean> {
    const { tables, writer, clock } = this.#parts;
    const row = tables.days.find(day);
    if (row === undefined) return false;
    const head = headOf(row);
    const lines = tables.days.lines(day).map(lineOf);
    const before = tables.days.lastVerdict(day.terminal);
    const debitsAfter = before?.debits_after ?? 0;
    const debits = await this.#debits(day.terminal, debitsAfter, lines);
    return writer.run((tx) => {
      const now = Math.floor(clock.now());
      const compared = compareDay(tx, {
        ...{ day, head, lines, debits, debitsAfter, now },
        heardBefore: before?.at ?? 0,
        ordersFrom: before?.orders_from ?? 0,
      });
      const { differences, orders_from, debits_after } = compared;
      const sinceMs = now - tx.days.pages(day).last_at;
      // A clock that was ahead when the page came would else hold it up until that time.
      const lately = sinceMs >= 0 && sinceMs < GRACE_MS;
      if (differences.length > 0 && lately) return false;
      for (const each of differences) tx.days.addDifference(differenceRow(day, each, now));
      const books = JSON.stringify(booksOf(tx, day.terminal, lines, debits));
      tx.days.addVerdict({ ...day, at: now, orders_from, debits_after, books });
      return true;
    });
  }

  /** All debits of the terminal behind a place, and those that the lines name. */
  async #debits(
    terminal: string,
    after: number,
    lines: readonly DayLine[],
  ): Promise<Debits | null> {
    const { settlement, writer } = this.#parts;
    if (settlement === null) return null;
    const debits = new Map<string, TakenDebit>();
    const names = lines.flatMap((line) =>
      line.is === 'card' ? [{ card: line.card, counter: line.counter }] : [],
    );
    let place = after;
    for (let at = 0, more = true; more || at < names.length; at += DEBITS_LIMIT) {
      const named = names.slice(at, at + DEBITS_LIMIT);
      const told = await askGate(writer, settlement.debits, { terminal, after: place, named });
      for (const each of [...told.named, ...told.debits]) debits.set(debitName(each), each);
      place = told.debits.at(-1)?.place ?? place;
      more = told.debits.length === DEBITS_LIMIT;
    }
    return debits;
  }

  /** Marks what is mended; the answer is whether anything was. */
  async #heal(day: DayKey): Promise<boolean> {
    const { tables, writer, clock } = this.#parts;
    const open = tables.days.differences(day).filter(({ healed_at }) => healed_at === null);
    if (open.length === 0) return false;
    const lines = open.flatMap((each) => linesAbout(tables, each));
    const debits = await this.#debits(day.terminal, Number.MAX_SAFE_INTEGER, lines);
    return writer.run((tx) => {
      const healed = open.filter((each) => isMended(tx, each, debits));
      for (const { id } of healed) tx.days.heal(id, Math.floor(clock.now()));
      return healed.length > 0;
    });
  }

  #tell(day: DayKey): void {
    const receipt = receiptOf(this.#parts.tables, day);
    if (receipt !== null)
      this.#parts.downlinks.tell(day.terminal, { kind: 'day_receipt', receipt });
  }

  #arm(ms: number): void {
    this.#cancel();
    this.#soon = ms === SOON_MS;
    this.#cancel = this.#parts.clock.after(ms, () => {
      this.#soon = false;
      this.#arm(ROUND_MS);
      this.#look().catch((error: unknown) => {
        this.#parts.log({ level: 'warn', place: 'days', says: `not yet: ${String(error)}` });
      });
    });
  }

  async #look(): Promise<void> {
    for (const day of this.#parts.tables.days.open(OPEN_DAYS)) {
      if (await this.#heal(day)) this.#tell(day);
    }
  }
}

const pagesOf = ({ lines }: DayHead): number => Math.max(1, Math.ceil(lines / DAY_PAGE));

const linesOfPage = ({ lines }: DayHead, page: number): number =>
  Math.max(0, Math.min(DAY_PAGE, lines - page * DAY_PAGE));

/** How many pages there are then; `null` where another statement has this name. */
function keepPage(tx: Transaction, day: DayKey, page: DayPage, at: number): number | null {
  const { head, lines } = page;
  const known = tx.days.find(day);
  if (known !== undefined && known.digest !== head.digest) return null;
  if (known === undefined) {
    tx.days.add({ ...day, head: JSON.stringify(head), digest: head.digest, at });
  }
  const { count } = tx.days.pages(day);
  // One before it was lost, or it is here already.
  if (page.page !== count) return count;
  const rows = lines.map((line) => {
    const kind = line.is;
    return { ...day, kind, name: nameOf(line), body: JSON.stringify(line) };
  });
  tx.days.addPage(day, count, at, rows);
  return count + 1;
}

const differenceRow = (day: DayKey, each: DayDifference, at: number) => ({
  ...{ ...day, kind: each.kind, of: each.of, name: each.name },
  ...{ body: JSON.stringify(each), at },
});

/** The terminal's lines that a difference is about. */
function linesAbout({ days }: Pick<Tables, 'days'>, each: DayDifferenceRow): DayLine[] {
  if (each.of === 'day') return [];
  return days
    .named(each.terminal, each.of, each.name)
    .filter(({ book, number }) => book === each.book && number === each.number)
    .map(lineOf);
}

function isMended(tx: Transaction, each: DayDifferenceRow, debits: Debits | null): boolean {
  if (each.of === 'day') {
    const number = Number(each.name);
    const named = tx.days.find({ ...each, number });
    return each.kind === 'missing_at_gateway' && named !== undefined;
  }
  if (each.kind === 'twice') return false;
  if (each.kind === 'missing_at_terminal') {
    return tx.days.named(each.terminal, each.of, each.name).length > 0;
  }
  // Without a settlement nobody knows.
  if (each.of === 'card' && debits === null) return false;
  const still = linesAbout(tx, each).flatMap((line) =>
    compareLine(tx, each.terminal, line, debits),
  );
  // Missing yesterday and there with another amount today is no mending.
  return still.length === 0;
}

/** What the terminal is told; `null` before the day was compared. */
export function receiptOf({ days }: Pick<Tables, 'days'>, day: DayKey): DayReceipt | null {
  const [row, verdict] = [days.find(day), days.verdict(day)];
  if (row === undefined || verdict === undefined) return null;
  const all = days.differences(day);
  const open = all.filter(({ healed_at }) => healed_at === null);
  return {
    ...{ book: day.book, number: day.number, digest: row.digest },
    agreed: open.length === 0,
    differing: open.length,
    healed: all.length - open.length,
    differences: open.slice(0, RECEIPT_DIFFERENCES).map(differenceOf),
    at: Math.max(verdict.at, ...all.map(({ healed_at }) => healed_at ?? 0)),
  };
}
