/** The noun of merchants whose own systems are told of results. */

export interface MerchantWebhookRow {
  readonly merchant: string;
  readonly url: string;
  /** What its secret is derived from, under a key outside the database. */
  readonly salt: string;
  readonly since: number;
}

export interface MerchantWebhookTable {
  find(merchant: string): MerchantWebhookRow | undefined;
  /** Replaces the one before. */
  put(row: MerchantWebhookRow): void;
  end(merchant: string): void;
}
