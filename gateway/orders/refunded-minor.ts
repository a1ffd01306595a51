/** How much of an order went back. */
import type { Tables } from '../store/tables.ts';
import type { RefundRow } from '../store/tables-money.ts';

/** Begins the id of a refund of what was paid by phone though a card had paid: the sale stands. */
export const TWICE = 'TWICE-';

/** What went back of an order so far, and with `asking` what may be on its way. */
export const refundedMinor = (
  tables: Pick<Tables, 'attempts'>,
  order: string,
  states: readonly RefundRow['state'][] = ['refunded'],
): number =>
  tables.attempts
    .refundsOf(order)
    .filter(({ id, state }) => states.includes(state) && !id.startsWith(TWICE))
    .reduce((total, { amount_minor }) => total + amount_minor, 0);
