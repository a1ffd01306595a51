/** The assistant: how many calls it takes at once, and in which language each begins. */
import { otherOf } from '#device/messages/enrolment.ts';
import type { CallHandler, CallLine, Conversation } from '#device/ports/call-handler.ts';
import { type AssistantParts, AssistantTalk } from './assistant-talk.ts';

/** Calls at once: each utterance takes a core for a third of a second. */
const MOST_CALLS = 4;

export class Assistant implements CallHandler {
  readonly #parts: AssistantParts;
  #calls = 0;
  #changed = (): void => undefined;

  constructor(parts: AssistantParts) {
    this.#parts = parts;
  }

  places(): number | null {
    const { recogniser } = this.#parts;
    if (recogniser('en') === null && recogniser('zh-CN') === null) return null;
    return MOST_CALLS - this.#calls;
  }

  onChange(changed: () => void): void {
    this.#changed = changed;
  }

  /** A recogniser came or went. */
  changed(): void {
    this.#changed();
  }

  take(line: CallLine): Conversation | null {
    const recogniser = this.#parts.recogniser(line.language);
    const other = otherOf(line.language);
    // Somebody who can be understood in the other language alone is spoken to in it.
    const found = recogniser ?? this.#parts.recogniser(other);
    if (found === null || this.#calls >= MOST_CALLS) return null;
    if (recogniser === null) line.language = other;
    this.#calls += 1;
    return new AssistantTalk(this.#parts, line, found, () => {
      this.#calls -= 1;
    });
  }
}
