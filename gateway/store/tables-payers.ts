/** The nouns of payers who look after their own ways to pay. */

export interface PayerSessionRow {
  readonly digest: string;
  /** E.164; as the issuer knows it. */
  readonly phone: string;
  readonly masked: string;
  /** Wrong names or identity numbers. */
  readonly wrong: number;
  readonly until: number;
}

export interface ContractEventRow {
  readonly contract: string;
  readonly what: 'registered' | 'changed' | 'ended';
  readonly at: number;
}

export interface PayerDeskTable {
  addSession(row: PayerSessionRow): void;
  session(digest: string): PayerSessionRow | undefined;
  countWrong(digest: string): void;
  endSession(digest: string): void;
  /** Sessions and challenges whose time is over. */
  forget(before: number): void;
  /** Id of the payer that has contracts under this number. */
  payerOf(phone: string): string | undefined;
  renamePayer(id: string, name: string, identitySealed: string): void;
  /** A new secret, or an end; locks are lifted. */
  renewContract(id: string, secret: string | null, state: 'active' | 'ended'): void;
  /** Appended, never changed. */
  addEvent(row: ContractEventRow): void;
  eventsOf(contract: string): ContractEventRow[];
  addChallenge(digest: string, session: string, expiresAt: number): void;
  /** The session that it was made for; a challenge is good once. */
  takeChallenge(digest: string, now: number): string | undefined;
}
