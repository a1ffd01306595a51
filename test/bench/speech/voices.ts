/**
 * Voices of three synthesisers. Those that tuned the recogniser are not those that score it, and no
 * speaker is in both. Which score was settled by a rule before any was heard: the American English
 * speakers of each synthesiser that did not tune; of espeak-ng's variants the first that are numbered,
 * in the order of their names, women and men alike.
 */
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { resample } from '#device/speech/resample.ts';
import { readWav } from '#firmware/speaker/wav.ts';

const run = promisify(execFile);

export interface Voice {
  readonly name: string;
  readonly synthesiser: 'espeak-ng' | 'flite' | 'festival';
  /** As the synthesiser calls it. */
  readonly voice: string;
  /** `accent`: other English that did not tune; heard and told, and no part of the score. */
  readonly set: 'tune' | 'score' | 'accent';
}

const voice = (set: Voice['set'], synthesiser: Voice['synthesiser'], name: string): Voice => ({
  set,
  synthesiser,
  voice: name,
  name: `${synthesiser} ${name}`,
});

export const VOICES: readonly Voice[] = [
  voice('tune', 'flite', 'kal16'),
  voice('tune', 'flite', 'awb'),
  voice('tune', 'festival', 'kal_diphone'),
  voice('tune', 'espeak-ng', 'en-gb'),
  voice('tune', 'espeak-ng', 'en-gb-x-rp'),
  voice('tune', 'espeak-ng', 'en-gb-x-gbclan'),
  voice('tune', 'espeak-ng', 'en-029'),
  voice('tune', 'espeak-ng', 'en-us-nyc'),
  voice('tune', 'espeak-ng', 'en-us'),
  voice('tune', 'espeak-ng', 'en-us+m3'),
  voice('tune', 'espeak-ng', 'en-us+f2'),
  voice('tune', 'espeak-ng', 'en-us+f4'),
  voice('score', 'flite', 'rms'),
  voice('score', 'flite', 'slt'),
  voice('score', 'festival', 'cmu_us_slt_arctic_hts'),
  voice('score', 'festival', 'ked_diphone'),
  voice('score', 'espeak-ng', 'en-us+f1'),
  voice('score', 'espeak-ng', 'en-us+f3'),
  voice('score', 'espeak-ng', 'en-us+m1'),
  voice('score', 'espeak-ng', 'en-us+m2'),
  voice('accent', 'espeak-ng', 'en-gb-scotland'),
  voice('accent', 'espeak-ng', 'en-gb-x-gbcwmd'),
];

export const RATE = 16_000;

/** Renders phrases, and keeps what it rendered in `directory`. */
export class Booth {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true });
  }

  /** 16 kHz sound of each phrase, in order. */
  async render({ synthesiser, voice }: Voice, phrases: readonly string[]): Promise<Int16Array[]> {
    const files = phrases.map((text) => {
      const hash = createHash('sha256').update(`${synthesiser}\n${voice}\n${text}`).digest('hex');
      return { text, path: join(this.#directory, `${hash.slice(0, 24)}.wav`) };
    });
    const missing = files.filter(({ path }) => !existsSync(path));
    if (synthesiser === 'festival') this.#festival(voice, missing);
    else for (const { text, path } of missing) await sayTo(synthesiser, voice, text, path);
    return files.map(({ path }) => soundOf(path));
  }

  /** One process for all: its lexicon takes a second to load. */
  #festival(voice: string, files: readonly { text: string; path: string }[]): void {
    if (files.length === 0) return;
    const script = join(this.#directory, `festival-${process.pid}.scm`);
    const say = files.map(
      ({ text, path }) =>
        `(utt.save.wave (utt.synth (Utterance Text "${text}")) "${partOf(path)}" 'riff)`,
    );
    writeFileSync(script, [`(voice_${voice})`, ...say].join('\n'));
    execFileSync('festival', ['--batch', script], { stdio: ['ignore', 'ignore', 'inherit'] });
    rmSync(script);
    for (const { path } of files) renameSync(partOf(path), path);
  }
}

/** Written beside it first: another bench may want the same. */
const partOf = (path: string): string => `${path}.${process.pid}.part`;

async function sayTo(
  synthesiser: 'espeak-ng' | 'flite',
  voice: string,
  text: string,
  path: string,
): Promise<void> {
  const part = partOf(path);
  if (synthesiser === 'flite') await run('flite', ['-voice', voice, '-t', text, '-o', part]);
  else await run('espeak-ng', ['-v', voice, '-s', '150', '-w', part, '--', text]);
  renameSync(part, path);
}

function soundOf(path: string): Int16Array {
  const sound = readWav(readFileSync(path), true);
  if (sound === null) throw new Error(`${path} is no WAV file`);
  return resample(sound.samples, sound.rate, RATE);
}
