/** What a recorded program promised somebody, written where the recorder sees it among the rest. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DiskEvent } from './recording.ts';

const FILE = 'promised';

/** Nobody syncs this file: what counts is when it was said. */
export const promise = (data: string, what: unknown): void =>
  appendFileSync(join(data, FILE), `${JSON.stringify(what)}\n`);

/** What an event promises, or `null` where it is none. */
export function promised(event: DiskEvent): unknown {
  if (event.file !== FILE || event.is !== 'write') return null;
  return JSON.parse(Buffer.from(event.bytes).toString());
}

export const isPromises = (file: string): boolean => file === FILE;
