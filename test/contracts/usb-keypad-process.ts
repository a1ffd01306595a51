/** The USB keypad's driver in a process of its own, as umockdev wants it. */
import type { Key } from '#device/ports/keypad.ts';
import { openUsbHidKeypad } from '#firmware/keypad/usb-hid.ts';
import { serveDriver } from './usb-driver.ts';

await serveDriver<Key>((settings, { heard, lost }) =>
  openUsbHidKeypad('keypad', settings, { key: heard, lost }),
);
