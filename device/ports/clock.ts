export interface Clock {
  /** Milliseconds since 1970; may be wrong, may jump. */
  now(): number;
  /** Milliseconds that only ever grow, from an arbitrary start. */
  monotonic(): number;
  /** Calls `then` after `ms`; the answer cancels it. */
  after(ms: number, then: () => void): () => void;
}

export interface Chance {
  bytes(count: number): Uint8Array;
}
