/** A USB scanner under umockdev, its driver in a process started inside the testbed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { DeviceError, type DeviceErrorCode } from '#device/ports/device.ts';
import type { Scan, Scanner, ScannerEvents } from '#device/ports/scanner.ts';
import { PRODUCT_ID, VENDOR_ID } from '#simulators/scanner/description.ts';
import { UsbScanner } from '#simulators/scanner/usb-scanner.ts';
import type { ScannerBench } from './scanner.ts';

const PROCESS = fileURLToPath(new URL('./usb-scanner-process.ts', import.meta.url));

interface Told {
  readonly code: DeviceErrorCode;
  readonly organ: string;
  readonly message: string;
  readonly mend?: string;
}

type Line =
  | { readonly scan: Scan }
  | { readonly lost: Told }
  | { readonly failed: Told }
  | { readonly opened: true };

const asError = ({ code, organ, message, mend }: Told): DeviceError =>
  new DeviceError(code, organ, message, mend === undefined ? {} : { mend });

export interface UsbScannerBench extends ScannerBench {
  readonly simulator: UsbScanner;
}

const IDS = { vendor_id: VENDOR_ID, product_id: PRODUCT_ID };

export async function usbScannerBench(settings: object = IDS): Promise<UsbScannerBench> {
  const directory = mkdtempSync(join(tmpdir(), 'usb-scanner-'));
  const simulator = await UsbScanner.open({ directory });
  const running = new Set<ChildProcess>();
  return {
    simulator,
    trigger: simulator,
    open: (events) => openInside(simulator, settings, events, running),
    async close() {
      for (const child of running) await end(child);
      await simulator.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function openInside(
  simulator: UsbScanner,
  settings: object,
  events: ScannerEvents,
  running: Set<ChildProcess>,
): Promise<Scanner> {
  const program = [PROCESS, JSON.stringify(settings)];
  const { command, args, env } = simulator.wrap(process.execPath, program);
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const opened = Promise.withResolvers<void>();
  child.once('error', () =>
    opened.reject(new Error('umockdev-run is missing: sudo apt-get install umockdev')),
  );
  child.once('exit', (code) => opened.reject(new Error(`the driver ended with ${code}`)));
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as Line;
    if ('scan' in line) events.scanned(line.scan);
    else if ('lost' in line) events.lost(asError(line.lost));
    else if ('failed' in line) opened.reject(asError(line.failed));
    else opened.resolve();
  });
  await opened.promise;
  return { close: () => end(child) };
}

/** Closes the scanner, which ends its process; fails where the process does not end by itself. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  // It may have been killed already.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end('close\n');
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`the driver ended with ${code}`);
}
