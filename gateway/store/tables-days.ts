/** The nouns of business days: what a terminal stated, and what the order centre found. */
import type { DayDifference, DayName } from '#device/messages/day.ts';
import type { OrderRow } from './tables.ts';

export interface DayRow extends DayName {
  readonly terminal: string;
  /** As the terminal stated it, JSON. */
  readonly head: string;
  readonly digest: string;
  /** When its first page arrived. */
  readonly at: number;
}

export type DayKey = Pick<DayRow, 'terminal' | 'book' | 'number'>;

export interface DayLineRow extends DayKey {
  readonly id: number;
  readonly kind: 'order' | 'card' | 'refund' | 'open';
  /** Order number, `card-counter`, or id of the refund. */
  readonly name: string;
  /** The line, JSON. */
  readonly body: string;
}

export interface DayVerdictRow extends DayKey {
  readonly at: number;
  /** Orders of the terminal recorded before it are decided. */
  readonly orders_from: number;
  /** So are debits of the settlement up to this one. */
  readonly debits_after: number;
  /** Counts and sums of the gateway's own books, JSON. */
  readonly books: string;
}

export interface DayDifferenceRow extends DayKey {
  readonly id: number;
  readonly kind: DayDifference['kind'];
  readonly of: DayDifference['of'];
  readonly name: string;
  /** The difference, JSON. */
  readonly body: string;
  readonly at: number;
  /** When it was found mended; `null` while it is so. */
  readonly healed_at: number | null;
}

export interface DayTable {
  find(day: DayKey): DayRow | undefined;
  add(row: DayRow): void;
  /** Of a terminal, newest first. */
  ofTerminal(terminal: string, limit: number): DayRow[];
  /** Of all terminals of a vendor that were stated to be closed in [from, to). */
  ofVendor(vendor: string, from: number, to: number): DayRow[];
  pages(day: DayKey): { readonly count: number; readonly last_at: number };
  addPage(day: DayKey, page: number, at: number, lines: readonly Omit<DayLineRow, 'id'>[]): void;
  lines(day: DayKey): DayLineRow[];
  /** Lines of this name in all days of a terminal, oldest first. */
  named(terminal: string, kind: DayLineRow['kind'], name: string): DayLineRow[];
  /** Orders of a terminal recorded since then that stand in no day, oldest first. */
  unstated(terminal: string, since: number): OrderRow[];
  /** Refunds that a terminal has acknowledged and that stand in no day. */
  unstatedRefunds(terminal: string): { readonly order_number: string; readonly body: string }[];
  verdict(day: DayKey): DayVerdictRow | undefined;
  lastVerdict(terminal: string): DayVerdictRow | undefined;
  addVerdict(row: DayVerdictRow): void;
  /** Names it once, however often it is found. */
  addDifference(row: Omit<DayDifferenceRow, 'id' | 'healed_at'>): void;
  differences(day: DayKey): DayDifferenceRow[];
  /** Of a terminal, by what they are about. */
  differing(terminal: string, of: DayDifference['of'], name: string): DayDifferenceRow[];
  /** Days with a difference that is not mended, the ones found last first. */
  open(limit: number): DayKey[];
  heal(difference: number, at: number): void;
}
