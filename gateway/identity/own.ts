/** The certificate that this process shows: kept in its data directory, renewed before it expires. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { storePrivately } from '../keys.ts';
import type { Log } from '../log.ts';
import type { Writer } from '../store/writer.ts';
import type { IdentityDesk } from './desk.ts';
import { type Holder, renewAt } from './kinds.ts';

/** What TLS needs, PEM. */
export interface Credentials {
  readonly key: string;
  readonly cert: string;
  /** Whom to believe. */
  readonly ca: string;
}

export interface OwnCertificate {
  readonly current: () => Credentials;
  /** Calls back with each later one. */
  listen(then: (credentials: Credentials) => void): () => void;
  close(): void;
}

/** How often it looks whether it is time, or whether this machine has other addresses. */
const LOOK_EVERY_MS = 3_600_000;

const keptSchema = z.object({
  cert: z.string(),
  ca: z.string(),
  serial: z.string(),
  names: z.array(z.string()),
  issued_at: z.number(),
  expires_at: z.number(),
});
type Kept = z.infer<typeof keptSchema>;

export interface OwnParts {
  readonly dataDirectory: string;
  readonly holder: Holder;
  /** Names that it answers to beside those of this machine. */
  readonly names: readonly string[];
  readonly desk: IdentityDesk;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly log: Log;
}

/** The certificate of a process that is its own authority. */
export async function ownCertificate(parts: OwnParts): Promise<OwnCertificate> {
  const { clock, log, holder } = parts;
  const listeners = new Set<(credentials: Credentials) => void>();
  let current = await obtain(parts);
  const look = async (): Promise<void> => {
    try {
      const next = await obtain(parts);
      if (next.cert === current.cert) return;
      current = next;
      for (const each of listeners) each(current);
    } catch (error) {
      const place = `certificate of ${holder.kind} ${holder.subject}`;
      const mend = 'look at the disk; the gateway tries again within the hour';
      log({ level: 'error', place, says: `not renewed: ${String(error)}`, mend });
    }
  };
  let cancel = clock.after(LOOK_EVERY_MS, tick);
  function tick(): void {
    void look();
    cancel = clock.after(LOOK_EVERY_MS, tick);
  }
  return {
    current: () => current,
    listen(then) {
      listeners.add(then);
      return () => listeners.delete(then);
    },
    close: () => cancel(),
  };
}

/** The kept one where it is good for a while, else a new one for the same key. */
async function obtain(parts: OwnParts): Promise<Credentials> {
  const { dataDirectory, holder, desk, writer } = parts;
  const directory = join(dataDirectory, 'certificates');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const [keyFile, keptFile] = [
    join(directory, `${holder.kind}.key.pem`),
    join(directory, `${holder.kind}.json`),
  ];
  const names = allNames(parts.names);
  const kept = readKept(keptFile);
  if (kept !== null && existsSync(keyFile) && stillGood(parts, kept, names)) {
    return { key: readFileSync(keyFile, 'utf8'), cert: kept.cert, ca: kept.ca };
  }
  const { makeRequest } = await import('./x509.ts');
  const old = existsSync(keyFile) ? readFileSync(keyFile, 'utf8') : undefined;
  const { key, request } = await makeRequest(holder.subject, old);
  const made = await desk.prepare(holder, names, request);
  if (made === null) throw new Error(`${keyFile} is damaged: remove it`);
  storePrivately(keyFile, key);
  await writer.run((tx) => desk.record(tx, made));
  const { pem: cert, serial, issued_at, expires_at } = made;
  const ca = desk.certificate;
  storePrivately(keptFile, JSON.stringify({ cert, ca, serial, names, issued_at, expires_at }));
  return { key, cert, ca };
}

function readKept(file: string): Kept | null {
  if (!existsSync(file)) return null;
  const parsed = keptSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  return parsed.success ? parsed.data : null;
}

function stillGood({ desk, clock }: OwnParts, kept: Kept, names: readonly string[]): boolean {
  if (desk.standing(kept.serial) !== 'good' || kept.ca !== desk.certificate) return false;
  if (clock.now() >= renewAt(kept.issued_at, kept.expires_at)) return false;
  return names.every((name) => kept.names.includes(name));
}

/** Loopback, this machine's name and addresses, and those given; each once. */
function allNames(given: readonly string[]): string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .map(({ address }) => address.replace(/%.*$/, ''));
  const all = ['localhost', '127.0.0.1', '::1', hostname(), ...addresses, ...given];
  // A host that is no name of the DNS can't be in a certificate.
  return [...new Set(all)].filter((name) => /^[A-Za-z0-9.:-]{1,253}$/.test(name));
}
