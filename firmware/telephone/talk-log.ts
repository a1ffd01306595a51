/** What the assistant and a caller said, for the agent who takes the call over; it is never stored. */
import type { HandoverLine } from '#device/ports/call-handler.ts';

/** Lines that an agent can read while the caller waits. */
const MOST = 12;

export class TalkLog {
  #lines: (HandoverLine & { readonly at: number })[] = [];

  /** `at` is monotonic ms. */
  add(who: HandoverLine['who'], text: string, at: number): void {
    this.#lines = [...this.#lines, { who, text, at }].slice(-MOST);
  }

  /** Nothing that the caller said since then is told to anybody: it held a card number. */
  hide(since: number): void {
    this.#lines = this.#lines.filter(({ who, at }) => who === 'assistant' || at < since);
  }

  /** Oldest first. */
  get lines(): readonly HandoverLine[] {
    return this.#lines.map(({ who, text }) => ({ who, text }));
  }
}
