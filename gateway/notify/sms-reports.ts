/** What a provider of SMS tells afterwards: whether a message reached its phone, or never will. */
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Transaction } from '../store/writer.ts';
import { type Receiver, receiver } from '../web/webhooks.ts';

export const smsReportSchema = z.strictObject({
  type: z.enum(['sms.delivered', 'sms.failed']),
  data: z.strictObject({
    /** The `reference` that the message was sent with. */
    reference: z.string().min(1).max(200),
    /** When, by the provider's clock. */
    at: z.number(),
  }),
});
export type SmsReport = z.infer<typeof smsReportSchema>;

/** Takes `/v1/webhooks/sms`, signed by the secret that messages are sent under. */
export const smsReceiver = (secret: string, clock: Pick<Clock, 'now'>): Receiver =>
  receiver('sms', [secret], smsReportSchema, (tx, report) => takeReport(tx, report, clock.now()));

/** The first report is kept; one about a message that is not ours changes nothing. */
export function takeReport(tx: Transaction, { type, data }: SmsReport, now: number): void {
  const delivery = tx.deliveries.find(data.reference);
  if (delivery?.channel !== 'sms') return;
  const outcome = type === 'sms.delivered' ? 'delivered' : 'failed';
  tx.deliveries.report(delivery.id, outcome, now);
  const { order_number: number } = delivery;
  if (number !== null) tx.note({ about: 'telephone', number });
}
