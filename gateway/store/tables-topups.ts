/** The nouns of top-ups: money that somebody pays by phone for a card, until the card has it. */

export type TopUpState =
  /** The acquirer has been asked for a link. */
  | 'asked'
  | 'unpaid'
  /** Paid; settlement is to be asked. */
  | 'paid'
  /** Waits at the settlement for the card's next tap. */
  | 'due'
  | 'loaded'
  /** The card can't have it: the money goes back to who paid. */
  | 'refunding'
  | 'refunded'
  | 'expired'
  /** There was no link. */
  | 'refused';

export interface TopUpRow {
  /** 16 digits: order of the link, and load at the settlement. */
  readonly number: string;
  readonly card: string;
  /** Digest of the browser's token: nobody else sees it. */
  readonly customer: string;
  /** E.164: only its owner can pay. */
  readonly phone: string;
  readonly merchant: string;
  readonly currency: string;
  readonly amount_minor: number;
  readonly state: TopUpState;
  readonly link: string | null;
  readonly payment: string | null;
  /** Why it was cancelled, refused or given back. */
  readonly reason: string | null;
  readonly tries: number;
  /** When it is looked after next; `null` where nothing is to be done. */
  readonly next_at: number | null;
  readonly created_at: number;
  readonly expires_at: number;
  readonly ended_at: number | null;
}

export interface TopUpTable {
  find(number: string): TopUpRow | undefined;
  /** Adds it, or renews all that may change. */
  put(row: TopUpRow): void;
  /** To be looked after by `now`, the most urgent first. */
  due(now: number, limit: number): TopUpRow[];
  nextAt(): number | undefined;
  /** Those of a card that nobody has paid yet. */
  unpaidOf(card: string): number;
  /** Those of these cards that wait for a tap are looked after at once. */
  hurry(cards: readonly string[], at: number): void;
}
