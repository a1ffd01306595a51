/** What a payer's instruction comes to: what an order's record and the acquirer's answer make of it. */
import type { DeclineReason } from '#device/messages/order.ts';
import type { VoucherTrouble } from '#device/messages/voucher.ts';
import type { PayAnswer as Answer } from '../acquirer/gate.ts';
import type { OrderRow, OrderState } from '../store/tables.ts';
import type { Transaction } from '../store/writer.ts';
import { addEvent, endOrder } from './orders.ts';

export type PayInstruction = {
  readonly order: string;
  /** The payer's own name for this attempt. */
  readonly key: string;
} & (
  | {
      /** E.164. */
      readonly phone: string;
      readonly pin: string;
    }
  | { readonly voucher: string; readonly code: string }
);

/** What became of an instruction; kept, and given again for the same key and instruction. */
export type PayAnswer =
  | { readonly kind: 'paid'; readonly payment: string }
  | { readonly kind: 'declined'; readonly reason: DeclineReason }
  | { readonly kind: 'closed'; readonly state: OrderState }
  | { readonly kind: 'unknown_order' }
  /** The voucher doesn't pay it: the order is open, and may be paid otherwise. */
  | {
      readonly kind: 'voucher_refused';
      readonly reason: VoucherTrouble;
      readonly tries_left?: number | undefined;
      readonly retry_at?: number | undefined;
    }
  /** Nothing was taken: the order is open, and may be paid with a new key. */
  | {
      readonly kind: 'not_made';
      /** What the acquirer has against the vendor. */
      readonly code?: 'unknown_merchant' | 'merchant_suspended';
    }
  | {
      readonly kind: 'not_admitted';
      readonly code: 'wrong_pin' | 'account_locked';
      readonly tries_left?: number | undefined;
      readonly retry_at?: number | undefined;
    };

export type Paid =
  | { readonly ok: true; readonly answer: PayAnswer; readonly replayed: boolean }
  | { readonly ok: false; readonly code: 'idempotency_key_reused' | 'payment_in_flight' };

export const NOT_MADE: PayAnswer = { kind: 'not_made' };

/** Writes what an answer of the acquirer means for the order; `null` where it is none yet. */
export function conclude(
  tx: Transaction,
  row: OrderRow | undefined,
  id: string,
  answer: Answer,
  now: number,
): PayAnswer | null {
  const order = row?.number ?? '';
  const closed = closedAnswer(row);
  switch (answer.said) {
    case 'pending':
      return null;
    case 'paid':
      if (closed !== null) {
        addEvent(tx, order, 'paid_too_late', now, { payment: id });
        return closed;
      }
      endOrder(tx, order, { state: 'paid', payment: id, payer: answer.payer }, now, row);
      return { kind: 'paid', payment: id };
    case 'declined': {
      if (closed !== null) return closed;
      const { reason, payer = '' } = answer;
      endOrder(tx, order, { state: 'declined', reason, payer }, now, row);
      return { kind: 'declined', reason };
    }
    case 'not_admitted': {
      const { said: _, ...refusal } = answer;
      addEvent(tx, order, 'payer_refused', now, { code: refusal.code });
      return { kind: 'not_admitted', ...refusal };
    }
    case 'voucher_refused': {
      const { said: _, ...refusal } = answer;
      addEvent(tx, order, 'voucher_refused', now, { reason: refusal.reason });
      return { kind: 'voucher_refused', ...refusal };
    }
    default:
      addEvent(tx, order, 'not_made', now, { payment: id, said: answer.said });
      if (closed !== null) return closed;
      if (answer.said !== 'not_made' || answer.code === undefined) return NOT_MADE;
      return { kind: 'not_made', code: answer.code };
  }
}

/** What is said of an order that can't be paid; `null` where it can. */
export function closedAnswer(row: OrderRow | undefined): PayAnswer | null {
  if (row === undefined) return { kind: 'unknown_order' };
  return row.state === 'offered' ? null : { kind: 'closed', state: row.state };
}

/** The order's time may be over though the timer has not come round yet. */
export function expireLate(
  tx: Transaction,
  row: OrderRow | undefined,
  now: number,
): PayAnswer | null {
  if (row === undefined || row.expires_at > now) return null;
  endOrder(tx, row.number, { state: 'expired' }, now);
  return { kind: 'closed', state: 'expired' };
}
