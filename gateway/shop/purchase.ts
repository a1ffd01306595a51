/** What the shop asks of settlement (rows B5 to B8): to take an order's amount from a card, once. */
import type { Currency } from '#device/messages/money.ts';
import type { RelayedCard, RelayOutcome } from '../relay/relayed-card.ts';
import type { Transaction } from '../store/writer.ts';

export interface Purchase {
  /** Sixteen digits; the same order is taken at most once, from whichever card. */
  readonly order: string;
  readonly merchant: string;
  readonly currency: Currency;
  readonly amount_minor: number;
}

/** What settlement tells in the very unit that knows it. */
export type PurchaseNews =
  /** The debit is about to be sent: from here on the card alone knows. */
  | { readonly said: 'begun'; readonly order: string; readonly card: string }
  /** It is certain that the card did nothing. */
  | { readonly said: 'undone'; readonly order: string }
  | {
      readonly said: 'paid';
      readonly order: string;
      /** Masked. */
      readonly card: string;
      readonly payment: string;
      /** Left on the card then. */
      readonly balance_minor: number;
    };

/** `false` where the order is none of the shop's, or is over: then nothing may be begun. */
export type TellPurchase = (tx: Transaction, news: PurchaseNews) => boolean;

export interface PurchaseGate {
  /** What every card is sent first. */
  readonly opening: readonly Uint8Array[];
  /**
   * Reads identity and balance, judges them and has the reader debit the card. A card that was torn
   * away as it committed is recognised at its next tap, and not debited again.
   */
  take(purchase: Purchase, card: RelayedCard): Promise<RelayOutcome>;
}
