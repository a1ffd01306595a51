/** What pairing keeps: terminals' numbers, phones' sessions, pairings, and attempts to pay. */
import type { AttemptReason } from '#device/messages/order.ts';

export interface PairingSessionRow {
  /** Of the token that the phone holds. */
  readonly digest: string;
  readonly payer: string;
  /** Masked. */
  readonly masked: string;
  readonly began_at: number;
  readonly until: number;
}

export type PairingEnd = 'left' | 'time' | 'terminal' | 'next_phone' | 'elsewhere';

export interface PairingRow {
  readonly id: string;
  readonly terminal: string;
  /** Digest of the session's token. */
  readonly session: string;
  /** Masked. */
  readonly payer: string;
  readonly began_at: number;
  readonly until: number;
  /** The newest order that its phone was asked for. */
  readonly order_number: string | null;
  /** Whether its order has ended: then the next phone may take the place. */
  readonly done: 0 | 1;
  readonly ended_at: number | null;
  readonly because: PairingEnd | null;
}

/**
 * `requesting` the platform was asked, `permitted` the phone may be at its page, `refund_due` the
 * money came too late and goes back.
 */
export type AttemptState =
  | 'requesting'
  | 'permitted'
  | 'paid'
  | 'failed'
  | 'refund_due'
  | 'refunded';

export interface AttemptRow {
  /** Request id at the platform. */
  readonly id: string;
  readonly pairing: string;
  readonly terminal: string;
  readonly order_number: string;
  /** Counts the attempts of the order, from 1. */
  readonly nth: number;
  readonly platform: string;
  readonly state: AttemptState;
  readonly reason: AttemptReason | null;
  readonly page_url: string | null;
  /** What the platform calls the payment. */
  readonly payment: string | null;
  /** Masked; of the pairing, then of the platform. */
  readonly payer: string;
  /** Whether the platform is to be told that nobody wants to pay it any more. */
  readonly withdraw: 0 | 1;
  readonly made_at: number;
  /** When the platform is asked (again); `null` where nothing is left to ask. */
  readonly next_at: number | null;
  readonly tries: number;
}

export interface PairingTable {
  numberOf(terminal: string): string | undefined;
  terminalOf(number: string): string | undefined;
  addNumber(terminal: string, number: string): void;
  addSession(row: PairingSessionRow): void;
  session(digest: string): PairingSessionRow | undefined;
  endSession(digest: string): void;
  add(row: Omit<PairingRow, 'order_number' | 'done' | 'ended_at' | 'because'>): void;
  find(id: string): PairingRow | undefined;
  ofTerminal(terminal: string): PairingRow | undefined;
  ofSession(session: string): PairingRow | undefined;
  /** The newest of a session, also where it has ended. */
  lastOf(session: string): PairingRow | undefined;
  /** All that last. */
  live(): PairingRow[];
  setOrder(id: string, order: string, until: number): void;
  setDone(id: string, until: number): void;
  end(id: string, at: number, because: PairingEnd): void;
  /** The newest open order of a terminal. */
  openOrder(terminal: string): string | undefined;
  attempt(id: string): AttemptRow | undefined;
  addAttempt(row: AttemptRow): void;
  putAttempt(row: AttemptRow): void;
  attemptsOf(order: string): AttemptRow[];
  /** Open and paid ones of a vendor's orders behind a number, by number. */
  attemptsFor(vendor: string, after: string, limit: number): AttemptRow[];
  /** Paid or open, by what the platform calls the payment or by its own id. */
  attemptsCalled(vendor: string, payment: string): AttemptRow[];
  dueAttempts(now: number, limit: number): AttemptRow[];
  nextDue(): number | undefined;
}
