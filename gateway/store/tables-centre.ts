/** The nouns of the order centre's telephone side: catalogue, stock, orders, what it still asks. */
import type { Language } from '#device/messages/enrolment.ts';

export interface ProductRow {
  readonly merchant: string;
  /** What agent and caller name it by. */
  readonly code: string;
  readonly name_en: string;
  readonly name_zh: string;
  readonly service_en: string;
  readonly service_zh: string;
  readonly currency: string;
  readonly unit_minor: number;
  /** What can be sold now: never below zero. */
  readonly stock: number;
}

export interface MovementRow {
  readonly merchant: string;
  readonly code: string;
  readonly kind: 'stocked' | 'taken' | 'returned';
  /** Positive where stock grows. */
  readonly quantity: number;
  readonly stock_after: number;
  /** `null` where it was stocked. */
  readonly order_number: string | null;
  readonly at: number;
}

export interface ProductSearch {
  readonly merchant: string | null;
  readonly code: string | null;
  /** Each has to be in one of the names. */
  readonly words: readonly string[];
  readonly in_stock: boolean;
  readonly limit: number;
}

export interface ProductTable {
  find(merchant: string, code: string): ProductRow | undefined;
  search(search: ProductSearch): ProductRow[];
  add(row: Omit<ProductRow, 'stock'>): void;
  /** Appends the movement and sets the stock; the engine refuses less than nothing, and the same twice. */
  move(row: MovementRow): void;
  movements(merchant: string, code: string): MovementRow[];
  movementsOf(order: string): MovementRow[];
  /** Name of a vendor. */
  merchantName(merchant: string): string | undefined;
}

/** Row C5 of the order's answers, and how an order ends that nobody pays. */
export type TelephoneState = 'not_placed' | 'unpaid' | 'paying' | 'paid' | 'cancelled' | 'expired';

export interface TelephoneOrderRow {
  /** Ten digits that can be said and keyed. */
  readonly number: string;
  readonly merchant: string;
  /** JSON. */
  readonly lines: string;
  readonly currency: string;
  readonly amount_minor: number;
  /** E.164; only its owner can pay. */
  readonly phone: string;
  readonly email: string | null;
  readonly channel: 'sms' | 'email';
  readonly language: Language;
  readonly state: TelephoneState;
  /** Wished for, and asked of the acquirer. */
  readonly closing: 'cancelled' | 'expired' | null;
  readonly reason: string | null;
  readonly created_at: number;
  readonly placed_at: number | null;
  readonly lifetime_ms: number;
  readonly expires_at: number;
  readonly link: string | null;
  readonly link_expires_at: number | null;
  readonly ended_at: number | null;
  /** On the payer's bill, too. */
  readonly payment: string | null;
  /** Masked. */
  readonly payer: string | null;
  readonly refunded_minor: number;
}

/** What of an order changes; the rest is written once. */
export type TelephoneChange = Partial<
  Pick<
    TelephoneOrderRow,
    | 'state'
    | 'closing'
    | 'reason'
    | 'placed_at'
    | 'expires_at'
    | 'link'
    | 'link_expires_at'
    | 'ended_at'
    | 'payment'
    | 'payer'
    | 'refunded_minor'
  >
>;

export interface AskRow {
  /** The request's id at the acquirer: the same however often it is asked. */
  readonly id: string;
  readonly order_number: string;
  readonly verb: 'create_link' | 'close_link' | 'void';
  /** JSON. */
  readonly question: string;
  readonly tries: number;
  readonly next_at: number;
}

export interface TelephoneOrderTable {
  find(number: string): TelephoneOrderRow | undefined;
  /** Newest first. */
  ofPhone(phone: string, limit: number): TelephoneOrderRow[];
  add(row: TelephoneOrderRow): void;
  /** The engine refuses to change an order that has ended, but for what is paid back. */
  change(number: string, change: TelephoneChange): void;
  /** Open, past their time and not being closed, oldest first. */
  due(now: number, limit: number): TelephoneOrderRow[];
  nextExpiry(): number | undefined;
  /**
   * Open ones, not being closed, that expire later than their lifetime from `now`, a draft later than
   * `draftMs`: only a clock that was ahead can have given them that.
   */
  dueTooLate(now: number, draftMs: number, limit: number): TelephoneOrderRow[];
  /** What is known of an attempt to pay; a final one stays final. */
  putAttempt(order: string, id: string, state: 'open' | 'over' | 'paid', at: number): void;
  attempt(order: string, id: string): 'open' | 'over' | 'paid' | undefined;
  openAttempts(order: string): number;
  addAsk(row: AskRow): void;
  ask(id: string): AskRow | undefined;
  /** Those of one order that are open. */
  asksOf(order: string): AskRow[];
  dueAsks(now: number, limit: number): AskRow[];
  nextAsk(): number | undefined;
  retryAsk(id: string, nextAt: number): void;
  /** Whether it was open. */
  endAsk(id: string): boolean;
}

/** Something to be told to somebody outside, and what became of it. */
export interface DeliveryRow {
  /** Unique for ever: the id that whoever takes it knows a repetition by. */
  readonly id: string;
  /** The organisation that tells it: each works on its own alone. */
  readonly owner: string;
  readonly channel: 'sms' | 'email' | 'webhook';
  /** Phone number, e-mail address, or the name of an endpoint. */
  readonly recipient: string;
  /** JSON, as the channel needs it. */
  readonly body: string;
  readonly order_number: string | null;
  readonly state: 'waiting' | 'delivered' | 'failed';
  readonly tries: number;
  readonly next_at: number;
  readonly at: number;
  readonly ended_at: number | null;
  /** What the one who took it calls it. */
  readonly reference: string | null;
  /** Why the last try did not work; names no person. */
  readonly trouble: string | null;
}

/** Whether a message reached its phone, as its provider told. */
export interface ReportRow {
  readonly delivery: string;
  readonly outcome: 'delivered' | 'failed';
  readonly at: number;
}

export interface DeliveryTable {
  add(
    row: Pick<
      DeliveryRow,
      'id' | 'owner' | 'channel' | 'recipient' | 'body' | 'order_number' | 'at'
    >,
  ): void;
  find(id: string): DeliveryRow | undefined;
  due(owner: string, now: number, limit: number): DeliveryRow[];
  next(owner: string): number | undefined;
  ofOrder(order: string): DeliveryRow[];
  delivered(id: string, at: number, reference: string | null): void;
  retry(id: string, nextAt: number, trouble: string): void;
  failed(id: string, at: number, trouble: string): void;
  /** What became of a message that was taken; the first report stays. */
  report(id: string, outcome: ReportRow['outcome'], at: number): void;
  reportOf(id: string): ReportRow | undefined;
  /** Whether this message is new to the receiver: then it is remembered. */
  receive(receiver: string, id: string, at: number): boolean;
}

export interface CentreTables {
  readonly products: ProductTable;
  readonly telephone: TelephoneOrderTable;
  readonly deliveries: DeliveryTable;
}
