/**
 * Any language, by sherpa-onnx and a model that the installer brings: a directory as its project
 * publishes it (docs/speech-recognition.md).
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Language } from '#device/messages/enrolment.ts';
import { DeviceError, type DeviceEvents } from '#device/ports/device.ts';
import type { Recogniser } from '#device/ports/recogniser.ts';
import { type ChildSettings, openChild } from './child.ts';
import { addAModel } from './pocketsphinx.ts';

const PROGRAM = fileURLToPath(new URL('./sherpa-process.ts', import.meta.url));
/** Some 200 MB from a memory card. */
const OPEN_TIMEOUT_MS = 60_000;
/** No utterance takes so long, on any board. */
const ANSWER_TIMEOUT_MS = 15_000;

/** Files of a model, by their absolute paths. */
export type SherpaModel =
  | {
      readonly kind: 'transducer';
      readonly encoder: string;
      readonly decoder: string;
      readonly joiner: string;
      readonly tokens: string;
    }
  | { readonly kind: 'ctc'; readonly model: string; readonly tokens: string };

/** What a directory has: a streaming transducer, a streaming CTC model, or what is missing of both. */
export function findModel(directory: string): SherpaModel | string {
  if (!existsSync(directory)) return `there is no directory ${directory}`;
  const names = readdirSync(directory).sort();
  // The smaller of two is meant: `encoder.int8.onnx` beside `encoder.onnx`.
  const find = (part: RegExp): string | undefined => {
    const fits = names.filter((name) => part.test(name) && name.endsWith('.onnx'));
    const name = fits.find((each) => each.includes('int8')) ?? fits[0];
    return name === undefined ? undefined : join(directory, name);
  };
  if (!names.includes('tokens.txt')) return `${directory} has no tokens.txt`;
  const tokens = join(directory, 'tokens.txt');
  const [encoder, decoder, joiner] = [find(/^encoder/), find(/^decoder/), find(/^joiner/)];
  if (encoder !== undefined && decoder !== undefined && joiner !== undefined) {
    return { kind: 'transducer', encoder, decoder, joiner, tokens };
  }
  const model = find(/^(model|ctc)/);
  if (model !== undefined) return { kind: 'ctc', model, tokens };
  return `${directory} has no encoder, decoder and joiner, and no model.onnx`;
}

/** Rejects with `missing_tool` where the model, or the library for this machine, is not there. */
export async function openSherpa(
  name: string,
  directory: string,
  language: Language,
  events: DeviceEvents,
): Promise<Recogniser> {
  const mend = addAModel(language);
  const model = findModel(directory);
  if (typeof model === 'string') throw new DeviceError('missing_tool', name, model, { mend });
  const losses: ChildSettings['losses'] = {
    library: { what: 'the library sherpa-onnx is not there', mend: 'npm install' },
    model: { what: `the voice model in ${directory} can’t be read`, mend },
    failed: { what: 'the recogniser failed', mend },
  };
  const args = [JSON.stringify(model)];
  const limits = { openTimeoutMs: OPEN_TIMEOUT_MS, answerTimeoutMs: ANSWER_TIMEOUT_MS };
  return openChild(name, { program: PROGRAM, args, losses, ...limits }, events);
}
