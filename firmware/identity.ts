/** Who this terminal is: read from its data directory or, once, obtained with an enrolment code. */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Identity, identitySchema } from '#device/messages/enrolment.ts';
import { readCardKeys, storeCardKeys } from './card-keys.ts';
import { makeKey, writeRequest } from './certificate-request.ts';
import { writeDurably } from './durable.ts';
import { postJson } from './post.ts';

/** What the operator must do before this terminal can start. */
export class EnrolmentError extends Error {}

export interface Enrolment {
  readonly code: string | undefined;
  readonly gateway: string | undefined;
}

/** What a TLS connection is opened with, PEM. */
export interface Credentials {
  readonly key: string;
  readonly cert: string;
  /** Whom to believe. */
  readonly ca: string;
}

/** Reads the identity, or enrols and stores it; throws an {@link EnrolmentError} with the mend. */
export async function identify(dataDirectory: string, enrolment: Enrolment): Promise<Identity> {
  const path = join(dataDirectory, 'identity.json');
  const known = existsSync(path) ? readIdentity(path) : undefined;
  const { code, gateway } = enrolment;
  // Card keys that can't be opened come with a new code; all else of a known terminal stays.
  const shut = known !== undefined && readCardKeys(dataDirectory, known.secret).is === 'shut';
  if (known !== undefined && (!shut || code === undefined)) return known;
  if (code === undefined || gateway === undefined) {
    throw new EnrolmentError(
      `this terminal is not enrolled (no ${path}); start it with --enrol CODE --gateway URL`,
    );
  }
  const csr = writeRequest(await privateKey(dataDirectory));
  const requestFile = join(
    dataDirectory,
    known === undefined ? 'enrolment-request' : 'enrolment-again',
  );
  const request = await requestKey(requestFile);
  const { card_keys: keys, ...identity } = await enrol({ code, csr }, gateway, request);
  if (known !== undefined && known.terminal !== identity.terminal) {
    throw new EnrolmentError(
      `the code is for terminal ${identity.terminal}, and this is ${known.terminal}; use its own`,
    );
  }
  if (keys !== undefined) await storeCardKeys(dataDirectory, identity.secret, keys);
  await storeIdentity(dataDirectory, identity);
  // The next code is another request.
  if (known !== undefined) rmSync(requestFile);
  return identity;
}

/** Replaces what this terminal knows of itself: whole and on disk, or not at all. */
export const storeIdentity = (dataDirectory: string, identity: Identity): Promise<void> =>
  writeDurably(join(dataDirectory, 'identity.json'), JSON.stringify(identity, null, 2));

function readIdentity(path: string): Identity {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new EnrolmentError(`${path} can't be read: ${why}; restore it from a backup`);
  }
  const parsed = identitySchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new EnrolmentError(`${path}: ${z.prettifyError(parsed.error)}; restore it from a backup`);
}

/** One key for all tries: the code works once, and an answer may be lost on the way. */
async function requestKey(path: string): Promise<string> {
  if (existsSync(path)) return readFileSync(path, 'utf8').trim();
  const key = randomUUID();
  await writeDurably(path, key);
  return key;
}

/** The key of its certificate: made here, the same for all tries, and never sent. */
async function privateKey(dataDirectory: string): Promise<string> {
  const path = keyFile(dataDirectory);
  if (existsSync(path)) return readFileSync(path, 'utf8');
  const key = makeKey();
  await writeDurably(path, key);
  return key;
}

const keyFile = (dataDirectory: string): string => join(dataDirectory, 'identity.key');

/** What mutual TLS needs, PEM; `null` for an identity from before there were certificates. */
export function credentialsOf(dataDirectory: string, identity: Identity): Credentials | null {
  const { certificate, authority } = identity;
  if (certificate === undefined || authority === undefined) return null;
  const path = keyFile(dataDirectory);
  try {
    return { key: readFileSync(path, 'utf8'), cert: certificate, ca: authority };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new EnrolmentError(
      `${path} can't be read: ${why}; restore it from a backup, or enrol with a new code`,
    );
  }
}

async function enrol(request: object, gateway: string, key: string): Promise<Identity> {
  const url = new URL('/v1/enrolments', gateway);
  const { status, body } = await postJson(url, { 'idempotency-key': key }, request).catch(
    (error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      throw new EnrolmentError(`${url} can't be reached: ${why}; check --gateway and the network`);
    },
  );
  if (status < 200 || status > 299) {
    const problem = z.object({ detail: z.string() }).safeParse(body);
    const why = problem.success ? problem.data.detail : `HTTP ${status}`;
    throw new EnrolmentError(`the gateway refused the enrolment: ${why}`);
  }
  const parsed = identitySchema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new EnrolmentError(
    `the gateway's answer is not an identity: ${z.prettifyError(parsed.error)}`,
  );
}
