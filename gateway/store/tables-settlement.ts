/** The nouns of the settlement: cards, what they did, what is due to them, what is wrong. */

export type CardState = 'new' | 'active' | 'blocked' | 'ended';

export interface CardRow {
  /** House id; see `CARD_ID` of the purse. */
  readonly id: string;
  /** Hex; `null` until a blank card was presented for it. */
  readonly uid: string | null;
  readonly state: CardState;
  readonly currency: string;
  /** What its value file takes at most. */
  readonly most_minor: number;
  /** Of its keys for debit, load and read. */
  readonly key_version: number;
  /** Of what it was made with and keeps: the card's own key, and that of its Transaction MAC. */
  readonly made_version: number;
  /** It is being given the keys of this version: some of them may be there. */
  readonly rekeying: number | null;
  /** Seconds since 1970, as it stands on the card. */
  readonly personalised_at_s: number;
  readonly holder_name: string | null;
  /** E.164. */
  readonly holder_phone: string | null;
  /** Why it is blocked or ended. */
  readonly because: string | null;
  readonly made_at: number;
}

/**
 * `spreading`: terminals are given it, no card has it yet. `current`: of new cards, and cards that come
 * are given it. `accepted`: of cards that have not come. `retired`: no terminal has it any more.
 */
export type KeyVersionState = 'spreading' | 'current' | 'accepted' | 'retired';

export interface KeyVersionRow {
  readonly version: number;
  readonly state: KeyVersionState;
  readonly because: string;
  readonly made_at: number;
  /** While it spreads: current from then on, whichever terminals have it. */
  readonly ready_at: number | null;
  /** How long the ones before are accepted once it is current, ms; `null` while a card has them. */
  readonly older_for_ms: number | null;
  /** Retired then at the latest. */
  readonly ends_at: number | null;
  readonly ended_at: number | null;
  /** Terminals that did not have it when they were counted last. */
  readonly waiting: number | null;
}

/** One transaction of a card, by its counter. */
export interface CardTransactionRow {
  readonly card: string;
  /** Transaction MAC counter after it. */
  readonly counter: number;
  readonly kind: 'debit' | 'load' | 'refund';
  /** 16 digits: order, load or refund, as the card's log has it. */
  readonly reference: string;
  /** `null` where the gateway did it at a terminal that had no part. */
  readonly terminal: string | null;
  readonly vendor: string | null;
  readonly amount_minor: number;
  readonly balance_before_minor: number;
  readonly balance_after_minor: number;
  /** Log record, hex. */
  readonly record: string;
  /** Transaction MAC, base64url; `null` where it is proved by the card's log or by what followed. */
  readonly mac: string | null;
  /** What its terminal read as the card's last one before it. */
  readonly mac_before: string | null;
  /** `sale`: paid an order. `owed`: taken for nothing, and due to the card. */
  readonly purpose: 'sale' | 'owed' | 'credit';
  /** What tells that it happened. */
  readonly proof: 'mac' | 'log' | 'next';
  readonly at: number;
}

export type JobKind = 'load' | 'refund' | 'pay';
export type JobState = 'asked' | 'sent' | 'unknown' | 'done' | 'failed';

/** Something that a card is to do once: asked, sent to the card, and then done, or not known. */
export interface JobRow {
  /** 16 digits. */
  readonly id: string;
  readonly kind: JobKind;
  readonly card: string;
  readonly amount_minor: number;
  readonly currency: string;
  readonly state: JobState;
  /** Order that is paid, or whose amount goes back. */
  readonly order_number: string | null;
  readonly vendor: string | null;
  /** `vendor`: taken from its takings. `paid`: brought in. `owed`: taken from a card for nothing. */
  readonly source: 'vendor' | 'paid' | 'owed' | 'card';
  /** What the card was about to do when it was sent last; hex. */
  readonly record: string | null;
  readonly counter_before: number | null;
  readonly balance_before_minor: number | null;
  /** The card's last Transaction MAC then, as it was read; base64url. */
  readonly mac_before: string | null;
  readonly terminal: string | null;
  /** Why it failed. */
  readonly reason: string | null;
  readonly asked_at: number;
  readonly ended_at: number | null;
}

/** A debit of which its terminal does not know whether the card did it. */
export interface UnknownRow {
  readonly id: number;
  readonly order_number: string;
  readonly card: string;
  readonly terminal: string;
  readonly vendor: string;
  readonly counter_before: number;
  readonly balance_before_minor: number;
  readonly amount_minor: number;
  readonly record: string;
  readonly state: 'open' | 'committed' | 'not_committed';
  readonly at: number;
}

export type FindingKind =
  /** Its Transaction MAC is not the card's. */
  | 'forged'
  /** Brought by another terminal than the one that wrote it. */
  | 'replayed'
  /** Two transactions of one counter, both proved. */
  | 'fork'
  /** A second debit for one order; it is due to the card. */
  | 'double'
  /** What was told does not agree with itself. */
  | 'malformed'
  | 'unknown_card'
  /** Proved, but its balance does not go on from the one before it. */
  | 'broken_chain';

/** Something that is wrong, by name. */
export interface FindingRow {
  readonly id: number;
  readonly kind: FindingKind;
  readonly card: string;
  readonly counter: number;
  readonly terminal: string | null;
  readonly order_number: string | null;
  readonly amount_minor: number;
  /** One sentence. */
  readonly says: string;
  readonly at: number;
}

/** Where it stands among all of them. */
export interface Placed {
  readonly place: number;
}

export interface SettlementTable {
  card(id: string): CardRow | undefined;
  cardByUid(uid: string): CardRow | undefined;
  cards(): CardRow[];
  /** The oldest that waits for a blank card, of this currency where one is named. */
  newCard(currency?: string): CardRow | undefined;
  /** Adds it, or renews all but its id. */
  putCard(row: CardRow): void;
  /** Active cards with keys of that version. */
  cardsWith(keyVersion: number): number;
  /** Oldest first. */
  keyVersions(): KeyVersionRow[];
  putKeyVersion(row: KeyVersionRow): void;
  transaction(card: string, counter: number): CardTransactionRow | undefined;
  transactions(card: string): CardTransactionRow[];
  transactionsOf(reference: string): CardTransactionRow[];
  lastTransaction(card: string): CardTransactionRow | undefined;
  /** Debits that a terminal made by itself, behind a place, oldest first. */
  debitsAt(terminal: string, after: number, limit: number): (CardTransactionRow & Placed)[];
  debit(terminal: string, card: string, counter: number): (CardTransactionRow & Placed) | undefined;
  addTransaction(row: CardTransactionRow): void;
  /** Gives a transaction that was told without one its Transaction MAC. */
  prove(card: string, counter: number, mac: string): void;
  /** Takes one back that was told without a Transaction MAC, and was not so. */
  disprove(card: string, counter: number): void;
  job(id: string): JobRow | undefined;
  jobsOf(card: string, states: readonly JobState[]): JobRow[];
  refundsOf(order: string): JobRow[];
  paysOf(order: string): JobRow[];
  putJob(row: JobRow): void;
  addUnknown(row: Omit<UnknownRow, 'id' | 'state'>): void;
  unknown(order: string, card: string, counterBefore: number): UnknownRow | undefined;
  openUnknowns(card: string): UnknownRow[];
  endUnknown(id: number, state: 'committed' | 'not_committed'): void;
  /** Names it once, however often it comes. */
  addFinding(row: Omit<FindingRow, 'id'>): boolean;
  findings(): FindingRow[];
}

/** What the order centre keeps of card payments. */
export interface CentreCardRow {
  readonly order_number: string;
  readonly card: string;
  readonly counter: number;
  readonly payment: string;
  readonly terminal: string;
  readonly amount_minor: number;
  readonly currency: string;
  /** `waiting` until the order itself arrives. */
  readonly state: 'waiting' | 'paid' | 'refused';
  readonly at: number;
}

export interface CentreVerdictRow {
  readonly order_number: string;
  readonly card: string;
  readonly counter_before: number;
  readonly terminal: string;
  readonly committed: boolean;
  readonly at: number;
}

/** What a terminal said that it has sealed. */
export interface KeptKeysRow {
  readonly terminal: string;
  readonly key_version: number;
  readonly set_at: number;
}

export interface CentreCardTable {
  keptKeys(): KeptKeysRow[];
  putKeptKeys(row: KeptKeysRow): void;
  payment(order: string): CentreCardRow | undefined;
  putPayment(row: CentreCardRow): void;
  /** Those that paid for nothing, since then. */
  refused(since: number): CentreCardRow[];
  addVerdict(row: CentreVerdictRow): void;
  /** Of a terminal, the newest so many, oldest first. */
  verdicts(terminal: string, most: number): CentreVerdictRow[];
}
