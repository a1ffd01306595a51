/**
 * The vocabulary as sound. Each clip is rendered once by espeak-ng and kept as a file whose name
 * holds a hash of voice, text and treatment: after an upgrade only what changed is rendered again.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { DeviceError } from '#device/ports/device.ts';
import type { Clip } from '#device/ports/speaker.ts';
import { NOWHERE } from '#firmware/nowhere.ts';
import { isInstalled, missingTool } from './program.ts';
import { readWav, type Sound, trimWord, writeWav } from './wav.ts';

/** Voice and words a minute. `cmn-latn-pinyin` reads Hanzi; plain `cmn` spells pinyin in English. */
const VOICES: Record<Clip['language'], readonly string[]> = {
  en: ['-v', 'en-us', '-s', '170'],
  'zh-CN': ['-v', 'cmn-latn-pinyin', '-s', '185'],
};

/** Part of every hash: raise it when `trimWord` treats the sound differently. */
const TREATMENT = 1;
const RENDER_TIMEOUT_MS = 5000;

export interface PromptSettings {
  readonly cacheDirectory: string;
  readonly vocabulary: readonly Clip[];
}

export const promptFile = (clip: Clip): string => {
  const made = JSON.stringify([TREATMENT, VOICES[clip.language], clip.text]);
  const hash = createHash('sha256').update(made).digest('hex').slice(0, 12);
  return `${clip.id}-${hash}.wav`;
};

interface Job {
  readonly clip: Clip;
  readonly sound: Promise<Sound>;
  readonly settle: (sound: Promise<Sound>) => void;
}

export class Prompts {
  readonly #organ: string;
  readonly #directory: string;
  readonly #clips: ReadonlyMap<string, Clip>;
  readonly #jobs = new Map<string, Job>();
  /** Clips not begun yet; those at the front are needed first. */
  #waiting: Job[] = [];
  #free = Math.max(1, Math.min(4, availableParallelism() - 1));

  constructor(organ: string, settings: PromptSettings) {
    this.#organ = organ;
    this.#directory = settings.cacheDirectory;
    this.#clips = new Map(settings.vocabulary.map((clip) => [clip.id, clip]));
  }

  /**
   * Begins to prepare all clips in the background, in the order of the vocabulary. Rejects with
   * `missing_tool` where a clip is missing and nothing is installed that can render it.
   */
  async open(): Promise<void> {
    // A directory that can't be made leaves the prompts in memory; nothing else depends on it.
    await mkdir(this.#directory, { recursive: true }).catch(() => undefined);
    const there = new Set(await readdir(this.#directory).catch(() => []));
    const wanted = new Set([...this.#clips.values()].map(promptFile));
    if (![...wanted].every((file) => there.has(file)) && !isInstalled('espeak-ng')) {
      throw missingTool(this.#organ, 'espeak-ng');
    }
    for (const file of there) {
      if (CACHED.test(file) && !wanted.has(file)) await this.#remove(file);
    }
    for (const clip of this.#clips.values()) this.#begin(clip);
  }

  /**
   * The sound of one clip, before all that nobody asked for; rejects with a `DeviceError`. An id
   * outside the vocabulary throws a `RangeError`.
   */
  get(id: string): Promise<Sound> {
    const clip = this.#clips.get(id);
    if (clip === undefined) throw new RangeError(`there is no clip ${id}`);
    const job = this.#jobs.get(id) ?? this.#begin(clip);
    if (this.#waiting.includes(job)) {
      this.#waiting = [job, ...this.#waiting.filter((other) => other !== job)];
    }
    return job.sound;
  }

  /** Begins nothing new. */
  close(): void {
    for (const job of this.#waiting) {
      job.settle(Promise.reject(new DeviceError('lost', this.#organ, 'the speaker was closed')));
    }
    this.#waiting = [];
  }

  #begin(clip: Clip): Job {
    const { promise, resolve } = Promise.withResolvers<Sound>();
    const job: Job = { clip, sound: promise, settle: resolve };
    this.#jobs.set(clip.id, job);
    this.#waiting.push(job);
    // Nobody may be waiting for it; whoever asks next tries again.
    promise.catch(() => this.#jobs.delete(clip.id));
    this.#work();
    return job;
  }

  #work(): void {
    while (this.#free > 0) {
      const job = this.#waiting.shift();
      if (job === undefined) return;
      this.#free -= 1;
      const sound = this.#load(job.clip);
      job.settle(sound);
      const done = (): void => {
        this.#free += 1;
        this.#work();
      };
      sound.then(done, done);
    }
  }

  async #load(clip: Clip): Promise<Sound> {
    const path = join(this.#directory, promptFile(clip));
    const kept = await readFile(path).then(readWav, () => null);
    if (kept !== null) return kept;
    const sound = trimWord(await render(this.#organ, clip));
    // Whole or not at all: a power cut never leaves half a word behind.
    const part = `${path}.part`;
    await writeFile(part, writeWav(sound))
      .then(() => rename(part, path))
      .catch(() => this.#remove(`${promptFile(clip)}.part`));
    return sound;
  }

  #remove(file: string): Promise<void> {
    return rm(join(this.#directory, file), { force: true }).catch(() => undefined);
  }
}

/** A clip's file, or what was left of one. */
const CACHED = /^(en|zh)\.[a-z-]+-[0-9a-f]{12}\.wav(\.part)?$/;

function render(organ: string, clip: Clip): Promise<Sound> {
  const { promise, resolve, reject } = Promise.withResolvers<Sound>();
  const child = spawn('espeak-ng', [...VOICES[clip.language], '--stdout', '--', clip.text], {
    stdio: [NOWHERE, 'pipe', 'pipe'],
  });
  const out: Buffer[] = [];
  let complaint = '';
  const timer = setTimeout(() => {
    child.kill('SIGKILL');
    reject(new DeviceError('timeout', organ, `espeak-ng did not finish “${clip.text}”`));
  }, RENDER_TIMEOUT_MS);
  child.stdout?.on('data', (bytes: Buffer) => out.push(bytes));
  child.stderr?.on('data', (bytes: Buffer) => {
    complaint += bytes.toString();
  });
  child.once('error', (cause: NodeJS.ErrnoException) => {
    clearTimeout(timer);
    const failed = new DeviceError('protocol', organ, `espeak-ng: ${cause.message}`, { cause });
    reject(cause.code === 'ENOENT' ? missingTool(organ, 'espeak-ng') : failed);
  });
  child.once('close', (code) => {
    clearTimeout(timer);
    const sound = code === 0 ? readWav(Buffer.concat(out), true) : null;
    if (sound !== null && sound.samples.length > 0) resolve(sound);
    else {
      const why = complaint.trim().split('\n').at(-1) || `ended with ${code}`;
      reject(new DeviceError('protocol', organ, `espeak-ng can’t say “${clip.text}”: ${why}`));
    }
  });
  return promise;
}
