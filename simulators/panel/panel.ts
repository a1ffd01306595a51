/**
 * The vendor's panel on a simulated wire: a microcontroller with StandardFirmata on a
 * pseudo-terminal, with a key matrix, a red and a green LED, a buzzer and a small OLED wired to it.
 */
import type { Clock } from '#device/ports/clock.ts';
import type { Key } from '#device/ports/keypad.ts';
import { realClock } from '#simulators/clock.ts';
import type { Pixels } from '#simulators/picture.ts';
import { Pty } from '#simulators/pty.ts';
import type { Fault, Simulator, Watch } from '#simulators/wire.ts';
import { CHIPS } from './chips.ts';
import { Circuit } from './circuit.ts';
import { Line } from './line.ts';
import { VirtualSsd1306 } from './ssd1306.ts';
import { StandardFirmata } from './standard-firmata.ts';
import { summarise } from './trace.ts';

export interface PanelOptions {
  /** Where the terminal finds the serial port. */
  readonly path: string;
  readonly watch?: Watch;
  readonly clock?: Clock;
  readonly chance?: () => number;
  readonly kind?: keyof typeof CHIPS;
  /** Bits per second of the serial line; StandardFirmata has 57600. */
  readonly baud?: number;
  readonly matrix?: {
    readonly rows: readonly number[];
    readonly columns: readonly number[];
    readonly keys: readonly (readonly Key[])[];
  };
  readonly lamp?: { readonly red: number; readonly green: number };
  readonly buzzer?: { readonly pin: number };
  readonly oled?: { readonly address: number };
}

export interface Beep {
  /** Monotonic milliseconds at which it began. */
  readonly at_ms: number;
  readonly length_ms: number;
  /** 1 to 255. */
  readonly duty: number;
}

export interface LampState {
  readonly red: boolean;
  readonly green: boolean;
}

export interface PressOptions {
  readonly hold_ms?: number;
  /** For how long the contact chatters at either end of the press. */
  readonly bounce_ms?: number;
}

const HOLD_MS = 60;
const STEP_MS = 2;

export class VirtualPanel implements Simulator {
  readonly wire = 'panel';
  readonly #options: PanelOptions;
  readonly #clock: Clock;
  readonly #circuit: Circuit;
  readonly #firmata: StandardFirmata;
  #oled: VirtualSsd1306 | null;
  #oledWired = true;
  /** The serial line in either direction, at its baud. */
  readonly #out: Line;
  readonly #in: Line;
  #pty: Pty | null = null;
  #levels: Map<number, 0 | 1>;
  #lamp: LampState = { red: false, green: false };
  #duty = { value: 0, since: 0 };
  #beeps: Beep[] = [];
  #unknown: string[] = [];
  #sent: number[] = [];
  #cancelSample: (() => void) | null = null;

  private constructor(options: PanelOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.#circuit = new Circuit(options.matrix ?? { rows: [], columns: [] });
    this.#oled = options.oled === undefined ? null : new VirtualSsd1306();
    this.#levels = new Map();
    const bitsPerSecond = options.baud ?? 57600;
    this.#out = new Line(bitsPerSecond, this.#clock, (bytes) => this.#receive(bytes));
    this.#in = new Line(bitsPerSecond, this.#clock, (bytes) => this.#pty?.write(bytes));
    this.#firmata = new StandardFirmata(CHIPS[options.kind ?? 'arduino-uno'], {
      send: (bytes) => this.#send(bytes),
      level: (pin) => this.#levels.get(pin) ?? 0,
      driven: (pin) => this.#driven(pin),
      i2c: (address) => (this.#oledWired && address === options.oled?.address ? this.#oled : null),
      unknown: (why) => {
        this.#unknown.push(why);
        this.#tell(`the firmware ignores ${why}`);
      },
    });
  }

  /** Resolves when the terminal can open the path. */
  static async open(options: PanelOptions): Promise<VirtualPanel> {
    const panel = new VirtualPanel(options);
    panel.#pty = await Pty.open({
      wire: panel.wire,
      path: options.path,
      data: (bytes) => {
        panel.#pty?.trace({ direction: 'out', ...summarise(bytes) });
        panel.#out.push(bytes);
      },
      plugged: () => panel.#boot(),
      ...(options.watch === undefined ? {} : { watch: options.watch }),
      ...(options.clock === undefined ? {} : { clock: options.clock }),
      ...(options.chance === undefined ? {} : { chance: options.chance }),
    });
    return panel;
  }

  /** Messages that the firmware ignored, oldest first. */
  get unknown(): readonly string[] {
    return this.#unknown;
  }

  /** How often two outputs of opposite level were connected: smoke, on metal. */
  get shorts(): number {
    return this.#circuit.shorts;
  }

  /** Whether the terminal drives every row of the matrix low: it waits for any key to be pressed. */
  get atRest(): boolean {
    return (this.#options.matrix?.rows ?? []).every((pin) => this.#firmata.drive(pin) === 'low');
  }

  /** What the LEDs show now. */
  lamp(): LampState {
    return this.#lamp;
  }

  /** What the buzzer has sounded, oldest first; one that still sounds is not among them. */
  beeps(): readonly Beep[] {
    return this.#beeps;
  }

  oled(): { readonly lit: boolean; pixels(dot?: number): Pixels; png(dot?: number): Uint8Array } {
    if (this.#oled === null) throw new RangeError('this panel has no OLED');
    return this.#oled;
  }

  /** Pulls the OLED's wires, or plugs them in again: it starts dark, with snow in its memory. */
  wireOled(plugged: boolean): void {
    this.#oledWired = plugged;
    if (plugged) this.#oled = new VirtualSsd1306();
    this.#tell(plugged ? 'OLED plugged in' : 'OLED pulled out');
  }

  /** Presses a key and lets it go; resolves when it is open again. */
  async press(key: Key, { hold_ms = HOLD_MS, bounce_ms = 0 }: PressOptions = {}): Promise<void> {
    await this.#bounce(key, bounce_ms);
    this.down(key);
    await this.#wait(hold_ms);
    await this.#bounce(key, bounce_ms);
    this.up(key);
  }

  /** One press after the other, each held for half its share of a second. */
  async pressAll(keys: readonly Key[], perSecond: number): Promise<void> {
    const half = 500 / perSecond;
    for (const key of keys) {
      await this.press(key, { hold_ms: half });
      await this.#wait(half);
    }
  }

  down(key: Key): void {
    this.#contact(key, true);
    this.#tell(`${key} down`);
  }

  up(key: Key): void {
    this.#contact(key, false);
    this.#tell(`${key} up`);
  }

  async apply(fault: Fault): Promise<void> {
    await this.#pty?.apply(fault);
    if (fault.fault === 'unplug') this.#losePower();
  }

  async close(): Promise<void> {
    this.#cancelSample?.();
    await this.#pty?.close();
  }

  #contact(key: Key, closed: boolean): void {
    const keys = this.#options.matrix?.keys ?? [];
    const row = keys.findIndex((each) => each.includes(key));
    const column = keys[row]?.indexOf(key) ?? -1;
    if (column < 0) throw new RangeError(`there is no key ${key} on this panel`);
    this.#circuit.connect(row, column, closed);
    this.#settle();
    this.#firmata.look();
    this.#flush();
  }

  async #bounce(key: Key, ms: number): Promise<void> {
    const until = this.#clock.monotonic() + ms;
    for (let closed = true; this.#clock.monotonic() < until; closed = !closed) {
      this.#contact(key, closed);
      await this.#wait(1);
    }
  }

  /** Its memory is lost with its power. */
  #boot(): void {
    this.#out.clear();
    this.#in.clear();
    this.#sent = [];
    this.#firmata.boot();
    this.#flush();
  }

  #receive(bytes: Uint8Array): void {
    this.#firmata.receive(bytes);
    this.#flush();
    this.#sampleLater();
  }

  #send(bytes: Uint8Array): void {
    this.#sent.push(...bytes);
  }

  /** What one turn of the firmware's loop sent goes out together. */
  #flush(): void {
    if (this.#sent.length === 0) return;
    const bytes = Uint8Array.from(this.#sent);
    this.#sent = [];
    this.#pty?.trace({ direction: 'in', ...summarise(bytes) });
    this.#in.push(bytes);
  }

  #driven(pin: number): void {
    const { matrix, lamp, buzzer } = this.#options;
    if (matrix?.rows.includes(pin) || matrix?.columns.includes(pin)) this.#settle();
    if (pin === lamp?.red || pin === lamp?.green) this.#light(lamp);
    if (pin === buzzer?.pin) this.#sound(this.#firmata.duty(pin));
  }

  #settle(): void {
    this.#levels = this.#circuit.levels((pin) => this.#firmata.drive(pin));
  }

  #light({ red, green }: { red: number; green: number }): void {
    const next = { red: this.#firmata.duty(red) > 0, green: this.#firmata.duty(green) > 0 };
    if (next.red === this.#lamp.red && next.green === this.#lamp.green) return;
    this.#lamp = next;
    const colours = [...(next.red ? ['red'] : []), ...(next.green ? ['green'] : [])];
    this.#tell(`lamp ${colours.join(' and ') || 'dark'}`);
  }

  #sound(value: number): void {
    const { value: duty, since } = this.#duty;
    if (value === duty) return;
    const now = this.#clock.monotonic();
    if (duty > 0) this.#beeps.push({ at_ms: since, length_ms: now - since, duty });
    this.#duty = { value, since: now };
    this.#tell(value > 0 ? `buzzer sounds at ${value}` : 'buzzer silent');
  }

  #losePower(): void {
    if (this.#oled !== null) this.#oled = new VirtualSsd1306();
    if (this.#lamp.red || this.#lamp.green) this.#tell('lamp dark');
    this.#lamp = { red: false, green: false };
    this.#sound(0);
  }

  #sampleLater(): void {
    const every = this.#firmata.samplingMs;
    if (this.#cancelSample !== null || every === null) return;
    this.#cancelSample = this.#clock.after(every, () => {
      this.#cancelSample = null;
      this.#firmata.sample();
      this.#flush();
      this.#sampleLater();
    });
  }

  #tell(text: string): void {
    this.#options.watch?.({ wire: this.wire, direction: 'state', text });
  }

  /**
   * In small steps, of which a late one counts little: where this process was stopped for a while,
   * so was the terminal's time to see the key.
   */
  async #wait(ms: number): Promise<void> {
    let left = ms;
    while (left > 0) {
      const began = this.#clock.monotonic();
      const step = Math.min(left, STEP_MS);
      await new Promise<void>((resolve) => this.#clock.after(step, resolve));
      left -= Math.min(this.#clock.monotonic() - began, 2 * STEP_MS);
    }
  }
}
