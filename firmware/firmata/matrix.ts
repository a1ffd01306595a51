/**
 * A key matrix without diodes on a Firmata board. Idle, every row is driven low and the board itself
 * reports the first column that follows: nothing is sent and no timer runs. From then until every
 * key is open again the rows are scanned one by one.
 *
 * Only one row is driven at a time and the others float: two keys held can't short two outputs. What
 * floating rows pick up costs a few reports and is never looked at.
 */
import {
  type Cell,
  confirmCells,
  type HeldCells,
  hasTwo,
  holdCells,
  type MatrixImage,
  newCells,
} from '#device/codecs/key-matrix.ts';
import { DeviceError, type Open } from '#device/ports/device.ts';
import type { Key, Keypad, KeypadEvents } from '#device/ports/keypad.ts';
import { systemClock } from '#firmware/clock.ts';
import type { FirmataBoard, FirmataHold } from './board.ts';
import type { Firmata } from './library.ts';

export interface MatrixSettings {
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  /** `keys[row][column]`. */
  readonly keys: readonly (readonly Key[])[];
}

/** A contact bounces for less than this; a key open for longer is released. */
const RELEASE_MS = 9;
/** Wires faster than a real board's must not make the scan a busy loop. */
const SCAN_EVERY_MS = 6;
/** Something lies on the keypad: look less often once nothing has changed for so long. */
const RESTING_AFTER_MS = 2000;
const RESTING_SCAN_EVERY_MS = 50;

/** Promises every press once, in order, up to 25 a second, two keys held at once. */
export const openFirmataMatrix =
  (board: FirmataBoard): Open<MatrixSettings, KeypadEvents, Keypad> =>
  async (name, settings, events) => {
    const hold = await board.hold(name, (error) => events.lost(error));
    const scanner = new MatrixScanner(hold, settings, (key) => events.key(key));
    try {
      await scanner.start();
    } catch (error) {
      await hold.release();
      throw error instanceof DeviceError
        ? error
        : new DeviceError('protocol', name, 'the matrix could not be set up', { cause: error });
    }
    return {
      async close() {
        scanner.stop();
        await hold.release();
      },
    };
  };

class MatrixScanner {
  readonly #io: Firmata;
  readonly #hold: FirmataHold;
  readonly #settings: MatrixSettings;
  readonly #press: (key: Key) => void;
  /** The columns' ports, each named by one of its pins. */
  readonly #ports: readonly number[];
  #held: HeldCells = new Map();
  /** Index of the row driven last. */
  #driven: number | null = null;
  /** Columns seen low since all rows were last driven, bit by bit. */
  #woken = 0;
  #scanning = false;
  #stopped = false;

  constructor(hold: FirmataHold, settings: MatrixSettings, press: (key: Key) => void) {
    this.#io = hold.io;
    this.#hold = hold;
    this.#settings = settings;
    this.#press = press;
    this.#ports = [...new Map(settings.columns.map((pin) => [pin >> 3, pin])).values()];
  }

  /** Resolves when a press would be seen. */
  async start(): Promise<void> {
    const { MODES } = this.#io;
    for (const column of this.#settings.columns) {
      this.#io.pinMode(column, MODES.PULLUP);
      this.#io.on(`digital-read-${column}`, (value: number) => {
        if (value === 0) this.#wake();
      });
    }
    this.#scanning = true;
    // By way of INPUT, which clears the bit that an earlier program may have left to drive it high.
    for (const row of this.#settings.rows.keys()) this.#setRow(row, MODES.INPUT);
    await this.#rest();
    if (this.#woken !== 0) await this.#takeAsHeld();
    this.#scanning = false;
    if (this.#woken !== 0) this.#wake();
  }

  /** A key that is down already was pressed before, and perhaps told before the board was lost. */
  async #takeAsHeld(): Promise<void> {
    const image = await this.#scan(this.#settings.rows.keys());
    const now = systemClock.monotonic();
    this.#held = holdCells(this.#held, image, newCells(this.#held, image), now, RELEASE_MS);
  }

  /** Leaves every pin as an input: nothing that is pressed later can short two outputs. */
  stop(): void {
    this.#stopped = true;
    for (const pin of this.#ports) this.#io.reportDigitalPin(pin, 0);
    for (const column of this.#settings.columns) {
      this.#io.removeAllListeners(`digital-read-${column}`);
    }
    for (const pin of [...this.#settings.rows, ...this.#settings.columns]) {
      this.#io.pinMode(pin, this.#io.MODES.INPUT);
    }
  }

  #wake(): void {
    this.#woken |= this.#columnsLow();
    if (!this.#scanning && !this.#stopped) void this.#scanUntilIdle();
  }

  async #scanUntilIdle(): Promise<void> {
    this.#scanning = true;
    try {
      while (this.#woken !== 0 && !this.#stopped) {
        await this.#scanWhileHeld();
        if (!this.#stopped) await this.#rest();
      }
    } catch (error) {
      this.#stopped = true;
      // A lost board has told so itself, and whoever opened this opens a new one.
      if (!(error instanceof DeviceError)) throw error;
    }
    this.#scanning = false;
  }

  async #scanWhileHeld(): Promise<void> {
    let changedAt = systemClock.monotonic();
    let before = '';
    for (;;) {
      const startedAt = systemClock.monotonic();
      const image = await this.#scan(this.#settings.rows.keys(), (row, bits) =>
        this.#judgeFirst(row, bits),
      );
      if (this.#stopped) return;
      await this.#judge(image);
      const now = systemClock.monotonic();
      const after = image.join();
      if (after !== before) changedAt = now;
      before = after;
      if (this.#held.size === 0 && image.every((bits) => bits === 0)) return;
      const resting = now - changedAt > RESTING_AFTER_MS;
      const every = resting ? RESTING_SCAN_EVERY_MS : SCAN_EVERY_MS;
      if (now - startedAt < every) await pause(every - (now - startedAt));
      if (this.#stopped) return;
    }
  }

  async #judge(image: MatrixImage): Promise<void> {
    const seen = newCells(this.#held, image);
    const rows = new Set(seen.map((cell) => cell.row));
    const pressed = rows.size === 0 ? [] : confirmCells(seen, await this.#scan(rows));
    if (this.#stopped) return;
    this.#held = holdCells(this.#held, image, pressed, systemClock.monotonic(), RELEASE_MS);
    for (const cell of pressed) this.#tell(cell);
  }

  /**
   * The first key out of idle needs no whole scan: the report that woke us was the first look at its
   * column, this is the second, and with one column low there is no ghost.
   */
  #judgeFirst(row: number, bits: number): void {
    if (this.#held.size > 0 || bits === 0 || bits !== this.#woken || hasTwo(bits)) return;
    const cell = { row, column: 31 - Math.clz32(bits) };
    this.#held = holdCells(this.#held, [], [cell], systemClock.monotonic(), RELEASE_MS);
    this.#tell(cell);
  }

  #tell({ row, column }: Cell): void {
    const key = this.#settings.keys[row]?.[column];
    if (key !== undefined) this.#press(key);
  }

  /**
   * Scans these rows; the answer has a zero for every other row. `seen` is called with each row's
   * columns at once.
   */
  async #scan(
    rows: Iterable<number>,
    seen?: (row: number, bits: number) => void,
  ): Promise<MatrixImage> {
    const image = this.#settings.rows.map(() => 0);
    const answers: Promise<void>[] = [];
    for (const row of rows) {
      const pin = this.#settings.rows[row];
      if (pin === undefined) throw new RangeError(`there is no row ${row}`);
      this.#drive(row);
      this.#askColumns();
      answers.push(
        this.#hold.fence(pin, () => {
          const bits = this.#columnsLow();
          image[row] = bits;
          seen?.(row, bits);
        }),
      );
    }
    await Promise.all(answers);
    return image;
  }

  /** Drives this row low and lets go of every other. */
  #drive(row: number): void {
    const { rows } = this.#settings;
    const before = this.#driven === null ? [...rows.keys()] : [this.#driven];
    for (const other of before) if (other !== row) this.#setRow(other, this.#io.MODES.INPUT);
    if (this.#driven !== row && this.#driven !== null) this.#setRow(row, this.#io.MODES.OUTPUT);
    this.#driven = row;
  }

  #setRow(row: number, mode: number): void {
    const pin = this.#settings.rows[row] ?? 0;
    this.#io.pinMode(pin, mode);
    // The library must not keep what a floating row reads: it would write it back with the next
    // write to this port, say a lamp's, and that pulls the row up for good.
    Object.assign(this.#io.pins[pin] ?? {}, { mode: this.#io.MODES.OUTPUT });
    this.#io.updateDigitalPort(pin, 0);
  }

  /** Drives all rows low, so that any press wakes the scan. */
  async #rest(): Promise<void> {
    const { rows } = this.#settings;
    for (const row of rows.keys()) {
      if (row !== this.#driven) this.#setRow(row, this.#io.MODES.OUTPUT);
    }
    this.#driven = null;
    this.#askColumns();
    // At the very byte: a report right behind it may already tell the next press.
    await this.#hold.fence(rows[0] ?? 0, () => {
      this.#woken = this.#columnsLow();
    });
  }

  #askColumns(): void {
    for (const pin of this.#ports) this.#io.reportDigitalPin(pin, 1);
  }

  #columnsLow(): number {
    return this.#settings.columns.reduce(
      (bits, pin, column) => bits | ((this.#io.pins[pin]?.value ?? 1) === 0 ? 1 << column : 0),
      0,
    );
  }
}

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => systemClock.after(ms, resolve));
