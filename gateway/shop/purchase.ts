/** What the shop asks of settlement (rows B5 to B8): to take an order's amount from a card, once. */
import type { Currency } from '#device/messages/money.ts';
import type { RelayedCard, RelayOutcome } from '../relay/relayed-card.ts';

export interface Purchase {
  /** Sixteen digits; the same order is taken at most once, from whichever card. */
  readonly order: string;
  readonly merchant: string;
  readonly currency: Currency;
  readonly amount_minor: number;
}

/** What became of a purchase, as far as settlement knows. */
export type PurchaseState =
  /** Nothing was taken, and nothing will be unless a card is held there again. */
  | { readonly is: 'open' }
  /** A card was torn away as it committed: that card alone knows. */
  | { readonly is: 'unsure'; readonly card: string }
  | {
      readonly is: 'paid';
      /** The house's name of the card. */
      readonly card: string;
      readonly payment: string;
      /** Left on the card then; `null` where it was not told. */
      readonly balance_minor: number | null;
    };

export interface PurchaseGate {
  /** What every card is sent first. */
  readonly opening: readonly Uint8Array[];
  /**
   * Reads identity and balance, judges them and has the reader debit the card. A card that was torn
   * away as it committed is recognised at its next tap, and not debited again.
   */
  take(purchase: Purchase, card: RelayedCard): Promise<RelayOutcome>;
  /** Rejects where settlement does not answer. */
  look(order: string): Promise<PurchaseState>;
}
