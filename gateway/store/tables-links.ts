/** The nouns of the acquirer's payment links: merchants, contracts of payers, links, passkeys. */

/** A merchant as the acquirer knows it. */
export interface MerchantRow {
  readonly id: string;
  /** What a payer is shown. */
  readonly number: string;
  readonly name: string;
  readonly address: string;
  readonly state: 'active' | 'suspended';
}

export interface MerchantCurrencyRow {
  readonly merchant: string;
  readonly currency: string;
  /** Bounds of one payment. */
  readonly least_minor: number;
  readonly most_minor: number;
}

/** A way to pay; its contracts say how payers are verified. */
export interface MethodRow {
  /** `password`, `passkey` or `platform:NAME`. */
  readonly id: string;
  readonly state: 'offered' | 'withdrawn';
}

/** A person that has contracts with the acquirer. */
export interface LinkPayerRow {
  readonly id: string;
  readonly name: string;
  /** Identity number, encrypted under a key outside the database. */
  readonly identity_sealed: string;
}

/** Payer, method, how the payer is verified, and the phone that was registered for it. */
export interface ContractRow {
  readonly id: string;
  readonly payer: string;
  readonly method: string;
  /** E.164. */
  readonly phone: string;
  readonly verification: 'password' | 'webauthn' | 'platform';
  /** Hashed password, or the account at the platform, encrypted under a key outside; `null` for passkeys. */
  readonly secret: string | null;
  readonly state: 'active' | 'ended';
  /** Wrong passwords in a row. */
  readonly failures: number;
  readonly locked_until: number;
}

export type LinkState = 'open' | 'paying' | 'paid' | 'failed' | 'closed';

export interface LinkRow {
  /** Id of the request that made it. */
  readonly id: string;
  readonly fingerprint: string;
  /** Digest of the token in the address; `null` where it was forbidden before it was made. */
  readonly digest: string | null;
  /** Random: the token is derived from it under a key outside the database. */
  readonly salt: string;
  readonly merchant: string;
  readonly order_number: string;
  /** JSON. */
  readonly lines: string;
  readonly amount_minor: number;
  readonly currency: string;
  /** E.164: only its owner can pay. */
  readonly phone: string;
  readonly state: LinkState;
  /** Why the last attempt, or the link, failed. */
  readonly reason: string | null;
  /** Digest of the device on which a payer was verified; nobody else's opens it any more. */
  readonly device: string | null;
  readonly payer: string | null;
  /** Method by which, and when. */
  readonly verified_by: string | null;
  readonly verified_at: number | null;
  /** Wrong passwords. */
  readonly wrong: number;
  readonly attempts: number;
  /** Id of the payment that is being made, or was. */
  readonly attempt: string | null;
  readonly paid_from: string | null;
  /** When to look after the attempt. */
  readonly next_at: number | null;
  readonly made_at: number;
  readonly expires_at: number;
  readonly ended_at: number | null;
}

/** What of a link changes. */
export type LinkChange = Partial<
  Pick<
    LinkRow,
    | 'state'
    | 'reason'
    | 'device'
    | 'payer'
    | 'verified_by'
    | 'verified_at'
    | 'wrong'
    | 'attempts'
    | 'attempt'
    | 'paid_from'
    | 'next_at'
    | 'ended_at'
  >
>;

export interface PasskeyRow {
  /** Credential id, base64url. */
  readonly id: string;
  readonly contract: string;
  /** COSE key, base64url. */
  readonly public_key: string;
  readonly counter: number;
  /** JSON. */
  readonly transports: string;
  /** `suspended`: its counter went back, so there are two of it, or its payer has removed it. */
  readonly state: 'active' | 'suspended';
  readonly added_at: number;
}

export interface ChallengeRow {
  readonly digest: string;
  readonly link: string;
  readonly purpose: 'pay' | 'register';
  readonly device: string;
  readonly expires_at: number;
}

/** One attempt through a payment platform, under the id of the payment. */
export interface LinkPlatformRow {
  readonly id: string;
  readonly link: string;
  readonly platform: string;
  readonly contract: string;
  readonly state: 'requesting' | 'permitted' | 'paid' | 'failed' | 'refund_due' | 'refunded';
  /** Digest of the phone that began it, and of its address. */
  readonly device: string | null;
  readonly client: string | null;
  /** Why it came to nothing. */
  readonly reason: string | null;
  readonly page_url: string | null;
  /** What the platform calls the payment. */
  readonly payment: string | null;
  readonly tries: number;
  readonly next_at: number | null;
  readonly made_at: number;
}

export interface LinkTable {
  merchant(id: string): MerchantRow | undefined;
  currency(merchant: string, currency: string): MerchantCurrencyRow | undefined;
  putMerchant(row: MerchantRow): void;
  putCurrency(row: MerchantCurrencyRow): void;
  /** Offered ones. */
  methods(): MethodRow[];
  putMethod(row: MethodRow): void;
  payer(id: string): LinkPayerRow | undefined;
  addPayer(row: LinkPayerRow): void;
  contract(id: string): ContractRow | undefined;
  /** The one of a method under a phone number. */
  contractOf(method: string, phone: string): ContractRow | undefined;
  contractsOf(payer: string): ContractRow[];
  addContract(row: Omit<ContractRow, 'failures' | 'locked_until'>): void;
  setFailures(contract: string, failures: number, lockedUntil: number): void;
  find(id: string): LinkRow | undefined;
  byDigest(digest: string): LinkRow | undefined;
  ofOrder(merchant: string, order: string): LinkRow | undefined;
  byAttempt(payment: string): LinkRow | undefined;
  add(row: LinkRow): void;
  /** The engine refuses to change a link that has ended. */
  change(id: string, change: LinkChange): void;
  due(now: number, limit: number): LinkRow[];
  passkey(id: string): PasskeyRow | undefined;
  passkeysOf(contract: string): PasskeyRow[];
  addPasskey(row: PasskeyRow): void;
  setPasskey(id: string, counter: number, state: PasskeyRow['state']): void;
  addChallenge(row: ChallengeRow): void;
  /** Takes it away: a challenge is good once. */
  takeChallenge(digest: string): ChallengeRow | undefined;
  forgetChallenges(before: number): void;
  platform(id: string): LinkPlatformRow | undefined;
  putPlatform(row: LinkPlatformRow): void;
  /** The last one that this phone began. */
  platformOf(link: string, device: string): LinkPlatformRow | undefined;
  /** Those of a link that the payer has not ended at the platform, newest first. */
  openPlatforms(link: string): LinkPlatformRow[];
  /** Has those of a link that are open looked after at once. */
  hurryPlatforms(link: string, at: number): void;
  duePlatforms(now: number, limit: number): LinkPlatformRow[];
  platformNextAt(): number | undefined;
  /** When the next link that is being paid is to be looked after. */
  nextAt(): number | undefined;
}
