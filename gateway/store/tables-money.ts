/** What an engine gives issuer, acquirer and order centre for the way of a payment. */

export interface IssuedRow {
  /** Organisation that asked. */
  readonly caller: string;
  readonly id: string;
  readonly kind: 'authorise' | 'capture' | 'release' | 'debit' | 'reverse' | 'refund';
  /** The request that this one is about. */
  readonly of_request: string | null;
  readonly fingerprint: string;
  /** The word of the answer. */
  readonly said: string;
  /** JSON. */
  readonly answer: string;
  /** Account of the payer, where one was found. */
  readonly account: string | null;
  readonly amount_minor: number;
  readonly reference: string | null;
  readonly at: number;
}

/** Requests to the issuer with their answers; appended, never changed. */
export interface IssuedTable {
  find(caller: string, id: string): IssuedRow | undefined;
  add(row: IssuedRow): void;
  /** Whatever was asked about a request, in no order. */
  about(caller: string, id: string): IssuedRow[];
}

export type PaymentState =
  | 'asking'
  | 'authorised'
  | 'paid'
  | 'declined'
  | 'not_admitted'
  | 'not_made'
  | 'voided'
  | 'closed';

export interface PaymentRow {
  /** The pay request's, and what is on both bills. */
  readonly id: string;
  readonly fingerprint: string;
  readonly merchant: string;
  readonly order_number: string;
  readonly amount_minor: number;
  readonly currency: string;
  readonly capture: 'now' | 'later';
  /** Whose word it is: `issuer`, or `platform:NAME`. */
  readonly through: string;
  readonly state: PaymentState;
  /** JSON. */
  readonly answer: string;
  readonly captured_minor: number;
  /** 1 where whoever asked went without an answer, and is told the result. */
  readonly tell: number;
  readonly tries: number;
  /** When to look after it, ms since 1970; `null` where nothing is open. */
  readonly next_at: number | null;
  readonly begun_at: number;
  readonly ended_at: number | null;
}

export interface ActionRow {
  readonly id: string;
  readonly kind: 'capture' | 'void' | 'refund';
  /** Id of the payment. */
  readonly payment: string;
  readonly amount_minor: number;
  readonly state: 'asking' | 'done' | 'refused';
  /** JSON. */
  readonly answer: string;
  readonly tries: number;
  readonly next_at: number | null;
  readonly begun_at: number;
  readonly ended_at: number | null;
}

/** The acquirer's payments, and what was asked about them. */
export interface PaymentTable {
  find(id: string): PaymentRow | undefined;
  /** The one that is open or paid. */
  ofOrder(merchant: string, order: string): PaymentRow | undefined;
  /** Open and paid ones by order number, those after `after`. */
  ofMerchant(merchant: string, after: string, limit: number): PaymentRow[];
  /** Adds it, or renews state, answer and times of one that is there. */
  put(row: PaymentRow): void;
  due(now: number, limit: number): PaymentRow[];
  action(id: string): ActionRow | undefined;
  actionsOf(payment: string): ActionRow[];
  putAction(row: ActionRow): void;
  dueActions(now: number, limit: number): ActionRow[];
  /** When the next open payment or action is to be looked after. */
  nextAt(): number | undefined;
}

export interface AttemptRow {
  /** The pay request's. */
  readonly id: string;
  readonly order_number: string;
  /** Idempotency-Key and fingerprint under which the answer is kept once there is one. */
  readonly key: string;
  readonly fingerprint: string;
  /** `undoing`: nobody wants it any more, and the payment is being voided, whatever is told of it. */
  readonly state: 'asking' | 'undoing' | 'done';
  readonly tries: number;
  readonly next_at: number | null;
  readonly begun_at: number;
}

export interface RefundRow {
  readonly id: string;
  readonly order_number: string;
  /** Id of the pay request. */
  readonly payment: string;
  /** A void undoes the payment as if it had never been; a refund gives money back. */
  readonly kind: 'refund' | 'void';
  readonly amount_minor: number;
  /** 1 where all that was left was asked for. */
  readonly whole: number;
  /** 1 where the goods go back on the shelf once all of the money has gone back. */
  readonly restock: number;
  readonly state: 'asking' | 'refunded' | 'refused';
  /** JSON. */
  readonly answer: string;
  readonly tries: number;
  readonly next_at: number | null;
  readonly begun_at: number;
}

/** The order centre's payments that wait for another organisation, and its refunds. */
export interface AttemptTable {
  find(id: string): AttemptRow | undefined;
  /** The one of an order that is not done. */
  openOf(order: string): AttemptRow | undefined;
  put(row: AttemptRow): void;
  due(now: number, limit: number): AttemptRow[];
  refund(id: string): RefundRow | undefined;
  refundsOf(order: string): RefundRow[];
  putRefund(row: RefundRow): void;
  dueRefunds(now: number, limit: number): RefundRow[];
  nextAt(): number | undefined;
}
