/** The telephone terminal as the process that ships, on a simulated modem, in a directory of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ModemSimulator } from '#simulators/modem/modem.ts';
import type { ModemOptions } from '#simulators/modem/options.ts';
import { until } from '#test/until.ts';

const MAIN = join(import.meta.dirname, '../../firmware/telephone/main.ts');

export type Said = Readonly<Record<string, unknown>> & { readonly event: string };

export interface TelephoneStand {
  readonly network: ModemSimulator;
  readonly data: string;
  /** What the terminal said since it was last started. */
  readonly said: Said[];
  /** Starts it, or starts it again, and waits until it can be called. */
  start(args?: readonly string[]): Promise<void>;
  /** Ends it; resolves with its exit code, `null` where the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
  close(): Promise<void>;
}

export async function openTelephone(
  options: Partial<ModemOptions> & { readonly env?: Readonly<Record<string, string>> } = {},
): Promise<TelephoneStand> {
  const { env, ...modem } = options;
  const data = mkdtempSync(join(tmpdir(), 'telephone-'));
  const network = await ModemSimulator.open({
    atPath: join(data, 'wires', 'modem-at'),
    audioPath: join(data, 'wires', 'modem-audio'),
    ...modem,
  });
  const said: Said[] = [];
  let child: ChildProcess | null = null;
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    const running = child;
    child = null;
    if (running === null || running.exitCode !== null) return running?.exitCode ?? null;
    const over = new Promise<number | null>((resolve) => running.once('exit', resolve));
    running.kill(signal);
    return over;
  };
  return {
    ...{ network, data, said, end },
    async start(args = []) {
      said.length = 0;
      const common = ['--board', 'simulated', '--data', data, '--merchant', 'Lin'];
      child = spawn(process.execPath, [MAIN, ...common, ...args], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, ...env },
      });
      const { stdout } = child;
      if (stdout === null) throw new Error('no output');
      createInterface({ input: stdout }).on('line', (line) => said.push(JSON.parse(line) as Said));
      await until('ready', () => said.some(({ event }) => event === 'ready'));
      await until('the network', () =>
        said.some((one) => one.event === 'modem' && one.registration === 'home'),
      );
    },
    async close() {
      await end('SIGKILL');
      await network.close();
      rmSync(data, { recursive: true, force: true });
    },
  };
}
