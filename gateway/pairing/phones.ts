/** The phones that are there: who watches the view, and when each was last heard of. */
import type { Clock } from '../clock.ts';

interface Watcher {
  readonly session: string;
  terminal: string | null;
  readonly tell: () => void;
}

/** A phone that was not heard of for so long has left. */
const SILENT_MS = 2 * 60_000;
const WATCHERS = 2000;

export class Phones {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #watchers = new Set<Watcher>();
  /** By session; monotonic ms. */
  readonly #heard = new Map<string, number>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** A sign that the phone of a session is still there. */
  heard(session: string): void {
    this.#heard.set(session, this.#clock.monotonic());
  }

  /** Calls `tell` after each change; the answer ends it, `null` where there are too many. */
  watch(session: string, terminal: string | null, tell: () => void): (() => void) | null {
    if (this.#watchers.size >= WATCHERS) return null;
    const watcher: Watcher = { session, terminal, tell };
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
      this.heard(session);
    };
  }

  /** Tells whoever watches a terminal, and the phone that is paired with it now. */
  tell(terminal: string, paired: string | undefined): void {
    if (paired !== undefined && !this.#heard.has(paired)) this.heard(paired);
    for (const watcher of [...this.#watchers]) {
      const own = watcher.session === paired;
      if (own) watcher.terminal = terminal;
      if (own || watcher.terminal === terminal) watcher.tell();
    }
  }

  /** Whether the phone of a session has gone without a word. */
  isSilent(session: string): boolean {
    const now = this.#clock.monotonic();
    const at = this.#heard.get(session) ?? now;
    this.#heard.set(session, at);
    if (now - at <= SILENT_MS) return false;
    return ![...this.#watchers].some((watcher) => watcher.session === session);
  }

  /** Whether no phone is remembered. */
  get areForgotten(): boolean {
    return this.#heard.size === 0;
  }

  /** Forgets those that have left long ago. */
  forget(): void {
    const now = this.#clock.monotonic();
    for (const [session, at] of this.#heard) {
      if (now - at > SILENT_MS * 2) this.#heard.delete(session);
    }
  }
}
