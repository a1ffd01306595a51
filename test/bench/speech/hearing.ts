/**
 * Utterances through everything but the microphone: end-pointing, recogniser's process, reading and
 * judging, as they ship. It waits for each answer, so that a busy machine changes no figure.
 */
import type { Recognised, Recogniser, Utterance } from '#device/ports/recogniser.ts';
import { judge } from '#device/speech/judge.ts';
import { expressionOf, readOrder } from '#device/speech/order.ts';
import { vendorVocabulary } from '#device/speech/vocabulary.ts';
import { VoiceActivity } from '#device/speech/voice-activity.ts';
import { openChild } from '#firmware/recogniser/child.ts';
import { POCKETSPHINX } from '#firmware/recogniser/pocketsphinx.ts';
import { CATALOGUE } from './phrases.ts';
import { RATE } from './voices.ts';

const STALL = { language: 'en', currency: 'CNY', catalogue: CATALOGUE } as const;
const STALL_OF_BENCH = { ...STALL, catalogue: [...CATALOGUE] };
const VOCABULARY = vendorVocabulary('CNY', CATALOGUE);
/** A terminal would give it up long before. */
const PATIENCE_MS = 600_000;

export interface Heard {
  /** The expression that the most trusted text means. */
  readonly meant: string | null;
  /** The expression that is shown without asking again. */
  readonly shown: string | null;
  /** The expression that is offered as a guess. */
  readonly guessed: string | null;
  readonly texts: readonly string[];
  readonly decodeMs: number;
}

/** A recogniser that is opened again where it was lost, as a terminal does. */
export class Ear {
  #recogniser: Promise<Recogniser> | null = null;

  /** 16 kHz sound, from before the voice to after it. */
  async hear(sound: Int16Array): Promise<Heard> {
    const activity = new VoiceActivity(RATE);
    const nothing = { meant: null, shown: null, guessed: null, texts: [], decodeMs: 0 };
    if (!activity.push(sound).includes('end')) return nothing;
    const began = performance.now();
    const heard = await this.#recognise({ rate: RATE, samples: activity.utterance() });
    const decodeMs = Math.round(performance.now() - began);
    if (heard.is !== 'heard') return { ...nothing, decodeMs };
    const first = readOrder(heard.texts[0] ?? '', STALL_OF_BENCH);
    const judged = judge(heard, STALL_OF_BENCH);
    return {
      meant: first.ok ? expressionOf(first.terms, STALL) : null,
      shown: judged.ok && judged.sure ? judged.expression : null,
      guessed: judged.ok && !judged.sure ? judged.expression : null,
      texts: heard.texts,
      decodeMs,
    };
  }

  async close(): Promise<void> {
    const opened = this.#recogniser;
    this.#recogniser = null;
    await opened?.then(
      (recogniser) => recogniser.close(),
      () => undefined,
    );
  }

  async #recognise(utterance: Utterance, left = 4): Promise<Recognised> {
    const settings = { ...POCKETSPHINX, openTimeoutMs: PATIENCE_MS, answerTimeoutMs: PATIENCE_MS };
    try {
      this.#recogniser ??= openChild('recogniser', settings, { lost: () => undefined });
      return await (await this.#recogniser).recognise(utterance, VOCABULARY);
    } catch (error) {
      process.stderr.write(`${error}\n`);
      await this.close();
      if (left === 0) throw error;
      return this.#recognise(utterance, left - 1);
    }
  }
}
