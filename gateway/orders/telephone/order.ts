/** A telephone order: what is asked for, how it is written down, and how it may be seen. */
import { z } from 'zod';
import { languageSchema } from '#device/messages/enrolment.ts';
import { currencySchema } from '#device/messages/money.ts';
import { linesOf, merchantIdSchema, productCodeSchema } from '../../catalogue/catalogue.ts';
import type { DeliveryRow, ReportRow, TelephoneOrderRow } from '../../store/tables-centre.ts';
import type { RefundRow } from '../../store/tables-money.ts';
import type { Transaction } from '../../store/writer.ts';

export const orderRequestSchema = z.strictObject({
  merchant: merchantIdSchema,
  lines: z
    .array(z.strictObject({ code: productCodeSchema, quantity: z.int().min(1).max(9999) }))
    .min(1)
    .max(50),
  /** As it is dialled; only its owner can pay. */
  phone: z.string().min(4).max(30),
  /** Where the link goes; an SMS to `phone` where it is absent. */
  email: z.email().max(200).optional(),
  /** Of the messages. */
  language: languageSchema.default('zh-CN'),
  /** How long stock is kept for it. */
  lifetime_s: z
    .int()
    .min(60)
    .max(7 * 86_400)
    .default(1800),
  /** Only written down: no stock is taken and nobody is asked to pay until it is placed. */
  draft: z.boolean().default(false),
});
export type OrderRequest = z.output<typeof orderRequestSchema>;

const at = z.int().min(0);

export const telephoneOrderSchema = z.strictObject({
  number: z.string(),
  state: z.enum(['not_placed', 'unpaid', 'paying', 'paid', 'cancelled', 'expired']),
  /** Wished for; the acquirer has not said yet that nobody can pay any more. */
  closing: z.enum(['cancelled', 'expired']).optional(),
  /** Why the last attempt failed, or why the order ended. */
  reason: z.string().optional(),
  merchant: z.strictObject({ id: z.string(), name: z.string() }),
  lines: z.array(
    z.strictObject({
      code: z.string(),
      name: z.strictObject({ en: z.string(), zh: z.string() }),
      quantity: z.int(),
      unit_minor: z.int(),
    }),
  ),
  currency: currencySchema,
  amount_minor: z.int(),
  refunded_minor: z.int(),
  /** What was asked to go back, oldest first. */
  refunds: z.array(
    z.strictObject({
      refund: z.string(),
      kind: z.enum(['refund', 'void']),
      amount_minor: z.int(),
      state: z.enum(['asking', 'refunded', 'refused']),
      at,
    }),
  ),
  /** Masked. */
  phone: z.string(),
  /** Payments that came too late or in another amount, and are not back with their payer yet. */
  owed_back: z.array(z.string()).optional(),
  created_at: at,
  placed_at: at.optional(),
  expires_at: at,
  ended_at: at.optional(),
  /** Whether there is a link to pay by. */
  link: z.enum(['none', 'asked', 'made']),
  messages: z.array(
    z.strictObject({
      channel: z.enum(['sms', 'email']),
      state: z.enum(['waiting', 'delivered', 'failed']),
      tries: z.int(),
      at,
      /** Why the last try did not work. */
      trouble: z.string().optional(),
      /** Whether it reached the phone, where the provider told. */
      report: z.strictObject({ outcome: z.enum(['delivered', 'failed']), at }).optional(),
    }),
  ),
  payment: z.string().optional(),
  /** Masked. */
  payer: z.string().optional(),
});
export type TelephoneOrder = z.infer<typeof telephoneOrderSchema>;

export function viewTelephoneOrder(
  tables: Pick<Transaction, 'products' | 'deliveries' | 'attempts' | 'telephone'>,
  row: TelephoneOrderRow,
): TelephoneOrder {
  const owed = tables.telephone.asksOf(row.number).filter(({ verb }) => verb === 'void');
  return {
    number: row.number,
    state: row.state,
    merchant: { id: row.merchant, name: tables.products.merchantName(row.merchant) ?? '' },
    lines: linesOf(row).map(({ code, name_en, name_zh, quantity, unit_minor }) => ({
      code,
      name: { en: name_en, zh: name_zh },
      quantity,
      unit_minor,
    })),
    currency: currencySchema.parse(row.currency),
    amount_minor: row.amount_minor,
    refunded_minor: row.refunded_minor,
    refunds: tables.attempts.refundsOf(row.number).map(viewRefund),
    phone: `•••• ${row.phone.slice(-4)}`,
    ...(owed.length === 0 ? {} : { owed_back: owed.map(({ question }) => paymentIn(question)) }),
    created_at: row.created_at,
    expires_at: row.expires_at,
    link: row.link !== null ? 'made' : row.state === 'unpaid' ? 'asked' : 'none',
    messages: tables.deliveries
      .ofOrder(row.number)
      .flatMap((each) => viewMessage(each, tables.deliveries.reportOf(each.id))),
    ...optional(row),
  };
}

/** The payment that a question of voiding is about. */
const paymentIn = (question: string): string =>
  z.object({ payment: z.string() }).parse(JSON.parse(question)).payment;

function optional(row: TelephoneOrderRow): Partial<TelephoneOrder> {
  return {
    ...(row.closing === null ? {} : { closing: row.closing }),
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.placed_at === null ? {} : { placed_at: row.placed_at }),
    ...(row.ended_at === null ? {} : { ended_at: row.ended_at }),
    ...(row.payment === null ? {} : { payment: row.payment }),
    ...(row.payer === null ? {} : { payer: row.payer }),
  };
}

const viewRefund = (row: RefundRow): TelephoneOrder['refunds'][number] => ({
  refund: row.id,
  kind: row.kind,
  amount_minor: row.amount_minor,
  state: row.state,
  at: row.begun_at,
});

function viewMessage(row: DeliveryRow, report: ReportRow | undefined): TelephoneOrder['messages'] {
  const { channel, state, tries, at: added, trouble } = row;
  if (channel === 'webhook') return [];
  const more = {
    ...(trouble === null ? {} : { trouble }),
    ...(report === undefined ? {} : { report: { outcome: report.outcome, at: report.at } }),
  };
  return [{ channel, state, tries, at: added, ...more }];
}
