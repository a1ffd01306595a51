/**
 * What a caller says, from the frames of a call: where a sentence begins and ends, and which words it
 * has. Decoding begins in the first pause, so that most answers are there when the sentence ends.
 */
import { readSentence } from '#device/dialogue/sentence.ts';
import type { Language } from '#device/messages/enrolment.ts';
import { CALL_RATE } from '#device/ports/modem.ts';
import type { Product } from '#device/ports/order-centre.ts';
import type { Recognised, Recogniser, Vocabulary } from '#device/ports/recogniser.ts';
import { type Activity, VoiceActivity } from '#device/speech/voice-activity.ts';

export interface EarParts {
  readonly recogniser: Recogniser;
  /** Asked anew for each sentence: it depends on what was asked of the caller. */
  readonly vocabulary: () => Vocabulary;
  readonly language: Language;
  readonly products: () => readonly Product[];
}

export interface EarEvents {
  began(): void;
  /** What was said; `null` where nobody knows. `endedAt` is monotonic ms of the last sound. */
  heard(text: string | null, endedAt: number): void;
  failed(error: unknown): void;
}

/** Decoding begins after so much silence. */
const PAUSE_MS = 220;
/** A sentence is complete when it was understood and nothing followed for so long. */
const SETTLED_MS = 420;
/** How well words have to fit the sound: less, and it was other talk. */
const LEAST_FIT = 0.5;

export class CallerEar {
  readonly #parts: EarParts;
  readonly #events: EarEvents;
  readonly #now: () => number;
  #activity = new VoiceActivity(CALL_RATE, PAUSE_MS);
  /** What the first pause was decoded as. */
  #early: { readonly done: Promise<string | null>; text: string | null } | null = null;
  #lastVoiceAt = 0;
  #voiced = false;
  #busy = false;

  constructor(parts: EarParts, now: () => number, events: EarEvents) {
    this.#parts = parts;
    this.#now = now;
    this.#events = events;
  }

  /** Whether somebody speaks, or is being understood. */
  get busy(): boolean {
    return this.#voiced || this.#busy;
  }

  /** 20 ms of the caller. */
  frame(heard: Int16Array): void {
    for (const happened of this.#activity.push(heard)) this.#follow(happened);
    const early = this.#early;
    if (early === null || early.text === null) return;
    if (this.#now() - this.#lastVoiceAt >= SETTLED_MS) this.#finish(early.done);
  }

  #follow(happened: Activity): void {
    switch (happened) {
      case 'begin':
        this.#voiced = true;
        this.#events.began();
        break;
      case 'pause': {
        // The pause is known some time after the last sound.
        this.#lastVoiceAt = this.#now() - PAUSE_MS;
        const early = { done: this.#decode(), text: null as string | null };
        early.done.then(
          (text) => {
            early.text = text;
          },
          () => undefined,
        );
        this.#early = early;
        break;
      }
      case 'resume':
        this.#early = null;
        break;
      case 'nothing':
        this.#voiced = false;
        break;
      case 'end':
        if (this.#early === null) this.#lastVoiceAt = this.#now();
        this.#finish(this.#early?.done ?? this.#decode());
        break;
    }
  }

  #finish(done: Promise<string | null>): void {
    const endedAt = this.#lastVoiceAt;
    this.#early = null;
    this.#voiced = false;
    this.#busy = true;
    this.#activity = new VoiceActivity(CALL_RATE, PAUSE_MS);
    done.then(
      (text) => {
        this.#busy = false;
        this.#events.heard(text, endedAt);
      },
      (error: unknown) => {
        this.#busy = false;
        this.#events.failed(error);
      },
    );
  }

  async #decode(): Promise<string | null> {
    const { recogniser, vocabulary } = this.#parts;
    const utterance = { rate: CALL_RATE, samples: this.#activity.utterance() };
    return this.#judge(await recogniser.recognise(utterance, vocabulary()));
  }

  /** The words that are to be believed. */
  #judge(recognised: Recognised): string | null {
    if (recognised.is === 'nothing' || recognised.fit < LEAST_FIT) return null;
    const { language, products } = this.#parts;
    const meanings = recognised.texts.map((text) => {
      const { strange: _, ...meaning } = readSentence(text, language, products());
      return JSON.stringify(meaning);
    });
    const alike = meanings.every((each) => each === meanings[0]);
    // Two decoders that understood different things: it is better to ask again.
    return alike ? (recognised.texts[0] ?? null) : null;
  }
}
