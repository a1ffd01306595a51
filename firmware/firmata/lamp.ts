/** Status lamp: a red and a green LED on a Firmata board, together amber. The library is johnny-five. */
import five from 'johnny-five';
import type { DeviceEvents, Open } from '#device/ports/device.ts';
import type { Lamp, LampSignal } from '#device/ports/lamp.ts';
import { systemClock } from '#firmware/clock.ts';
import type { FirmataBoard, FirmataHold } from './board.ts';

export interface LampSettings {
  readonly red: number;
  readonly green: number;
}

const BLINK_MS = 250;
/** `good` blinks for so long, then rests in steady green. */
const GOOD_MS = 3000;

/** Opens dark; a signal is on the wire in the same turn of the loop. */
export const openFirmataLamp =
  (board: FirmataBoard): Open<LampSettings, DeviceEvents, Lamp> =>
  async (name, settings, events) => {
    let settle: () => void = () => undefined;
    let leds: Leds | null = null;
    const rest = (): void => {
      settle();
      leds?.discard();
      leds = null;
    };
    const hold = await board.hold(name, (error) => {
      rest();
      events.lost(error);
    });
    leds = new Leds(hold, settings);
    return {
      show(signal) {
        settle();
        settle = leds?.show(signal) ?? (() => undefined);
      },
      async close() {
        leds?.show('off');
        rest();
        await hold.release();
      },
    };
  };

class Leds {
  readonly #board: five.Board;
  readonly #red: five.Led;
  readonly #green: five.Led;

  constructor(hold: FirmataHold, settings: LampSettings) {
    const quiet = { repl: false, debug: false, sigint: false };
    this.#board = new five.Board({ io: hold.io, ...quiet });
    this.#board.on('error', () => undefined); // The board itself tells what is wrong with it.
    this.#red = new five.Led({ pin: settings.red, board: this.#board });
    this.#green = new five.Led({ pin: settings.green, board: this.#board });
    this.show('off');
  }

  /** The answer cancels what is still to come of the signal. */
  show(signal: LampSignal): () => void {
    for (const led of [this.#red, this.#green]) led.stop();
    const lit = LIT[signal];
    if (lit.red) this.#red.on();
    else this.#red.off();
    if (lit.green) this.#green.on();
    else this.#green.off();
    if (!lit.blinks) return () => undefined;
    if (lit.red) this.#red.blink(BLINK_MS);
    if (lit.green) this.#green.blink(BLINK_MS);
    if (signal !== 'good') return () => undefined;
    return systemClock.after(GOOD_MS, () => this.show('ready'));
  }

  /**
   * The library keeps every board and LED for the life of the process: what hangs on them is cut
   * off, so that a board plugged in a thousand times costs nothing.
   */
  discard(): void {
    const { cache: boards } = five.Board as unknown as { cache: five.Board[] };
    const at = boards.indexOf(this.#board);
    if (at >= 0) boards.splice(at, 1);
    for (const led of [this.#red, this.#green]) {
      led.stop();
      Object.assign(led, { board: null, io: null });
    }
  }
}

const LIT: Record<LampSignal, { red: boolean; green: boolean; blinks: boolean }> = {
  off: { red: false, green: false, blinks: false },
  ready: { red: false, green: true, blinks: false },
  busy: { red: true, green: true, blinks: true },
  good: { red: false, green: true, blinks: true },
  bad: { red: true, green: false, blinks: false },
};
