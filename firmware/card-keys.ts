/**
 * The house's card keys at rest: AES-256-GCM under a key of this terminal *and* this machine, in
 * `card-keys.json`. A copy of the data directory (a backup, a returned disk, a support archive) does
 * not open it elsewhere. Whoever is root on this machine while it runs can: against that no file
 * helps, only that these keys can neither load nor personalise a card.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { CardMasterKeys } from '#device/card-work.ts';
import { deriveKeys } from '#device/codecs/keys.ts';
import { type CardKeys, type CardKeysKept, cardKeysSchema } from '#device/messages/card.ts';
import { writeDurably } from './durable.ts';

const CIPHER = 'aes-256-gcm';
const TAG_BYTES = 16;
const IV_BYTES = 12;
/** Outside the data directory, and other ones on every machine; a Pi's own is burnt into its chip. */
const MACHINE = ['/etc/machine-id', '/proc/device-tree/serial-number'];

const fileSchema = z.strictObject({
  format: z.literal(1),
  key_version: z.int().min(0).max(255),
  sealed: z.string().regex(/^[\w-]+$/),
});

const fileOf = (dataDirectory: string): string => join(dataDirectory, 'card-keys.json');

/** What is never in the data directory. */
function machineMark(files: readonly string[]): Buffer {
  return Buffer.concat(
    files.map((file) => (existsSync(file) ? readFileSync(file) : Buffer.alloc(0))),
  );
}

const sealingKey = (secret: string, files: readonly string[]): Buffer =>
  Buffer.from(
    hkdfSync(
      'sha256',
      Buffer.from(secret, 'base64url'),
      machineMark(files),
      'hawker/1 card keys at rest',
      32,
    ),
  );

/** Seals and stores them: whole and on disk, or not at all. */
export async function storeCardKeys(
  dataDirectory: string,
  secret: string,
  keys: CardKeys,
  machine: readonly string[] = MACHINE,
): Promise<void> {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, sealingKey(secret, machine), iv);
  const body = Buffer.concat([cipher.update(JSON.stringify(keys), 'utf8'), cipher.final()]);
  const sealed = Buffer.concat([iv, body, cipher.getAuthTag()]).toString('base64url');
  const file = { format: 1, key_version: keys.key_version, sealed };
  await writeDurably(fileOf(dataDirectory), JSON.stringify(file));
}

/** Opens what the gateway has sealed to this terminal; `null` where it is not for it, or damaged. */
export function openSentKeys(secret: string, terminal: string, sealed: string): CardKeys | null {
  try {
    const bytes = Buffer.from(sealed, 'base64url');
    const key = deriveKeys(secret).card_keys;
    const cipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES));
    cipher.setAAD(Buffer.from(terminal));
    cipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    const body = bytes.subarray(IV_BYTES, -TAG_BYTES);
    const text = Buffer.concat([cipher.update(body), cipher.final()]).toString('utf8');
    return cardKeysSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

export type ReadCardKeys =
  | { readonly is: 'keys'; readonly keys: CardKeys }
  /** This house has no cards, or had none when the terminal was enrolled. */
  | { readonly is: 'none' }
  /** `why` names no byte of them. */
  | { readonly is: 'shut'; readonly why: string };

/** Opens them; what can't be opened is told, and the terminal sells without cards. */
export function readCardKeys(
  dataDirectory: string,
  secret: string,
  machine: readonly string[] = MACHINE,
): ReadCardKeys {
  const path = fileOf(dataDirectory);
  if (!existsSync(path)) return { is: 'none' };
  try {
    const file = fileSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
    const bytes = Buffer.from(file.sealed, 'base64url');
    const cipher = createDecipheriv(
      CIPHER,
      sealingKey(secret, machine),
      bytes.subarray(0, IV_BYTES),
    );
    cipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    const body = Buffer.concat([
      cipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)),
      cipher.final(),
    ]);
    const keys = cardKeysSchema.parse(JSON.parse(body.toString('utf8')));
    return { is: 'keys', keys };
  } catch {
    // An error's own text could quote what it could not read.
    return { is: 'shut', why: `${path} was sealed on another machine, or is damaged` };
  }
}

type Versioned = Pick<CardKeys, 'debit' | 'read' | 'key_version'>;

const bytesOf = ({ debit, read, key_version }: Versioned): CardMasterKeys => ({
  debit: Buffer.from(debit, 'base64url'),
  read: Buffer.from(read, 'base64url'),
  version: key_version,
});

/** All versions of a set, as a terminal works with them. */
export const masterKeysOf = (keys: CardKeys): CardMasterKeys => ({
  ...bytesOf(keys),
  ...(keys.older === undefined ? {} : { older: keys.older.map(bytesOf) }),
});

const isSame = (one: CardKeys, other: CardKeys): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

/** Whether somebody on the way may have kept it from before. */
const isBehind = (keys: CardKeys, known: CardKeys): boolean =>
  keys.set_at < known.set_at ||
  (keys.set_at === known.set_at && keys.key_version < known.key_version);

export interface KeptCardKeys {
  /** `null` where this terminal takes no cards. */
  readonly current: () => CardMasterKeys | null;
  /** What is sealed and on disk; the settlement waits for each terminal to say so. */
  readonly kept: () => CardKeysKept | null;
  /**
   * Seals newer ones and uses them from then on, all versions of the set or none; `false` for those that it
   * has, and for an older set, which somebody on the way may have kept.
   */
  keep(keys: CardKeys): Promise<boolean>;
}

/** The keys of a running terminal; says in words what keeps it from taking cards. */
export function keepCardKeys(
  dataDirectory: string,
  secret: string,
  log: (what: string) => void,
): KeptCardKeys {
  const read = readCardKeys(dataDirectory, secret);
  if (read.is === 'shut') {
    log(`no cards are taken: ${read.why}; start once with --enrol CODE --gateway URL`);
  }
  let known = read.is === 'keys' ? read.keys : null;
  let current = known === null ? null : masterKeysOf(known);
  return {
    current: () => current,
    kept: () => (known === null ? null : { key_version: known.key_version, set_at: known.set_at }),
    async keep(keys) {
      if (known !== null && (isBehind(keys, known) || isSame(known, keys))) return false;
      await storeCardKeys(dataDirectory, secret, keys);
      known = keys;
      current = masterKeysOf(keys);
      const older = (keys.older ?? []).map(({ key_version }) => `, ${key_version}`);
      log(`card keys of version ${keys.key_version}${older.join('')} were sealed`);
      return true;
    },
  };
}
