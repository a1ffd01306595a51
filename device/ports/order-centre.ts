/** What the telephone asks of the order centre: goods, orders, and how they are going. */
import type { Language } from '../messages/enrolment.ts';
import type { Currency } from '../messages/money.ts';

export interface Named {
  readonly en: string;
  readonly zh: string;
}

export interface Product {
  readonly code: string;
  readonly name: Named;
  /** What comes with it. */
  readonly service: Named;
  readonly currency: Currency;
  readonly unit_minor: number;
  readonly stock: number;
}

export interface OrderedLine {
  readonly code: string;
  readonly quantity: number;
}

export interface OrderWish {
  readonly lines: readonly OrderedLine[];
  /** As it is dialled; only its owner can pay. */
  readonly phone: string;
  /** Where the link goes instead of an SMS. */
  readonly email: string | null;
  readonly language: Language;
}

export interface CallerOrder {
  readonly number: string;
  readonly state: 'not_placed' | 'unpaid' | 'paying' | 'paid' | 'cancelled' | 'expired';
  readonly reason: string | null;
  readonly lines: readonly (OrderedLine & { readonly name: Named })[];
  readonly currency: Currency;
  readonly amount_minor: number;
  readonly refunded_minor: number;
  /** Masked. */
  readonly phone: string;
  readonly link: 'none' | 'asked' | 'made';
  /** Of the newest message that brings the link. */
  readonly message: 'none' | 'waiting' | 'delivered' | 'failed';
  readonly created_at: number;
}

export type Placing =
  | { readonly ok: true; readonly order: CallerOrder }
  /** `sold_out` names line and what is left; `phone` and `email` are not what they should be. */
  | {
      readonly ok: false;
      readonly why: 'sold_out' | 'unknown_product' | 'phone' | 'email' | 'refused' | 'away';
      readonly line?: number;
      readonly left?: number;
    };

/** `away`: no answer; ask again. */
export type Found =
  | { readonly is: 'found'; readonly order: CallerOrder }
  | { readonly is: 'not_found' | 'away' | 'slow_down' };

export interface OrderCentre {
  /** All of the merchant's goods in the order of their codes; rejects where there is no answer. */
  products(): Promise<readonly Product[]>;
  /** Never rejects; the same key places once, whatever was lost. */
  place(wish: OrderWish, key: string): Promise<Placing>;
  /** For a caller who knows the last four digits of the phone that it was ordered for. Never rejects. */
  find(number: string, digits: string): Promise<Found>;
  /** Tells the order at once and at each change, also after an outage, until `stop`. */
  watch(number: string, told: (order: CallerOrder) => void): { stop(): void };
}
