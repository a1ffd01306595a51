/**
 * An organisation whose authority is elsewhere: its certificate is in its data directory, and what is
 * revoked it asks for every few seconds. Without a list that is still good it believes nobody.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { pemSchema } from '#device/messages/enrolment.ts';
import type { Clock } from '../clock.ts';
import { storePrivately } from '../keys.ts';
import type { Log } from '../log.ts';
import { callAuthority } from './call.ts';
import { type Holder, renewAt } from './kinds.ts';
import type { Credentials, OwnCertificate } from './own.ts';
import type { Standing, Trust } from './trust.ts';

/** How often the list is asked for: whoever is revoked is out in twice that. */
const LIST_EVERY_MS = 5000;
const RENEW_EVERY_MS = 3_600_000;

const grantSchema = z.object({ certificate: pemSchema, authority: pemSchema });

export interface RemoteParts {
  readonly dataDirectory: string;
  readonly holder: Holder;
  /** Base URL of whoever has the authority. */
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface RemoteIdentity {
  readonly own: OwnCertificate;
  readonly trust: Trust;
  close(): void;
}

const filesOf = (dataDirectory: string, { kind }: Holder) => {
  const at = (name: string): string => join(dataDirectory, 'certificates', name);
  return {
    key: at(`${kind}.key.pem`),
    certificate: at(`${kind}.pem`),
    authority: at('authority.pem'),
    list: at('crl.pem'),
  };
};

/** Brings a one-time code to the authority and keeps what it grants; the key stays here. */
export async function enrolRemotely(
  dataDirectory: string,
  holder: Holder,
  url: string,
  code: string,
): Promise<void> {
  const { makeRequest } = await import('./x509.ts');
  const files = filesOf(dataDirectory, holder);
  mkdirSync(join(dataDirectory, 'certificates'), { recursive: true, mode: 0o700 });
  const old = existsSync(files.key) ? readFileSync(files.key, 'utf8') : undefined;
  const { key, request } = await makeRequest(holder.subject, old);
  storePrivately(files.key, key);
  // The same key is the same try: a lost answer is given again.
  const { keyDigest, publicKeyOf } = await import('./x509.ts');
  const again = keyDigest(await publicKeyOf(key));
  const granted = await grant(`${url}/v1/certificates`, { code, csr: request }, again);
  storePrivately(files.authority, granted.authority);
  storePrivately(files.certificate, granted.certificate);
}

async function grant(url: string, body: object, key: string, credentials?: Credentials) {
  const headers = { 'idempotency-key': key };
  const { status, text } = await callAuthority(url, { headers, body, credentials });
  const answer = readJson(text);
  const read = grantSchema.safeParse(answer);
  if (status === 201 && read.success) return read.data;
  const problem = z.object({ detail: z.string() }).safeParse(answer);
  throw new Error(problem.success ? problem.data.detail : `${url} answered ${status}`);
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Reads what {@link enrolRemotely} kept; throws with the mend where there is nothing. */
export async function openRemoteIdentity(parts: RemoteParts): Promise<RemoteIdentity> {
  const files = filesOf(parts.dataDirectory, parts.holder);
  if (!existsSync(files.certificate)) {
    const { subject } = parts.holder;
    throw new Error(
      `${files.certificate} is missing: get a code from whoever has the authority, and run ` +
        `gateway/main.ts enrol --data ${parts.dataDirectory} --role ${subject} --code CODE --gateway URL`,
    );
  }
  const list = await keepList(parts, files);
  const own = keepCertificate(parts, files);
  return {
    own,
    trust: list.trust,
    close() {
      list.close();
      own.close();
    },
  };
}

type Files = ReturnType<typeof filesOf>;

const readCredentials = (files: Files): Credentials => ({
  key: readFileSync(files.key, 'utf8'),
  cert: readFileSync(files.certificate, 'utf8'),
  ca: readFileSync(files.authority, 'utf8'),
});

async function keepList({ url, clock, log }: RemoteParts, files: Files) {
  const { readCrl } = await import('./x509.ts');
  const certificate = readFileSync(files.authority, 'utf8');
  const listeners = new Set<() => void>();
  const kept = existsSync(files.list) ? readFileSync(files.list, 'utf8') : '';
  let list = await readCrl(certificate, kept);
  let told = false;
  const ask = async (): Promise<void> => {
    try {
      const credentials = readCredentials(files);
      const { text } = await callAuthority(`${url}/v1/identity/crl.pem`, { credentials });
      const next = await readCrl(certificate, text);
      if (next === null) throw new Error('what came is no list of this authority');
      const changed = list?.serials.join() !== next.serials.join();
      list = next;
      told = false;
      storePrivately(files.list, text);
      if (changed) for (const each of listeners) each();
    } catch (error) {
      // Once: it is asked again and again.
      const says = `the list of revoked certificates can't be had: ${String(error)}`;
      if (!told) log({ level: 'warn', place: url, says, mend: 'check --authority' });
      told = true;
    }
  };
  await ask();
  const standing = (serial: string): Standing => {
    if (list === null || list.until <= clock.now()) return 'unknown';
    return list.serials.includes(serial.toLowerCase()) ? 'revoked' : 'good';
  };
  const trust: Trust = {
    certificate,
    standing,
    listen(then) {
      listeners.add(then);
      return () => listeners.delete(then);
    },
  };
  return { trust, close: repeat(clock, LIST_EVERY_MS, ask) };
}

function keepCertificate({ url, clock, log, holder }: RemoteParts, files: Files): OwnCertificate {
  let current = readCredentials(files);
  const listeners = new Set<(credentials: Credentials) => void>();
  const look = async (): Promise<void> => {
    const { lifeOf, makeRequest } = await import('./x509.ts');
    const { issuedAt, expiresAt } = lifeOf(current.cert);
    if (clock.now() < renewAt(issuedAt, expiresAt)) return;
    try {
      const { request } = await makeRequest(holder.subject, current.key);
      const csr = { csr: request };
      const granted = await grant(
        `${url}/v1/certificates/renewals`,
        csr,
        String(expiresAt),
        current,
      );
      storePrivately(files.certificate, granted.certificate);
      current = readCredentials(files);
      for (const each of listeners) each(current);
    } catch (error) {
      const says = `the certificate can't be renewed: ${String(error)}`;
      log({ level: 'error', place: url, says, mend: 'check --authority, or enrol anew' });
    }
  };
  void look();
  return {
    current: () => current,
    listen(then) {
      listeners.add(then);
      return () => listeners.delete(then);
    },
    close: repeat(clock, RENEW_EVERY_MS, look),
  };
}

/** Does it again and again, the next time after the last has ended. */
function repeat(clock: Clock, everyMs: number, work: () => Promise<void>): () => void {
  let closed = false;
  const tick = (): void => {
    void work().then(() => {
      if (!closed) cancel = clock.after(everyMs, tick);
    });
  };
  let cancel = clock.after(everyMs, tick);
  return () => {
    closed = true;
    cancel();
  };
}
