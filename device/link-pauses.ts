/**
 * How long a terminal waits before it connects again. Longer each time, so that a gateway in trouble
 * (its store is full, and it ends each connection that brings an order) is not knocked at each second
 * by every terminal; and by chance, so that not all of them come back at the same moment.
 */
import type { Chance } from './ports/clock.ts';

/** A connection that was up so long was a good one: the pauses begin anew. */
export const STEADY_MS = 10_000;
const FIRST_MS = 1000;
/** Where nobody answers; a customer may be waiting for the network to come back. */
const LONGEST_MS = 5000;
/** Where the gateway lets the terminal in, and then cuts it off. */
const LONGEST_CUT_MS = 30_000;

/** How the connection ended: `cut` where it had come up. */
export type LinkEnd = 'never_up' | 'cut' | 'steady';

export class LinkPauses {
  readonly #chance: Chance;
  #failures = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** The pause after a connection that ended so, whole ms: between a half and all of what it has grown to. */
  after(end: LinkEnd): number {
    if (end === 'steady') this.#failures = 0;
    const longest = end === 'cut' ? LONGEST_CUT_MS : LONGEST_MS;
    const grown = Math.min(FIRST_MS * 2 ** Math.min(this.#failures, 10), longest);
    this.#failures += 1;
    const [high = 0, low = 0] = this.#chance.bytes(2);
    return Math.ceil((grown / 2) * (1 + (high * 256 + low) / 65_536));
  }
}

/** How a connection ended that came up at `upAt`, monotonic ms; `null` where it never did. */
export function linkEnd(upAt: number | null, now: number): LinkEnd {
  if (upAt === null) return 'never_up';
  return now - upAt >= STEADY_MS ? 'steady' : 'cut';
}
