/**
 * What every simulator shares: a wire that can be watched, and faults that can be scripted while it
 * runs. A simulator speaks real bytes and throws on bytes that it does not know.
 */

/** One thing that happened on a wire, for the live trace and for tests. */
export interface WireEvent {
  /** Name of the wire: `keypad`, `scanner`, `panel`, `radio`, `air`, `hmi`, `printer`, `speaker`, `modem`, `mqtt`, `mail`, `sms`. */
  readonly wire: string;
  /** Seen from the terminal: `out` leaves it, `in` reaches it, `state` is the simulator's own. */
  readonly direction: 'in' | 'out' | 'state';
  /** What the bytes mean, in a few words. */
  readonly text: string;
  /** The bytes as hexadecimal, cut after 64 bytes; absent for `state`. */
  readonly hex?: string;
}

export type Watch = (event: WireEvent) => void;

/** Faults that every simulator of an organ takes; each says in its own file which more it knows. */
export type Fault =
  | { readonly fault: 'unplug' }
  | { readonly fault: 'replug' }
  /** Takes bytes and answers nothing until cleared. */
  | { readonly fault: 'hang' }
  /** Flips or inserts bytes towards the terminal with this probability per byte. */
  | { readonly fault: 'noise'; readonly probability: number }
  /** Bits per second in both directions. */
  | { readonly fault: 'slow'; readonly bits_per_second: number }
  /** Loses this share of radio packets. */
  | { readonly fault: 'loss'; readonly probability: number }
  | { readonly fault: 'clear' };

export interface Simulator {
  readonly wire: string;
  /** Applies a fault at once; throws a `FaultError` naming the faults it knows where it can't. */
  apply(fault: Fault): Promise<void>;
  close(): Promise<void>;
}

export class FaultError extends Error {}
