/**
 * The record of orders. Each function is one decision inside the store's transaction, so that a
 * repeated, a late and a racing message all meet the same single truth.
 */

import { z } from 'zod';
import { stallSchema } from '#device/messages/enrolment.ts';
import { type Currency, formatMoney } from '#device/messages/money.ts';
import {
  type CloseRequest,
  type DeclineReason,
  type Order,
  orderSchema,
  type Receipt,
  type Result,
} from '#device/messages/order.ts';
import type { Ending, OrderRow, Tables, TerminalRow } from '../store/tables.ts';
import type { Transaction } from '../store/writer.ts';
import { firstDifference } from './difference.ts';
import { refundedMinor, TWICE } from './refunded-minor.ts';

export type OrderEnding =
  | { readonly state: 'paid'; readonly payment: string; readonly payer: string }
  | { readonly state: 'declined'; readonly reason: DeclineReason; readonly payer: string }
  | { readonly state: 'cancelled' | 'expired' };

/** What an order must agree with; the rest of the stall need not be read for it. */
const sellerSchema = z.object({
  vendor: stallSchema.shape.vendor,
  currency: stallSchema.shape.currency,
});

export const orderOf = (row: Pick<OrderRow, 'body'>): Order =>
  orderSchema.parse(JSON.parse(row.body));

/**
 * Records an order: `recorded` once, `already_recorded` for the same again, `conflicts` with the
 * first field that differs from what was recorded, or from what the terminal was enrolled with.
 */
export function recordOrder(
  tx: Transaction,
  terminal: TerminalRow,
  order: Order,
  now: number,
): Receipt {
  const earlier = tx.orders.find(order.number);
  if (earlier !== undefined) return repeatOrder(tx, earlier, order, now);
  const enrolled = sellerSchema.parse(JSON.parse(terminal.stall));
  for (const field of ['vendor', 'currency'] as const) {
    if (order[field] !== enrolled[field]) return { order: order.number, said: 'conflicts', field };
  }
  tx.orders.add({
    number: order.number,
    terminal: terminal.id,
    vendor: terminal.vendor,
    body: JSON.stringify(order),
    currency: order.currency,
    amount_minor: order.amount_minor,
    state: 'offered',
    reason: null,
    recorded_at: now,
    expires_at: now + order.lifetime_s * 1000,
    ended_at: null,
    payment: null,
    payer: null,
  });
  addEvent(tx, order.number, 'recorded', now, { amount: formatMoney(order) });
  const receipt: Receipt = { order: order.number, said: 'recorded' };
  tx.outbox.add({
    terminal: terminal.id,
    kind: 'receipt',
    order_number: order.number,
    body: JSON.stringify(receipt),
    at: now,
  });
  tx.note({ about: 'outbox', terminal: terminal.id });
  tx.note({ about: 'order', number: order.number });
  const because = tx.orders.rememberedClose(terminal.id, order.number);
  if (because !== undefined) endOrder(tx, order.number, { state: because }, now);
  return receipt;
}

function repeatOrder(tx: Transaction, earlier: OrderRow, order: Order, now: number): Receipt {
  const field = firstDifference(orderOf(earlier), order);
  if (field !== null) {
    addEvent(tx, order.number, 'conflicted', now, { field, terminal: order.terminal });
    return { order: order.number, said: 'conflicts', field };
  }
  // A terminal that sends an ended order again has lost the result, even where it once had it.
  renewResult(tx, earlier, now);
  return { order: order.number, said: 'already_recorded' };
}

/**
 * Ends an open order, or remembers the wish for one that has not arrived, so that it is born closed.
 * An order that has ended otherwise stays as it is, and its terminal is told the result again.
 */
export function closeOrder(
  tx: Transaction,
  terminal: string,
  close: CloseRequest,
  now: number,
): 'closed' | 'remembered' | 'ended_before' | 'not_its_own' {
  const row = tx.orders.find(close.order);
  if (row === undefined) {
    tx.orders.rememberClose(terminal, close.order, close.because, now);
    return 'remembered';
  }
  if (row.terminal !== terminal) return 'not_its_own';
  if (row.state !== 'offered') {
    renewResult(tx, row, now);
    return 'ended_before';
  }
  endOrder(tx, row.number, { state: close.because }, now);
  return 'closed';
}

/** Ends an open order in one of the four ways and puts the result into the outbox. */
export function endOrder(
  tx: Transaction,
  number: string,
  ending: OrderEnding,
  now: number,
  known: OrderRow | undefined = tx.orders.find(number),
): void {
  if (known === undefined) throw new Error(`order ${number} is gone`);
  const end: Ending = {
    state: ending.state,
    ended_at: now,
    reason: ending.state === 'declined' ? ending.reason : null,
    payment: ending.state === 'paid' ? ending.payment : null,
    payer: 'payer' in ending ? ending.payer : null,
  };
  tx.orders.end(number, end);
  const row: OrderRow = { ...known, ...end };
  const { state: _, ...detail } = ending;
  addEvent(tx, number, ending.state, now, detail);
  addResult(tx, row, now);
  tx.note({ about: 'order', number });
}

/**
 * A card paid it, whatever its end was: the goods are gone. Where a phone had paid it, too, that payment
 * goes back, once.
 */
export function endByCard(
  tx: Transaction,
  known: OrderRow,
  { payment, payer }: { readonly payment: string; readonly payer: string },
  now: number,
): void {
  const { number } = known;
  if (known.state === 'paid' && known.payment !== null) {
    const left = known.amount_minor - refundedMinor(tx, number, ['asking', 'refunded']);
    const id = `${TWICE}${number}`;
    addEvent(tx, number, 'paid_twice', now, { payment: known.payment, refund: id });
    if (left > 0) {
      tx.attempts.putRefund({
        ...{ id, order_number: number, payment: known.payment, kind: 'refund', state: 'asking' },
        ...{
          amount_minor: left,
          whole: 1,
          restock: 0,
          answer: JSON.stringify({ said: 'pending' }),
        },
        ...{ tries: 0, next_at: now, begun_at: now },
      });
      tx.note({ about: 'open' });
    }
  }
  const end: Ending = { state: 'paid', ended_at: now, reason: null, payment, payer };
  tx.orders.endByCard(number, end);
  addEvent(tx, number, 'paid', now, { payment, payer });
  addResult(tx, { ...known, ...end }, now);
  tx.note({ about: 'order', number });
}

/** The terminal has stored the result: it need not be sent again. */
export function markSeen(tx: Transaction, terminal: string, number: string, now: number): void {
  if (!tx.outbox.resultDone(terminal, number)) return;
  addEvent(tx, number, 'seen', now, {});
  // Others may have waited for its place.
  tx.note({ about: 'outbox', terminal });
}

/** The terminal has stored a refund: it need not be sent again. */
export function markRefundSeen(
  tx: Transaction,
  terminal: string,
  number: string,
  refund: string,
  now: number,
): void {
  if (!tx.outbox.refundDone(terminal, number, refund)) return;
  addEvent(tx, number, 'refund_seen', now, { refund });
  tx.note({ about: 'outbox', terminal });
}

/** Ends up to `limit` orders whose time is over; the answer is how many. */
export function expireDue(tx: Transaction, now: number, limit: number): number {
  const due = tx.orders.due(now, limit);
  for (const row of due) endOrder(tx, row.number, { state: 'expired' }, now);
  return due.length;
}

/** The longest lifetime that an order may have (its schema). */
const LONGEST_LIFETIME_MS = 3_600_000;

/** Whether an open order has an expiry that only a clock that was ahead can have given it. */
export const expiresTooLate = ({ orders }: Pick<Tables, 'orders'>, now: number): boolean =>
  (orders.lastExpiry() ?? 0) > now + LONGEST_LIFETIME_MS;

/** Gives such orders the end they would have had if they had been recorded now. */
export const bringExpiryForward = (tx: Pick<Transaction, 'orders'>, now: number): void =>
  tx.orders.bringForward(now, now + LONGEST_LIFETIME_MS);

/** What became of an ended order, as its terminal is told. */
export function resultOf(row: OrderRow): Result | null {
  if (row.state === 'offered' || row.ended_at === null) return null;
  return {
    order: row.number,
    outcome: row.state,
    amount_minor: row.amount_minor,
    currency: row.currency as Currency,
    at: row.ended_at,
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.payment === null ? {} : { payment: row.payment }),
    ...(row.payer === null ? {} : { payer: row.payer }),
  };
}

export function addEvent(
  tx: Pick<Transaction, 'orders'>,
  order: string,
  kind: string,
  at: number,
  detail: Readonly<Record<string, unknown>>,
): void {
  tx.orders.addEvent({ order_number: order, kind, at, detail: JSON.stringify(detail) });
}

function addResult(tx: Transaction, row: OrderRow, now: number): void {
  const { terminal, number } = row;
  const body = JSON.stringify(resultOf(row));
  tx.outbox.add({ terminal, kind: 'result', order_number: number, body, at: now });
  tx.note({ about: 'outbox', terminal });
}

function renewResult(tx: Transaction, row: OrderRow, now: number): void {
  if (row.state === 'offered') return;
  if (tx.outbox.resultPending(row.number)) tx.note({ about: 'outbox', terminal: row.terminal });
  else addResult(tx, row, now);
}
