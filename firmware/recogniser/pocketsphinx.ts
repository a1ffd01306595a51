/** English by PocketSphinx, from Debian's packages: small enough for every board. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Language } from '#device/messages/enrolment.ts';
import { DeviceError, type DeviceEvents } from '#device/ports/device.ts';
import type { Recogniser } from '#device/ports/recogniser.ts';
import { type ChildSettings, openChild } from './child.ts';

const PROGRAM = fileURLToPath(new URL('./pocketsphinx-process.ts', import.meta.url));
const DICTIONARY = '/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict';
const INSTALL = 'sudo apt-get install libpocketsphinx3 pocketsphinx-en-us';

const LOSSES: ChildSettings['losses'] = {
  library: { what: 'the program pocketsphinx is not installed', mend: INSTALL },
  model: { what: 'the English voice model is not installed', mend: INSTALL },
  failed: { what: 'the recogniser failed', mend: INSTALL },
};

/** How its process is run, and for how long it is waited for: on no board an utterance takes so long. */
export const POCKETSPHINX: ChildSettings = {
  program: PROGRAM,
  args: [],
  losses: LOSSES,
  openTimeoutMs: 10_000,
  answerTimeoutMs: 15_000,
};

/** What is to be done for voice entry in a language that no package brings a model for. */
export function addAModel(language: Language): string {
  const setting = '"recogniser": { "driver": "sherpa", "model": "DIR" }';
  return language === 'en'
    ? `put a voice model on the terminal and name it in boards.json: ${setting} (docs/speech-recognition.md)`
    : `请下载中文语音模型，并在 boards.json 中写 ${setting}（见 docs/speech-recognition.md）`;
}

/** Rejects with `missing_tool` where library, English model, or a model of `language` is missing. */
export async function openPocketsphinx(
  name: string,
  language: Language,
  events: DeviceEvents,
): Promise<Recogniser> {
  if (language !== 'en') {
    const what = 'pocketsphinx understands English alone: Chinese needs a voice model';
    throw new DeviceError('missing_tool', name, what, { mend: addAModel(language) });
  }
  if (!existsSync(DICTIONARY)) {
    throw new DeviceError('missing_tool', name, LOSSES.model.what, { mend: INSTALL });
  }
  return openChild(name, POCKETSPHINX, events);
}
