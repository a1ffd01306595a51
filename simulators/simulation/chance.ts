/** Chance that a seed repeats. Each user has a stream of its own: one draw more moves nobody else's. */
import type { Chance } from '#device/ports/clock.ts';

/** sfc32 (PractRand's small fast counting generator), 128 bits of state. */
export class SeededChance implements Chance {
  readonly #seed: string;
  readonly #state: Uint32Array;

  /** The same text gives the same stream. */
  constructor(seed: string) {
    this.#seed = seed;
    this.#state = new Uint32Array([...[1, 2, 3].map((salt) => digest(`${salt} ${seed}`)), 1]);
    for (let round = 0; round < 12; round += 1) this.next();
  }

  /** A stream that depends on the seed and `name` alone, not on what was drawn before. */
  stream(name: string): SeededChance {
    return new SeededChance(`${this.#seed}/${name}`);
  }

  /** 32 bits. */
  next(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#state;
    const sum = (a + b + d) >>> 0;
    this.#state[0] = b ^ (b >>> 9);
    this.#state[1] = c + (c << 3);
    this.#state[2] = ((c << 21) | (c >>> 11)) + sum;
    this.#state[3] = d + 1;
    return sum;
  }

  /** 0 ≤ x < 1. */
  fraction(): number {
    return this.next() / 2 ** 32;
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1));
  }

  /** `true` in `probability` of all cases. */
  happens(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** Time until the next of events that come `meanMs` apart on average, ms. */
  waitMs(meanMs: number): number {
    return Math.max(1, Math.round(-Math.log(1 - this.fraction()) * meanMs));
  }

  pick<T>(among: readonly T[]): T {
    const picked = among[this.between(0, among.length - 1)];
    if (picked === undefined) throw new RangeError('there is nothing to pick from');
    return picked;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.next() >>> 24);
  }
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function fractions(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** FNV-1a with a final mix. */
function digest(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
