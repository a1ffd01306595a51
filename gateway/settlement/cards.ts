/** The cards of the house: made, blocked, ended; and whether one that presents itself is good. */
import { mintCardId } from '#device/codecs/purse.ts';
import { HOTLIST_LIMIT } from '#device/messages/card.ts';
import type { Currency } from '#device/messages/money.ts';
import type { CardRow } from '../store/tables-settlement.ts';
import type { Transaction } from '../store/writer.ts';
import type { HotlistState, ValidateCard, Validated } from './gate.ts';
import { currentVersion } from './key-versions.ts';
import { type SettlementParts, sameMac } from './parts.ts';

/** What cards hold at most where nothing else is said: 1000.00. */
export const MOST_MINOR = 100_000;

export interface NewCard {
  readonly currency: Currency;
  /** What it may hold; its value file refuses more. */
  readonly most_minor: number;
  readonly holder_name?: string | undefined;
  /** E.164. */
  readonly holder_phone?: string | undefined;
}

/** A card that waits for a blank one to be presented. */
export function addCard(parts: SettlementParts, tx: Transaction, wanted: NewCard): CardRow {
  const now = Math.floor(parts.clock.now());
  const version = currentVersion(parts, tx);
  const card: CardRow = {
    id: mintCardId(parts.chance.bytes(10)),
    ...{ uid: null, state: 'new', currency: wanted.currency, most_minor: wanted.most_minor },
    ...{ key_version: version, made_version: version, rekeying: null },
    personalised_at_s: Math.floor(now / 1000),
    holder_name: wanted.holder_name ?? null,
    holder_phone: wanted.holder_phone ?? null,
    ...{ because: null, made_at: now },
  };
  tx.settlement.putCard(card);
  return card;
}

export type Changed =
  | { readonly ok: true; readonly card: CardRow }
  | { readonly ok: false; readonly code: 'unknown_card' | 'card_ended' };

/** No terminal takes it any more, once it has heard of it. */
export const blockCard = (
  parts: SettlementParts,
  tx: Transaction,
  id: string,
  because: string,
): Changed => change(parts, tx, id, (card) => ({ ...card, state: 'blocked', because }));

export const unblockCard = (parts: SettlementParts, tx: Transaction, id: string): Changed =>
  change(parts, tx, id, (card) =>
    card.state === 'new' ? card : { ...card, state: 'active', because: null },
  );

/** For good: what it holds stays owed to its holder, in the book. */
export const endCard = (
  parts: SettlementParts,
  tx: Transaction,
  id: string,
  because: string,
): Changed => change(parts, tx, id, (card) => ({ ...card, state: 'ended', because }));

function change(
  parts: SettlementParts,
  tx: Transaction,
  id: string,
  make: (card: CardRow) => CardRow,
): Changed {
  const card = tx.settlement.card(id);
  if (card === undefined) return { ok: false, code: 'unknown_card' };
  const made = make(card);
  // A card that was never made has no UID, and nothing to block.
  if (card.state === 'new' && made.state === 'blocked') return { ok: true, card };
  if (card.state === 'ended' && made.state !== 'ended') return { ok: false, code: 'card_ended' };
  if (made.state === card.state) return { ok: true, card };
  tx.settlement.putCard(made);
  if (card.state !== 'new') tellHotlist(parts, tx);
  return { ok: true, card: made };
}

const VERSION = 'settlement_hotlist_version';

/** Cards that no terminal takes; the newest, where they are more than a terminal keeps. */
export function hotlist(tx: Pick<Transaction, 'settlement' | 'settings'>): HotlistState {
  const entries = tx.settlement
    .cards()
    .filter(({ state, uid }) => uid !== null && (state === 'blocked' || state === 'ended'))
    .map(({ id }) => id)
    .slice(-HOTLIST_LIMIT);
  return { version: Number(tx.settings.get(VERSION) ?? 0), entries };
}

function tellHotlist(parts: SettlementParts, tx: Transaction): void {
  const version = Number(tx.settings.get(VERSION) ?? 0) + 1;
  tx.settings.set(VERSION, String(version));
  const at = Math.floor(parts.clock.now());
  parts.tell.event(tx, { kind: 'hotlist', event: `hotlist:${version}`, hotlist: hotlist(tx), at });
}

/**
 * Whether a card with this UID, balance and counter is ours and as it should be. Debits that terminals
 * have not told yet may have taken from it since; nothing but a load that is under way can have added.
 */
export function validateCard(
  tx: Pick<Transaction, 'settlement' | 'ledger'>,
  asked: ValidateCard,
): Validated {
  const card = tx.settlement.cardByUid(asked.uid);
  const invalid = (why: Extract<Validated, { said: 'invalid' }>['why']): Validated => ({
    said: 'invalid',
    why,
  });
  if (card === undefined) return invalid('unknown_card');
  if (asked.card !== undefined && asked.card !== card.id) return invalid('another_card');
  if (card.state === 'new') return invalid('not_personalised');
  if (card.state === 'blocked') return invalid('blocked_card');
  if (card.state === 'ended') return invalid('ended_card');
  const last = tx.settlement.lastTransaction(card.id);
  const counter = last?.counter ?? 0;
  const balance = last?.balance_after_minor ?? 0;
  const beyond = asked.counter - counter;
  if (beyond < 0) return invalid('rolled_back');
  if (beyond === 0) {
    if (asked.balance_minor !== balance) return invalid('wrong_balance');
    const { mac } = asked;
    const known = last?.mac ?? null;
    if (mac !== undefined && known !== null && !sameMac(mac, known)) return invalid('wrong_mac');
  } else {
    const coming = tx.settlement
      .jobsOf(card.id, ['sent', 'unknown'])
      .reduce((total, job) => total + (job.kind === 'pay' ? 0 : job.amount_minor), 0);
    if (asked.balance_minor > balance + coming) return invalid('wrong_balance');
  }
  return {
    ...{ said: 'valid', card: card.id, currency: card.currency as Currency },
    ...{ not_here_yet: beyond, balance_minor: asked.balance_minor },
  };
}
