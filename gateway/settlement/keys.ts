/**
 * The house's master keys of cards: made at the first start, in a file that only this user reads. They
 * are in no store, no log and no answer, but for what terminals get: debit and read.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { base64url, fromBase64url } from '#device/codecs/bytes.ts';
import { purseKey } from '#device/codecs/purse.ts';
import type { CardKeys } from '#device/messages/card.ts';
import type { Chance } from '../clock.ts';
import { storePrivately } from '../keys.ts';

/** What each is for; `card` is the card's own, `proof` the Transaction MAC's. */
const PURPOSES = ['card', 'master', 'debit', 'load', 'read', 'proof'] as const;
type Purpose = (typeof PURPOSES)[number];
type MasterKeys = Readonly<Record<Purpose, Uint8Array>>;

/** All versions that cards of the house may still have. */
export interface HouseKeys {
  /** Of new cards, and of what terminals get. */
  readonly version: number;
  readonly versions: ReadonlyMap<number, MasterKeys>;
}

const keySchema = z.string().regex(/^[\w-]{22}$/);
const fileSchema = z.strictObject({
  current: z.int().min(1).max(255),
  versions: z.record(
    z.string().regex(/^\d{1,3}$/),
    z.strictObject({
      card: keySchema,
      master: keySchema,
      debit: keySchema,
      load: keySchema,
      read: keySchema,
      proof: keySchema,
    }),
  ),
});

/** Fresh keys, as version 1. */
export function makeHouseKeys(chance: Chance): HouseKeys {
  const [card, master, debit, load, read, proof] = PURPOSES.map(() => chance.bytes(16)) as [
    ...[Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array],
  ];
  return { version: 1, versions: new Map([[1, { card, master, debit, load, read, proof }]]) };
}

/** Reads `settlement.keys`, or makes it; throws where it is damaged: cards need these very keys. */
export function loadHouseKeys(dataDirectory: string, chance: Chance): HouseKeys {
  const path = join(dataDirectory, 'settlement.keys');
  try {
    return readHouseKeys(readFileSync(path, 'utf8'));
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    // What was thrown may quote the file.
    if (!missing) throw new Error(`${path} is damaged: restore it from your backup`);
  }
  const keys = makeHouseKeys(chance);
  storePrivately(path, `${writeHouseKeys(keys)}\n`);
  return keys;
}

export function readHouseKeys(text: string): HouseKeys {
  const file = fileSchema.parse(JSON.parse(text));
  const read = (key: string): Uint8Array => {
    const bytes = fromBase64url(key);
    if (bytes?.length !== 16) throw new RangeError('a master key has 16 bytes');
    return bytes;
  };
  const versions = new Map(
    Object.entries(file.versions).map(([version, each]) => [
      Number(version),
      {
        ...{ card: read(each.card), master: read(each.master), debit: read(each.debit) },
        ...{ load: read(each.load), read: read(each.read), proof: read(each.proof) },
      },
    ]),
  );
  if (!versions.has(file.current)) throw new RangeError('the current version is not there');
  return { version: file.current, versions };
}

export function writeHouseKeys({ version, versions }: HouseKeys): string {
  const write = (keys: MasterKeys) =>
    Object.fromEntries(PURPOSES.map((purpose) => [purpose, base64url(keys[purpose])]));
  return JSON.stringify({
    current: version,
    versions: Object.fromEntries([...versions].map(([each, keys]) => [String(each), write(keys)])),
  });
}

/** One card's own keys. */
export interface KeysOfCard {
  readonly card: Uint8Array;
  readonly keys: Readonly<Record<'master' | 'debit' | 'load' | 'read', Uint8Array>>;
  readonly proof: Uint8Array;
}

/** Diversified by its UID; throws where the house has no keys of that version any more. */
export function keysOfCard(house: HouseKeys, uid: Uint8Array, version: number): KeysOfCard {
  const masters = house.versions.get(version);
  if (masters === undefined) throw new Error(`there are no card keys of version ${version}`);
  const of = (purpose: Purpose): Uint8Array => purseKey(masters[purpose], uid);
  return {
    card: purseKey(masters.card, uid, 0),
    keys: { master: of('master'), debit: of('debit'), load: of('load'), read: of('read') },
    proof: of('proof'),
  };
}

/** What a terminal gets: enough to debit and to read, and for nothing else. */
export function terminalCardKeys({ version, versions }: HouseKeys): CardKeys {
  const masters = versions.get(version);
  if (masters === undefined) throw new Error(`there are no card keys of version ${version}`);
  const { debit, read } = masters;
  return { debit: base64url(debit), read: base64url(read), key_version: version };
}
