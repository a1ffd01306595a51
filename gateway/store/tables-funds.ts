/** The nouns of the fund server: parties, vouchers, and what it asked the issuer about them. */
import type { VoucherState } from '#device/messages/voucher.ts';

export interface PartyRow {
  readonly id: string;
  readonly name: string;
  /** Keyed digest of the token of its systems. */
  readonly token: string;
  /** Stretched; `null` where it has no pages. */
  readonly password: string | null;
  /** The number that it registered, E.164; it pays orders of that number from afar. */
  readonly phone: string | null;
}

/** Wrong passwords of one name from one address, or from all. */
export interface PartyTriesRow {
  /** Keyed digests. */
  readonly name: string;
  readonly client: string;
  readonly failures: number;
  /** When the first of them was. */
  readonly since: number;
  readonly locked_until: number;
  /** Until when the address is one that the party logs in from. */
  readonly own_until: number;
  /** From when on nothing of it matters any more. */
  readonly until: number;
}

export interface VoucherRow {
  readonly number: string;
  readonly issuing: string;
  readonly paying: string;
  readonly beneficiary: string;
  readonly currency: string;
  readonly face_minor: number;
  readonly captured_minor: number;
  readonly state: VoucherState;
  /** 0 or 1. */
  readonly transferable: number;
  readonly partial: number;
  /** What it is for, as the parties say. */
  readonly memo: string;
  readonly expires_at: number;
  /** The issuer's own name of the account, its number masked, and the holder as the payer named it. */
  readonly account: string | null;
  readonly account_masked: string | null;
  readonly account_name: string | null;
  readonly changes: number;
  /** The question that decides now: verification, capture or refill; `null` while none does. */
  readonly ask: string | null;
  /** The issuer's authorisation that holds what is left of it; `null` where nothing is frozen. */
  readonly hold: string | null;
  /** Why the last account was rejected. */
  readonly trouble: string | null;
  /** How often it was transferred. */
  readonly serial: number;
  /** Wrong codes in a row. */
  readonly failures: number;
  readonly locked_until: number;
  readonly created_at: number;
  readonly issued_at: number | null;
  readonly ended_at: number | null;
}

export type VoucherChange = Partial<
  Omit<VoucherRow, 'number' | 'issuing' | 'paying' | 'currency' | 'face_minor' | 'created_at'>
>;

export interface VoucherEventRow {
  readonly voucher: string;
  /** Id of the party; `fund_server` for what that does itself. */
  readonly actor: string;
  readonly action: string;
  readonly state: VoucherState;
  readonly at: number;
  /** JSON. */
  readonly detail: string;
}

export interface FundAskRow {
  /** The request's at the issuer. */
  readonly id: string;
  readonly voucher: string;
  readonly kind: 'freeze' | 'capture' | 'release' | 'undo' | 'give_back';
  /** JSON: what is asked, and what to do with the answer. */
  readonly question: string;
  readonly state: 'asking' | 'done';
  /** JSON: what whoever waits for it is told; `null` until then. */
  readonly reply: string | null;
  readonly tries: number;
  readonly next_at: number | null;
  readonly begun_at: number;
}

/** What a party, or the acquirer, asked for under a key of its own. */
export interface FundActRow {
  readonly caller: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly kind: string;
  /** The key that this is about, for reversals and refunds. */
  readonly of_key: string | null;
  readonly voucher: string | null;
  readonly amount_minor: number;
  /** Where another organisation decides: the question whose reply this is. */
  readonly ask: string | null;
  readonly reply: string | null;
  readonly at: number;
}

/** Vouchers that have not ended, by currency and state. */
export interface StandingRow {
  readonly currency: string;
  readonly state: VoucherState;
  readonly count: number;
  readonly face_minor: number;
  /** Of it, what the issuer holds for them. */
  readonly frozen_minor: number;
}

/** One posting of a party's account. */
export interface PartyEntryRow {
  readonly id: number;
  readonly kind: string;
  readonly voucher: string;
  readonly at: number;
  readonly amount_minor: number;
  readonly balance_after_minor: number;
}

/** A voucher about which the issuer has not answered, since ms 1970. */
export interface AwaitedRow {
  readonly number: string;
  readonly since: number;
}

export interface FundTable {
  party(id: string): PartyRow | undefined;
  partyByToken(token: string): PartyRow | undefined;
  parties(): PartyRow[];
  addParty(row: PartyRow): void;
  /** Digest of the token, and the stretched password. */
  setPartyAccess(id: string, token: string, password: string | null): void;
  setPartyPhone(id: string, phone: string | null): void;
  /** Of an account of a party, the newest first; those whose id is below `before`. */
  entries(account: string, before: number, limit: number): PartyEntryRow[];
  addSession(digest: string, party: string, until: number): void;
  session(digest: string): { party: string; until: number } | undefined;
  endSession(digest: string): void;
  endSessionsOf(party: string): void;
  forgetSessions(before: number): void;
  partyTries(name: string, client: string): PartyTriesRow | undefined;
  putPartyTries(row: PartyTriesRow): void;
  endPartyTries(name: string): void;
  forgetPartyTries(before: number): void;

  voucher(number: string): VoucherRow | undefined;
  /** `false` where that number is taken. */
  addVoucher(row: VoucherRow): boolean;
  /**
   * The engine refuses to change state or money of one that has ended, but to refill a redeemed one;
   * throws for a number that there is not.
   */
  change(number: string, change: VoucherChange): VoucherRow;
  /** Those that a party has to do with, the newest first. */
  ofParty(party: string, before: number, limit: number): VoucherRow[];
  /** All there are, the newest first. */
  all(before: number, limit: number): VoucherRow[];
  standing(): StandingRow[];
  /** Not ended and past their time. */
  due(now: number, limit: number): VoucherRow[];
  nextExpiry(): number | undefined;
  addEvent(row: VoucherEventRow): void;
  events(voucher: string): VoucherEventRow[];

  ask(id: string): FundAskRow | undefined;
  putAsk(row: FundAskRow): void;
  dueAsks(now: number, limit: number): FundAskRow[];
  nextAsk(): number | undefined;
  /** All that was asked about a voucher, the oldest first. */
  asksAbout(voucher: string): FundAskRow[];
  /** How many wait for an answer. */
  openAsks(): number;
  /** Vouchers that they are about, the longest waiting first. */
  awaited(limit: number): AwaitedRow[];

  act(caller: string, key: string): FundActRow | undefined;
  addAct(row: FundActRow): void;
  actsAbout(caller: string, key: string): FundActRow[];
}
