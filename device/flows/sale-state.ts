/** What a terminal knows of one sale by phone, what reaches it and what comes of it. */
import type { JournalEntry } from '../messages/journal.ts';
import type { Attempt, CloseRequest, Order, Receipt, Result, Uplink } from '../messages/order.ts';
import type { Debit, DebitEvent } from './debit.ts';

export type Stage = 'saving' | 'open' | 'closing' | 'settling' | 'ended';

export interface Sale {
  readonly order: Order;
  readonly stage: Stage;
  /** Monotonic ms from which its lifetime counts. */
  readonly openedAt: number;
  /** The gateway said that it has the order. */
  readonly received: boolean;
  readonly close?: CloseRequest;
  readonly result?: Result;
  /** How far the paired phone is; only shown, never journalled, and it ends nothing. */
  readonly attempt?: Attempt;
  /** The last debit of a card for it that was not undone. */
  readonly debit?: Debit;
  /** What the disk refused, or may refuse, and must still take; one of a kind, oldest first. */
  readonly unsaved?: readonly SaleEntry[];
  /** The gateway holds another order under this number: it can't be paid. */
  readonly conflict?: string;
  readonly announced: boolean;
  /** What was sent and not yet answered is sent again at this monotonic ms. */
  readonly resendAt: number;
  readonly tries: number;
}

/** What the journal holds of sales. */
export type SaleEntry = Exclude<
  JournalEntry,
  {
    kind:
      | 'refund'
      | 'refund_announced'
      | 'web_paid'
      | 'web_paid_announced'
      | 'day_closed'
      | 'day_receipt';
  }
>;

/** Whether it is about no sale that is still open. */
export const isOfNoSale = (entry: JournalEntry): entry is Exclude<JournalEntry, SaleEntry> =>
  entry.kind === 'refund' ||
  entry.kind === 'refund_announced' ||
  entry.kind === 'web_paid' ||
  entry.kind === 'web_paid_announced' ||
  entry.kind === 'day_closed' ||
  entry.kind === 'day_receipt';

export type SaleEvent =
  | { readonly is: 'saved'; readonly entry: SaleEntry }
  /** The disk refused it (full, worn out): it is tried again, and what happened stays true. */
  | { readonly is: 'not_saved'; readonly entry: SaleEntry }
  | { readonly is: 'receipt'; readonly receipt: Receipt }
  | { readonly is: 'result'; readonly result: Result }
  | { readonly is: 'attempt'; readonly attempt: Attempt }
  | { readonly is: 'cancel' }
  | DebitEvent
  /** The link came up: everything unanswered is sent now. */
  | { readonly is: 'link_up' }
  | { readonly is: 'tick' };

export type SaleEffect =
  | { readonly do: 'journal'; readonly entry: JournalEntry }
  | { readonly do: 'publish'; readonly uplink: Uplink }
  /** The result is on disk: say it, show it, print it. */
  | { readonly do: 'announce'; readonly result: Result }
  | { readonly do: 'log'; readonly what: string };

export interface SaleStep {
  readonly sale: Sale;
  readonly effects: readonly SaleEffect[];
}

/** The order that a journal entry is about, or `null` where it is about none. */
export function numberOf(entry: SaleEntry): string | null {
  switch (entry.kind) {
    case 'hotlist':
    case 'card_limits':
    case 'voucher_key':
      return null;
    case 'card_begun':
      return entry.debit.order;
    case 'card_done':
      return entry.payment.order;
    case 'card_undone':
      return entry.order;
    case 'card_receipt':
      return entry.receipt.order;
    case 'card_verdict':
      return entry.verdict.order;
    case 'order':
      return entry.order.number;
    case 'receipt':
      return entry.receipt.order;
    case 'close':
      return entry.close.order;
    case 'result':
      return entry.result.order;
    case 'announced':
      return entry.order;
  }
}

/** Whether the disk still owes an entry of this kind. */
export const isUnsaved = ({ unsaved = [] }: Sale, kind: SaleEntry['kind']): boolean =>
  unsaved.some((entry) => entry.kind === kind);

/** The sale with an entry that the disk must still take. */
export const withUnsaved = (sale: Sale, entry: SaleEntry): Sale =>
  isUnsaved(sale, entry.kind) ? sale : { ...sale, unsaved: [...(sale.unsaved ?? []), entry] };

/** The sale whose entry of this kind the disk has, or need not have any more. */
export function withoutUnsaved(known: Sale, kind: SaleEntry['kind']): Sale {
  // Most often nothing was refused: then it is the same sale still.
  if (known.unsaved === undefined) return known;
  const { unsaved, ...sale } = known;
  const left = unsaved.filter((entry) => entry.kind !== kind);
  return left.length === 0 ? sale : { ...sale, unsaved: left };
}
