/** What a merchant's own system says to the acquirer, and hears. */
import { z } from 'zod';
import { currencySchema, priceMinorSchema } from '#device/messages/money.ts';
import { orderLineSchema } from '#device/messages/order.ts';
import { paymentIdSchema } from '../gate.ts';

const at = z.int();

/** The merchant's own number of an order: unique for that merchant. */
export const ownOrderSchema = z
  .string()
  .regex(/^[\w.-]{1,32}$/, 'must be 1 to 32 letters, digits, dots, hyphens and underscores');

export const linkRequestSchema = z.strictObject({
  /** As the acquirer has it: a payer sees it, so it has to be right. */
  merchant_number: z.string().min(1).max(20),
  order: ownOrderSchema,
  lines: z.array(orderLineSchema).min(1).max(50),
  /** The sum of the lines. */
  amount_minor: priceMinorSchema,
  currency: currencySchema,
  /** Of the payer who ordered: nobody else can pay. */
  phone: z.string().min(4).max(30),
});

export const linkSchema = z.strictObject({ order: ownOrderSchema, link: z.url(), expires_at: at });

export const ownOrderViewSchema = z.strictObject({
  order: ownOrderSchema,
  state: z.enum(['open', 'paying', 'paid', 'voided', 'failed', 'closed', 'expired']),
  /** Absent where it was closed before it was made. */
  amount_minor: z.int().optional(),
  currency: currencySchema.optional(),
  made_at: at,
  expires_at: at,
  /** Why the last attempt, or the link, failed. */
  reason: z.string().optional(),
  payment: z.string().optional(),
  /** Masked. */
  payer: z.string().optional(),
  refunded_minor: z.int(),
});

export const merchantPaymentSchema = z.strictObject({
  payment: paymentIdSchema,
  order: z.string(),
  /** `own` was ordered in the merchant's system, `centre` at a stall or by telephone. */
  of: z.enum(['own', 'centre']),
  state: z.string(),
  amount_minor: z.int(),
  currency: currencySchema,
  refunded_minor: z.int(),
  begun_at: at,
  ended_at: at.optional(),
  /** The platform through which a paired phone paid at the stall. */
  platform: z.string().optional(),
});

export const merchantRefundSchema = z.strictObject({
  refund: z.string(),
  outcome: z.enum(['refunded', 'pending']),
  amount_minor: z.int(),
});

export const webhookRequestSchema = z.strictObject({ url: z.string().min(1).max(300) });
/** The secret is told at registration alone. */
export const webhookSecretSchema = z.strictObject({ url: z.string(), secret: z.string() });
export const webhookViewSchema = z.strictObject({
  url: z.string().optional(),
  since: at.optional(),
});

/** What is wrong with an address for results, `null` where nothing is. */
export function complainOfUrl(text: string, insecure: boolean): string | null {
  if (!URL.canParse(text)) return 'must be a URL';
  const { protocol, username, password, hash } = new URL(text);
  if (protocol !== 'https:' && !(insecure && protocol === 'http:')) return 'must be an https URL';
  if (username !== '' || password !== '') return 'must name no user and no password';
  return hash === '' ? null : 'must have no fragment';
}
