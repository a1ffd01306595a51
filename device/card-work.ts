/**
 * What the loop has a reader do: one talk with one card, whose outcome comes back as an input. The
 * master keys stay here: no state, journal or log holds them.
 */
import { INS } from './codecs/desfire.ts';
import { converse } from './codecs/desfire-exchange.ts';
import type { LogRecord } from './codecs/purse.ts';
import { purseKey } from './codecs/purse.ts';
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
}

export type CardTask =
  /** Who it is and what it holds, with the debit key; changes nothing. */
  | { readonly is: 'open' }
  /** Right after `open`, in the same session. */
  | { readonly is: 'debit'; readonly purse: OpenPurse; readonly record: LogRecord }
  /** What its log says, with the read key; changes nothing. */
  | { readonly is: 'history' };

export type CardOutcome =
  | { readonly is: 'opened'; readonly purse: OpenPurse }
  | { readonly is: 'committed'; readonly committed: Committed }
  | { readonly is: 'history'; readonly history: PurseHistory }
  | { readonly is: 'refused'; readonly refusal: PurseRefusal }
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
  talk: <Result>(rounds: Rounds<Result>) => Promise<Result>,
): Promise<CardOutcome> {
  switch (task.is) {
    case 'open': {
      const opening = { key: purseKey(keys.debit, uid), rndA: chance.bytes(16) };
      const purse = await talk(prepareDebit(opening));
      return purse.ok ? { is: 'opened', purse } : { is: 'refused', refusal: purse };
    }
    case 'debit': {
      const committed = await talk(commitDebit(task.purse, task.record));
      return committed.ok ? { is: 'committed', committed } : { is: 'refused', refusal: committed };
    }
    case 'history': {
      const opening = { key: purseKey(keys.read, uid), rndA: chance.bytes(16) };
      const history = await talk(readHistory(opening));
      return history.ok ? { is: 'history', history } : { is: 'refused', refusal: history };
    }
  }
}
