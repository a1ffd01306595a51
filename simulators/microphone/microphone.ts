/**
 * A microphone at the far end of ALSA (rows F5, F8): the terminal's own `arecord` reads from it through
 * the real library. It gives samples at the pace of their rate: the place's own noise, and in it what
 * somebody says.
 */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '#device/ports/clock.ts';
import { realClock } from '../clock.ts';
import { type Fault, FaultError, type Simulator, type Watch } from '../wire.ts';

export interface MicrophoneOptions {
  /** Of its own: its ALSA configuration and the pipe lie there. */
  readonly directory: string;
  /** Name of the wire; `microphone` where none is given. */
  readonly wire?: string;
  /** What `arecord -D` calls it; `default` where none is given. */
  readonly device?: string;
  readonly watch?: Watch;
  readonly clock?: Clock;
}

const RATE = 16_000;
const TICK_MS = 10;
/**
 * Samples of one period of `arecord` (50 ms). ALSA's file plugin takes whatever one read gives it for
 * a whole period: a pipe has to hold whole ones, each written at once.
 */
const PERIOD = 800;
/** The place is never silent: −66 dB of full scale. */
const PLACE = 16;

export class SimulatedMicrophone implements Simulator {
  readonly wire: string;
  /** What the terminal is started with, so that its `default` capture device is this one. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #options: MicrophoneOptions;
  readonly #clock: Clock;
  readonly #path: string;
  readonly #device: string;
  readonly #configuration: string;
  #plugged = false;
  /** Open while somebody records. */
  #descriptor: number | null = null;
  #waiting: Buffer = Buffer.alloc(0);
  #cancel = (): void => undefined;
  #said: Int16Array = new Int16Array();
  #at = 0;
  #since = 0;
  #given = 0;
  #hung = false;
  #noise = 0x1234567;

  constructor(options: MicrophoneOptions) {
    this.wire = options.wire ?? 'microphone';
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.#device = options.device ?? 'default';
    mkdirSync(options.directory, { recursive: true });
    this.#path = join(options.directory, 'sound');
    this.#configuration = join(options.directory, 'asoundrc');
    this.environment = { ALSA_CONFIG_PATH: this.#configuration };
    this.#plug();
  }

  /** Whether somebody records. */
  get heard(): boolean {
    return this.#descriptor !== null;
  }

  /** Somebody says this, 16 kHz, from now on; resolves when the last sample is out. */
  async say(samples: Int16Array): Promise<void> {
    this.#said = samples;
    this.#at = 0;
    this.#options.watch?.({
      wire: this.wire,
      direction: 'in',
      text: `${(samples.length / RATE).toFixed(1)} s of speech`,
    });
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (this.#at >= this.#said.length) resolve();
        else this.#clock.after(TICK_MS, look);
      };
      look();
    });
  }

  /** `unplug` takes it away, `hang` gives no more samples. */
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
      case 'clear':
        this.#hung = false;
        this.#plug();
        break;
      default:
        throw new FaultError(`${this.wire} knows unplug, replug, hang, clear; not ${fault.fault}`);
    }
  }

  async close(): Promise<void> {
    this.#unplug();
  }

  #plug(): void {
    if (this.#plugged) return;
    rmSync(this.#path, { force: true });
    execFileSync('mkfifo', [this.#path]);
    this.#plugged = true;
    writeFileSync(
      this.#configuration,
      'pcm.microphone_pipe { type file slave.pcm { type null } file "/dev/null" ' +
        `infile "${this.#path}" format "raw" }\n` +
        `pcm.!${this.#device} { type plug slave { pcm "microphone_pipe" rate 16000 channels 1 ` +
        'format S16_LE } }\n',
    );
    this.#since = this.#clock.monotonic();
    this.#given = 0;
    this.#tick();
  }

  #unplug(): void {
    if (!this.#plugged) return;
    this.#plugged = false;
    this.#cancel();
    writeFileSync(this.#configuration, `pcm.!${this.#device} { type hw card 31 }\n`);
    this.#hangUp();
    rmSync(this.#path, { force: true });
  }

  #tick(): void {
    this.#give();
    this.#cancel = this.#clock.after(TICK_MS, () => this.#tick());
  }

  #give(): void {
    const elapsed = ((this.#clock.monotonic() - this.#since) * RATE) / 1000 - this.#given;
    const due = Math.floor(elapsed / PERIOD) * PERIOD;
    this.#given += due;
    const bytes = Buffer.alloc(2 * due);
    for (let at = 0; at < due; at += 1) bytes.writeInt16LE(this.#sample(), 2 * at);
    if (this.#hung || !this.#isHeard()) return;
    this.#waiting = Buffer.concat([this.#waiting, bytes]);
    this.#write();
  }

  /** Whether somebody records. What nobody takes is gone, as sound is. */
  #isHeard(): boolean {
    if (this.#descriptor !== null) return true;
    try {
      this.#descriptor = openSync(this.#path, constants.O_WRONLY | constants.O_NONBLOCK);
      return true;
    } catch {
      return false;
    }
  }

  #write(): void {
    if (this.#descriptor === null) return;
    try {
      while (this.#waiting.length > 0) {
        writeSync(this.#descriptor, this.#waiting.subarray(0, 2 * PERIOD));
        this.#waiting = this.#waiting.subarray(2 * PERIOD);
      }
    } catch (error) {
      // The pipe is full for a moment; anything else is the end of the recording.
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) this.#hangUp();
    }
  }

  #hangUp(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
    this.#waiting = Buffer.alloc(0);
  }

  #sample(): number {
    const said = this.#said[this.#at];
    if (said !== undefined) this.#at += 1;
    this.#noise = (Math.imul(this.#noise, 1_664_525) + 1_013_904_223) >>> 0;
    const place = (this.#noise / 2 ** 31 - 1) * PLACE;
    return Math.max(-32_768, Math.min(32_767, Math.round((said ?? 0) + place)));
  }
}
