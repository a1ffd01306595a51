/**
 * The card's end of ALSA: a configuration whose `default` is a `file` plugin, and behind it a named
 * pipe. A pipe holds 64 KB, more than a second of speech, so that a player would be done long before
 * its sentence is heard; it is shrunk to one page, about what a real card buffers.
 */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  type FSWatcher,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

export const PIPE_BYTES = 4096;
/** `fcntl` command of Linux; Node has none, and Perl is on every Debian. */
const F_SETPIPE_SZ = 1031;

export class CardPipe {
  /** The file to name in `ALSA_CONFIG_PATH`. */
  readonly configuration: string;
  readonly #path: string;
  readonly #wake: () => void;
  #descriptor: number | null = null;
  #watcher: FSWatcher | null = null;

  /** `wake` is called when a player wrote; it may also be called when none did. */
  constructor(directory: string, wake: () => void) {
    mkdirSync(directory, { recursive: true });
    this.configuration = join(directory, 'asoundrc');
    this.#path = join(directory, 'pcm');
    this.#wake = wake;
  }

  get plugged(): boolean {
    return this.#descriptor !== null;
  }

  plug(): void {
    if (this.#descriptor !== null) return;
    rmSync(this.#path, { force: true });
    execFileSync('mkfifo', [this.#path]);
    this.#descriptor = openSync(this.#path, constants.O_RDONLY | constants.O_NONBLOCK);
    const shrink = `fcntl(STDIN, ${F_SETPIPE_SZ}, ${PIPE_BYTES}) or die $!`;
    execFileSync('perl', ['-e', shrink], { stdio: [this.#descriptor, 'ignore', 'pipe'] });
    // Held while plugged in, it also keeps the process alive that stands in for the card.
    this.#watcher = watch(this.#path, () => this.#wake());
    this.#watcher.on('error', () => undefined);
    this.#configure(
      `pcm.card { type file slave.pcm { type null } file "${this.#path}" format "wav" }\n` +
        'pcm.!default { type plug slave.pcm "card" }\n',
    );
  }

  /** The card is gone: who plays gets an error, who opens finds no such device. */
  unplug(): void {
    if (this.#descriptor === null) return;
    this.#configure('pcm.!default { type hw card 31 }\n');
    this.#watcher?.close();
    closeSync(this.#descriptor);
    this.#descriptor = null;
    // In one step: a player that is about to open the pipe would make an ordinary file where nothing
    // is, and play into that at once.
    const nowhere = `${this.#path}.gone`;
    rmSync(nowhere, { force: true });
    symlinkSync(join(this.#path, 'unplugged'), nowhere);
    renameSync(nowhere, this.#path);
  }

  /** Up to `most` bytes; `waiting` where a player has written nothing new, `ended` without one. */
  read(most: number): Buffer | 'waiting' | 'ended' {
    if (this.#descriptor === null) return 'ended';
    const chunk = Buffer.alloc(Math.min(most, PIPE_BYTES));
    try {
      const length = readSync(this.#descriptor, chunk);
      return length === 0 ? 'ended' : chunk.subarray(0, length);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return 'waiting';
      throw error;
    }
  }

  /** Whole or not at all: a player may read it at this moment. */
  #configure(text: string): void {
    writeFileSync(`${this.configuration}.part`, text);
    renameSync(`${this.configuration}.part`, this.configuration);
  }
}
