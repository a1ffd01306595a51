/** A panel whose firmware is the real one: an ATmega328P on a thread, its UART on a pseudo-terminal. */
import { Worker } from 'node:worker_threads';
import type { Key } from '#device/ports/keypad.ts';
import type { MatrixWiring } from '#simulators/panel/circuit.ts';
import type { Pixels } from '#simulators/picture.ts';
import { Pty } from '#simulators/pty.ts';
import type { Fault } from '#simulators/wire.ts';
import { WIRING } from '#test/contracts/panel-bench.ts';

export interface ChipData {
  readonly program: Uint8Array;
  readonly matrix: MatrixWiring;
  readonly leds: readonly number[];
  readonly buzzer: number;
  readonly oledAddress: number;
  /** A counter that the host's loop moves while it gets time. */
  readonly beat: SharedArrayBuffer;
}

/** A movement of a key, by its place in the matrix. */
export interface Contact {
  readonly row: number;
  readonly column: number;
  readonly closed: boolean;
}

export type ToChip =
  | { readonly uart: readonly number[] }
  | { readonly contact: Contact; readonly host_ms: number }
  | { readonly press: readonly Omit<Contact, 'closed'>[]; readonly half_ms: number }
  | { readonly look: number }
  | { readonly stop: true };

export interface Seen {
  readonly pixels: Pixels;
  readonly lit: boolean;
  readonly unknown: readonly number[];
}

export type FromChip =
  | { readonly uart: readonly number[] }
  | { readonly leds: string }
  | { readonly edges: number }
  | { readonly rests: boolean }
  | { readonly released: true }
  | { readonly seen: Seen };

/** The firmware blinks its version for two seconds before it says it. */
const BOOT_TIMEOUT_MS = 20_000;
const BEAT_MS = 2;

export class Atmega {
  readonly #worker: Worker;
  readonly #pty: Pty | null;
  readonly #heart: NodeJS.Timeout;
  #leds = '00';
  #edges = 0;
  #rests = false;
  #seen: ((seen: Seen) => void) | null = null;
  readonly #released: (() => void)[] = [];

  private constructor(worker: Worker, pty: Pty | null, heart: NodeJS.Timeout) {
    this.#worker = worker;
    this.#pty = pty;
    this.#heart = heart;
  }

  /**
   * Resolves when the firmware has said who it is. What it sends goes to the pseudo-terminal at
   * `path`, or to `received`.
   */
  static async boot(
    program: Uint8Array,
    wire: { readonly path: string } | { readonly received: (bytes: Uint8Array) => void },
  ): Promise<Atmega> {
    const beat = new SharedArrayBuffer(4);
    const worker = new Worker(new URL('./atmega-chip.ts', import.meta.url), {
      workerData: {
        program,
        matrix: WIRING.matrix,
        leds: [WIRING.lamp.red, WIRING.lamp.green],
        buzzer: WIRING.buzzer.pin,
        oledAddress: WIRING.oled.address,
        beat,
      } satisfies ChipData,
    });
    const pty =
      'path' in wire
        ? await Pty.open({
            wire: 'panel',
            path: wire.path,
            data: (bytes) => worker.postMessage({ uart: [...bytes] } satisfies ToChip),
          })
        : null;
    const heart = new Int32Array(beat);
    const timer = setInterval(() => {
      Atomics.add(heart, 0, 1);
      Atomics.notify(heart, 0);
    }, BEAT_MS).unref();
    const atmega = new Atmega(worker, pty, timer);
    const booted = Promise.withResolvers<void>();
    const late = setTimeout(() => {
      booted.reject(new Error(`the firmware was silent for ${BOOT_TIMEOUT_MS} ms`));
    }, BOOT_TIMEOUT_MS);
    worker.on('error', booted.reject);
    worker.on('message', (message: FromChip) => {
      if ('uart' in message) booted.resolve();
      atmega.#take(message, 'received' in wire ? wire.received : (bytes) => pty?.write(bytes));
    });
    await booted.promise.finally(() => clearTimeout(late));
    return atmega;
  }

  lamp(): { readonly red: boolean; readonly green: boolean } {
    return { red: this.#leds[0] === '1', green: this.#leds[1] === '1' };
  }

  /** How often the buzzer's pin has changed. */
  get edges(): number {
    return this.#edges;
  }

  /** Whether every row of the matrix is driven low: the terminal waits for any key. */
  get atRest(): boolean {
    return this.#rests;
  }

  oled(dot = 4): Promise<Seen> {
    return new Promise((resolve) => {
      this.#seen = resolve;
      this.#tell({ look: dot });
    });
  }

  /** Straight into the UART, past any pseudo-terminal. */
  send(bytes: Uint8Array): void {
    this.#tell({ uart: [...bytes] });
  }

  press(key: Key, { hold_ms = 60 }: { readonly hold_ms?: number } = {}): Promise<void> {
    return this.pressAll([key], 500 / hold_ms);
  }

  /** Each held for half its share of a second, in the chip's own time. */
  pressAll(keys: readonly Key[], perSecond: number): Promise<void> {
    return new Promise((resolve) => {
      this.#released.push(resolve);
      this.#tell({ press: keys.map(placeOf), half_ms: 500 / perSecond });
    });
  }

  down(key: Key): void {
    void this.contact({ ...placeOf(key), closed: true });
  }

  up(key: Key): void {
    void this.contact({ ...placeOf(key), closed: false });
  }

  async apply(fault: Fault): Promise<void> {
    await this.#pty?.apply(fault);
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve));
    this.#tell({ stop: true });
    await ended;
    clearInterval(this.#heart);
    await this.#pty?.close();
  }

  /** Resolves when the contact is made or broken. */
  contact(contact: Contact): Promise<void> {
    return new Promise((resolve) => {
      this.#released.push(resolve);
      this.#tell({ contact, host_ms: performance.now() });
    });
  }

  #tell(message: ToChip): void {
    this.#worker.postMessage(message);
  }

  #take(message: FromChip, received: (bytes: Uint8Array) => void): void {
    if ('uart' in message) received(Uint8Array.from(message.uart));
    else if ('leds' in message) this.#leds = message.leds;
    else if ('edges' in message) this.#edges = message.edges;
    else if ('rests' in message) this.#rests = message.rests;
    else if ('released' in message) this.#released.shift()?.();
    else this.#seen?.(message.seen);
  }
}

function placeOf(key: Key): { readonly row: number; readonly column: number } {
  const keys: readonly (readonly Key[])[] = WIRING.matrix.keys;
  const row = keys.findIndex((each) => each.includes(key));
  return { row, column: keys[row]?.indexOf(key) ?? -1 };
}
