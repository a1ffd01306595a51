/**
 * A serial wire: a pseudo-terminal whose far end is ours. The terminal opens `path` like any serial
 * port. Faults of a wire (unplug, hang, noise, slow) are done here once for all serial organs.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, existsSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '#device/ports/clock.ts';
import { realClock } from './clock.ts';
import { type Fault, FaultError, type Simulator, type Watch, type WireEvent } from './wire.ts';

export interface PtyOptions {
  readonly wire: string;
  /** Where the terminal finds it: a link to the pseudo-terminal. */
  readonly path: string;
  /** Bytes that the terminal wrote. */
  readonly data: (bytes: Uint8Array) => void;
  /** The wire was plugged in again: a device starts anew. */
  readonly plugged?: () => void;
  readonly watch?: Watch;
  readonly clock?: Clock;
  /** Uniform in [0, 1); what noise hits is decided with it. */
  readonly chance?: () => number;
}

/** `DEVICE\tcommand` for whoever lacks the program that makes pseudo-terminals. */
export const PTY_TOOL = { program: 'socat', install: 'sudo apt-get install socat' };

export class Pty implements Simulator {
  readonly wire: string;
  readonly path: string;
  readonly #options: PtyOptions;
  readonly #clock: Clock;
  #socat: ChildProcess | null = null;
  #held: number | null = null;
  #hung = false;
  #noise = 0;
  #bitsPerSecond = 0;
  #freeAt = { in: 0, out: 0 };

  private constructor(options: PtyOptions) {
    this.wire = options.wire;
    this.path = options.path;
    this.#options = options;
    this.#clock = options.clock ?? realClock;
  }

  /** Resolves when the path can be opened. */
  static async open(options: PtyOptions): Promise<Pty> {
    const pty = new Pty(options);
    await pty.#plug();
    return pty;
  }

  /** Towards the terminal. Lost where the wire is unplugged or hung, as on metal. */
  write(bytes: Uint8Array): void {
    if (this.#socat === null || this.#hung) return;
    const sent = this.#noise > 0 ? this.#disturb(bytes) : bytes;
    this.#pace('in', sent.length, () => this.#socat?.stdin?.write(sent));
  }

  trace(event: Omit<WireEvent, 'wire'>): void {
    this.#options.watch?.({ wire: this.wire, ...event });
  }

  get plugged(): boolean {
    return this.#socat !== null;
  }

  async apply(fault: Fault): Promise<void> {
    switch (fault.fault) {
      case 'unplug':
        await this.#unplug();
        break;
      case 'replug':
        if (this.#socat === null) await this.#plug();
        break;
      case 'hang':
        this.#hung = true;
        break;
      case 'noise':
        this.#noise = fault.probability;
        break;
      case 'slow':
        this.#bitsPerSecond = fault.bits_per_second;
        break;
      case 'clear':
        this.#hung = false;
        this.#noise = 0;
        this.#bitsPerSecond = 0;
        if (this.#socat === null) await this.#plug();
        break;
      default:
        throw new FaultError(
          `${this.wire} knows unplug, replug, hang, noise, slow, clear; not ${fault.fault}`,
        );
    }
    this.trace({ direction: 'state', text: `fault: ${fault.fault}` });
  }

  async close(): Promise<void> {
    await this.#unplug();
  }

  async #plug(): Promise<void> {
    mkdirSync(dirname(this.path), { recursive: true });
    rmSync(this.path, { force: true });
    const socat = spawn('socat', ['-b', '4096', `PTY,raw,echo=0,link=${this.path}`, 'STDIO'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#socat = socat;
    socat.stdin.on('error', () => undefined);
    socat.stdout.on('data', (bytes: Buffer) => this.#receive(bytes));
    const ended = new Promise<Error>((resolve) => {
      socat.once('error', resolve);
      socat.once('exit', () => resolve(new Error('socat ended')));
    });
    while (!existsSync(this.path)) {
      const error = await Promise.race([ended, this.#tick()]);
      if (error !== null) throw new Error(`no wire for ${this.wire}: ${error.message}`);
    }
    // Holding the near end open keeps the wire alive while the terminal restarts.
    this.#held = openSync(this.path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    this.#options.plugged?.();
  }

  #tick(): Promise<null> {
    return new Promise((resolve) => this.#clock.after(2, () => resolve(null)));
  }

  async #unplug(): Promise<void> {
    const socat = this.#socat;
    this.#socat = null;
    if (this.#held !== null) closeSync(this.#held);
    this.#held = null;
    if (socat === null) return;
    // A signal to the whole group, such as Ctrl-C, may have ended it before.
    if (socat.exitCode === null && socat.signalCode === null) {
      const gone = new Promise((resolve) => socat.once('exit', resolve));
      socat.kill('SIGKILL');
      await gone;
    }
    rmSync(this.path, { force: true });
  }

  #receive(bytes: Buffer): void {
    if (this.#hung) return;
    this.#pace('out', bytes.length, () => this.#options.data(new Uint8Array(bytes)));
  }

  #pace(direction: 'in' | 'out', length: number, deliver: () => void): void {
    const now = this.#clock.monotonic();
    const free = Math.max(now, this.#freeAt[direction]);
    // Eight data bits, a start and a stop bit.
    const takes = this.#bitsPerSecond > 0 ? (length * 10_000) / this.#bitsPerSecond : 0;
    this.#freeAt[direction] = free + takes;
    if (free + takes <= now) deliver();
    else this.#clock.after(free + takes - now, deliver);
  }

  #disturb(bytes: Uint8Array): Uint8Array {
    const chance = this.#options.chance ?? Math.random;
    return bytes.map((byte) =>
      chance() < this.#noise ? byte ^ (1 << Math.floor(chance() * 8)) : byte,
    );
  }
}
