/**
 * What a third-party payment platform has to be able to do. One file in this folder an adapter: it
 * alone knows how its platform signs, names and words things.
 */
import type { Currency } from '#device/messages/money.ts';
import type { AttemptReason } from '#device/messages/order.ts';

export interface PermissionWish {
  /** Ours, and unique: asking again with it asks for the same permission. */
  readonly id: string;
  readonly merchant: string;
  readonly order: string;
  readonly amount_minor: number;
  readonly currency: Currency;
  /** Where the platform sends the payer afterwards. */
  readonly return_url: string;
  /** ms since 1970. */
  readonly expires_at: number;
}

export type Permission =
  /** Only now the payer's phone may be sent to `page_url`. */
  | { readonly said: 'permitted'; readonly page_url: string }
  | { readonly said: 'refused'; readonly reason: AttemptReason };

export type PlatformStatus =
  /** The platform has never heard of it. */
  | { readonly state: 'unknown' }
  | { readonly state: 'requested' }
  | { readonly state: 'failed'; readonly reason: AttemptReason }
  | {
      readonly state: 'paid';
      /** What the platform calls the payment. */
      readonly payment: string;
      /** Masked; absent where this message does not say. */
      readonly payer?: string | undefined;
      /** Stable digest of the account, as `digestAccount` makes it; absent where this message does not say. */
      readonly account?: string | undefined;
      readonly amount_minor: number;
      readonly currency: string;
    };

/** A request that claims to come from the platform: its webhook, or the payer's return. */
export interface PlatformMessage {
  readonly by: 'webhook' | 'return';
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
  readonly query: URLSearchParams;
}

export interface PlatformResult {
  /** The wish's. */
  readonly id: string;
  readonly status: PlatformStatus;
  /** Names the message, where the platform repeats it; `null` where it has no name. */
  readonly message: string | null;
}

export interface RefundWish {
  /** Ours, and unique: asking again with it refunds nothing more. */
  readonly id: string;
  /** The wish's id. */
  readonly of: string;
  readonly amount_minor: number;
  readonly currency: Currency;
}

/** Each call but `verifyResult` rejects where no answer came: nobody knows then, and it is asked again. */
export interface PaymentPlatform {
  /** Of letters, digits and hyphens; part of addresses. */
  readonly name: string;
  /** What a payer knows it by. */
  readonly title: string;
  /** Origin of its pages. */
  readonly pageOrigin: string;
  requestPermission(wish: PermissionWish): Promise<Permission>;
  status(id: string): Promise<PlatformStatus>;
  /**
   * Calls it off. After `failed` it is never paid any more; `requested` says that the platform can't
   * call off, so that the status has to be watched.
   */
  withdraw(id: string): Promise<PlatformStatus>;
  /** Gives back, once per id. */
  refund(wish: RefundWish): Promise<{ readonly said: 'refunded' | 'refused' }>;
  /** How its results name this account: masked. */
  maskAccount(account: string): string;
  /** How its results name this account and no other: under a key that only it and we have. */
  digestAccount(account: string): Promise<string>;
  /** `null` where it was not the platform that said so. */
  verifyResult(message: PlatformMessage): Promise<PlatformResult | null>;
  /** What the platform wants to read where its webhook was taken. */
  readonly taken?: string;
}
