/** The nouns of the web shop: orders that are paid by card at a reader, and which reader is near. */
import type { Language } from '#device/messages/enrolment.ts';

/**
 * `unsure`: the card was torn away as it committed, and only the card knows; the order is neither paid
 * nor open until it is known.
 */
export type ShopState = 'unpaid' | 'unsure' | 'paid' | 'cancelled' | 'expired';

export interface ShopOrderRow {
  /** Sixteen digits, as an order of a terminal has. */
  readonly number: string;
  readonly merchant: string;
  /** Digest of what the customer's browser keeps. */
  readonly customer: string;
  /** Digest of the address that it came from; `null` of orders from before that was kept. */
  readonly client: string | null;
  /** JSON. */
  readonly lines: string;
  readonly currency: string;
  readonly amount_minor: number;
  readonly language: Language;
  readonly state: ShopState;
  /** Whose reader was last chosen. */
  readonly terminal: string | null;
  /** Why the last tap did not pay. */
  readonly trouble: string | null;
  readonly created_at: number;
  readonly expires_at: number;
  readonly ended_at: number | null;
  readonly payment: string | null;
  /** Masked. */
  readonly card: string | null;
  /** Left on the card, where the card told it. */
  readonly balance_minor: number | null;
}

export type ShopChange = Partial<
  Pick<
    ShopOrderRow,
    | 'state'
    | 'terminal'
    | 'trouble'
    | 'expires_at'
    | 'ended_at'
    | 'payment'
    | 'card'
    | 'balance_minor'
  >
>;

export interface ShopTable {
  find(number: string): ShopOrderRow | undefined;
  add(row: ShopOrderRow): void;
  /** The engine refuses to change an order that has ended. */
  change(number: string, change: ShopChange): void;
  /** Unpaid and past their time, oldest first. */
  due(now: number, limit: number): ShopOrderRow[];
  nextExpiry(): number | undefined;
  /** Orders of which only a card knows. */
  unsure(): ShopOrderRow[];
  /** Orders of one customer that are neither paid nor over. */
  openOf(customer: string): number;
  /** The same of one address. */
  openFrom(client: string): number;
  /** Keeps a reader for a browser; what is older than `now` is forgotten. */
  addReader(digest: string, terminal: string, until: number, now: number): void;
  /** Whose reader the browser has proved to be near, until it is over. */
  reader(digest: string, now: number): string | undefined;
  forgetReader(digest: string): void;
}
