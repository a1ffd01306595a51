/** What others reach this machine by, where the gateway listens on every address. */
import { networkInterfaces } from 'node:os';

/** The host itself; for a wildcard the first IPv4 address that is not loopback. In URL form. */
export function reachable(host: string): string {
  const wildcard = host === '0.0.0.0' || host === '::';
  const found = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal);
  const address = wildcard ? (found?.address ?? '127.0.0.1') : host;
  return address.includes(':') ? `[${address}]` : address;
}

/** Whether what listens or is called there never leaves this machine. */
export const isLoopback = (host: string): boolean =>
  /^(?:localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/.test(host);
