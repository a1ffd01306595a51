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
