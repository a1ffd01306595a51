/** What a terminal writes down before it acts on it; the journal of a terminal is a list of these. */
import { z } from 'zod';
import {
  cardDebitSchema,
  cardPaymentSchema,
  cardReceiptSchema,
  cardVerdictSchema,
  hotlistSchema,
  offlineLimitsSchema,
} from './card.ts';
import { dayReceiptSchema, dayStatementSchema } from './day.ts';
import {
  closeRequestSchema,
  orderSchema,
  receiptSchema,
  refundSchema,
  resultSchema,
  webPaidSchema,
} from './order.ts';
import { orderNumberSchema } from './order-number.ts';

export const journalEntrySchema = z.discriminatedUnion('kind', [
  /** Written before the order is offered to anybody. */
  z.strictObject({ kind: z.literal('order'), order: orderSchema }),
  /** The gateway has the order: it need not be sent again. */
  z.strictObject({ kind: z.literal('receipt'), receipt: receiptSchema }),
  /** Written before the gateway is asked to end the order. */
  z.strictObject({ kind: z.literal('close'), close: closeRequestSchema }),
  /** Written before the result is announced. */
  z.strictObject({ kind: z.literal('result'), result: resultSchema }),
  /** The announcement was handed to the speaker or, without one, to the screen. */
  z.strictObject({ kind: z.literal('announced'), order: orderNumberSchema }),
  /** Written before the debit is sent to the card. */
  z.strictObject({ kind: z.literal('card_begun'), debit: cardDebitSchema }),
  /** The card committed it; written before "paid" is announced. */
  z.strictObject({ kind: z.literal('card_done'), payment: cardPaymentSchema }),
  /** The card did not commit what was begun with this counter. */
  z.strictObject({
    kind: z.literal('card_undone'),
    order: orderNumberSchema,
    counter_before: cardDebitSchema.shape.counter_before,
  }),
  /** Settlement has the payment or the unknown: it need not be sent again. */
  z.strictObject({ kind: z.literal('card_receipt'), receipt: cardReceiptSchema }),
  z.strictObject({ kind: z.literal('card_verdict'), verdict: cardVerdictSchema }),
  z.strictObject({ kind: z.literal('hotlist'), hotlist: hotlistSchema }),
  /** The vendor changed how far the terminal goes without network. */
  z.strictObject({ kind: z.literal('card_limits'), limits: offlineLimitsSchema }),
  /** What vouchers are verified with, so that it can be done without network, too. */
  z.strictObject({ kind: z.literal('voucher_key'), key: z.string().regex(/^[\w-]{43}$/) }),
  /** Written before the refund is acknowledged and told. */
  z.strictObject({ kind: z.literal('refund'), refund: refundSchema }),
  /** The refund was handed to the speaker or, without one, to the screen. */
  z.strictObject({
    kind: z.literal('refund_announced'),
    order: orderNumberSchema,
    refund: z.string().min(1).max(64),
  }),
  /** A web order paid at this terminal's reader; written before it is acknowledged and told. */
  z.strictObject({ kind: z.literal('web_paid'), paid: webPaidSchema }),
  z.strictObject({ kind: z.literal('web_paid_announced'), order: orderNumberSchema }),
  /**
   * A business day with all its lines, written before it is told or sent: no entry before it is needed
   * to state it again.
   */
  z.strictObject({ kind: z.literal('day_closed'), day: dayStatementSchema }),
  /** The gateway has compared the day; written before it is told. */
  z.strictObject({ kind: z.literal('day_receipt'), receipt: dayReceiptSchema }),
]);

export type JournalEntry = z.infer<typeof journalEntrySchema>;
