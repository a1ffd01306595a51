/** A USB scanner under umockdev, its driver in a process started inside the testbed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Scan } from '#device/ports/scanner.ts';
import { PRODUCT_ID, VENDOR_ID } from '#simulators/scanner/description.ts';
import { UsbScanner } from '#simulators/scanner/usb-scanner.ts';
import type { ScannerBench } from './scanner.ts';
import { UsbDrivers } from './usb-driver.ts';

const PROCESS = fileURLToPath(new URL('./usb-scanner-process.ts', import.meta.url));

export interface UsbScannerBench extends ScannerBench {
  readonly simulator: UsbScanner;
}

const IDS = { vendor_id: VENDOR_ID, product_id: PRODUCT_ID };

export async function usbScannerBench(settings: object = IDS): Promise<UsbScannerBench> {
  const directory = mkdtempSync(join(tmpdir(), 'usb-scanner-'));
  const simulator = await UsbScanner.open({ directory });
  const drivers = new UsbDrivers((command, args) => simulator.wrap(command, args));
  return {
    simulator,
    trigger: simulator,
    open: (events) =>
      drivers.open<Scan>(PROCESS, settings, {
        heard: (scan) => events.scanned(scan),
        lost: (error) => events.lost(error),
      }),
    async close() {
      await drivers.close();
      await simulator.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
