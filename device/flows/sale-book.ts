/**
 * The sales of a terminal as a value: a changed book shares with the one before all that did not
 * change, because a terminal without network keeps a hundred thousand sales and changes one at a time.
 */
import type { Sale } from './sale.ts';

/** Changes that a book carries beside its base before it makes a new base of both. */
const CHANGES = 256;

/** What is told of all sales together. */
export interface Tally {
  /** Sales that wait for the gateway to end them. */
  readonly closing: number;
  /** Payments by card that settlement has not heard of, and their sum. */
  readonly unposted: number;
  readonly unpostedMinor: number;
}

const NOTHING: Tally = { closing: 0, unposted: 0, unpostedMinor: 0 };

/** Oldest first; every verb answers a new book. */
export class SaleBook implements Iterable<readonly [string, Sale]> {
  static readonly EMPTY = new SaleBook(new Map(), new Map(), 0, NOTHING);

  readonly size: number;
  readonly tally: Tally;
  readonly #base: ReadonlyMap<string, Sale>;
  /** `null` where a sale of the base is gone. */
  readonly #changes: ReadonlyMap<string, Sale | null>;

  private constructor(
    base: ReadonlyMap<string, Sale>,
    changes: ReadonlyMap<string, Sale | null>,
    size: number,
    tally: Tally,
  ) {
    this.#base = base;
    this.#changes = changes;
    this.size = size;
    this.tally = tally;
  }

  get(number: string): Sale | undefined {
    const changed = this.#changes.get(number);
    return changed === undefined ? this.#base.get(number) : (changed ?? undefined);
  }

  has(number: string): boolean {
    return this.get(number) !== undefined;
  }

  *[Symbol.iterator](): Generator<readonly [string, Sale]> {
    for (const [number, known] of this.#base) {
      const changed = this.#changes.get(number);
      if (changed !== null) yield [number, changed ?? known];
    }
    for (const [number, sale] of this.#changes) {
      if (sale !== null && !this.#base.has(number)) yield [number, sale];
    }
  }

  *values(): Generator<Sale> {
    for (const [, sale] of this) yield sale;
  }

  *keys(): Generator<string> {
    for (const [number] of this) yield number;
  }

  with(number: string, sale: Sale): SaleBook {
    return this.change(new Map([[number, sale]]));
  }

  without(number: string): SaleBook {
    return this.change(new Map([[number, null]]));
  }

  /** Several at once; `null` takes a sale out. */
  change(changes: ReadonlyMap<string, Sale | null>): SaleBook {
    if (changes.size === 0) return this;
    const full = this.#changes.size + changes.size > CHANGES;
    const base = full ? new Map(this) : this.#base;
    const next = full ? new Map<string, Sale | null>() : new Map(this.#changes);
    let { size, tally } = this;
    for (const [number, sale] of changes) {
      const before = this.get(number);
      size += (sale === null ? 0 : 1) - (before === undefined ? 0 : 1);
      tally = add(add(tally, before, -1), sale ?? undefined, 1);
      next.set(number, sale);
    }
    return new SaleBook(base, next, size, tally);
  }

  /** Numbers of the sales that may differ from an earlier book's; of all where that is unknown. */
  changedSince(before: SaleBook): Iterable<string> {
    if (before === this) return [];
    return before.#base === this.#base ? this.#changes.keys() : this.keys();
  }
}

function add(tally: Tally, sale: Sale | undefined, sign: 1 | -1): Tally {
  if (sale === undefined) return tally;
  const payment = sale.debit?.told === false ? sale.debit.payment : undefined;
  return {
    closing: tally.closing + (sale.stage === 'closing' ? sign : 0),
    unposted: tally.unposted + (payment === undefined ? 0 : sign),
    unpostedMinor: tally.unpostedMinor + sign * (payment?.amount_minor ?? 0),
  };
}
