/**
 * What a database engine gives the services: prepared statements behind nouns, and nothing of SQL.
 * Every method runs inside the transaction of the unit that calls it. One folder an engine
 * implements it (store/sqlite).
 */

import type { DeclineReason, Outcome } from '#device/messages/order.ts';
import type { AgentTable } from './tables-agents.ts';
import type { CentreTables } from './tables-centre.ts';
import type { DayTable } from './tables-days.ts';
import type { FundTable } from './tables-funds.ts';
import type { IdentityTable } from './tables-identity.ts';
import type { LinkTable } from './tables-links.ts';
import type { MerchantWebhookTable } from './tables-merchants.ts';
import type { AttemptTable, IssuedTable, PaymentTable } from './tables-money.ts';
import type { PairingTable } from './tables-pairing.ts';
import type { PayerDeskTable } from './tables-payers.ts';
import type { PlatformTable } from './tables-platform.ts';
import type { CentreCardTable, SettlementTable } from './tables-settlement.ts';
import type { ShopTable } from './tables-shop.ts';
import type { TopUpTable } from './tables-topups.ts';

export type OrderState = 'offered' | Outcome;

export interface OrderRow {
  readonly number: string;
  readonly terminal: string;
  /** Vendor whose account the payment goes to. */
  readonly vendor: string;
  /** The order as the terminal made it, JSON. */
  readonly body: string;
  readonly currency: string;
  readonly amount_minor: number;
  readonly state: OrderState;
  readonly reason: DeclineReason | null;
  readonly recorded_at: number;
  readonly expires_at: number;
  readonly ended_at: number | null;
  readonly payment: string | null;
  /** Masked. */
  readonly payer: string | null;
}

export interface EventRow {
  readonly order_number: string;
  readonly kind: string;
  readonly at: number;
  /** JSON. */
  readonly detail: string;
}

export interface Ending {
  readonly state: Outcome;
  readonly ended_at: number;
  readonly reason: DeclineReason | null;
  readonly payment: string | null;
  readonly payer: string | null;
}

export interface OrderTable {
  find(number: string): OrderRow | undefined;
  add(row: OrderRow): void;
  /** Ends an offered order; the engine refuses a second ending. */
  end(number: string, ending: Ending): void;
  /** A card paid it, though it may have ended otherwise; the engine refuses a second card. */
  endByCard(number: string, ending: Ending): void;
  /** Open orders whose time is over, oldest first. */
  due(now: number, limit: number): OrderRow[];
  /** When the next open order expires. */
  nextExpiry(): number | undefined;
  /** When the last open order expires. */
  lastExpiry(): number | undefined;
  /** Those that expire after `latest` do so when their own lifetime from `now` is over. */
  bringForward(now: number, latest: number): void;
  addEvent(row: EventRow): void;
  events(number: string): EventRow[];
  rememberClose(
    terminal: string,
    number: string,
    because: 'cancelled' | 'expired',
    at: number,
  ): void;
  rememberedClose(terminal: string, number: string): 'cancelled' | 'expired' | undefined;
  addTry(number: string, client: string, at: number): void;
  triesOfOrder(number: string): number;
  triesOfClient(client: string, since: number): number;
}

export type AccountKind = 'asset' | 'liability' | 'equity' | 'income' | 'expense';

export interface AccountRow {
  readonly id: string;
  readonly kind: AccountKind;
  readonly currency: string;
  /** Lowest balance that it may have; `null` for none. */
  readonly floor_minor: number | null;
  /** Sum of its postings, credit positive. */
  readonly balance_minor: number;
  /** Sum of its open holds: there, and not to be spent. */
  readonly held_minor: number;
}

export interface HoldRow {
  readonly id: string;
  readonly account: string;
  readonly amount_minor: number;
  /** What it is for, such as `authorisation` or `voucher`. */
  readonly purpose: string;
  readonly order_number: string | null;
  readonly state: 'held' | 'captured' | 'released';
  readonly captured_minor: number;
  /** Reference of the transfer that captured it. */
  readonly transfer: string | null;
  readonly at: number;
  readonly ended_at: number | null;
}

export interface TransferRow {
  readonly id: number;
  /** Unique: a transfer with the same reference is the same transfer. */
  readonly reference: string;
  readonly kind: string;
  readonly order_number: string | null;
  readonly at: number;
}

export interface PostingRow {
  readonly transfer: number;
  readonly account: string;
  readonly currency: string;
  /** Credit positive, debit negative. */
  readonly amount_minor: number;
  readonly balance_after_minor: number;
}

export interface LedgerTable {
  account(id: string): AccountRow | undefined;
  addAccount(row: Omit<AccountRow, 'balance_minor' | 'held_minor'>): void;
  accounts(): AccountRow[];
  transferOf(reference: string): TransferRow | undefined;
  /** Its id, or `null` where there is one of that reference: then nothing is written. */
  addTransfer(row: Omit<TransferRow, 'id'>): number | null;
  /**
   * Adds to a balance and gives the account as it is then; `undefined`, with nothing changed, where
   * there is no such account, or what is taken is more than balance less holds and floor.
   */
  move(account: string, amountMinor: number): AccountRow | undefined;
  addPosting(row: PostingRow): void;
  transfersOfOrder(number: string): TransferRow[];
  postingsOf(transfer: number): PostingRow[];
  hold(id: string): HoldRow | undefined;
  /** Adds an open hold and moves the account's held sum to `heldMinor`. */
  addHold(row: HoldRow, heldMinor: number): void;
  /** Ends an open hold and moves the account's held sum; the engine refuses a second ending. */
  endHold(row: HoldRow, heldMinor: number): void;
  holdsOfOrder(number: string): HoldRow[];
  /** Account → sum of its open holds. */
  heldSums(): { account: string; total_minor: number }[];
  /** Account → sum of its postings. */
  sums(): { account: string; currency: string; total_minor: number }[];
  /** Transfers whose postings do not sum to zero in a currency: there must be none. */
  unbalanced(): { reference: string; currency: string; total_minor: number }[];
}

export interface OutboxRow {
  readonly id: number;
  readonly terminal: string;
  readonly kind: 'receipt' | 'result' | 'refund' | 'web_paid';
  readonly order_number: string;
  /** What it tells, JSON. */
  readonly body: string;
  readonly at: number;
}

export interface OutboxTable {
  add(row: Omit<OutboxRow, 'id'>): void;
  /** The newest `limit` that are not done, of ids below `below`, in the order in which they were added. */
  pending(terminal: string, limit: number, below?: number): OutboxRow[];
  pendingTerminals(): string[];
  done(id: number): void;
  /** Whether there was one that was not done. */
  resultDone(terminal: string, order: string): boolean;
  resultPending(order: string): boolean;
  /** Whether there was one of that refund that was not done. */
  refundDone(terminal: string, order: string, refund: string): boolean;
  /** Whether there was one of that web order that was not done. */
  webPaidDone(terminal: string, order: string): boolean;
  ofOrder(order: string): OutboxRow[];
}

export interface TerminalRow {
  readonly id: string;
  readonly vendor: string;
  /** The stall as given at enrolment, JSON. */
  readonly stall: string;
  /** Base64url; `null` until enrolled. */
  readonly secret: string | null;
  readonly enrolled_at: number | null;
}

export interface CodeRow {
  readonly digest: string;
  readonly terminal: string;
  readonly used_at: number | null;
  /** Digest of the Idempotency-Key it was used with. */
  readonly used_with: string | null;
}

export interface TerminalTable {
  find(id: string): TerminalRow | undefined;
  all(): TerminalRow[];
  addVendor(id: string, name: string): void;
  /** Adds it, or renews vendor and stall of one that is not enrolled yet. */
  put(id: string, vendor: string, stall: string): void;
  enrol(id: string, secret: string, at: number): void;
  /** Takes its secret away. */
  expel(id: string): void;
  /** What its codes were used with is forgotten: no answer is repeated any more. */
  forgetUses(id: string): void;
  /** Its codes count as used, so that a seed that names them again changes nothing. */
  spendCodes(id: string, at: number): void;
  code(digest: string): CodeRow | undefined;
  addCode(digest: string, terminal: string): void;
  useCode(digest: string, at: number, usedWith: string | null): void;
}

export interface PayerRow {
  readonly id: string;
  /** E.164. */
  readonly phone: string;
  readonly pin: string;
  readonly state: PayerState;
  readonly failures: number;
  /** ms since 1970, 0 where it is not locked. */
  readonly locked_until: number;
  readonly holder_name: string | null;
  /** Digest of the identity number under a key outside the database, and its last four. */
  readonly identity_digest: string | null;
  readonly identity_masked: string | null;
}

export type PayerState = 'active' | 'blocked' | 'closed';

export interface PayerTable {
  find(id: string): PayerRow | undefined;
  byPhone(phone: string): PayerRow | undefined;
  add(row: Omit<PayerRow, 'failures' | 'locked_until'>): void;
  setState(id: string, state: PayerState): void;
  /** Gives name and identity to an account that has none. */
  identify(id: string, name: string, digest: string, masked: string): void;
  setFailures(id: string, failures: number, lockedUntil: number): void;
}

export interface AnswerRow {
  readonly fingerprint: string;
  /** JSON. */
  readonly answer: string;
}

export interface AnswerTable {
  find(scope: string, key: string): AnswerRow | undefined;
  add(scope: string, key: string, row: AnswerRow, at: number): void;
  forgetBefore(at: number): void;
}

export interface SettingTable {
  get(name: string): string | undefined;
  set(name: string, value: string): void;
}

export interface Tables extends CentreTables {
  readonly orders: OrderTable;
  readonly ledger: LedgerTable;
  readonly outbox: OutboxTable;
  readonly terminals: TerminalTable;
  readonly payers: PayerTable;
  readonly answers: AnswerTable;
  readonly settings: SettingTable;
  readonly issued: IssuedTable;
  readonly payments: PaymentTable;
  readonly attempts: AttemptTable;
  readonly pairings: PairingTable;
  /** The acquirer's payment links. */
  readonly links: LinkTable;
  /** Of the payment platform, which always has a store of its own. */
  readonly platform: PlatformTable;
  readonly identity: IdentityTable;
  /** Agents of the telephone desk. */
  readonly agents: AgentTable;
  readonly merchantWebhooks: MerchantWebhookTable;
  /** Money paid by phone for cards. */
  readonly topups: TopUpTable;
  /** The order centre's web shop. */
  readonly shop: ShopTable;
  /** Payers who look after their ways to pay, at the acquirer. */
  readonly payerDesk: PayerDeskTable;
  readonly settlement: SettlementTable;
  readonly cardPayments: CentreCardTable;
  /** Of the fund server. */
  readonly funds: FundTable;
  readonly days: DayTable;
}

/** The verbs of a transaction that the batching writer needs of an engine. */
export interface Engine {
  readonly tables: Tables;
  begin(): void;
  savepoint(): void;
  release(): void;
  /** Undoes the unit since its savepoint; throws where the engine has dropped the transaction. */
  undo(): void;
  commit(): void;
  /** Whether an error is the disk's, not the unit's: then the whole batch fails. */
  isBroken(error: unknown): boolean;
  /** Ends whatever transaction is left. */
  abandon(): void;
  close(): void;
}
