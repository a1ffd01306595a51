/**
 * A USB numeric keypad for a process started with {@link UsbKeypad.wrap}: umockdev shows it a sysfs
 * with the keypad in it, and its hidraw node is a pseudo-terminal whose far end is here.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { hex } from '#device/codecs/bytes.ts';
import { writeReport } from '#device/codecs/hid-keyboard.ts';
import type { Clock } from '#device/ports/clock.ts';
import type { Key } from '#device/ports/keypad.ts';
import { realClock } from '#simulators/clock.ts';
import { Pty } from '#simulators/pty.ts';
import { type Fault, FaultError, type Simulator, type Watch } from '#simulators/wire.ts';
import { CLASS_LINK, CLASS_TARGET, DEVICES, INHIBITED, writeIoctls } from './description.ts';

export const UMOCKDEV = { program: 'umockdev-run', install: 'sudo apt-get install umockdev' };

export interface UsbKeypadOptions {
  /** A directory of its own; what is not there is made. */
  readonly directory: string;
  readonly watch?: Watch;
  readonly clock?: Clock;
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** To be added to the environment. */
  readonly env: Readonly<Record<string, string>>;
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

/**
 * Started inside the testbed: replaces the hidraw node by our pseudo-terminal, says where the
 * testbed is, and becomes the program. Without a node the keypad is unplugged.
 */
const LAUNCHER = `\
dir=$1; shift
rm -f "$UMOCKDEV_DIR/dev/hidraw0"
if [ -s "$dir/node" ]; then ln -s "$(cat "$dir/node")" "$UMOCKDEV_DIR/dev/hidraw0"
else rm -f "$UMOCKDEV_DIR/${CLASS_LINK}"; fi
echo $$ > "$dir/pid"
echo "$UMOCKDEV_DIR" > "$dir/testbed"
exec "$@"
`;

/** A full-speed keypad is polled this often; a press and its release take two polls. */
const HOLD_MS = 40;

export class UsbKeypad implements Simulator {
  readonly wire = 'keypad';
  readonly #directory: string;
  readonly #watch: Watch;
  readonly #clock: Clock;
  #pty: Pty | null = null;
  #down: number[] = [];
  #leds: number[] = [];

  private constructor(options: UsbKeypadOptions) {
    this.#directory = options.directory;
    this.#watch = options.watch ?? (() => undefined);
    this.#clock = options.clock ?? realClock;
  }

  /** Resolves when a process can be started with {@link wrap}. */
  static async open(options: UsbKeypadOptions): Promise<UsbKeypad> {
    const keypad = new UsbKeypad(options);
    mkdirSync(options.directory, { recursive: true });
    writeFileSync(keypad.#file('keypad.umockdev'), DEVICES);
    writeFileSync(keypad.#file('keypad.ioctl'), writeIoctls());
    writeFileSync(keypad.#file('launch.sh'), LAUNCHER);
    rmSync(keypad.#file('testbed'), { force: true });
    keypad.#pty = await Pty.open({
      wire: keypad.wire,
      path: keypad.#file('hidraw0'),
      data: (bytes) => keypad.#receive(bytes),
      plugged: () => keypad.#publish(),
      watch: keypad.#watch,
      clock: keypad.#clock,
    });
    return keypad;
  }

  /** How to start a process so that it finds the keypad; one process at a time. */
  wrap(command: string, args: readonly string[]): Launch {
    const inside = ['sh', this.#file('launch.sh'), this.#directory, command, ...args];
    const ioctl = `/dev/hidraw0=${this.#file('keypad.ioctl')}`;
    return {
      command: UMOCKDEV.program,
      args: ['-d', this.#file('keypad.umockdev'), '-i', ioctl, '--', ...inside],
      env: {},
    };
  }

  /**
   * The process that runs now, or `null`: kill this one. umockdev-run passes SIGTERM on, but killed
   * itself it leaves the program running; when the program ends, it ends with the same code.
   */
  get pid(): number | null {
    return this.#testbed() === null ? null : Number(readFileSync(this.#file('pid'), 'utf8'));
  }

  /** Lamps the terminal set, oldest first: bit 0 is Num Lock. */
  get leds(): readonly number[] {
    return this.#leds;
  }

  /** Whether the terminal keeps the keys from the kernel's keyboard driver. */
  get inhibited(): boolean {
    const testbed = this.#testbed();
    if (testbed === null) return false;
    return readFileSync(join(testbed, INHIBITED), 'utf8').trim() === '1';
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
    if (fault.fault === 'unplug') this.#withdraw();
    await this.#pty?.apply(fault);
  }

  async close(): Promise<void> {
    await this.#pty?.close();
  }

  #file(name: string): string {
    return join(this.#directory, name);
  }

  #report(text: string): void {
    // Six keys at most; a keyboard with more down says so in all six places.
    const report = writeReport(this.#down.length > 6 ? [1, 1, 1, 1, 1, 1] : this.#down);
    this.#watch({ wire: this.wire, direction: 'in', text, hex: hex(report) });
    // The kernel keeps no reports for later: what nobody has opened nobody hears.
    if (this.#isOpened()) this.#pty?.write(report);
  }

  #isOpened(): boolean {
    const { pid } = this;
    if (pid === null || !this.#pty?.plugged) return false;
    const node = readFileSync(this.#file('node'), 'utf8');
    const files = `/proc/${pid}/fd`;
    try {
      return readdirSync(files).some((file) => target(join(files, file)) === node);
    } catch {
      return false; // The process has just ended.
    }
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

  #publish(): void {
    this.#down = [];
    const node = realpathSync(this.#file('hidraw0'));
    writeFileSync(this.#file('node'), node);
    const testbed = this.#testbed();
    if (testbed === null) return;
    relink(node, join(testbed, 'dev/hidraw0'));
    relink(CLASS_TARGET, join(testbed, CLASS_LINK));
  }

  #withdraw(): void {
    writeFileSync(this.#file('node'), '');
    const testbed = this.#testbed();
    if (testbed === null) return;
    rmSync(join(testbed, CLASS_LINK), { force: true });
    rmSync(join(testbed, 'dev/hidraw0'), { force: true });
  }

  /** Where umockdev keeps the devices of the process that runs now. */
  #testbed(): string | null {
    const file = this.#file('testbed');
    const testbed = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
    return testbed !== '' && existsSync(testbed) ? testbed : null;
  }

  #until(monotonicMs: number): Promise<void> {
    return this.#wait(monotonicMs - this.#clock.monotonic());
  }

  #wait(ms: number): Promise<void> {
    if (ms <= 0) return Promise.resolve();
    return new Promise((resolve) => this.#clock.after(ms, resolve));
  }
}

function target(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return ''; // Closed meanwhile.
  }
}

/** Links anew; nothing where the testbed is just being taken away with the process that it ran. */
function relink(target: string, path: string): void {
  try {
    rmSync(path, { force: true });
    // umockdev takes folders away with the device.
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
