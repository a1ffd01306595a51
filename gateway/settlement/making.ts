/** A blank card at a reader becomes a card of the house. */
import { hex } from '#device/codecs/bytes.ts';
import { makePurse } from '#device/codecs/purse-making.ts';
import type { Rounds } from '#device/codecs/purse-rounds.ts';
import { inspectPurse, type PurseRefusal } from '#device/codecs/purse-talks.ts';
import type { Currency } from '#device/messages/money.ts';
import type { RelayedCard, RelayOutcome } from '../relay/relayed-card.ts';
import type { CardRow } from '../store/tables-settlement.ts';
import { addCard, MOST_MINOR } from './cards.ts';
import type { Make } from './gate.ts';
import { currentVersion } from './key-versions.ts';
import { keysOfCard } from './keys.ts';
import { holderOf, type SettlementParts } from './parts.ts';

const UID_BYTES = 7;

/** The way to the card ended; nothing of this says what the card did. */
export interface Lost {
  readonly ended: string;
}
export const isLost = (told: unknown): told is Lost =>
  typeof told === 'object' && told !== null && 'ended' in told;

/**
 * Makes a purse of the card for the oldest that waits for one, or for a new one of `wanted`. A card that is one already, or of
 * another house, stays as it is.
 */
export async function makeCard(
  parts: SettlementParts,
  { uid }: RelayedCard,
  run: <T>(talk: Rounds<T>) => Promise<T | Lost>,
  wanted: Make | null,
): Promise<RelayOutcome> {
  const { writer, house, chance } = parts;
  // Cards with random UIDs answer with four bytes: their keys could not be found again.
  if (uid.length !== UID_BYTES) return { said: 'unknown_card' };
  const card = await writer.run((tx) => {
    const known = tx.settlement.cardByUid(hex(uid));
    const fresh =
      known ??
      tx.settlement.newCard(wanted?.currency) ??
      (wanted === null ? undefined : addCard(parts, tx, { ...wanted, most_minor: MOST_MINOR }));
    if (fresh?.state !== 'new') return null;
    // What was begun with a version goes on with it: its own key may be on the card.
    const version = fresh.uid === null ? currentVersion(parts, tx) : fresh.key_version;
    const bound = { ...fresh, uid: hex(uid), key_version: version, made_version: version };
    tx.settlement.putCard(bound);
    return bound;
  });
  if (card === null) return { said: 'nothing_due' };
  const { card: cardKey, keys, proof } = keysOfCard(house, uid, card.key_version);
  const talk = makePurse({
    ...{ cardKey, keys, transactionKey: proof, keyVersion: card.key_version },
    holder: holderOf(card),
    mostMinor: card.most_minor,
    chance: (count) => chance.bytes(count),
  });
  const made = await run(talk);
  if (isLost(made)) return { said: 'again' };
  if (!made.ok) {
    await unbind(parts, card);
    return made.at === 'key' ? { said: 'unknown_card' } : { said: 'failed' };
  }
  const seen = await run(inspectPurse({ key: keys.load, rndA: chance.bytes(16) }));
  if (isLost(seen)) return { said: 'again' };
  if (!seen.ok || seen.balanceMinor !== 0 || seen.last.counter !== 0) return { said: 'failed' };
  await writer.run((tx) => tx.settlement.putCard({ ...card, state: 'active' }));
  const currency = card.currency as Currency;
  return { said: 'done', balance_minor: 0, currency, card: card.id };
}

/** The card was of no use: another one may become what this should have been. */
async function unbind({ writer }: SettlementParts, card: CardRow): Promise<void> {
  await writer.run((tx) => {
    const now = tx.settlement.card(card.id);
    if (now?.state === 'new') tx.settlement.putCard({ ...now, uid: null });
  });
}

/** What the screen says where a card refused before anything was sent to change it. */
export function refused(told: PurseRefusal): RelayOutcome {
  return told.at === 'select' || told.at === 'key' ? { said: 'unknown_card' } : { said: 'failed' };
}
