/** Counts wrong guesses by address, so that nobody tries numbers, codes and passwords in a row. */
import type { Clock } from './clock.ts';

/** Wrong ones from one address in {@link WINDOW_MS}; many phones may share an address. */
const TRIES = 20;
const WINDOW_MS = 15 * 60_000;
/** Addresses that are remembered at once: the oldest gives way. */
const ADDRESSES = 10_000;

interface Counted {
  readonly since: number;
  readonly wrong: number;
}

/** What it knows is forgotten when the process ends; vouchers and parties have locks that stay. */
export class Guesses {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #counted = new Map<string, Counted>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Whether this address (a digest of it) has guessed wrong too often: it has to wait. */
  isOver(client: string): boolean {
    return (this.#find(client)?.wrong ?? 0) >= TRIES;
  }

  /** One more that was wrong. */
  count(client: string): void {
    const known = this.#find(client) ?? { since: this.#clock.now(), wrong: 0 };
    this.#counted.delete(client);
    this.#counted.set(client, { ...known, wrong: known.wrong + 1 });
    const [oldest] = this.#counted.keys();
    if (this.#counted.size > ADDRESSES && oldest !== undefined) this.#counted.delete(oldest);
  }

  #find(client: string): Counted | undefined {
    const known = this.#counted.get(client);
    const over = known !== undefined && this.#clock.now() - known.since >= WINDOW_MS;
    return over ? undefined : known;
  }
}
