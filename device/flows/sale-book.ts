/**
 * The sales of a terminal as a value: a changed book shares with the one before all that did not
 * change, because a terminal without network keeps a hundred thousand sales and changes one at a time.
 */
import type { Sale } from './sale-state.ts';

/**
 * Changes lie in two layers above a base, and a full layer goes into what is below it. So the small
 * one is copied often, the whole book seldom, and a change costs about the same with ten sales as
 * with a hundred thousand.
 */
const RECENT = 128;
const OLDER = 4096;

/** `null` where a sale of a layer below is gone. */
type Layer = ReadonlyMap<string, Sale | null>;

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
  static readonly EMPTY = new SaleBook(new Map(), new Map(), new Map(), 0, NOTHING);

  readonly size: number;
  readonly tally: Tally;
  readonly #base: ReadonlyMap<string, Sale>;
  readonly #older: Layer;
  readonly #recent: Layer;

  private constructor(
    base: ReadonlyMap<string, Sale>,
    older: Layer,
    recent: Layer,
    size: number,
    tally: Tally,
  ) {
    this.#base = base;
    this.#older = older;
    this.#recent = recent;
    this.size = size;
    this.tally = tally;
  }

  get(number: string): Sale | undefined {
    const recent = this.#recent.get(number);
    if (recent !== undefined) return recent ?? undefined;
    const older = this.#older.get(number);
    return older === undefined ? this.#base.get(number) : (older ?? undefined);
  }

  has(number: string): boolean {
    return this.get(number) !== undefined;
  }

  *[Symbol.iterator](): Generator<readonly [string, Sale]> {
    const untouched = this.#older.size === 0 && this.#recent.size === 0;
    for (const [number, known] of this.#base) {
      const sale = untouched ? known : this.get(number);
      if (sale !== undefined) yield [number, sale];
    }
    for (const number of this.#older.keys()) {
      const sale = this.#base.has(number) ? undefined : this.get(number);
      if (sale !== undefined) yield [number, sale];
    }
    for (const [number, sale] of this.#recent) {
      const below = this.#base.has(number) || this.#older.has(number);
      if (sale !== null && !below) yield [number, sale];
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
  change(changes: Layer): SaleBook {
    if (changes.size === 0) return this;
    let { size, tally } = this;
    for (const [number, sale] of changes) {
      const before = this.get(number);
      size += (sale === null ? 0 : 1) - (before === undefined ? 0 : 1);
      tally = add(add(tally, before, -1), sale ?? undefined, 1);
    }
    const { recent, older } = this.#stack(changes);
    if (older.size <= OLDER) return new SaleBook(this.#base, older, recent, size, tally);
    const whole = new SaleBook(this.#base, older, recent, size, tally);
    return new SaleBook(new Map(whole), new Map(), new Map(), size, tally);
  }

  /** Both layers with these changes on top. */
  #stack(changes: Layer): { readonly recent: Layer; readonly older: Layer } {
    if (this.#recent.size + changes.size <= RECENT) {
      return { recent: merge(this.#recent, changes), older: this.#older };
    }
    return { recent: new Map(), older: merge(this.#older, this.#recent, changes) };
  }

  /** Numbers of the sales that may differ from an earlier book's; of all where that is unknown. */
  changedSince(before: SaleBook): Iterable<string> {
    if (before === this) return [];
    if (before.#base !== this.#base) return this.keys();
    if (before.#older === this.#older) return this.#recent.keys();
    return [...this.#older.keys(), ...this.#recent.keys()];
  }
}

function merge(below: Layer, ...above: readonly Layer[]): Layer {
  const merged = new Map(below);
  for (const layer of above) for (const [number, sale] of layer) merged.set(number, sale);
  return merged;
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
