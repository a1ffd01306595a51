/**
 * The key that signs the journal: made at the first start, in a file of its own beside it, so that it
 * outlives an enrolment. Whoever opens the journal elsewhere takes it along.
 */
import { createHmac, createSecretKey } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { base64url, fromBase64url } from '#device/codecs/bytes.ts';
import type { MakeDigest } from '#device/codecs/journal-line.ts';
import type { Chance } from '#device/ports/clock.ts';
import { writeDurably } from './durable.ts';

const KEY_BYTES = 32;

/** HMAC-SHA-256 of the machine's own library. */
export const journalDigest: MakeDigest = (key) => {
  const secret = createSecretKey(key);
  return (before, text) => createHmac('sha256', secret).update(before).update(text).digest();
};

/** 32 bytes; throws an `Error` with the mend where the file is damaged. */
export async function loadJournalKey(dataDirectory: string, chance: Chance): Promise<Uint8Array> {
  const path = join(dataDirectory, 'journal.key');
  if (!existsSync(path)) await writeDurably(path, `${base64url(chance.bytes(KEY_BYTES))}\n`);
  const key = fromBase64url(readFileSync(path, 'utf8').trim());
  if (key?.length === KEY_BYTES) return key;
  throw new Error(`${path} is damaged; restore it from a backup, or move it and journal aside`);
}
