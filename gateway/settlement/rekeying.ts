/**
 * A card that lies at a reader is given the keys of the current version. That it is begun is in the
 * store first; until it is done, the card is asked which of its keys are the new ones.
 */
import { rekeyPurse } from '#device/codecs/purse-rekeying.ts';
import type { Rounds } from '#device/codecs/purse-rounds.ts';
import type { RelayOutcome } from '../relay/relayed-card.ts';
import type { CardRow } from '../store/tables-settlement.ts';
import { advanceKeys, currentVersion, isRetired } from './key-versions.ts';
import { type KeysOfCard, keysOfCard } from './keys.ts';
import { isLost, type Lost, refused } from './making.ts';
import type { SettlementParts } from './parts.ts';

/** It was begun, or what it has is believed no more: nothing else is done with it before. */
export const needsKeys = ({ tables }: SettlementParts, card: CardRow): boolean =>
  card.rekeying !== null || isRetired(tables, card.key_version);

/** Whether there are newer ones for it. */
export const mayHaveKeys = (parts: SettlementParts, card: CardRow): boolean =>
  needsKeys(parts, card) || currentVersion(parts, parts.tables) > card.key_version;

/** The card with its new keys, or what to say of it. Rejects with a `StoreError`. */
export async function rekeyCard(
  parts: SettlementParts,
  card: CardRow,
  uid: Uint8Array,
  run: <T>(talk: Rounds<T>) => Promise<T | Lost>,
): Promise<CardRow | RelayOutcome> {
  const { writer, house, chance, log } = parts;
  const begun = await writer.run((tx) => {
    const now = tx.settlement.card(card.id) ?? card;
    // What was begun may have been with a version that is not the newest any more.
    const wanted = { ...now, rekeying: currentVersion(parts, tx) };
    tx.settlement.putCard(wanted);
    return wanted;
  });
  const version = begun.rekeying;
  const keysOf = (each: number): KeysOfCard['keys'] | null =>
    house.versions.has(each) ? keysOfCard(house, uid, each).keys : null;
  const told = await run(rekeyPurse({ keysOf, version, rndA: chance.bytes(16) }));
  if (isLost(told)) return { said: 'again' };
  if (!told.ok) {
    const says = `card ${card.id} keeps its keys: ${told.at} ${JSON.stringify(told.refusal)}`;
    log({ level: 'warn', place: 'settlement/rekeying', says });
    return refused(told);
  }
  return writer.run((tx) => {
    const now = tx.settlement.card(card.id) ?? begun;
    const fresh = { ...now, key_version: version, rekeying: null };
    tx.settlement.putCard(fresh);
    advanceKeys(parts, tx);
    return fresh;
  });
}

export const isCard = (given: CardRow | RelayOutcome): given is CardRow => 'key_version' in given;
