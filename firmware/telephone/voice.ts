/**
 * Sentences as samples of a call. English by flite where it is installed, which telephones carry best,
 * else by espeak-ng, which speaks Mandarin, too.
 */
import { spawn } from 'node:child_process';
import { resample } from '#device/codecs/resample.ts';
import type { Language } from '#device/messages/enrolment.ts';
import { DeviceError } from '#device/ports/device.ts';
import { CALL_RATE } from '#device/ports/modem.ts';
import { NOWHERE } from '#firmware/nowhere.ts';
import { isInstalled } from '#firmware/speaker/program.ts';
import { readWav, trimWord } from '#firmware/speaker/wav.ts';

const RENDER_MS = 8000;
/** It goes back to write the length when all is said, so it needs a file. */
const FLITE =
  'f=$(mktemp) && flite -voice "$1" -t "$2" -o "$f" && cat "$f"; r=$?; rm -f "$f"; exit $r';
/** Sentences that are kept: most of what is said is said in every call. */
const MOST_KEPT = 300;
/** Between two sentences. */
const PAUSE = new Int16Array(CALL_RATE * 0.18);

export class CallSynthesiser {
  readonly #kept = new Map<string, Promise<Int16Array>>();
  readonly #flite = isInstalled('flite');

  /** Sentence by sentence, the first as soon as it is there; rejects with a `DeviceError`. */
  async *speak(text: string, language: Language): AsyncGenerator<Int16Array> {
    const sounds = sentencesOf(text).map((sentence) => this.#get(sentence, language));
    // Whoever stops in between does not hear of the others' failures.
    for (const sound of sounds) sound.catch(() => undefined);
    for (const sound of sounds) {
      yield await sound;
      yield PAUSE;
    }
  }

  #get(sentence: string, language: Language): Promise<Int16Array> {
    const key = `${language} ${sentence}`;
    const known = this.#kept.get(key);
    const made = known ?? this.#render(sentence, language);
    this.#kept.delete(key);
    this.#kept.set(key, made);
    made.catch(() => this.#kept.delete(key));
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return made;
  }

  #render(sentence: string, language: Language): Promise<Int16Array> {
    const program = language === 'en' && this.#flite ? 'flite' : 'espeak-ng';
    const voice = language === 'en' ? 'en-us' : 'cmn-latn-pinyin';
    const args =
      program === 'flite'
        ? ['-c', FLITE, 'flite', 'rms', sentence]
        : ['-v', voice, '-s', language === 'en' ? '165' : '185', '--stdout', '--', sentence];
    const { promise, resolve, reject } = Promise.withResolvers<Int16Array>();
    const fail = (why: string): void =>
      reject(new DeviceError('protocol', 'telephone', `${program}: ${why}`));
    const child = spawn(program === 'flite' ? 'sh' : program, args, {
      stdio: [NOWHERE, 'pipe', NOWHERE],
      timeout: RENDER_MS,
    });
    const parts: Buffer[] = [];
    child.stdout?.on('data', (part: Buffer) => parts.push(part));
    child.once('error', (error) => fail(error.message));
    child.once('close', (code) => {
      const sound = code === 0 ? readWav(Buffer.concat(parts), true) : null;
      if (sound === null) return fail(`ended with ${code}`);
      const { rate, samples } = trimWord(sound);
      resolve(resample(samples, rate, CALL_RATE));
    });
    return promise;
  }
}

/** The first words are to be heard soon: one sentence is rendered while another is heard. */
export const sentencesOf = (text: string): string[] =>
  (text.match(/[^.!?。！？]+(?:[.](?=\S)[^.!?。！？]*)*[.!?。！？]*/g) ?? [])
    .map((sentence) => sentence.trim())
    .filter((sentence) => /[\p{L}\p{N}]/u.test(sentence));
