/**
 * A 128×64 OLED (SSD1306) on the I2C pins of a Firmata board. Only what changed is written, in
 * messages the board's buffers hold, two under way at a time: a key pressed meanwhile waits for
 * those two, not for the picture.
 */
import { DeviceError, type Open } from '#device/ports/device.ts';
import type { Display, DisplayEvents, Screen } from '#device/ports/display.ts';
import type { FirmataBoard, FirmataHold } from './board.ts';
import { drawScreen, PAGES, type Picture, WIDTH } from './picture.ts';

export interface Ssd1306Settings {
  /** I2C address, mostly 0x3c. */
  readonly address: number;
}

const I2C_REQUEST = 0x76;
const I2C_CONFIG = 0x78;
const READ_ONCE = 0x08;
/** Data bytes a write: the firmware's message buffer is 64 bytes, the I2C library's 32. */
const CHUNK = 28;
const LOOK_EVERY_MS = 5000;
const REPLY_TIMEOUT_MS = 1200;

/** Control byte before commands, and before data (SSD1306 data sheet §8.1.5.2). */
const COMMANDS = 0x00;
const DATA = 0x40;
const DISPLAY_OFF = 0xae;
const DISPLAY_ON = 0xaf;
/** In the status byte: the display is off, which it is after a power cut (§10.2.1 table 9-1). */
const STATUS_OFF = 0x40;

/** Clock, 64 rows, no offset, charge pump, window addressing, both axes turned, contrast. */
const SETUP = [
  0xae, 0xd5, 0x80, 0xa8, 0x3f, 0xd3, 0x00, 0x40, 0x8d, 0x14, 0x20, 0x00, 0xa1, 0xc8, 0xda, 0x12,
  0x81, 0xcf, 0xd9, 0xf1, 0xdb, 0x40, 0xa4, 0xa6,
];

/** Opens dark and lit from the first screen on; `absent` where nothing answers at the address. */
export const openFirmataSsd1306 =
  (board: FirmataBoard): Open<Ssd1306Settings, DisplayEvents, Display> =>
  async (name, { address }, events) => {
    let oled: Oled | null = null;
    const hold = await board.hold(name, (error) => {
      oled?.stop(error);
      events.lost(error);
    });
    oled = new Oled(name, hold, address);
    try {
      await oled.start((error) => {
        void hold.release();
        events.lost(error);
      });
    } catch (error) {
      oled.stop(new DeviceError('lost', name, 'not opened'));
      await hold.release();
      throw error;
    }
    const opened = oled;
    return {
      show: (screen) => opened.show(screen),
      async close() {
        await opened.sleep();
        opened.stop(new DeviceError('lost', name, 'closed'));
        await hold.release();
      },
    };
  };

interface Wish {
  readonly picture: Picture;
  readonly told: PromiseWithResolvers<void>[];
}

class Oled {
  readonly #name: string;
  readonly #hold: FirmataHold;
  readonly #address: number;
  /** The two pins of the I2C bus: a fence on each in turn. */
  readonly #pins: readonly number[];
  /** What the display's memory holds; `null` where that is not known. */
  #shown: Picture | null = null;
  #lit = false;
  #wish: Wish | null = null;
  #drawing = false;
  #fences: Promise<void>[] = [];
  #turn = 0;
  #look: NodeJS.Timeout | undefined;
  #end: DeviceError | null = null;

  constructor(name: string, hold: FirmataHold, address: number) {
    this.#name = name;
    this.#hold = hold;
    this.#address = address;
    const { pins, MODES } = hold.io;
    this.#pins = pins.flatMap((pin, at) => (pin.supportedModes.includes(MODES.I2C) ? [at] : []));
  }

  async start(lost: (error: DeviceError) => void): Promise<void> {
    this.#hold.io.sysexCommand([I2C_CONFIG, 0, 0]);
    if ((await this.#status()) === null) throw this.#absent();
    await this.#write(COMMANDS, SETUP);
    this.#look = setInterval(() => {
      this.#isWell().then(
        (well) => {
          if (well || this.#end !== null) return;
          const error = this.#absent();
          this.stop(error);
          lost(error);
        },
        () => undefined, // The board is lost and has told so.
      );
    }, LOOK_EVERY_MS);
    this.#look.unref();
  }

  show(screen: Screen): Promise<void> {
    return this.#draw(drawScreen(screen));
  }

  /** Dark, where the wire still allows it. */
  async sleep(): Promise<void> {
    try {
      await this.#write(COMMANDS, [DISPLAY_OFF]);
      await Promise.all(this.#fences);
    } catch {
      // It is dark already, or out of reach.
    }
  }

  stop(error: DeviceError): void {
    this.#end ??= error;
    clearInterval(this.#look);
    for (const told of this.#wish?.told ?? []) told.reject(this.#end);
    this.#wish = null;
  }

  #draw(picture: Picture): Promise<void> {
    if (this.#end !== null) return Promise.reject(this.#end);
    const told = Promise.withResolvers<void>();
    this.#wish = { picture, told: [...(this.#wish?.told ?? []), told] };
    if (!this.#drawing) void this.#drawWishes();
    return told.promise;
  }

  async #drawWishes(): Promise<void> {
    this.#drawing = true;
    for (let wish = this.#wish; wish !== null; wish = this.#wish) {
      this.#wish = null;
      try {
        await this.#send(wish.picture);
        for (const told of wish.told) told.resolve();
      } catch (error) {
        for (const told of wish.told) told.reject(this.#end ?? error);
      }
    }
    this.#drawing = false;
  }

  async #send(picture: Picture): Promise<void> {
    const before = this.#shown;
    this.#shown = null; // Not known again before all of it is written.
    for (let page = 0; page < PAGES; page += 1) {
      const row = picture.subarray(page * WIDTH, (page + 1) * WIDTH);
      const old = before?.subarray(page * WIDTH, (page + 1) * WIDTH);
      const first = row.findIndex((bits, at) => bits !== old?.[at]);
      if (first < 0) continue;
      const last = row.findLastIndex((bits, at) => bits !== old?.[at]);
      await this.#write(COMMANDS, [0x21, first, last, 0x22, page, page]);
      for (let at = first; at <= last; at += CHUNK) {
        await this.#write(DATA, row.subarray(at, Math.min(at + CHUNK, last + 1)));
      }
    }
    if (!this.#lit) await this.#write(COMMANDS, [DISPLAY_ON]);
    this.#lit = true;
    await Promise.all(this.#fences);
    this.#shown = picture;
  }

  /** Resolves when at most one write before this one is still under way. */
  async #write(control: number, bytes: Iterable<number>): Promise<void> {
    if (this.#end !== null) throw this.#end;
    const message = [I2C_REQUEST, this.#address, 0];
    for (const byte of [control, ...bytes]) message.push(byte & 0x7f, byte >> 7);
    const pin = this.#pins[this.#turn % this.#pins.length];
    if (pin === undefined) throw new DeviceError('protocol', this.#name, 'the board has no I2C');
    this.#turn += 1;
    if (this.#fences.length >= this.#pins.length) await this.#fences.shift();
    this.#hold.io.sysexCommand(message);
    const fence = this.#hold.fence(pin, () => undefined);
    fence.catch(() => undefined); // Whoever waits for it is told.
    this.#fences.push(fence);
  }

  /** The status byte, or `null` where nothing answers at the address. */
  #status(): Promise<number | null> {
    const { io } = this.#hold;
    const reply = `I2C-reply-${this.#address}-0`;
    return new Promise((resolve, reject) => {
      const answered = (bytes: number[]): void => {
        clearTimeout(timer);
        resolve(bytes[0] ?? null);
      };
      const timer = setTimeout(() => {
        io.removeListener(reply, answered);
        reject(new DeviceError('timeout', this.#name, 'the I2C bus does not answer'));
      }, REPLY_TIMEOUT_MS);
      io.once(reply, answered);
      io.sysexCommand([I2C_REQUEST, this.#address, READ_ONCE, 1, 0]);
    });
  }

  async #isWell(): Promise<boolean> {
    const status = await this.#status();
    return status !== null && !(this.#lit && (status & STATUS_OFF) !== 0);
  }

  #absent(): DeviceError {
    const address = `0x${this.#address.toString(16)}`;
    return new DeviceError('absent', this.#name, `no display answers at I2C address ${address}`, {
      mend: 'check its four wires (5V, GND, SDA, SCL) and its address in boards.json',
    });
  }
}
