/**
 * A sound card at the far end of ALSA (rows F5, F8): the terminal's own `aplay` writes to it through
 * the real library. It takes samples no faster than a loudspeaker does, so that order and duration
 * are real, and hears what was said.
 */
import type { Clock } from '#device/ports/clock.ts';
import { realClock } from '../clock.ts';
import { type Fault, FaultError, type Simulator, type Watch, type WireEvent } from '../wire.ts';
import { Ear, type Heard } from './ear.ts';
import { CardPipe, PIPE_BYTES } from './pipe.ts';
import { HEADER_BYTES, Sentences } from './sentences.ts';

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

/** How often the card takes samples while it plays. */
const TICK_MS = 3;
/** How often it looks for a player where the operating system does not tell. */
const IDLE_TICK_MS = 50;

/** Enough to see who plays, and that it has begun. */
const FIRST_READ_BYTES = HEADER_BYTES + 512;

/** A sentence that is being heard. */
interface Hearing {
  readonly header: Buffer;
  readonly bytesPerSecond: number;
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
  readonly #pipe: CardPipe;
  readonly #sentences: Sentences;
  #cancelTick = (): void => undefined;
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
    this.#pipe = new CardPipe(options.directory, () => this.#wake());
    this.#sentences = new Sentences({
      begin: (header) => this.#begin(header),
      sound: (pcm) => this.#sound(pcm),
      end: () => this.#finish(false),
    });
    this.environment = { ALSA_CONFIG_PATH: this.#pipe.configuration };
  }

  /** Resolves when `aplay` can play on it. */
  static async open(options: SoundCardOptions): Promise<SoundCard> {
    const card = new SoundCard(options);
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

  #plug(): void {
    if (this.#pipe.plugged) return;
    this.#pipe.plug();
    this.#tick();
  }

  #unplug(): void {
    this.#cancelTick();
    this.#pipe.unplug();
    this.#finish(true);
    this.#sentences.reset();
  }

  /** Samples came while nothing was heard. */
  #wake(): void {
    if (this.#hearing !== null || !this.#pipe.plugged) return;
    this.#cancelTick();
    this.#tick();
  }

  #tick(): void {
    if (!this.#hung) this.#take();
    const wait = this.#hearing === null ? IDLE_TICK_MS : TICK_MS;
    this.#cancelTick = this.#clock.after(wait, () => this.#tick());
  }

  /** Takes what a loudspeaker would have played by now. */
  #take(): void {
    const due = this.#hearing === null ? FIRST_READ_BYTES : this.#bytesDue();
    if (due < 2) return;
    const taken = this.#pipe.read(Math.min(due, PIPE_BYTES));
    if (taken === 'ended') this.#sentences.finish();
    // A loudspeaker that gets nothing pauses, and then goes on at its pace.
    else if (taken === 'waiting') this.#keepPaceFromHere();
    else {
      this.#pace.bytes += taken.length;
      this.#sentences.push(taken);
    }
  }

  #bytesDue(): number {
    const rate = this.#slow === null ? (this.#hearing?.bytesPerSecond ?? 0) : this.#slow / 8;
    const elapsed = (this.#clock.monotonic() - this.#pace.from) / 1000;
    return 2 * Math.floor((elapsed * rate - this.#pace.bytes) / 2);
  }

  #keepPaceFromHere(): void {
    this.#pace = { from: this.#clock.monotonic(), bytes: 0 };
  }

  #begin(header: Buffer): void {
    const [channels, bits] = [header.readUInt16LE(22), header.readUInt16LE(34)];
    if (channels !== 1 || bits !== 16) {
      throw new Error(`${this.wire} plays 16-bit mono, not ${channels} channels of ${bits} bits`);
    }
    const bytesPerSecond = header.readUInt32LE(28);
    this.#hearing = { header, bytesPerSecond, parts: [], startedAt: null };
    this.#keepPaceFromHere();
  }

  #sound(pcm: Buffer): void {
    const hearing = this.#hearing;
    if (hearing === null) return;
    hearing.parts.push(pcm);
    if (hearing.startedAt !== null || pcm.every((byte) => byte === 0)) return;
    hearing.startedAt = this.#clock.now();
    this.#options.started?.(hearing.startedAt);
    this.#trace('out', 'first sample', pcm);
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
    const seconds = (pcm.length / hearing.bytesPerSecond).toFixed(1);
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
