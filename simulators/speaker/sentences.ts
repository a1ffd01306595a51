/** Tells the sentences in what players wrote into one pipe apart: each begins with a WAV header. */

export interface SentenceEvents {
  /** A player began: `header` is its 44-byte WAV header. */
  begin(header: Buffer): void;
  /** Samples of the sentence that began last; never a part of a header. */
  sound(pcm: Buffer): void;
  end(): void;
}

export const HEADER_BYTES = 44;

export class Sentences {
  readonly #events: SentenceEvents;
  #begun = false;
  /** Not yet known to belong to this sentence or to the next header. */
  #held: Buffer = Buffer.alloc(0);

  constructor(events: SentenceEvents) {
    this.#events = events;
  }

  push(bytes: Buffer): void {
    this.#held = Buffer.concat([this.#held, bytes]);
    for (;;) {
      const at = findHeader(this.#held);
      if (at === null) {
        // What may be the beginning of a header waits for the rest of it.
        this.#sound(this.#held.length - HEADER_BYTES);
        return;
      }
      if (this.#held.length < at + HEADER_BYTES) return;
      this.#sound(at);
      this.#end();
      this.#begun = true;
      this.#events.begin(Buffer.from(this.#held.subarray(0, HEADER_BYTES)));
      this.#held = this.#held.subarray(HEADER_BYTES);
    }
  }

  /** No player is left. */
  finish(): void {
    this.#sound(this.#held.length);
    this.#end();
  }

  /** The card was pulled out: forgets what was under way. */
  reset(): void {
    this.#begun = false;
    this.#held = Buffer.alloc(0);
  }

  #sound(length: number): void {
    if (length <= 0) return;
    if (!this.#begun) throw new Error('samples came before a WAV header');
    this.#events.sound(Buffer.from(this.#held.subarray(0, length)));
    this.#held = this.#held.subarray(length);
  }

  #end(): void {
    if (!this.#begun) return;
    this.#begun = false;
    this.#events.end();
  }
}

function findHeader(bytes: Buffer): number | null {
  const at = bytes.indexOf('WAVEfmt ') - 8;
  return at >= 0 && bytes.toString('latin1', at, at + 4) === 'RIFF' ? at : null;
}
