/**
 * Virtual time: a queue of events. The next one is taken, time is set to its moment, and all that it
 * sets off is done before the one after it: an hour in which nothing happens takes no time at all.
 */

interface Event {
  readonly at: number;
  /** Events of the same moment run in the order in which they were asked for. */
  readonly sequence: number;
  act: (() => void) | null;
}

const before = (left: Event, right: Event): boolean =>
  left.at < right.at || (left.at === right.at && left.sequence < right.sequence);

/** Resolves when all promises that are due have run: nothing here waits for the outside. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class VirtualTime {
  /** Milliseconds since the world began. */
  now = 0;
  /** How many events have run. */
  events = 0;
  readonly #heap: Event[] = [];
  #sequence = 0;

  /** Calls `then` in `ms`; the answer cancels it. */
  after(ms: number, then: () => void): () => void {
    const event: Event = { at: this.now + Math.max(0, ms), sequence: this.#sequence++, act: then };
    this.#add(event);
    return () => {
      event.act = null;
    };
  }

  /** Lets time pass until `end`, or until `stop` says so after an event. */
  async run(end: number, stop: () => boolean = () => false): Promise<void> {
    // What was begun before may be about to ask for its first event.
    await settled();
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.at > end) break;
      this.#take();
      if (next.act === null) continue;
      this.now = next.at;
      this.events += 1;
      next.act();
      await settled();
      if (stop()) return;
    }
    this.now = Math.max(this.now, end);
  }

  #add(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || before(above, event)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = event;
  }

  #take(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
      const child = right !== undefined && left !== undefined && before(right, left) ? 2 : 1;
      const below = child === 2 ? right : left;
      if (below === undefined || before(last, below)) break;
      heap[at] = below;
      at = 2 * at + child;
    }
    heap[at] = last;
  }
}
