/** What a terminal writes down before it acts on it; the journal of a terminal is a list of these. */
import { z } from 'zod';
import {
  closeRequestSchema,
  orderNumberSchema,
  orderSchema,
  receiptSchema,
  resultSchema,
} from './order.ts';

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
]);

export type JournalEntry = z.infer<typeof journalEntrySchema>;
