/**
 * A USB barcode scanner, which is a keyboard that types what it scans. It is read through its evdev
 * node, which is grabbed: what is scanned goes neither to a login prompt nor to the kiosk browser.
 *
 * Node can't wait for a device node without a thread of its own in a blocked read. So `cat` does: it
 * shares the open file, and with it the grab, and its end is told like any child's. The kernel ends it
 * with the terminal, however that ends: else it would keep the grab from the next one.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { type EventLength, readEvents } from '#device/codecs/evdev.ts';
import { endTyped, NOTHING_TYPED, type Typed, typeEvent } from '#device/codecs/scan-keys.ts';
import { DeviceError, type Open } from '#device/ports/device.ts';
import type { Scan, Scanner, ScannerEvents } from '#device/ports/scanner.ts';
import { listed } from '../listed.ts';
import { NOWHERE } from '../nowhere.ts';
import { grabInput } from './grab.ts';

export interface EvdevScannerSettings {
  /** Four hexadecimal digits, as lsusb prints them. */
  readonly vendor_id: string;
  readonly product_id: string;
}

const INPUTS = '/sys/class/input';
/** Slower than the slowest scanner types from one key to the next. */
const SILENCE_MS = 400;
/** `struct input_event` has two longs of time. */
const EVENT_LENGTH: EventLength = process.arch === 'arm' || process.arch === 'ia32' ? 16 : 24;

const KEY_Q = 16;
const KEY_ENTER = 28;

const GROUP = 'sudo usermod -aG input $USER, then log in again';

/** Promises every scan once, in order; `absent`, `denied` or `busy` with the mend where it can't. */
export const openEvdevScanner: Open<EvdevScannerSettings, ScannerEvents, Scanner> = async (
  name,
  settings,
  events,
) => {
  const file = openNode(name, findNode(name, settings));
  const reading = await startReading(name, file);
  let typed: Typed = NOTHING_TYPED;
  let rest: Uint8Array = new Uint8Array(0);
  let silence: NodeJS.Timeout | undefined;
  let quiet: NodeJS.Immediate | undefined;
  let over = false;

  const tell = (scan: Scan | null): void => {
    if (scan !== null && !over) events.scanned(scan);
  };
  /** A scanner without a suffix, or a code of which the end is missing. */
  const fallSilent = (): void => {
    tell(endTyped(typed, false));
    typed = { ...NOTHING_TYPED, shifts: typed.shifts };
  };
  const hush = (): void => {
    clearTimeout(silence);
    clearImmediate(quiet);
  };
  reading.stdout?.on('data', (bytes: Uint8Array) => {
    hush();
    const read = readEvents(rest.length === 0 ? bytes : Buffer.concat([rest, bytes]), EVENT_LENGTH);
    rest = read.rest;
    for (const event of read.events) {
      const next = typeEvent(typed, event);
      typed = next.typed;
      tell(next.scan);
    }
    silence = setTimeout(() => {
      // Where the terminal itself was busy so long, the rest has come by now, and is read first.
      quiet = setImmediate(fallSilent);
    }, SILENCE_MS);
  });
  const shut = async (): Promise<void> => {
    over = true;
    hush();
    await end(reading);
    closeSync(file);
  };
  const lose = (cause: unknown): void => {
    if (over) return;
    void shut();
    const mend = 'plug it in again';
    events.lost(new DeviceError('lost', name, 'the scanner was unplugged', { cause, mend }));
  };
  reading.once('error', lose);
  reading.once('exit', (code) => lose(new Error(`cat ended with ${code}`)));
  return {
    async close() {
      if (!over) await shut();
    },
  };
};

/** The node of the scanner's keyboard; it may have others, such as for multimedia keys. */
function findNode(name: string, { vendor_id, product_id }: EvdevScannerSettings): string {
  const nodes = listed(INPUTS).filter((node) => {
    if (!/^event\d+$/.test(node)) return false;
    const about = (what: string): string => text(`${INPUTS}/${node}/device/${what}`);
    if (about('id/vendor') !== vendor_id || about('id/product') !== product_id) return false;
    return writes(about('capabilities/key'));
  });
  const [first] = nodes.toSorted((left, right) => Number(left.slice(5)) - Number(right.slice(5)));
  if (first !== undefined) return `/dev/input/${first}`;
  throw new DeviceError('absent', name, `no scanner ${vendor_id}:${product_id} is plugged in`, {
    mend: 'plug it in and set it to USB keyboard mode; lsusb prints its ids for boards.json',
  });
}

/** Whether a bitmap of keys, words of hexadecimal digits with the lowest last, has letters and Enter. */
function writes(bitmap: string): boolean {
  const low = Number.parseInt(bitmap.split(' ').at(-1)?.slice(-8) ?? '', 16);
  const wanted = 2 ** KEY_Q + 2 ** KEY_ENTER;
  return (low & wanted) === wanted;
}

function openNode(name: string, node: string): number {
  let file: number;
  try {
    file = openSync(node, constants.O_RDONLY);
  } catch (cause) {
    const denied = (cause as NodeJS.ErrnoException).code === 'EACCES';
    throw denied
      ? new DeviceError('denied', name, `this user may not open ${node}`, { cause, mend: GROUP })
      : new DeviceError('absent', name, `${node} does not open`, { cause });
  }
  try {
    grabInput(file);
    return file;
  } catch (cause) {
    closeSync(file);
    throw new DeviceError('busy', name, `another program holds the scanner (${node})`, {
      ...{ cause, mend: 'end that program, or unplug the scanner and plug it in again' },
    });
  }
}

async function startReading(name: string, file: number): Promise<ChildProcess> {
  const reading = spawn('setpriv', ['--pdeathsig', 'KILL', 'cat'], {
    stdio: [file, 'pipe', NOWHERE],
  });
  try {
    await once(reading, 'spawn');
    return reading;
  } catch (cause) {
    closeSync(file);
    throw new DeviceError('missing_tool', name, 'setpriv can’t be started', {
      ...{ cause, mend: 'sudo apt-get install util-linux' },
    });
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return ''; // Unplugged meanwhile.
  }
}
