/**
 * A USB numeric keypad on a {@link UsbTestbed}: the process started there finds it in sysfs, and its
 * hidraw node is a pseudo-terminal whose far end is here.
 */
import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { hex } from '#device/codecs/bytes.ts';
import { writeReport } from '#device/codecs/hid-keyboard.ts';
import type { Clock } from '#device/ports/clock.ts';
import type { Key } from '#device/ports/keypad.ts';
import { realClock } from '#simulators/clock.ts';
import { Pty } from '#simulators/pty.ts';
import { type Launch, type UsbSocket, UsbTestbed } from '#simulators/usb/testbed.ts';
import { type Fault, FaultError, type Simulator, type Watch } from '#simulators/wire.ts';
import { CLASS_LINK, CLASS_TARGET, DEVICES, INHIBITED, writeIoctls } from './description.ts';

export interface UsbKeypadOptions {
  /** Of its pseudo-terminal; what is not there is made. */
  readonly directory: string;
  /** The bus that it is plugged into; one of its own, in `directory`, where it is left out. */
  readonly usb?: UsbTestbed;
  readonly watch?: Watch;
  readonly clock?: Clock;
}

/** The keypad's own keys (HID Usage Tables §10). */
const USAGES: Readonly<Record<Key, number>> = {
  '1': 0x59,
  '2': 0x5a,
  '3': 0x5b,
  '4': 0x5c,
  '5': 0x5d,
  '6': 0x5e,
  '7': 0x5f,
  '8': 0x60,
  '9': 0x61,
  '0': 0x62,
  '.': 0x63,
  '/': 0x54,
  '*': 0x55,
  '-': 0x56,
  '+': 0x57,
  enter: 0x58,
  back: 0x2a,
  cancel: 0x53,
};

/** A full-speed keypad is polled this often; a press and its release take two polls. */
const HOLD_MS = 40;

export class UsbKeypad implements Simulator {
  readonly wire = 'keypad';
  readonly #path: string;
  readonly #usb: UsbTestbed;
  readonly #socket: UsbSocket;
  readonly #watch: Watch;
  readonly #clock: Clock;
  #pty: Pty | null = null;
  #down: number[] = [];
  #leds: number[] = [];

  private constructor(options: UsbKeypadOptions) {
    this.#path = join(options.directory, 'hidraw0');
    this.#usb = options.usb ?? new UsbTestbed(options.directory);
    this.#socket = this.#usb.socket({
      ...{ name: 'keypad', node: 'dev/hidraw0', classLink: CLASS_LINK, classTarget: CLASS_TARGET },
      ...{ description: DEVICES, ioctls: writeIoctls() },
    });
    this.#watch = options.watch ?? (() => undefined);
    this.#clock = options.clock ?? realClock;
  }

  /** Resolves when a process can be started with {@link wrap}. */
  static async open(options: UsbKeypadOptions): Promise<UsbKeypad> {
    const keypad = new UsbKeypad(options);
    keypad.#pty = await Pty.open({
      wire: keypad.wire,
      path: keypad.#path,
      data: (bytes) => keypad.#receive(bytes),
      plugged: () => keypad.#plug(),
      watch: keypad.#watch,
      clock: keypad.#clock,
    });
    return keypad;
  }

  /** How to start a process so that it finds the keypad, and what else is on its bus. */
  wrap(command: string, args: readonly string[]): Launch {
    return this.#usb.wrap(command, args);
  }

  /** See {@link UsbTestbed.pid}. */
  get pid(): number | null {
    return this.#usb.pid;
  }

  /** Lamps the terminal set, oldest first: bit 0 is Num Lock. */
  get leds(): readonly number[] {
    return this.#leds;
  }

  /** Whether the terminal keeps the keys from the kernel's keyboard driver. */
  get inhibited(): boolean {
    const { root } = this.#usb;
    if (root === null) return false;
    return readFileSync(join(root, INHIBITED), 'utf8').trim() === '1';
  }

  /** Presses and lets go; resolves when the second report is sent. */
  async press(key: Key, { hold_ms = HOLD_MS }: { readonly hold_ms?: number } = {}): Promise<void> {
    this.down(key);
    await this.#wait(hold_ms);
    this.up(key);
  }

  /** One press after the other, each held for half its share of a second. */
  async pressAll(keys: readonly Key[], perSecond: number): Promise<void> {
    const half = 500 / perSecond;
    const begin = this.#clock.monotonic();
    for (const [at, key] of keys.entries()) {
      // By the clock, so that a late timer does not slow the whole row down.
      await this.#until(begin + 2 * at * half);
      this.down(key);
      await this.#until(begin + (2 * at + 1) * half);
      this.up(key);
    }
  }

  down(key: Key): void {
    if (!this.#down.includes(USAGES[key])) this.#down = [...this.#down, USAGES[key]];
    this.#report(`${key} down`);
  }

  up(key: Key): void {
    this.#down = this.#down.filter((usage) => usage !== USAGES[key]);
    this.#report(`${key} up`);
  }

  /** Unplug and replug are USB's: the device leaves sysfs. USB has checksums, so no noise. */
  async apply(fault: Fault): Promise<void> {
    switch (fault.fault) {
      case 'unplug':
      case 'replug':
      case 'hang':
      case 'clear':
        break;
      default:
        throw new FaultError(`${this.wire} knows unplug, replug, hang, clear; not ${fault.fault}`);
    }
    if (fault.fault === 'unplug') this.#socket.unplug();
    await this.#pty?.apply(fault);
  }

  async close(): Promise<void> {
    await this.#pty?.close();
  }

  #report(text: string): void {
    // Six keys at most; a keyboard with more down says so in all six places.
    const report = writeReport(this.#down.length > 6 ? [1, 1, 1, 1, 1, 1] : this.#down);
    this.#watch({ wire: this.wire, direction: 'in', text, hex: hex(report) });
    if (this.#pty?.plugged && this.#socket.opened) this.#pty?.write(report);
  }

  #receive(bytes: Uint8Array): void {
    // A report number, then the lamps; several may come at once.
    for (let at = 0; at + 1 < bytes.length; at += 2) {
      const lamps = bytes[at + 1] ?? 0;
      this.#leds.push(lamps);
      const text = (lamps & 1) !== 0 ? 'Num Lock lamp on' : 'Num Lock lamp off';
      this.#watch({ wire: this.wire, direction: 'out', text, hex: hex(bytes) });
    }
  }

  #plug(): void {
    this.#down = [];
    this.#socket.plug(realpathSync(this.#path));
  }

  #until(monotonicMs: number): Promise<void> {
    return this.#wait(monotonicMs - this.#clock.monotonic());
  }

  #wait(ms: number): Promise<void> {
    if (ms <= 0) return Promise.resolve();
    return new Promise((resolve) => this.#clock.after(ms, resolve));
  }
}
