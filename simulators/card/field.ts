/** The space above a reader: cards are put into it, talk in their own time, and are pulled away. */
import type { Clock } from '#device/ports/clock.ts';
import { realClock } from '../clock.ts';
import type { Card } from './card.ts';
import { PowerLost } from './eeprom.ts';

/**
 * Where in the talk a card is pulled away: at its `apdu`-th command from now on, the next being 1, or
 * at the next command with that instruction byte.
 */
export type Tear = ({ readonly apdu: number } | { readonly ins: number }) & {
  /**
   * `before` the card took it, `after` it did and before the answer is out, or amid its memory write,
   * after so many `bytes`.
   */
  readonly when: 'before' | 'after' | { readonly bytes: number };
};

export interface FieldEvents {
  /** The cards were pulled away, by a tear or by hand. */
  lifted(): void;
}

export class Field {
  readonly #events: FieldEvents;
  readonly #clock: Clock;
  #cards: readonly Card[] = [];
  #tear: Tear | null = null;
  #apdus = 0;
  /** The cards take commands and answer none. */
  hung = false;
  /** Answers come from here instead of from the card. */
  garbage: (() => Uint8Array) | null = null;

  constructor(events: FieldEvents, clock: Clock = realClock) {
    this.#events = events;
    this.#clock = clock;
  }

  get cards(): readonly Card[] {
    return this.#cards;
  }

  /** Commands that the cards which lie here have been given. */
  get commands(): number {
    return this.#apdus;
  }

  /** The only card in the field, or `null`. */
  get card(): Card | null {
    return this.#cards.length === 1 ? (this.#cards[0] ?? null) : null;
  }

  put(cards: readonly Card[]): void {
    this.#cards = cards;
    this.#apdus = 0;
    this.#tear = null;
  }

  lift(): void {
    if (this.#cards.length === 0) return;
    for (const card of this.#cards) card.powerDown();
    this.put([]);
    this.#events.lifted();
  }

  /** Pulls the card away at the moment that `tear` names. */
  tear(tear: Tear): void {
    this.#tear = 'ins' in tear ? tear : { ...tear, apdu: this.#apdus + tear.apdu };
  }

  /** The field goes off and on: cards forget what they had not written. */
  reset(): void {
    for (const card of this.#cards) card.powerDown();
  }

  /** One command to one card, in the card's own time; `null` where no answer comes. */
  async exchange(card: Card, apdu: Uint8Array): Promise<Uint8Array | null> {
    if (this.hung || !this.#cards.includes(card)) return null;
    this.#apdus += 1;
    const tear = this.#isDue(apdu) ? (this.#tear?.when ?? null) : null;
    if (tear === 'before') return this.#pull();
    if (tear !== null && tear !== 'after') card.eeprom.cutAfter(tear.bytes);
    try {
      const { bytes, durationMs } = card.process(apdu);
      // A command that wrote fewer bytes is torn before its answer is out.
      if (tear !== null) return this.#pull();
      if (durationMs > 0) await this.#wait(durationMs);
      if (!this.#cards.includes(card)) return null;
      return this.garbage === null ? bytes : this.garbage();
    } catch (error) {
      if (!(error instanceof PowerLost)) throw error;
      return this.#pull();
    }
  }

  #isDue(apdu: Uint8Array): boolean {
    if (this.#tear === null) return false;
    return 'ins' in this.#tear ? this.#tear.ins === apdu[1] : this.#tear.apdu === this.#apdus;
  }

  #pull(): null {
    this.lift();
    return null;
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, () => resolve()));
  }
}
