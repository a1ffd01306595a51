/** A virtual 128×64 OLED: takes I2C transactions as the SSD1306 does and shows its memory's dots. */
import { type Pixels, writePng } from '#simulators/picture.ts';

/** What the firmware finds at an I2C address. */
export interface I2cDevice {
  /** One write transaction, without the address byte. */
  write(bytes: Uint8Array): void;
  read(count: number): Uint8Array;
}

const WIDTH = 128;
const HEIGHT = 64;

/** Commands and how many argument bytes follow (SSD1306 data sheet §9, table 9-1). */
const ARGUMENTS = new Map<number, number>([
  [0x20, 1],
  [0x21, 2],
  [0x22, 2],
  [0x81, 1],
  [0x8d, 1],
  [0xa8, 1],
  [0xd3, 1],
  [0xd5, 1],
  [0xd9, 1],
  [0xda, 1],
  [0xdb, 1],
]);

export class VirtualSsd1306 implements I2cDevice {
  readonly #memory = new Uint8Array((WIDTH * HEIGHT) / 8);
  readonly #changed: () => void;
  #on = false;
  #pump = false;
  #horizontal = false;
  #inverse = false;
  #allOn = false;
  #window = { left: 0, right: WIDTH - 1, top: 0, bottom: HEIGHT / 8 - 1 };
  #at = { column: 0, page: 0 };
  /** A command's bytes while its arguments are still to come. */
  #command: number[] = [];
  #unknown: number[] = [];

  /** `changed` is called after every transaction that may have changed the dots. */
  constructor(changed: () => void = () => undefined) {
    this.#changed = changed;
    // Memory is random after power on: a driver that does not clear it shows snow.
    for (let at = 0; at < this.#memory.length; at += 1) this.#memory[at] = (at * 73) & 0xff;
  }

  /** Command bytes that it does not know. */
  get unknown(): readonly number[] {
    return this.#unknown;
  }

  /** Whether anything can be seen: switched on, and its charge pump too. */
  get lit(): boolean {
    return this.#on && this.#pump;
  }

  write(bytes: Uint8Array): void {
    const [control, ...rest] = bytes;
    if (control === undefined) return;
    // Co bit clear: all that follows is of one kind, told by D/C# (§8.1.5.2).
    if ((control & 0x80) !== 0) this.#unknown.push(control);
    else if ((control & 0x40) !== 0) for (const byte of rest) this.#store(byte);
    else for (const byte of rest) this.#take(byte);
    this.#changed();
  }

  /** The status byte again and again: bit 6 is set while the display is off. */
  read(count: number): Uint8Array {
    return new Uint8Array(count).fill(this.#on ? 0x00 : 0x40);
  }

  /** Dots as seen, black where the display is dark; `dot` pixels a side. */
  pixels(dot = 4): Pixels {
    const width = WIDTH * dot;
    const height = HEIGHT * dot;
    const data = new Uint8ClampedArray(width * height * 4).fill(255);
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        const value = this.dot(Math.floor(x / dot), Math.floor(y / dot)) ? 255 : 0;
        data.fill(value, (y * width + x) * 4, (y * width + x) * 4 + 3);
      }
    }
    return { width, height, data };
  }

  png(dot = 4): Uint8Array {
    return writePng(this.pixels(dot));
  }

  /** Whether the dot is seen bright. */
  dot(x: number, y: number): boolean {
    if (!this.lit) return false;
    const bits = this.#memory[(y >> 3) * WIDTH + x] ?? 0;
    const stored = (bits & (1 << (y & 7))) !== 0;
    return this.#allOn || stored !== this.#inverse;
  }

  #store(byte: number): void {
    this.#memory[this.#at.page * WIDTH + this.#at.column] = byte;
    const { left, right, top, bottom } = this.#window;
    this.#at.column += 1;
    if (!this.#horizontal) {
      this.#at.column %= WIDTH;
      return;
    }
    if (this.#at.column <= right) return;
    this.#at.column = left;
    this.#at.page = this.#at.page >= bottom ? top : this.#at.page + 1;
  }

  #take(byte: number): void {
    this.#command.push(byte);
    const [command = 0, first = 0, second = 0] = this.#command;
    if (this.#command.length <= (ARGUMENTS.get(command) ?? 0)) return;
    this.#command = [];
    this.#do(command, first, second);
  }

  #do(command: number, first: number, second: number): void {
    if (command >= 0x40 && command <= 0x7f) return; // start line: the driver uses line 0
    if (command >= 0xb0 && command <= 0xb7) {
      this.#at.page = command & 7;
      return;
    }
    switch (command) {
      case 0x20:
        this.#horizontal = first === 0;
        return;
      case 0x21:
        this.#window = { ...this.#window, left: first & 0x7f, right: second & 0x7f };
        this.#at.column = first & 0x7f;
        return;
      case 0x22:
        this.#window = { ...this.#window, top: first & 7, bottom: second & 7 };
        this.#at.page = first & 7;
        return;
      case 0x8d:
        this.#pump = (first & 0x04) !== 0;
        return;
      case 0xa4:
      case 0xa5:
        this.#allOn = command === 0xa5;
        return;
      case 0xa6:
      case 0xa7:
        this.#inverse = command === 0xa7;
        return;
      case 0xae:
      case 0xaf:
        this.#on = command === 0xaf;
        return;
      default:
        // Contrast, clock, direction and the like change nothing that a bitmap shows.
        if (!ARGUMENTS.has(command) && !INERT.has(command)) this.#unknown.push(command);
    }
  }
}

/** Commands without arguments that turn the picture on its glass: no-ops, scan and segment order. */
const INERT = new Set([0xe3, 0xa0, 0xa1, 0xc0, 0xc8, 0x2e]);
