/** A loudspeaker on an ALSA sound card (row F5): joined prompts, one sentence after the other. */
import { type FSWatcher, watch } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DeviceError, type DeviceEvents } from '#device/ports/device.ts';
import type { Speaker } from '#device/ports/speaker.ts';
import { type Playing, play } from './aplay.ts';
import { isInstalled, missingTool } from './program.ts';
import { type PromptSettings, Prompts } from './prompts.ts';
import { durationMs, joinWords, type Sound, writeWav } from './wav.ts';

export interface AlsaSpeakerSettings extends PromptSettings {
  /** As `aplay -D` takes it, such as `default` or `plughw:CARD=Headphones`. */
  readonly device: string;
}

/** What a card may take longer than the sound lasts before it counts as hung. */
const PATIENCE_MS = 1500;
const PATIENCE_FACTOR = 1.5;
/** A sentence of a terminal that was killed may still be heard this long. */
const ORPHAN_MS = 15_000;
/** Long after a restart has asked what was heard. */
const MARK_LIFETIME_MS = 7 * 86_400_000;
const SOUND_DEVICES = '/dev/snd';

const SILENCE: Sound = { rate: 22_050, samples: new Int16Array() };

/**
 * Opens the speaker: checks the programs and the card, and begins to render what is missing of the
 * vocabulary. Resolves before all of it is there: a clip is rendered at the latest when it is needed,
 * in 10 to 20 ms. Rejects with `missing_tool`, `absent`, `busy`, `denied` or `timeout`.
 */
export async function openAlsaSpeaker(
  name: string,
  settings: AlsaSpeakerSettings,
  events: DeviceEvents,
): Promise<Speaker> {
  if (!isInstalled('aplay')) throw missingTool(name, 'aplay');
  const prompts = new Prompts(name, settings);
  await prompts.open();
  const speaker = new AlsaSpeaker(name, settings, prompts, events);
  try {
    await speaker.open();
  } catch (error) {
    await speaker.close();
    throw error;
  }
  return speaker;
}

class AlsaSpeaker implements Speaker {
  readonly #name: string;
  readonly #settings: AlsaSpeakerSettings;
  readonly #prompts: Prompts;
  readonly #events: DeviceEvents;
  readonly #watchers: FSWatcher[] = [];
  /** Settles when all that was said before has been heard. */
  #turn: Promise<unknown> = Promise.resolve();
  #playing: Playing | null = null;
  #checking = false;
  #opened = false;
  #over: DeviceError | null = null;

  constructor(name: string, settings: AlsaSpeakerSettings, prompts: Prompts, events: DeviceEvents) {
    this.#name = name;
    this.#settings = settings;
    this.#prompts = prompts;
    this.#events = events;
  }

  async open(): Promise<void> {
    await this.#forgetOldMarks();
    const orphan = await this.#orphan();
    // While a sentence of before is still heard the card is there, and may be exclusive.
    if (orphan === null) await this.#play(SILENCE);
    else this.#turn = this.#waitFor(orphan);
    this.#opened = true;
    this.#watchCards();
  }

  speak(clips: readonly string[], started?: () => void, mark?: string): Promise<void> {
    // Asked for now, not in its turn: they are rendered while the sentence before is heard.
    const words = Promise.all(clips.map((id) => this.#prompts.get(id)));
    words.catch(() => undefined);
    return this.#inTurn(async () => {
      const sound = joinWords(await words);
      await this.#play(sound, started, mark);
    });
  }

  async close(): Promise<void> {
    this.#over ??= new DeviceError('lost', this.#name, 'the speaker was closed');
    for (const watcher of this.#watchers.splice(0)) watcher.close();
    this.#prompts.close();
    this.#playing?.stop();
    await this.#playing?.done.catch(() => undefined);
  }

  #inTurn(act: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(act);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #play(sound: Sound, started?: () => void, mark?: string): Promise<void> {
    if (this.#over !== null) throw this.#over;
    const playing = play(writeWav(sound), {
      organ: this.#name,
      device: this.#settings.device,
      directory: this.#settings.cacheDirectory,
      timeoutMs: PATIENCE_MS + PATIENCE_FACTOR * durationMs(sound),
      ...(started === undefined ? {} : { started }),
      ...(mark === undefined ? {} : { mark: join(this.#marks, mark) }),
      ...(sound.samples.length === 0 ? {} : { note: this.#note }),
    });
    this.#playing = playing;
    try {
      await playing.done;
    } catch (error) {
      if (error instanceof DeviceError) this.#lose(error);
      throw this.#over ?? error;
    } finally {
      this.#playing = null;
    }
  }

  /** What failed while it was being opened is told by the opening alone. */
  #lose(error: DeviceError): void {
    if (this.#over !== null) return;
    this.#over = error;
    for (const watcher of this.#watchers.splice(0)) watcher.close();
    this.#prompts.close();
    if (this.#opened) this.#events.lost(error);
  }

  // ── A sentence that outlives its terminal ───────────────────────────────────────────────────

  get #marks(): string {
    return join(dirname(this.#settings.cacheDirectory), 'heard');
  }

  async #forgetOldMarks(): Promise<void> {
    await mkdir(this.#marks, { recursive: true }).catch(() => undefined);
    const marks = await readdir(this.#marks).catch(() => []);
    const oldest = Date.now() - MARK_LIFETIME_MS;
    for (const name of marks) {
      const path = join(this.#marks, name);
      const made = await stat(path).catch(() => null);
      if (made !== null && made.mtimeMs < oldest) await rmdir(path).catch(() => undefined);
    }
  }

  /** Where a full disk takes none, a restart in mid-sentence may speak over its end. */
  get #note(): string {
    return join(this.#settings.cacheDirectory, 'playing.pid');
  }

  /** Process id of what still speaks for a terminal that was killed, or `null`. */
  async #orphan(): Promise<number | null> {
    const pid = Number(await readFile(this.#note, 'utf8').catch(() => ''));
    if (!Number.isSafeInteger(pid) || pid <= 0) return null;
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return command.includes('aplay') ? pid : null;
  }

  /** Lets it end before anything else is said. */
  async #waitFor(orphan: number): Promise<void> {
    const until = performance.now() + ORPHAN_MS;
    while (this.#over === null && performance.now() < until && (await this.#orphan()) === orphan) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  // ── A card that goes while nothing is said ──────────────────────────────────────────────────

  /** Looks again whenever a sound device comes or goes, or ALSA's own configuration changes. */
  #watchCards(): void {
    this.#watchDirectory(SOUND_DEVICES, (event) => event === 'rename');
    // As ALSA reads it: one file, or several between colons.
    for (const configuration of (process.env.ALSA_CONFIG_PATH ?? '').split(':')) {
      if (configuration === '') continue;
      const file = basename(configuration);
      this.#watchDirectory(dirname(configuration), (_event, changed) => changed === file);
    }
  }

  #watchDirectory(
    directory: string,
    matters: (event: string, changed: string | null) => boolean,
  ): void {
    try {
      const watcher = watch(directory, { persistent: false }, (event, changed) => {
        if (matters(event, changed)) this.#check();
      });
      watcher.on('error', () => undefined);
      this.#watchers.push(watcher);
    } catch {
      // Not there: then the loss is noticed when something is to be said.
    }
  }

  #check(): void {
    if (this.#checking || this.#over !== null) return;
    this.#checking = true;
    this.#inTurn(async () => {
      this.#checking = false;
      await this.#play(SILENCE);
    }).catch(() => undefined);
  }
}
