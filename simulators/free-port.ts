/** Ports that nobody has, for programs that are started later. */
import { createServer } from 'node:net';

/** Below those that Linux gives to outgoing connections: one of these could take it meanwhile. */
const FIRST = 10_240;
const LAST = 32_767;
const ATTEMPTS = 200;

/** The first of so many neighbours that are free on this machine; rejects where all seem taken. */
export async function freePort(neighbours = 1): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const first = FIRST + Math.floor(Math.random() * (LAST - FIRST - neighbours));
    const ports = Array.from({ length: neighbours }, (_, at) => first + at);
    const free = await Promise.all(ports.map(isFree));
    if (free.every(Boolean)) return first;
  }
  throw new Error(`no ${neighbours} neighbouring ports are free from ${FIRST} to ${LAST}`);
}

/** Whether it can be listened on now, at every address. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
