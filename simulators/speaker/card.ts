/**
 * A sound card at the far end of ALSA: the terminal's own `aplay` writes to it through the real
 * library. It takes samples no faster than a loudspeaker does, so order and duration are real.
 *
 * Behind ALSA's `file` plugin stands a named pipe that this end empties at the pace of the sample
 * rate. A pipe holds 64 KB, more than a second; it is shrunk to one page, about what a card buffers.
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
  watch,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '#device/ports/clock.ts';
import { realClock } from '../clock.ts';
import { type Fault, FaultError, type Simulator, type Watch, type WireEvent } from '../wire.ts';
import { Ear, type Heard } from './ear.ts';

export interface SoundCardOptions {
  /** Of its own: its ALSA configuration and the pipe lie there. */
  readonly directory: string;
  /** Where the terminal keeps its clips. */
  readonly clipDirectory: string;
  /** Name of the wire; `speaker` where none is given. */
  readonly wire?: string;
  readonly watch?: Watch;
  /** The first sample of a sentence arrived, at this time of the clock in ms since 1970. */
  readonly started?: (atMs: number) => void;
  readonly clock?: Clock;
}

/** One sentence: what one run of `aplay` played. */
export interface Utterance extends Heard {
  /** When the first sample arrived, ms since 1970. */
  readonly started_at: number;
  /** When the last sample had been heard, ms since 1970. */
  readonly ended_at: number;
  /** What was heard, as a whole WAV file. */
  readonly wav: Uint8Array;
  /** The card was pulled out before its end. */
  readonly cut: boolean;
}

const PIPE_BYTES = 4096;
const F_SETPIPE_SZ = 1031;
/** How often the card takes samples while it plays. */
const TICK_MS = 3;
/** How often it looks for a player where the operating system does not tell. */
const IDLE_TICK_MS = 50;
const HEADER_BYTES = 44;

/** A sentence that is being heard. */
interface Hearing {
  readonly header: Buffer;
  readonly parts: Buffer[];
  /** ms since 1970; `null` until the first sample that is no silence. */
  startedAt: number | null;
}

interface Waiting {
  readonly wanted: (utterance: Utterance) => boolean;
  readonly settle: (utterance: Utterance) => void;
}

export class SoundCard implements Simulator {
  readonly wire: string;
  /** What the terminal is started with, so that its `default` device is this card. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #options: SoundCardOptions;
  readonly #clock: Clock;
  readonly #ear: Ear;
  readonly #heard: Utterance[] = [];
  #waiting: Waiting[] = [];
  #pipe: number | null = null;
  #watcher: FSWatcher | null = null;
  #cancelTick = (): void => undefined;
  /** Read, and not yet known to belong to this sentence or the next. */
  #pending: Buffer = Buffer.alloc(0);
  /** Bytes due are counted from here. */
  #pace = { from: 0, bytes: 0 };
  #hearing: Hearing | null = null;
  #hung = false;
  #slow: number | null = null;

  private constructor(options: SoundCardOptions) {
    this.wire = options.wire ?? 'speaker';
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.#ear = new Ear(options.clipDirectory);
    this.environment = { ALSA_CONFIG_PATH: join(options.directory, 'asoundrc') };
  }

  /** Resolves when `aplay` can play on it. */
  static async open(options: SoundCardOptions): Promise<SoundCard> {
    const card = new SoundCard(options);
    mkdirSync(options.directory, { recursive: true });
    card.#plug();
    return card;
  }

  /** All sentences that were heard to their end, in order. */
  heard(): readonly Utterance[] {
    return this.#heard;
  }

  /** The first sentence that `wanted` accepts, of those heard or to come; rejects after `timeoutMs`. */
  waitFor(wanted: (utterance: Utterance) => boolean, timeoutMs: number): Promise<Utterance> {
    const already = this.#heard.find(wanted);
    if (already !== undefined) return Promise.resolve(already);
    const { promise, resolve, reject } = Promise.withResolvers<Utterance>();
    const entry: Waiting = {
      wanted,
      settle: (utterance) => {
        cancel();
        resolve(utterance);
      },
    };
    const cancel = this.#clock.after(timeoutMs, () => {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
      const heard = this.#heard.map((each) => each.text ?? '(unknown sound)').join(' / ');
      reject(new Error(`not heard within ${timeoutMs} ms; heard: ${heard || 'nothing'}`));
    });
    this.#waiting.push(entry);
    return promise;
  }

  /** `hang` takes no more samples; `slow` takes so many bits a second; `unplug` removes the card. */
  async apply(fault: Fault): Promise<void> {
    switch (fault.fault) {
      case 'unplug':
        this.#unplug();
        break;
      case 'replug':
        this.#plug();
        break;
      case 'hang':
        this.#hung = true;
        break;
      case 'slow':
        this.#slow = fault.bits_per_second;
        this.#keepPaceFromHere();
        break;
      case 'clear':
        this.#hung = false;
        this.#slow = null;
        this.#keepPaceFromHere();
        this.#plug();
        break;
      default:
        throw new FaultError(
          `${this.wire} knows unplug, replug, hang, slow, clear; not ${fault.fault}`,
        );
    }
    this.#trace('state', `fault: ${fault.fault}`);
  }

  async close(): Promise<void> {
    this.#unplug();
  }

  // ── Plugging ────────────────────────────────────────────────────────────────────────────────

  get #pipePath(): string {
    return join(this.#options.directory, 'pcm');
  }

  #plug(): void {
    if (this.#pipe !== null) return;
    rmSync(this.#pipePath, { force: true });
    execFileSync('mkfifo', [this.#pipePath]);
    this.#pipe = openSync(this.#pipePath, constants.O_RDONLY | constants.O_NONBLOCK);
    const shrink = `fcntl(STDIN, ${F_SETPIPE_SZ}, ${PIPE_BYTES}) or die $!`;
    execFileSync('perl', ['-e', shrink], { stdio: [this.#pipe, 'ignore', 'pipe'] });
    // Tells of the first sample at once; held while plugged in, it keeps the process alive too.
    this.#watcher = watch(this.#pipePath, () => this.#wake());
    this.#watcher.on('error', () => undefined);
    this.#configure(
      `pcm.card { type file slave.pcm { type null } file "${this.#pipePath}" format "wav" }\n` +
        'pcm.!default { type plug slave.pcm "card" }\n',
    );
    this.#tick();
  }

  #unplug(): void {
    if (this.#pipe === null) return;
    this.#configure('pcm.!default { type hw card 31 }\n');
    this.#cancelTick();
    this.#watcher?.close();
    closeSync(this.#pipe);
    this.#pipe = null;
    rmSync(this.#pipePath, { force: true });
    this.#pending = Buffer.alloc(0);
    this.#finish(true);
  }

  /** Whole or not at all: a player may read it at this moment. */
  #configure(text: string): void {
    const path = join(this.#options.directory, 'asoundrc');
    writeFileSync(`${path}.part`, text);
    renameSync(`${path}.part`, path);
  }

  // ── Playing ─────────────────────────────────────────────────────────────────────────────────

  /** Samples came while nothing was heard. */
  #wake(): void {
    if (this.#hearing !== null || this.#pipe === null) return;
    this.#cancelTick();
    this.#tick();
  }

  #tick(): void {
    if (this.#pipe === null) return;
    if (!this.#hung) this.#take(this.#pipe);
    const wait = this.#hearing === null ? IDLE_TICK_MS : TICK_MS;
    this.#cancelTick = this.#clock.after(wait, () => this.#tick());
  }

  /** Takes what a loudspeaker would have played by now. */
  #take(pipe: number): void {
    const due = this.#hearing === null ? HEADER_BYTES + 512 : this.#bytesDue();
    if (due < 2) return;
    const chunk = Buffer.alloc(Math.min(due, PIPE_BYTES));
    let length: number;
    try {
      length = readSync(pipe, chunk);
    } catch {
      // A player holds the pipe and has written nothing new: a loudspeaker pauses, and goes on later.
      this.#keepPaceFromHere();
      return;
    }
    if (length === 0) {
      this.#hear(true);
      this.#finish(false);
      return;
    }
    this.#pace.bytes += length;
    this.#pending = Buffer.concat([this.#pending, chunk.subarray(0, length)]);
    this.#hear(false);
  }

  #bytesDue(): number {
    const rate = this.#slow === null ? this.#byteRate() : this.#slow / 8;
    const elapsed = (this.#clock.monotonic() - this.#pace.from) / 1000;
    return 2 * Math.floor((elapsed * rate - this.#pace.bytes) / 2);
  }

  #byteRate(): number {
    return this.#hearing?.header.readUInt32LE(28) ?? 0;
  }

  #keepPaceFromHere(): void {
    this.#pace = { from: this.#clock.monotonic(), bytes: 0 };
  }

  /** Sorts what was read into sentences: each run of a player begins with a WAV header. */
  #hear(ended: boolean): void {
    for (;;) {
      const header = this.#pending.indexOf('WAVEfmt ') - 8;
      const next = header >= 0 && this.#pending.toString('latin1', header, header + 4) === 'RIFF';
      if (next && this.#pending.length >= header + HEADER_BYTES) {
        this.#keep(this.#pending.subarray(0, header));
        this.#finish(false);
        this.#begin(Buffer.from(this.#pending.subarray(header, header + HEADER_BYTES)));
        this.#pending = this.#pending.subarray(header + HEADER_BYTES);
        continue;
      }
      // What may be the beginning of a header waits for the rest of it.
      const held = ended ? 0 : HEADER_BYTES;
      const sure = Math.max(0, this.#pending.length - held);
      if (!next || ended) {
        this.#noticeStart(this.#pending);
        this.#keep(this.#pending.subarray(0, sure));
        this.#pending = this.#pending.subarray(sure);
      }
      return;
    }
  }

  #begin(header: Buffer): void {
    const [channels, bits] = [header.readUInt16LE(22), header.readUInt16LE(34)];
    if (channels !== 1 || bits !== 16) {
      throw new Error(`${this.wire} plays 16-bit mono, not ${channels} channels of ${bits} bits`);
    }
    this.#hearing = { header, parts: [], startedAt: null };
    this.#keepPaceFromHere();
  }

  #noticeStart(sound: Buffer): void {
    const hearing = this.#hearing;
    if (hearing === null || hearing.startedAt !== null || sound.every((byte) => byte === 0)) return;
    hearing.startedAt = this.#clock.now();
    this.#options.started?.(hearing.startedAt);
    this.#trace('out', 'first sample', sound);
  }

  #keep(sound: Buffer): void {
    if (sound.length > 0) this.#hearing?.parts.push(Buffer.from(sound));
  }

  #finish(cut: boolean): void {
    const hearing = this.#hearing;
    this.#hearing = null;
    // A player that only looks whether the card is there plays nothing.
    if (hearing === null || hearing.startedAt === null) return;
    const pcm = Buffer.concat(hearing.parts);
    const utterance: Utterance = {
      ...this.#ear.listen(pcm),
      started_at: hearing.startedAt,
      ended_at: this.#clock.now(),
      wav: wholeWav(hearing.header, pcm),
      cut,
    };
    this.#heard.push(utterance);
    const seconds = (pcm.length / hearing.header.readUInt32LE(28)).toFixed(1);
    const text = utterance.text === null ? 'unknown sound' : `“${utterance.text}”`;
    this.#trace('out', `${text}, ${seconds} s${cut ? ', cut off' : ''}`);
    for (const each of this.#waiting.filter((waiting) => waiting.wanted(utterance))) {
      this.#waiting = this.#waiting.filter((other) => other !== each);
      each.settle(utterance);
    }
  }

  #trace(direction: WireEvent['direction'], text: string, bytes?: Buffer): void {
    const hex = bytes?.subarray(0, 64).toString('hex');
    this.#options.watch?.({
      wire: this.wire,
      direction,
      text,
      ...(hex === undefined ? {} : { hex }),
    });
  }
}

/** The header that a player wrote into a pipe does not know the length of what followed. */
function wholeWav(header: Buffer, pcm: Buffer): Uint8Array {
  const wav = Buffer.concat([header, pcm]);
  wav.writeUInt32LE(wav.length - 8, 4);
  wav.writeUInt32LE(pcm.length, 40);
  return new Uint8Array(wav);
}
