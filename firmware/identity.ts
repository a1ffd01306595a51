/** Who this terminal is: read from its data directory or, once, obtained with an enrolment code. */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Identity, identitySchema } from '#device/messages/enrolment.ts';
import { syncDirectory } from './disk.ts';

/** What the operator must do before this terminal can start. */
export class EnrolmentError extends Error {}

export interface Enrolment {
  readonly code: string | undefined;
  readonly gateway: string | undefined;
}

const ANSWER_TIMEOUT_MS = 10_000;

/** Reads the identity, or enrols and stores it; throws an {@link EnrolmentError} with the mend. */
export async function identify(dataDirectory: string, enrolment: Enrolment): Promise<Identity> {
  const path = join(dataDirectory, 'identity.json');
  if (existsSync(path)) return readIdentity(path);
  const { code, gateway } = enrolment;
  if (code === undefined || gateway === undefined) {
    throw new EnrolmentError(
      `this terminal is not enrolled (no ${path}); start it with --enrol CODE --gateway URL`,
    );
  }
  const identity = await enrol(code, gateway, await requestKey(dataDirectory));
  await writeDurably(path, JSON.stringify(identity, null, 2));
  return identity;
}

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
async function requestKey(dataDirectory: string): Promise<string> {
  const path = join(dataDirectory, 'enrolment-request');
  if (existsSync(path)) return readFileSync(path, 'utf8').trim();
  const key = randomUUID();
  await writeDurably(path, key);
  return key;
}

async function enrol(code: string, gateway: string, key: string): Promise<Identity> {
  const url = new URL('/v1/enrolments', gateway);
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify({ code }),
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EnrolmentError(`${url} can't be reached: ${why}; check --gateway and the network`);
  }
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) {
    const problem = z.object({ detail: z.string() }).safeParse(body);
    const why = problem.success ? problem.data.detail : `HTTP ${response.status}`;
    throw new EnrolmentError(`the gateway refused the enrolment: ${why}`);
  }
  const parsed = identitySchema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new EnrolmentError(
    `the gateway's answer is not an identity: ${z.prettifyError(parsed.error)}`,
  );
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  await syncDirectory(join(path, '..'));
}
