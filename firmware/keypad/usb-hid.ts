/**
 * A USB numeric keypad, read through hidraw so that keys reach the terminal whatever has the focus.
 * The real library is `node-hid`.
 *
 * hidraw does not take the keys from the kernel's keyboard driver: typed amounts would also reach a
 * login prompt or the kiosk browser. The input devices beside this hidraw are therefore inhibited
 * (Linux 5.11), which leaves hidraw alone. Where that is not allowed the keypad still works.
 */
import { accessSync, constants, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import HID from 'node-hid';
import { type Down, readReport, splitReports } from '#device/codecs/hid-keyboard.ts';
import { DeviceError, type Open } from '#device/ports/device.ts';
import type { Keypad, KeypadEvents } from '#device/ports/keypad.ts';
import { listed } from '../listed.ts';

export interface UsbHidKeypadSettings {
  /** Four hexadecimal digits, as lsusb prints them; any keyboard where absent. */
  readonly vendor_id?: string | undefined;
  readonly product_id?: string | undefined;
  /** Keyboards that are something else, such as a scanner: never taken for the keypad. */
  readonly others?: readonly { readonly vendor_id: string; readonly product_id: string }[];
}

/** Generic Desktop page; Keyboard and Keypad usages (HID Usage Tables §4). */
const GENERIC_DESKTOP = 0x01;
const KEYBOARD = 0x06;
const KEYPAD = 0x07;

/** Num Lock on: a keypad with it off sends arrows to whoever else listens. */
const LEDS_NUM_LOCK = [0x00, 0x01];

const UDEV_RULE =
  'echo \'KERNEL=="hidraw*", SUBSYSTEM=="hidraw", TAG+="uaccess", GROUP="plugdev", MODE="0660"\'' +
  ' | sudo tee /etc/udev/rules.d/70-hawker-keypad.rules && sudo udevadm control --reload' +
  ' && sudo udevadm trigger; sudo usermod -aG plugdev $USER, then log in again';

/** Promises every press once, in order; `absent` or `denied` with the mend where it can't. */
export const openUsbHidKeypad: Open<UsbHidKeypadSettings, KeypadEvents, Keypad> = async (
  name,
  settings,
  events,
) => {
  const path = await findKeypad(name, settings);
  const device = await openPath(name, path);
  const release = silenceKernel(path);
  let over = false;
  let down: Down = new Set();
  let rest: Uint8Array = new Uint8Array(0);

  const shut = async (): Promise<void> => {
    over = true;
    release();
    await device.close().catch(() => undefined);
  };
  device.on('data', (bytes: Uint8Array) => {
    const read = splitReports(rest.length === 0 ? bytes : Buffer.concat([rest, bytes]));
    rest = read.rest;
    for (const report of read.reports) {
      const { keys, down: now } = readReport(report, down);
      down = now;
      for (const key of keys) if (!over) events.key(key);
    }
  });
  device.on('error', (cause: unknown) => {
    if (over) return;
    void shut();
    const mend = 'plug it in again';
    events.lost(new DeviceError('lost', name, 'the USB keypad was unplugged', { cause, mend }));
  });
  // A keypad without a lamp refuses this, and works.
  await device.write(LEDS_NUM_LOCK).catch(() => undefined);
  return {
    async close() {
      if (!over) await shut();
    },
  };
};

async function findKeypad(name: string, settings: UsbHidKeypadSettings): Promise<string> {
  const devices = await listDevices(name);
  const [vendor, product] = [settings.vendor_id, settings.product_id];
  const others = settings.others ?? [];
  const wanted = devices.filter(
    ({ vendorId, productId, usagePage, usage }) =>
      (vendor === undefined || vendorId === Number.parseInt(vendor, 16)) &&
      (product === undefined || productId === Number.parseInt(product, 16)) &&
      !others.some(
        (other) =>
          vendorId === Number.parseInt(other.vendor_id, 16) &&
          productId === Number.parseInt(other.product_id, 16),
      ) &&
      usagePage === GENERIC_DESKTOP &&
      (usage === KEYBOARD || usage === KEYPAD),
  );
  // Multimedia keys sit on a second interface with the same ids: the boot keyboard is the first.
  const [first] = wanted.toSorted((left, right) => left.interface - right.interface);
  if (first?.path !== undefined) return first.path;
  const named = vendor !== undefined || product !== undefined;
  const which = named ? ` ${vendor ?? '*'}:${product ?? '*'}` : '';
  throw new DeviceError('absent', name, `no USB keypad${which} is plugged in`, {
    mend: 'plug it in; lsusb prints its vendor_id:product_id for boards.json',
  });
}

async function listDevices(name: string): Promise<HID.Device[]> {
  try {
    return await HID.devicesAsync();
  } catch (cause) {
    // The library's binary is loaded at its first use, and its hidraw build links libusb all the same.
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new DeviceError('missing_tool', name, `USB keypads can't be read: ${detail}`, {
      cause,
      mend: 'sudo apt-get install libusb-1.0-0',
    });
  }
}

async function openPath(name: string, path: string): Promise<HID.HIDAsync> {
  try {
    return await HID.HIDAsync.open(path);
  } catch (cause) {
    if (!mayOpen(path)) {
      const message = `this user may not open ${path}`;
      throw new DeviceError('denied', name, message, { cause, mend: UDEV_RULE });
    }
    throw new DeviceError('absent', name, `${path} does not open`, { cause });
  }
}

function mayOpen(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EACCES';
  }
}

/** Keeps the keys from the kernel's keyboard driver where allowed; the answer gives them back. */
function silenceKernel(path: string): () => void {
  const inputs = join('/sys/class/hidraw', basename(path), 'device/input');
  const inhibit = (value: '0' | '1'): string[] =>
    listed(inputs).filter((input) => {
      try {
        writeFileSync(join(inputs, input, 'inhibited'), value);
        return true;
      } catch {
        return false; // Not permitted, or a kernel before 5.11; a udev rule can do it instead.
      }
    });
  inhibit('1');
  return () => {
    inhibit('0');
  };
}
