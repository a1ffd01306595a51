/** An order and a bill as the one who pays them may see them. */
import type { Currency } from '#device/messages/money.ts';
import { timesMinor } from '#device/messages/money.ts';
import type { DeclineReason, OrderLine, Place } from '#device/messages/order.ts';
import type { OrderRow, OrderState } from '../store/tables.ts';
import { orderOf } from './orders.ts';

export interface OrderView {
  readonly number: string;
  readonly state: OrderState;
  readonly reason?: DeclineReason;
  readonly vendor: string;
  readonly place: Place;
  readonly currency: Currency;
  readonly amount_minor: number;
  readonly lines: readonly OrderLine[];
  readonly recorded_at: number;
  readonly expires_at: number;
  readonly ended_at?: number;
  readonly payment?: string;
  /** Masked. */
  readonly payer?: string;
  /** What went back since. */
  readonly refunded_minor?: number;
}

export interface Bill {
  readonly payment: string;
  readonly order: string;
  readonly vendor: string;
  readonly place: string;
  readonly currency: Currency;
  readonly lines: readonly (OrderLine & { readonly total_minor: number })[];
  readonly amount_minor: number;
  /** What went back since. */
  readonly refunded_minor?: number;
  readonly paid_at: number;
  /** Masked. */
  readonly payer: string;
}

export function viewOrder(row: OrderRow, refundedMinor = 0): OrderView {
  const order = orderOf(row);
  return {
    number: row.number,
    state: row.state,
    ...(row.reason === null ? {} : { reason: row.reason }),
    vendor: order.vendor,
    place: order.place,
    currency: order.currency,
    amount_minor: order.amount_minor,
    lines: order.lines,
    recorded_at: row.recorded_at,
    expires_at: row.expires_at,
    ...(row.ended_at === null ? {} : { ended_at: row.ended_at }),
    ...(row.payment === null ? {} : { payment: row.payment }),
    ...(row.payer === null ? {} : { payer: row.payer }),
    ...(refundedMinor === 0 ? {} : { refunded_minor: refundedMinor }),
  };
}

/** The itemised bill of a paid order, `null` of any other. */
export function billOf(row: OrderRow, refundedMinor = 0): Bill | null {
  if (row.payment === null || row.ended_at === null) return null;
  const order = orderOf(row);
  return {
    payment: row.payment,
    order: row.number,
    vendor: order.vendor,
    place: order.place.name,
    currency: order.currency,
    lines: order.lines.map((line) => ({
      ...line,
      total_minor: timesMinor(line.unit_minor, line.quantity),
    })),
    amount_minor: order.amount_minor,
    ...(refundedMinor === 0 ? {} : { refunded_minor: refundedMinor }),
    paid_at: row.ended_at,
    payer: row.payer ?? '',
  };
}
