/** A PC/SC stand for tests, and the environment in which the PC/SC library finds it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PcscStand, type PcscStandOptions } from '#simulators/card/reader.ts';

export const SETTINGS = { driver: 'pcsc-reader', reader: 'Hawker 00 00' } as const;

export interface PcscBench {
  readonly stand: PcscStand;
  close(): Promise<void>;
}

export async function openPcscBench(
  options: Pick<PcscStandOptions, 'pollMs' | 'watch'> = {},
): Promise<PcscBench> {
  const directory = mkdtempSync(join(tmpdir(), 'pcsc-'));
  const stand = await PcscStand.open({ directory, ...options });
  Object.assign(process.env, stand.environment);
  return {
    stand,
    async close() {
      await stand.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
