/**
 * A USB barcode scanner on a {@link UsbTestbed}: it types what is held before it as key events on an
 * evdev node, which is a pseudo-terminal whose far end is here.
 */
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { hex } from '#device/codecs/bytes.ts';
import { EV_KEY, EV_SYN, type InputEvent, SYN_DROPPED, writeEvents } from '#device/codecs/evdev.ts';
import { keyOf } from '#device/codecs/scan-keys.ts';
import type { Clock } from '#device/ports/clock.ts';
import { realClock } from '#simulators/clock.ts';
import { Pty } from '#simulators/pty.ts';
import { type Launch, type UsbSocket, UsbTestbed } from '#simulators/usb/testbed.ts';
import { type Fault, FaultError, type Simulator, type Watch } from '#simulators/wire.ts';
import { CLASS_LINK, CLASS_TARGET, DEVICES } from './description.ts';

export interface UsbScannerOptions {
  /** Of its pseudo-terminal; what is not there is made. */
  readonly directory: string;
  /** The bus that it is plugged into; one of its own, in `directory`, where it is left out. */
  readonly usb?: UsbTestbed;
  readonly watch?: Watch;
  readonly clock?: Clock;
}

/** How the scanner was set up, by the barcodes of its manual. */
export interface ScannerSetup {
  /** What it types behind a code. */
  readonly suffix: 'enter' | 'tab' | 'none';
  /** Whether it names the symbology in front: `]Q1` for QR (ISO/IEC 15424). */
  readonly aim: boolean;
  /** Capitals by Shift, or by Caps Lock; `german` types for that layout. */
  readonly keys: 'shift' | 'caps_lock' | 'german';
  /** From one key to the next. */
  readonly key_ms: number;
}

export const USUAL_SETUP: ScannerSetup = { suffix: 'enter', aim: false, keys: 'shift', key_ms: 1 };

/** Things that go wrong with a scan, beside those of the wire. */
export type ScanFault =
  /** It stops in the middle of each code. */
  | { readonly fault: 'half' }
  /** Keys come that write nothing, and events are lost. */
  | { readonly fault: 'garbage' };

const EVENT_LENGTH = process.arch === 'arm' || process.arch === 'ia32' ? 16 : 24;
const LEFT_SHIFT = 42;
const CAPS_LOCK = 58;
const F24 = 194;

/** Keys that go out together: the host is polled, and a timer is not so fine. */
const BATCH = 8;

/** Where the German layout has what the US layout has elsewhere. */
const GERMAN: Readonly<Record<string, string>> = {
  ...{ z: 'y', y: 'z', Z: 'Y', Y: 'Z', '/': '&', ':': '>', '-': '/', '=': ')', '?': '_' },
  ...{ '+': ']', '*': '}', _: '?', '&': '^' },
};

export class UsbScanner implements Simulator {
  readonly wire = 'scanner';
  readonly #path: string;
  readonly #usb: UsbTestbed;
  readonly #socket: UsbSocket;
  readonly #watch: Watch;
  readonly #clock: Clock;
  #pty: Pty | null = null;
  #fault: ScanFault['fault'] | null = null;
  #typing: Promise<void> = Promise.resolve();
  setup: ScannerSetup = USUAL_SETUP;

  private constructor(options: UsbScannerOptions) {
    this.#path = join(options.directory, 'event5');
    this.#usb = options.usb ?? new UsbTestbed(options.directory);
    this.#socket = this.#usb.socket({
      ...{ name: 'scanner', node: 'dev/input/event5', description: DEVICES },
      ...{ classLink: CLASS_LINK, classTarget: CLASS_TARGET },
    });
    this.#watch = options.watch ?? (() => undefined);
    this.#clock = options.clock ?? realClock;
  }

  /** Resolves when a process can be started with {@link wrap}. */
  static async open(options: UsbScannerOptions): Promise<UsbScanner> {
    const scanner = new UsbScanner(options);
    scanner.#pty = await Pty.open({
      wire: scanner.wire,
      path: scanner.#path,
      // The lamps of a keyboard: a scanner has none.
      data: () => undefined,
      plugged: () => scanner.#socket.plug(realpathSync(scanner.#path)),
      watch: scanner.#watch,
      clock: scanner.#clock,
    });
    return scanner;
  }

  /** How to start a process so that it finds the scanner, and what else is on its bus. */
  wrap(command: string, args: readonly string[]): Launch {
    return this.#usb.wrap(command, args);
  }

  /** See {@link UsbTestbed.pid}. */
  get pid(): number | null {
    return this.#usb.pid;
  }

  /** Types a code that is held before it; resolves when its last key is let go. */
  scan(text: string, symbology = 'Q1'): Promise<void> {
    const scanned = this.#typing.then(() => this.#scan(text, symbology));
    this.#typing = scanned.catch(() => undefined);
    return scanned;
  }

  /** Unplug and replug are USB's; `half` and `garbage` last until cleared. */
  async apply(fault: Fault | ScanFault): Promise<void> {
    switch (fault.fault) {
      case 'half':
      case 'garbage':
        this.#fault = fault.fault;
        this.#watch({ wire: this.wire, direction: 'state', text: `fault: ${fault.fault}` });
        return;
      case 'unplug':
      case 'replug':
      case 'hang':
      case 'clear':
        break;
      default:
        throw new FaultError(
          `${this.wire} knows unplug, replug, hang, half, garbage, clear; not ${fault.fault}`,
        );
    }
    if (fault.fault === 'unplug') this.#socket.unplug();
    if (fault.fault === 'clear') this.#fault = null;
    await this.#pty?.apply(fault);
  }

  async close(): Promise<void> {
    await this.#pty?.close();
  }

  async #scan(text: string, symbology: string): Promise<void> {
    const { aim, suffix, keys, key_ms } = this.setup;
    const whole = (aim ? `]${symbology}` : '') + text;
    const half = this.#fault === 'half';
    const shown = half ? whole.slice(0, Math.ceil(whole.length / 2)) : whole;
    const end = half || suffix === 'none' ? '' : suffix === 'tab' ? '\t' : '\n';
    // A scanner has no key for what is not in ASCII: it leaves it out.
    const characters = Array.from(shown + end).filter((each) => keyOf(each) !== null);
    const said = shown.length > 60 ? `${shown.slice(0, 57)}…` : shown;
    const first = writeEvents(this.#type(characters[0] ?? ''), EVENT_LENGTH);
    const seen = { direction: 'in', text: `scans ${said}`, hex: hex(first) } as const;
    this.#watch({ wire: this.wire, ...seen });
    if (keys === 'caps_lock') this.#send(press(CAPS_LOCK));
    for (let at = 0; at < characters.length; at += BATCH) {
      const some = characters.slice(at, at + BATCH);
      if (this.#fault === 'garbage') this.#send([...press(F24), DROPPED]);
      this.#send(some.flatMap((character) => this.#type(character)));
      await this.#wait(key_ms * some.length);
    }
    if (keys === 'caps_lock') this.#send(press(CAPS_LOCK));
  }

  #type(character: string): InputEvent[] {
    const { keys } = this.setup;
    const typed = keys === 'german' ? (GERMAN[character] ?? character) : character;
    const key = keyOf(typed);
    if (key === null) return [];
    // With Caps Lock on it is the small letters that take Shift.
    const letter = /^[A-Za-z]$/.test(typed);
    const shift = keys === 'caps_lock' && letter ? !key.shift : key.shift;
    if (!shift) return press(key.code);
    return [...one(LEFT_SHIFT, 1), ...press(key.code), ...one(LEFT_SHIFT, 0)];
  }

  #send(events: readonly InputEvent[]): void {
    if (!this.#pty?.plugged || !this.#socket.opened) return;
    this.#pty.write(writeEvents(events, EVENT_LENGTH));
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, resolve));
  }
}

const SYN: InputEvent = { type: EV_SYN, code: 0, value: 0 };
const DROPPED: InputEvent = { type: EV_SYN, code: SYN_DROPPED, value: 0 };

const one = (code: number, value: 0 | 1): InputEvent[] => [{ type: EV_KEY, code, value }, SYN];
const press = (code: number): InputEvent[] => [...one(code, 1), ...one(code, 0)];
