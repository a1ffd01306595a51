/** A driver under umockdev: in a process of its own, started inside the testbed, that says what happens. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { DeviceError, type DeviceErrorCode } from '#device/ports/device.ts';
import type { Launch } from '#simulators/usb/testbed.ts';

interface Told {
  readonly code: DeviceErrorCode;
  readonly organ: string;
  readonly message: string;
  readonly mend?: string;
}

type Line<Heard> =
  | { readonly heard: Heard }
  | { readonly lost: Told }
  | { readonly failed: Told }
  | { readonly opened: true };

/** What a driver tells: `heard` of its device, and that it lost it. */
export interface DriverEvents<Heard> {
  heard(what: Heard): void;
  lost(error: DeviceError): void;
}

export interface Closable {
  close(): Promise<void>;
}

const tell = ({ code, organ, message, mend }: DeviceError): Told => ({
  ...{ code, organ, message },
  ...(mend === undefined ? {} : { mend }),
});

const asError = ({ code, organ, message, mend }: Told): DeviceError =>
  new DeviceError(code, organ, message, mend === undefined ? {} : { mend });

/** Inside: opens the driver with the settings it was started with, until a line comes in. */
export async function serveDriver<Heard>(
  open: (settings: object, events: DriverEvents<Heard>) => Promise<Closable>,
): Promise<void> {
  const say = (line: Line<Heard>): void => {
    process.stdout.write(`${JSON.stringify(line)}\n`);
  };
  const [settings = '{}'] = process.argv.slice(2);
  try {
    const driver = await open(JSON.parse(settings), {
      heard: (heard) => say({ heard }),
      lost: (error) => say({ lost: tell(error) }),
    });
    say({ opened: true });
    const commands = createInterface({ input: process.stdin });
    for await (const _close of commands) break;
    await driver.close();
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    say({ failed: tell(error) });
  }
  process.stdin.destroy();
}

/** Outside: the drivers that run in one testbed. */
export class UsbDrivers {
  readonly #wrap: (command: string, args: readonly string[]) => Launch;
  readonly #running = new Set<ChildProcess>();

  /** `wrap` starts a process inside the testbed. */
  constructor(wrap: (command: string, args: readonly string[]) => Launch) {
    this.#wrap = wrap;
  }

  /** Starts `program`, which calls {@link serveDriver}; rejects with its `DeviceError`. */
  async open<Heard>(
    program: string,
    settings: object,
    events: DriverEvents<Heard>,
  ): Promise<Closable> {
    const { command, args, env } = this.#wrap(process.execPath, [
      program,
      JSON.stringify(settings),
    ]);
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
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
      const line = JSON.parse(text) as Line<Heard>;
      if ('heard' in line) events.heard(line.heard);
      else if ('lost' in line) events.lost(asError(line.lost));
      else if ('failed' in line) why = asError(line.failed);
      else opened.resolve();
    });
    await opened.promise;
    return { close: () => end(child) };
  }

  /** Closes all that still run. */
  async close(): Promise<void> {
    for (const child of this.#running) await end(child);
  }
}

/** Closes the driver, which ends its process; fails where the process does not end by itself. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  // It may have been killed already.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end('close\n');
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`the driver ended with ${code}`);
}
