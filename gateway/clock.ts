/** Time and chance of the operating system; tests and the simulation bring their own. */
import { randomBytes } from 'node:crypto';

export interface Clock {
  /** Milliseconds since 1970: what orders are dated and expire by. */
  now(): number;
  /** Milliseconds that only ever grow, from an arbitrary start. */
  monotonic(): number;
  /** Calls `then` after `ms`; the answer cancels it. */
  after(ms: number, then: () => void): () => void;
}

export interface Chance {
  bytes(count: number): Uint8Array;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, then) {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
};

export const systemChance: Chance = { bytes: (count) => new Uint8Array(randomBytes(count)) };

/** Far more than a wall clock that is only corrected moves at once, ms. */
const STEP_MS = 1000;

/**
 * The answer tells, each time, whether the wall clock was set back since it was last asked: then what
 * was put off until a time by the clock before would wait as long as that was wrong.
 */
export function watchSetBack(clock: Pick<Clock, 'now' | 'monotonic'>): () => boolean {
  let known = clock.now() - clock.monotonic();
  return () => {
    const offset = clock.now() - clock.monotonic();
    const back = offset < known - STEP_MS;
    known = offset;
    return back;
  };
}
