/** Ports that stay the same from one start to the next: a terminal is enrolled with an address. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { freePort, isFree } from '../free-port.ts';

const portsSchema = z.object({ http: z.int(), mqtt: z.int() });
export type Ports = z.infer<typeof portsSchema>;

/**
 * The ports of the last start from this data directory; at the first, `wanted` where they are free,
 * else any. A port that was kept and is taken now is left to the gateway to complain of.
 */
export async function keepPorts(directory: string, wanted: Ports): Promise<Ports> {
  const file = join(directory, 'ports.json');
  try {
    return portsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    const [http, mqtt] = await Promise.all([orAny(wanted.http), orAny(wanted.mqtt)]);
    writeFileSync(file, JSON.stringify({ http, mqtt }));
    return { http, mqtt };
  }
}

const orAny = async (wanted: number): Promise<number> =>
  wanted !== 0 && (await isFree(wanted)) ? wanted : freePort();
