/** A USB keypad under umockdev, its driver in a process started inside the testbed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KEYS, type Key } from '#device/ports/keypad.ts';
import { UsbKeypad } from '#simulators/keypad/usb-keypad.ts';
import type { KeypadBench } from './keypad.ts';
import { UsbDrivers } from './usb-driver.ts';

const PROCESS = fileURLToPath(new URL('./usb-keypad-process.ts', import.meta.url));

export interface UsbKeypadBench extends KeypadBench {
  readonly simulator: UsbKeypad;
}

export async function usbKeypadBench(settings: object = {}): Promise<UsbKeypadBench> {
  const directory = mkdtempSync(join(tmpdir(), 'usb-keypad-'));
  const simulator = await UsbKeypad.open({ directory });
  const drivers = new UsbDrivers((command, args) => simulator.wrap(command, args));
  return {
    simulator,
    fingers: simulator,
    keys: KEYS,
    rate: 100,
    tries: 1,
    open: (events) =>
      drivers.open<Key>(PROCESS, settings, {
        heard: (key) => events.key(key),
        lost: (error) => events.lost(error),
      }),
    async close() {
      await drivers.close();
      await simulator.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
