/** Ports that stay the same from one start to the next: a terminal is enrolled with an address. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';

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
    const [http, mqtt] = await Promise.all([freePort(wanted.http), freePort(wanted.mqtt)]);
    writeFileSync(file, JSON.stringify({ http, mqtt }));
    return { http, mqtt };
  }
}

/** `wanted` where it is free on loopback, else one that is. */
export async function freePort(wanted: number): Promise<number> {
  const listened = await listen(wanted).catch(() => listen(0));
  return listened;
}

function listen(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}
