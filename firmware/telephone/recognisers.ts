/** What understands callers: a recogniser for each language, opened again for as long as it takes. */
import type { Language } from '#device/messages/enrolment.ts';
import type { DeviceError } from '#device/ports/device.ts';
import type { Recogniser } from '#device/ports/recogniser.ts';
import { systemClock } from '#firmware/clock.ts';
import { openPocketsphinx } from '#firmware/recogniser/pocketsphinx.ts';
import { openSherpa } from '#firmware/recogniser/sherpa.ts';
import { type Supervised, supervise } from '#firmware/supervisor.ts';
import type { DeskEvent } from './desk.ts';

export interface EarsSettings {
  /** Directories of voice models, by language; English does without. */
  readonly models: Readonly<Partial<Record<Language, string>>>;
  readonly tell: (event: DeskEvent) => void;
  readonly changed: () => void;
}

/** The recognisers of both languages, opened again for as long as it takes. */
export class Recognisers {
  readonly #working = new Map<Language, Recogniser>();
  readonly #supervised: Supervised[] = [];

  constructor({ models, tell, changed }: EarsSettings) {
    for (const language of ['en', 'zh-CN'] as const) {
      const model = models[language];
      if (model === undefined && language !== 'en') {
        const mend = 'name a voice model: --model-zh DIR (docs/speech-recognition.md)';
        tell({ event: 'recogniser', language, is: 'missing', detail: 'no voice model', mend });
        continue;
      }
      const name = `recogniser ${language}`;
      let told = '';
      const open = (lost: (error: DeviceError) => void): Promise<Recogniser> =>
        model === undefined
          ? openPocketsphinx(name, language, { lost })
          : openSherpa(name, model, language, { lost });
      this.#supervised.push(
        supervise(
          name,
          open,
          {
            working: (recogniser) => {
              this.#working.set(language, recogniser);
              told = '';
              tell({ event: 'recogniser', language, is: 'working' });
              changed();
            },
            missing: ({ code, message, mend }) => {
              this.#working.delete(language);
              const event = { event: 'recogniser', language, is: 'missing', code, detail: message };
              if (told !== message) tell({ ...event, ...(mend === undefined ? {} : { mend }) });
              told = message;
              changed();
            },
          },
          systemClock,
        ),
      );
    }
  }

  get(language: Language): Recogniser | null {
    return this.#working.get(language) ?? null;
  }

  async close(): Promise<void> {
    await Promise.all(this.#supervised.map((each) => each.close()));
  }
}
