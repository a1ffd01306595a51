/** The telephone terminal's own prompts as samples of a call: rendered once, kept, at the call's rate. */
import { join } from 'node:path';
import { resample } from '#device/codecs/resample.ts';
import type { CallPrompt } from '#device/flows/call.ts';
import type { Language } from '#device/messages/enrolment.ts';
import { CALL_RATE } from '#device/ports/modem.ts';
import { callClipId, callVocabulary } from '#device/words/telephone.ts';
import { Prompts } from '#firmware/speaker/prompts.ts';
import { joinWords } from '#firmware/speaker/wav.ts';

export class CallVoice {
  readonly #prompts: Prompts;
  readonly #texts: ReadonlyMap<string, string>;
  readonly #ready = new Map<string, Promise<Int16Array>>();

  constructor(dataDirectory: string, merchant: Readonly<Record<Language, string>>) {
    const vocabulary = callVocabulary(merchant);
    this.#prompts = new Prompts('telephone', {
      cacheDirectory: join(dataDirectory, 'call-clips'),
      vocabulary,
    });
    this.#texts = new Map(vocabulary.map(({ id, text }) => [id, text]));
  }

  /** Rejects with `missing_tool` where no program is installed that speaks. */
  open(): Promise<void> {
    return this.#prompts.open();
  }

  /** What {@link render} says, as text. */
  words(language: Language, prompts: readonly CallPrompt[]): string {
    return prompts.map((prompt) => this.#texts.get(callClipId(language, prompt))).join(' ');
  }

  /** One sentence after the other; rejects with a `DeviceError`. */
  async render(language: Language, prompts: readonly CallPrompt[]): Promise<Int16Array> {
    const sounds = await Promise.all(
      prompts.map((prompt) => this.#get(callClipId(language, prompt))),
    );
    return joinWords(sounds.map((samples) => ({ rate: CALL_RATE, samples }))).samples;
  }

  close(): void {
    this.#prompts.close();
  }

  #get(id: string): Promise<Int16Array> {
    const known = this.#ready.get(id);
    if (known !== undefined) return known;
    const made = this.#prompts
      .get(id)
      .then(({ rate, samples }) => resample(samples, rate, CALL_RATE));
    this.#ready.set(id, made);
    made.catch(() => this.#ready.delete(id));
    return made;
  }
}
