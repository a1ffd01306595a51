/** What the settlement's files share. */
import { base64url, fromBase64url, fromHex, hex } from '#device/codecs/bytes.ts';
import { type Holder, transactionInputOf, writeHolder } from '#device/codecs/purse.ts';
import { deriveTransactionKeys, transactionMac } from '#device/codecs/transaction-mac.ts';
import { CURRENCIES, type Currency } from '#device/messages/money.ts';
import type { Chance, Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Tables } from '../store/tables.ts';
import type { CardRow, FindingRow } from '../store/tables-settlement.ts';
import type { Transaction, Writer } from '../store/writer.ts';
import type { CardEvent, TellCard } from './gate.ts';
import { type HouseKeys, keysOfCard } from './keys.ts';

export interface SettlementParts {
  readonly tables: Tables;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly house: HouseKeys;
  readonly tell: TellCard;
}

/** Who a card is, as it stands on it. */
export const holderOf = (card: CardRow): Holder => ({
  card: card.id,
  currency: Number(CURRENCIES[card.currency as Currency].numeric),
  personalisedAtS: card.personalised_at_s,
});

/** The holder file of a card, as it was written to it. */
export const holderBytes = (card: CardRow): Uint8Array => writeHolder(holderOf(card));

export interface Claim {
  readonly counter: number;
  readonly balanceBeforeMinor: number;
  /** Log record, hex. */
  readonly record: string;
}

/** The Transaction MAC that this card would have given for this; base64url. */
export function expectedMac(house: HouseKeys, card: CardRow, claim: Claim): string {
  const uid = fromHex(card.uid ?? '');
  const { proof } = keysOfCard(house, uid, card.made_version);
  const input = transactionInputOf({
    holder: holderBytes(card),
    balanceBeforeMinor: claim.balanceBeforeMinor,
    record: fromHex(claim.record),
  });
  return base64url(transactionMac(deriveTransactionKeys(proof, uid, claim.counter), input));
}

/** The same eight bytes, whatever way base64url was written. */
export function sameMac(left: string, right: string): boolean {
  const [a, b] = [fromBase64url(left), fromBase64url(right)];
  return a !== null && b !== null && hex(a) === hex(b);
}

/** Names what is wrong, once; the log hears of it, too. */
export function find(
  parts: Pick<SettlementParts, 'log' | 'clock'>,
  tx: Transaction,
  finding: Omit<FindingRow, 'id' | 'at'>,
): void {
  const at = Math.floor(parts.clock.now());
  if (!tx.settlement.addFinding({ ...finding, at })) return;
  const { kind, card, counter, says } = finding;
  const place = 'settlement';
  parts.log({ level: 'warn', place, says: `${kind}: card ${card}, counter ${counter}: ${says}` });
}

type Told<Kind extends CardEvent['kind']> = Omit<
  Extract<CardEvent, { kind: Kind }>,
  'event' | 'at' | 'kind'
>;

export function tellPaid(parts: SettlementParts, tx: Transaction, paid: Told<'paid'>): void {
  const event = `paid:${paid.card}:${paid.counter}`;
  parts.tell.event(tx, { kind: 'paid', event, at: Math.floor(parts.clock.now()), ...paid });
}

export function tellVerdict(parts: SettlementParts, tx: Transaction, told: Told<'verdict'>): void {
  const event = `verdict:${told.order}:${told.card}:${told.counter_before}`;
  parts.tell.event(tx, { kind: 'verdict', event, at: Math.floor(parts.clock.now()), ...told });
}
