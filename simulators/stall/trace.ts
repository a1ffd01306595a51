/** Everything that happened on the wires, numbered, kept to a bound, and told to whoever listens. */
import type { WireEvent } from '../wire.ts';

export interface TracedEvent extends WireEvent {
  /** Grows by one with each event; what a listener that was away gives to go on from. */
  readonly seq: number;
  /** Milliseconds since 1970, with fractions. */
  readonly at: number;
}

/** Events kept for whoever comes later. */
const KEPT = 2000;

export class Trace {
  readonly #events: TracedEvent[] = [];
  readonly #listeners = new Set<(event: TracedEvent) => void>();
  #seq = 0;

  readonly watch = (event: WireEvent): void => {
    this.#seq += 1;
    const traced = { seq: this.#seq, at: performance.timeOrigin + performance.now(), ...event };
    this.#events.push(traced);
    if (this.#events.length > KEPT) this.#events.shift();
    for (const listener of this.#listeners) listener(traced);
  };

  /** Kept events after `seq`, oldest first. */
  since(seq: number): TracedEvent[] {
    return this.#events.filter((event) => event.seq > seq);
  }

  /** Calls `listener` with each event from now on; the answer ends that. */
  listen(listener: (event: TracedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
