/**
 * What the loop has a reader do: one talk with one card, whose outcome comes back as an input. The
 * master keys stay here: no state, journal or log holds them.
 */
import { INS } from './codecs/desfire.ts';
import { converse } from './codecs/desfire-exchange.ts';
import type { LogRecord } from './codecs/purse.ts';
import { PURSE_KEYS, purseKey } from './codecs/purse.ts';
import { askKeyVersion } from './codecs/purse-rekeying.ts';
import { oneByOne, type Rounds } from './codecs/purse-rounds.ts';
import {
  type Committed,
  commitDebit,
  type OpenPurse,
  type PurseHistory,
  type PurseRefusal,
  prepareDebit,
  readHistory,
} from './codecs/purse-talks.ts';
import type { Chance } from './ports/clock.ts';
import type { CardPresence, TransmitResult } from './ports/reader.ts';

/** Master keys of the house, 16 bytes each. */
export interface CardMasterKeys {
  readonly debit: Uint8Array;
  readonly read: Uint8Array;
  /** Of both, 1 to 255; absent where nobody asks. */
  readonly version?: number;
  /** Of cards that were not given the newest yet. */
  readonly older?: readonly Omit<CardMasterKeys, 'older'>[];
}

export type CardTask =
  /** Who it is and what it holds, with the debit key; changes nothing. */
  | { readonly is: 'open' }
  /** Right after `open`, in the same session. */
  | { readonly is: 'debit'; readonly purse: OpenPurse; readonly record: LogRecord }
  /** What its log says, with the read key; changes nothing. */
  | { readonly is: 'history' };

export type CardOutcome =
  /** `outdated`: there are newer keys for it. */
  | { readonly is: 'opened'; readonly purse: OpenPurse; readonly outdated: boolean }
  | { readonly is: 'committed'; readonly committed: Committed }
  | { readonly is: 'history'; readonly history: PurseHistory }
  | { readonly is: 'refused'; readonly refusal: PurseRefusal }
  /** It says that its keys are of a version which this terminal has not yet, or no more. */
  | { readonly is: 'other_keys' }
  | {
      readonly is: 'gone';
      readonly gone: Extract<TransmitResult, { ok: false }>['gone'];
      /** The commit was sent: the card may have done it. */
      readonly sent: boolean;
    };

export interface CardWorkParts {
  readonly keys: CardMasterKeys;
  readonly chance: Chance;
  readonly transmit: (
    reader: string,
    card: CardPresence,
    apdu: Uint8Array,
  ) => Promise<TransmitResult>;
}

class Gone extends Error {
  readonly gone: Extract<TransmitResult, { ok: false }>['gone'];

  constructor(gone: Gone['gone']) {
    super(`the card is gone: ${gone}`);
    this.gone = gone;
  }
}

/** Does one task; never rejects for what a card or a reader does. */
export async function workCard(
  parts: CardWorkParts,
  reader: string,
  card: CardPresence,
  task: CardTask,
): Promise<CardOutcome> {
  let sent = false;
  const transmit = async (apdu: Uint8Array): Promise<Uint8Array> => {
    if (apdu[1] === INS.commitTransaction) sent = true;
    const answer = await parts.transmit(reader, card, apdu);
    if (answer.ok) return answer.response;
    throw new Gone(answer.gone);
  };
  const talk = <Result>(rounds: Rounds<Result>): Promise<Result> =>
    converse(oneByOne(rounds), transmit);
  try {
    return await perform(parts, card, task, talk);
  } catch (error) {
    if (error instanceof Gone) return { is: 'gone', gone: error.gone, sent };
    throw error;
  }
}

async function perform(
  { keys, chance }: CardWorkParts,
  { uid }: CardPresence,
  task: CardTask,
  talk: Talk,
): Promise<CardOutcome> {
  switch (task.is) {
    case 'open': {
      const told = await withKeys(keys, PURSE_KEYS.debit, talk, ({ debit }) =>
        prepareDebit({ key: purseKey(debit, uid), rndA: chance.bytes(16) }),
      );
      if (told === null) return { is: 'other_keys' };
      const { result: purse, outdated } = told;
      return purse.ok ? { is: 'opened', purse, outdated } : { is: 'refused', refusal: purse };
    }
    case 'debit': {
      const committed = await talk(commitDebit(task.purse, task.record));
      return committed.ok ? { is: 'committed', committed } : { is: 'refused', refusal: committed };
    }
    case 'history': {
      const told = await withKeys(keys, PURSE_KEYS.read, talk, ({ read }) =>
        readHistory({ key: purseKey(read, uid), rndA: chance.bytes(16) }),
      );
      if (told === null) return { is: 'other_keys' };
      const { result: history } = told;
      return history.ok ? { is: 'history', history } : { is: 'refused', refusal: history };
    }
  }
}

type Talk = <Result>(rounds: Rounds<Result>) => Promise<Result>;

/**
 * Talks with the keys of the version that the card has; `null` where this terminal has none of it. While
 * there is one version alone the card is asked only where it refuses that: a tap is a tenth of a second.
 */
async function withKeys<Told extends { readonly ok: true }>(
  keys: CardMasterKeys,
  keyNo: number,
  talk: Talk,
  begin: (keys: CardMasterKeys) => Rounds<Told | PurseRefusal>,
): Promise<{ result: Told | PurseRefusal; outdated: boolean } | null> {
  const { version, older = [] } = keys;
  if (older.length === 0) {
    const result = await talk(begin(keys));
    if (result.ok || result.at !== 'key' || result.refusal.why !== 'status') {
      return { result, outdated: false };
    }
    const has = await talk(askKeyVersion(keyNo));
    const another = typeof has === 'number' && has !== 0 && version !== undefined;
    return another && has !== version ? null : { result, outdated: false };
  }
  const has = await talk(askKeyVersion(keyNo));
  // What has no purse, or tells nothing of it, refuses the talk itself.
  if (typeof has !== 'number' || has === 0 || has === version) {
    return { result: await talk(begin(keys)), outdated: false };
  }
  const mine = older.find((each) => each.version === has);
  return mine === undefined ? null : { result: await talk(begin(mine)), outdated: true };
}
