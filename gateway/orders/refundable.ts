/** What may go back of an order, whichever kind of order it is: decided from the record alone. */
import { CARD_PAYMENT } from '#device/messages/day.ts';
import type { OrderRow, Tables } from '../store/tables.ts';
import type { TelephoneOrderRow } from '../store/tables-centre.ts';
import type { RefundRow } from '../store/tables-money.ts';
import type { Transaction } from '../store/writer.ts';
import { addEvent } from './orders.ts';
import { refundedMinor } from './refunded-minor.ts';

export interface RefundWish {
  /** Minted by whoever asks: repeating it gives nothing more back. */
  readonly id: string;
  readonly order: string;
  /** A void undoes the whole payment as if it had never been. */
  readonly kind: RefundRow['kind'];
  /** All that is left, where it is not named. */
  readonly amount_minor?: number | undefined;
  /** Whether goods go back on the shelf once all of the money has gone back; only telephone orders have stock. */
  readonly restock: boolean;
  /** Who asks, for the order's trail. */
  readonly by: 'operator' | 'agent';
}

export type RefundAnswer =
  | { readonly said: 'refunded' | 'voided'; readonly amount_minor: number; readonly at: number }
  /** It will be done, or refused: the same id tells. */
  | { readonly said: 'pending' }
  | { readonly said: 'unknown_order' | 'not_paid' | 'conflict' }
  | { readonly said: 'refused'; readonly reason: string; readonly left_minor?: number };

export type Refundable =
  | { readonly by: 'phone'; readonly row: OrderRow }
  | { readonly by: 'link'; readonly row: TelephoneOrderRow };

export function findRefundable(
  tables: Pick<Tables, 'orders' | 'telephone'>,
  order: string,
): Refundable | undefined {
  const street = tables.orders.find(order);
  if (street !== undefined) return { by: 'phone', row: street };
  const row = tables.telephone.find(order);
  return row === undefined ? undefined : { by: 'link', row };
}

export const answerOf = (row: RefundRow): RefundAnswer => JSON.parse(row.answer) as RefundAnswer;

/** The refund to ask the acquirer for, or what is said without asking; a refusal is kept. */
export function beginRefund(
  tx: Transaction,
  wish: RefundWish,
  now: number,
): { readonly ask: RefundRow } | { readonly end: RefundAnswer } {
  const { id, order, kind, amount_minor, restock, by } = wish;
  const earlier = tx.attempts.refund(id);
  if (earlier !== undefined) {
    return { end: isSame(earlier, wish) ? answerOf(earlier) : { said: 'conflict' } };
  }
  const found = findRefundable(tx, order);
  if (found === undefined) return { end: { said: 'unknown_order' } };
  const { payment, amount_minor: paid } = found.row;
  if (payment === null) return { end: { said: 'not_paid' } };
  // What a card paid goes back to that card, which only the settlement can do.
  if (payment.startsWith(CARD_PAYMENT)) return { end: { said: 'refused', reason: 'paid_by_card' } };
  const left = paid - refundedMinor(tx, order, ['asking', 'refunded']);
  const row: RefundRow = {
    ...{ id, order_number: order, payment, kind, state: 'asking', tries: 0, begun_at: now },
    amount_minor: kind === 'void' ? paid : (amount_minor ?? (left === 0 ? paid : left)),
    whole: amount_minor === undefined ? 1 : 0,
    restock: restock ? 1 : 0,
    answer: JSON.stringify({ said: 'pending' }),
    next_at: now,
  };
  if (row.amount_minor > left) {
    const reason = kind === 'void' ? 'refunded' : 'too_much';
    const end = { said: 'refused', reason, left_minor: left } as const;
    tx.attempts.putRefund({
      ...row,
      ...{ state: 'refused', answer: JSON.stringify(end), next_at: null },
    });
    return { end };
  }
  const asked = { refund: id, amount_minor: row.amount_minor, by };
  addEvent(tx, order, `${kind}_asked`, now, asked);
  return { ask: row };
}

function isSame(earlier: RefundRow, wish: RefundWish): boolean {
  const whole = wish.amount_minor === undefined;
  return (
    earlier.order_number === wish.order &&
    earlier.kind === wish.kind &&
    (earlier.restock === 1) === wish.restock &&
    (earlier.whole === 1) === whole &&
    (whole || earlier.amount_minor === wish.amount_minor)
  );
}
