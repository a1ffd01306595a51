/** A card of the house for stand and tests: made and loaded as a settlement would, over its APDUs. */

import { converse } from '#device/codecs/desfire-exchange.ts';
import { mintOrderNumber } from '#device/codecs/order-number.ts';
import { type LogRecord, mintCardId, purseKey } from '#device/codecs/purse.ts';
import { makePurse } from '#device/codecs/purse-making.ts';
import { oneByOne, type Rounds } from '#device/codecs/purse-rounds.ts';
import { creditPurse } from '#device/codecs/purse-talks.ts';
import { Card } from './card.ts';

/** Master keys of a house, 16 bytes each. */
export interface HouseKeys {
  /** Of the card itself, below its applications. */
  readonly card: Uint8Array;
  readonly master: Uint8Array;
  readonly debit: Uint8Array;
  readonly load: Uint8Array;
  readonly read: Uint8Array;
  readonly transaction: Uint8Array;
}

export interface PurseCardOptions {
  readonly name: string;
  /** Seven bytes, the first of them 04. */
  readonly uid: Uint8Array;
  readonly keys: HouseKeys;
  /** Loaded onto it; nothing where it is 0. */
  readonly balanceMinor: number;
  /** ISO 4217 numeric. */
  readonly currency: number;
  readonly nowS: number;
  readonly chance: (count: number) => Uint8Array;
}

const MOST_MINOR = 1_000_000;

/** Makes it; throws where its card refuses, which a blank one never does. */
export async function openPurseCard(options: PurseCardOptions): Promise<Card> {
  const { uid, keys, chance, balanceMinor, name, nowS, currency } = options;
  const card = new Card({ uid, chance, name });
  const own = (master: Uint8Array): Uint8Array => purseKey(master, uid);
  const holder = { card: mintCardId(chance(10)), currency, personalisedAtS: nowS };
  const made = await talk(
    card,
    makePurse({
      ...{ holder, chance, keyVersion: 1, mostMinor: MOST_MINOR },
      cardKey: purseKey(keys.card, uid, 0),
      keys: {
        ...{ master: own(keys.master), debit: own(keys.debit) },
        ...{ load: own(keys.load), read: own(keys.read) },
      },
      transactionKey: own(keys.transaction),
    }),
  );
  if (!made.ok) throw new Error(`${name} can't be made: ${JSON.stringify(made.refusal)}`);
  if (balanceMinor > 0) {
    const record: LogRecord = {
      ...{ kind: 'load', amountMinor: balanceMinor, balanceMinor },
      ...{ order: mintOrderNumber(nowS * 1000, chance(4)), terminal: new Uint8Array(4), atS: nowS },
    };
    const opening = { key: own(keys.load), rndA: chance(16) };
    const loaded = await talk(card, creditPurse({ ...opening, decide: () => record }));
    if (!loaded.ok) throw new Error(`${name} can't be loaded: ${JSON.stringify(loaded.refusal)}`);
  }
  card.powerDown();
  return card;
}

const talk = <Result>(card: Card, rounds: Rounds<Result>): Promise<Result> =>
  converse(oneByOne(rounds), (apdu) => card.process(apdu).bytes);
