/**
 * The house's master keys of cards: made at the first start, in a file that only this user reads. They
 * are in no store, no log and no answer, but for what terminals get: debit and read.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { base64url, fromBase64url } from '#device/codecs/bytes.ts';
import { purseKey } from '#device/codecs/purse.ts';
import type { PurseKeys } from '#device/codecs/purse-rekeying.ts';
import type { CardKeys } from '#device/messages/card.ts';
import type { Chance } from '../clock.ts';
import { storePrivately } from '../keys.ts';

/** What each is for; `card` is the card's own, `proof` the Transaction MAC's. */
const PURPOSES = ['card', 'master', 'debit', 'load', 'read', 'proof'] as const;
type Purpose = (typeof PURPOSES)[number];
type MasterKeys = Readonly<Record<Purpose, Uint8Array>>;

/** All versions that cards of the house may still have; which of them is used how, the store says. */
export interface HouseKeys {
  /** The one that was current when the file was made. */
  readonly version: number;
  readonly versions: ReadonlyMap<number, MasterKeys>;
  /** A further version, stored before it is answered; throws where 255 are used up or it can't be. */
  add(chance: Chance): number;
}

const MOST_VERSION = 255;

function houseKeys(
  version: number,
  first: ReadonlyMap<number, MasterKeys>,
  store: (text: string) => void = () => undefined,
): HouseKeys {
  let versions = first;
  return {
    version,
    get versions() {
      return versions;
    },
    add(chance) {
      const next = Math.max(...versions.keys()) + 1;
      if (next > MOST_VERSION) throw new RangeError(`${MOST_VERSION} versions are used up`);
      const more = new Map([...versions, [next, freshKeys(chance)] as const]);
      store(`${writeHouseKeys({ version, versions: more })}\n`);
      versions = more;
      return next;
    },
  };
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

function freshKeys(chance: Chance): MasterKeys {
  const [card, master, debit, load, read, proof] = PURPOSES.map(() => chance.bytes(16)) as [
    ...[Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array],
  ];
  return { card, master, debit, load, read, proof };
}

/** Fresh keys, as version 1; in memory alone. */
export const makeHouseKeys = (chance: Chance): HouseKeys =>
  houseKeys(1, new Map([[1, freshKeys(chance)]]));

/** Reads `settlement.keys`, or makes it; throws where it is damaged: cards need these very keys. */
export function loadHouseKeys(dataDirectory: string, chance: Chance): HouseKeys {
  const path = join(dataDirectory, 'settlement.keys');
  const store = (text: string): void => storePrivately(path, text);
  try {
    return readHouseKeys(readFileSync(path, 'utf8'), store);
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    // What was thrown may quote the file.
    if (!missing) throw new Error(`${path} is damaged: restore it from your backup`);
  }
  const made = makeHouseKeys(chance);
  store(`${writeHouseKeys(made)}\n`);
  return houseKeys(made.version, made.versions, store);
}

export function readHouseKeys(text: string, store?: (text: string) => void): HouseKeys {
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
  return houseKeys(file.current, versions, store);
}

export function writeHouseKeys({
  version,
  versions,
}: Pick<HouseKeys, 'version' | 'versions'>): string {
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
  readonly keys: PurseKeys;
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

/** What a terminal gets of some versions, the newest first: enough to debit and to read, and no more. */
export function terminalCardKeys(
  { versions }: HouseKeys,
  wanted: readonly number[],
  set_at: number,
): CardKeys {
  const [newest, ...older] = wanted.map((version) => {
    const masters = versions.get(version);
    if (masters === undefined) throw new Error(`there are no card keys of version ${version}`);
    const { debit, read } = masters;
    return { debit: base64url(debit), read: base64url(read), key_version: version };
  });
  if (newest === undefined) throw new Error('there are no card keys that terminals may use');
  return { ...newest, set_at, ...(older.length === 0 ? {} : { older }) };
}
