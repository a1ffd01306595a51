/** A USB keypad under umockdev, its driver in a process started inside the testbed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { DeviceError, type DeviceErrorCode } from '#device/ports/device.ts';
import { KEYS, type Keypad, type KeypadEvents } from '#device/ports/keypad.ts';
import { UsbKeypad } from '#simulators/keypad/usb-keypad.ts';
import type { KeypadBench } from './keypad.ts';

const PROCESS = fileURLToPath(new URL('./usb-keypad-process.ts', import.meta.url));

interface Told {
  readonly code: DeviceErrorCode;
  readonly organ: string;
  readonly message: string;
  readonly mend?: string;
}

type Line =
  | { readonly key: Parameters<KeypadEvents['key']>[0] }
  | { readonly lost: Told }
  | { readonly failed: Told }
  | { readonly opened: true };

const asError = ({ code, organ, message, mend }: Told): DeviceError =>
  new DeviceError(code, organ, message, mend === undefined ? {} : { mend });

export interface UsbKeypadBench extends KeypadBench {
  readonly simulator: UsbKeypad;
}

export async function usbKeypadBench(settings: object = {}): Promise<UsbKeypadBench> {
  const directory = mkdtempSync(join(tmpdir(), 'usb-keypad-'));
  const simulator = await UsbKeypad.open({ directory });
  const running = new Set<ChildProcess>();
  return {
    simulator,
    fingers: simulator,
    keys: KEYS,
    rate: 100,
    tries: 1,
    open: (events) => openInside(simulator, settings, events, running),
    async close() {
      for (const child of running) await end(child);
      await simulator.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function openInside(
  simulator: UsbKeypad,
  settings: object,
  events: KeypadEvents,
  running: Set<ChildProcess>,
): Promise<Keypad> {
  const { command, args, env } = simulator.wrap(process.execPath, [
    PROCESS,
    JSON.stringify(settings),
  ]);
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
  let why: Error | null = null;
  // Not before: its end takes the testbed away, and what comes next must not fall into that.
  child.once('close', (code) => {
    opened.reject(why ?? new Error(`the driver ended with ${code}`));
  });
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as Line;
    if ('key' in line) events.key(line.key);
    else if ('lost' in line) events.lost(asError(line.lost));
    else if ('failed' in line) why = asError(line.failed);
    else opened.resolve();
  });
  await opened.promise;
  return { close: () => end(child) };
}

/** Closes the keypad, which ends its process; fails where the process does not end by itself. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  // It may have been killed already.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end('close\n');
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`the driver ended with ${code}`);
}
