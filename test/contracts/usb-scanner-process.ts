/** The scanner's driver in a process of its own, as umockdev wants it. */
import type { Scan } from '#device/ports/scanner.ts';
import { type EvdevScannerSettings, openEvdevScanner } from '#firmware/scanner/evdev.ts';
import { serveDriver } from './usb-driver.ts';

await serveDriver<Scan>((settings, { heard, lost }) =>
  openEvdevScanner('scanner', settings as EvdevScannerSettings, { scanned: heard, lost }),
);
