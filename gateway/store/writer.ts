/**
 * The one batching writer: it drains its queue, gives each unit a savepoint, commits once, and only
 * then answers them all. A disk that takes 4 ms to sync then slows a batch, not each payment.
 */
import type { Engine, Tables } from './tables.ts';

/** What a committed unit changed; whoever listens is told after the commit, never before. */
export type Note =
  | { readonly about: 'order'; readonly number: string }
  | { readonly about: 'outbox'; readonly terminal: string }
  /** Another organisation has not answered yet. */
  | { readonly about: 'open' }
  /** Something is to be told to somebody outside. */
  | { readonly about: 'delivery' }
  | { readonly about: 'telephone'; readonly number: string }
  /** An order of the web shop, or what its reader does. */
  | { readonly about: 'shop'; readonly number: string }
  /** A card has paid for nothing. */
  | { readonly about: 'card_refused' }
  /** Which cards no terminal takes. */
  | { readonly about: 'hotlist' }
  /** Terminals are given other keys of cards. */
  | { readonly about: 'card_keys' }
  /** What became of a debit in doubt of this terminal. */
  | { readonly about: 'verdict'; readonly terminal: string }
  /** A voucher of the fund server. */
  | { readonly about: 'voucher'; readonly number: string }
  /** A payment link of the acquirer. */
  | { readonly about: 'link'; readonly id: string }
  /** Who is paired with a terminal, or how far an attempt is. */
  | { readonly about: 'pairing'; readonly terminal: string };

export interface Transaction extends Tables {
  /** Told to the listeners when the unit is committed; forgotten where it fails. */
  note(note: Note): void;
}

/** One decision and all its writes; synchronous, so that nothing else can come between. */
export type Unit<T> = (transaction: Transaction) => T;

/** The store took nothing: full or broken disk, too long a queue, or closed. */
export class StoreError extends Error {}

/** Units of one commit: more only adds latency (measured). */
const BATCH = 256;
/** Units that may wait; beyond, callers are told to come again. */
const QUEUE = 20_000;

interface Job {
  perform(tables: Tables): Done;
  fail(error: unknown): void;
}

interface Done {
  readonly notes: readonly Note[];
  readonly answer: () => void;
}

export class Writer {
  readonly #engine: Engine;
  readonly #defer: (then: () => void) => void;
  readonly #listeners = new Set<(note: Note) => void>();
  #queue: Job[] = [];
  #scheduled = false;
  #closed = false;

  /** `defer` calls back soon, after whatever else arrived at the same moment has queued its unit. */
  constructor(engine: Engine, defer: (then: () => void) => void) {
    this.#engine = engine;
    this.#defer = defer;
  }

  /** Resolves with the unit's answer after its commit; rejects with what it threw, undone. */
  run<T>(unit: Unit<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new StoreError('the store is closed'));
    if (this.#queue.length >= QUEUE) return Promise.reject(new StoreError('the store is behind'));
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({
        perform(tables) {
          const notes: Note[] = [];
          const answer = unit({ ...tables, note: (note) => notes.push(note) });
          return { notes, answer: () => resolve(answer) };
        },
        fail: reject,
      });
      this.#schedule();
    });
  }

  /** The answer stops it. */
  listen(listener: (note: Note) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Commits what is queued, then closes the engine. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    while (this.#queue.length > 0) this.#drain();
    this.#engine.close();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#defer(() => {
      this.#scheduled = false;
      if (!this.#closed && this.#queue.length > 0) this.#drain();
    });
  }

  #drain(): void {
    const jobs = this.#queue.splice(0, BATCH);
    if (this.#queue.length > 0) this.#schedule();
    const done: Done[] = [];
    const undone: (() => void)[] = [];
    try {
      this.#engine.begin();
      for (const job of jobs) this.#attempt(job, done, undone);
      this.#engine.commit();
    } catch (cause) {
      this.#engine.abandon();
      const says = cause instanceof Error ? cause.message : String(cause);
      for (const job of jobs) job.fail(new StoreError(`nothing was stored: ${says}`, { cause }));
      return;
    }
    for (const each of done) each.answer();
    for (const fail of undone) fail();
    for (const { notes } of done) for (const note of notes) this.#tell(note);
  }

  #attempt(job: Job, done: Done[], undone: (() => void)[]): void {
    this.#engine.savepoint();
    try {
      done.push(job.perform(this.#engine.tables));
      this.#engine.release();
    } catch (error) {
      if (this.#engine.isBroken(error)) throw error;
      this.#engine.undo();
      undone.push(() => job.fail(error));
    }
  }

  #tell(note: Note): void {
    for (const listener of this.#listeners) listener(note);
  }
}
