/** Tells whoever watches an order (a payer's page) that it changed, after the commit. */
import type { Writer } from '../store/writer.ts';

/** Watchers of all orders together; beyond, the next is refused. */
const LIMIT = 2000;

export class Changes {
  readonly #watchers = new Map<string, Set<() => void>>();
  #count = 0;

  constructor(writer: Writer) {
    writer.listen((note) => {
      if (!('number' in note)) return;
      for (const tell of this.#watchers.get(note.number) ?? []) tell();
    });
  }

  /** The answer ends it; `null` where there are too many. */
  watch(order: string, tell: () => void): (() => void) | null {
    if (this.#count >= LIMIT) return null;
    const watchers = this.#watchers.get(order) ?? new Set();
    this.#watchers.set(order, watchers);
    watchers.add(tell);
    this.#count += 1;
    return () => {
      if (!watchers.delete(tell)) return;
      this.#count -= 1;
      if (watchers.size === 0) this.#watchers.delete(order);
    };
  }
}
