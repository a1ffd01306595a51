/**
 * What the acquirer shows the others: payments of merchants, their links, refunds and voids. Request
 * ids are the caller's, as at the issuer's gate.
 */
import { z } from 'zod';
import { currencySchema, priceMinorSchema } from '#device/messages/money.ts';
import { orderLineSchema } from '#device/messages/order.ts';
import type { VoucherLookedUp, VoucherLookUp } from '../funds/schemas.ts';
import type { Gate, Verb } from '../gate.ts';
import {
  type AdmitAnswer,
  type AdmitRequest,
  declinedSchema,
  type IssuerPresents,
  notAdmittedSchema,
  type Presented,
  payerProofSchema,
  requestIdSchema,
  voucherRefusedSchema,
} from '../issuer/gate.ts';
import type { Transaction } from '../store/writer.ts';

/** How long an answer may be on its way before it is asked after, ms: over any client's time-out. */
export const ON_ITS_WAY_MS = 12_000;

const merchantSchema = z.string().regex(/^[a-z0-9-]{1,30}$/);
const orderSchema = z.string().min(1).max(64);
const at = z.int().min(0);

/** Minted by whoever asks; it is the payment's number on both bills. */
export const paymentIdSchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,40}$/, 'must be 1 to 40 visible ASCII characters');

/** An order is paid once: a second payment of it is `closed` whoever makes it. */
export const paySchema = z.strictObject({
  id: paymentIdSchema,
  merchant: merchantSchema,
  order: orderSchema,
  amount_minor: priceMinorSchema,
  currency: currencySchema,
  payer: payerProofSchema,
  /** `later` freezes the amount until `capture` or `void`. */
  capture: z.enum(['now', 'later']).default('now'),
});
export type PayBody = z.output<typeof paySchema>;
export type PayRequest = Omit<PayBody, 'payer'> & { readonly payer: Presented };

export const payAnswerSchema = z.discriminatedUnion('said', [
  /** Posted. `payer` is masked. */
  z.strictObject({ said: z.literal('paid'), payer: z.string(), at }),
  /** Frozen, with `capture: later`. */
  z.strictObject({ said: z.literal('authorised'), payer: z.string(), at }),
  declinedSchema,
  notAdmittedSchema,
  voucherRefusedSchema,
  /**
   * Nothing was taken and nothing will be: the payer may try again under a new id, but for a merchant
   * that `code` speaks against.
   */
  z.strictObject({
    said: z.literal('not_made'),
    code: z.enum(['unknown_merchant', 'merchant_suspended']).optional(),
  }),
  z.strictObject({ said: z.literal('voided') }),
  /** The order has been paid, or is being paid, under another id. */
  z.strictObject({ said: z.literal('closed') }),
  /** Not known yet: it resolves itself, and `status` and the result tell. */
  z.strictObject({ said: z.literal('pending') }),
  z.strictObject({ said: z.literal('conflict') }),
]);
export type PayAnswer = z.infer<typeof payAnswerSchema>;

export const acquirerRefundSchema = z.strictObject({
  id: requestIdSchema,
  payment: paymentIdSchema,
  amount_minor: priceMinorSchema,
});
export type RefundRequest = z.infer<typeof acquirerRefundSchema>;
export const refundAnswerSchema = z.discriminatedUnion('said', [
  z.strictObject({ said: z.literal('refunded'), amount_minor: z.int(), at }),
  z.strictObject({
    said: z.literal('refused'),
    code: z.enum(['unknown_payment', 'not_paid', 'too_much', 'merchant_funds', 'account_closed']),
    left_minor: z.int().optional(),
  }),
  z.strictObject({ said: z.literal('pending') }),
  z.strictObject({ said: z.literal('conflict') }),
]);
export type RefundAnswer = z.infer<typeof refundAnswerSchema>;

/** Ends a payment that nobody relies on yet, also one that has not arrived or is not known. */
export const voidSchema = z.strictObject({ id: requestIdSchema, payment: paymentIdSchema });
export type VoidRequest = z.infer<typeof voidSchema>;
export const voidAnswerSchema = z.discriminatedUnion('said', [
  z.strictObject({ said: z.literal('voided'), at }),
  /**
   * `refunded`: money went back already, refund the rest instead. `merchant_funds`: nothing is undone
   * yet, and asking again under the same id looks anew.
   */
  z.strictObject({ said: z.literal('refused'), code: z.enum(['refunded', 'merchant_funds']) }),
  z.strictObject({ said: z.literal('conflict') }),
]);
export type VoidAnswer = z.infer<typeof voidAnswerSchema>;

export const acquirerCaptureSchema = z.strictObject({
  id: requestIdSchema,
  payment: paymentIdSchema,
  amount_minor: priceMinorSchema,
});
export type PaymentCaptureRequest = z.infer<typeof acquirerCaptureSchema>;
export const captureAnswerSchema = z.discriminatedUnion('said', [
  z.strictObject({ said: z.literal('captured'), amount_minor: z.int(), at }),
  z.strictObject({
    said: z.literal('refused'),
    code: z.enum(['unknown_payment', 'not_authorised', 'too_much']),
  }),
  z.strictObject({ said: z.literal('pending') }),
  z.strictObject({ said: z.literal('conflict') }),
]);
export type PaymentCaptureAnswer = z.infer<typeof captureAnswerSchema>;

export const acquirerStatusSchema = z.discriminatedUnion('said', [
  z.strictObject({ said: z.literal('unknown') }),
  z.strictObject({
    said: z.literal('answered'),
    answer: payAnswerSchema,
    refunded_minor: z.int(),
  }),
]);
export type AcquirerStatus = z.infer<typeof acquirerStatusSchema>;

export interface AcquirerVerbs {
  /** The issuer's word about a payer, through the acquirer: it alone knows the issuer. */
  readonly admit: Verb<AdmitRequest, AdmitAnswer>;
  readonly pay: Verb<PayRequest, PayAnswer>;
  readonly capture: Verb<PaymentCaptureRequest, PaymentCaptureAnswer>;
  readonly refund: Verb<RefundRequest, RefundAnswer>;
  readonly void: Verb<VoidRequest, VoidAnswer>;
  /** The fund server's word about a voucher, through the acquirer: it alone knows the fund server. */
  readonly lookUpVoucher: Verb<VoucherLookUp, VoucherLookedUp>;
  /** Of a pay request's id. */
  readonly status: Verb<string, AcquirerStatus>;
}

/** A proof is presented to the acquirer's gate, which presents it to the issuer's. */
export type AcquirerGate = Gate<AcquirerVerbs> & IssuerPresents;

export const createLinkSchema = z.strictObject({
  id: requestIdSchema,
  merchant: merchantSchema,
  order: orderSchema,
  lines: z.array(orderLineSchema).min(1).max(50),
  amount_minor: priceMinorSchema,
  currency: currencySchema,
  /** The number that the payer gave with the order: only its owner can pay. E.164. */
  phone: z.string(),
});
export type CreateLinkRequest = z.infer<typeof createLinkSchema>;
export const createLinkAnswerSchema = z.discriminatedUnion('said', [
  z.strictObject({ said: z.literal('created'), link: z.url(), expires_at: at }),
  z.strictObject({
    said: z.literal('refused'),
    code: z.enum([
      'unknown_merchant',
      'merchant_suspended',
      'currency_refused',
      'amount_refused',
      'closed',
    ]),
  }),
  z.strictObject({ said: z.literal('conflict') }),
]);
export type CreateLinkAnswer = z.infer<typeof createLinkAnswerSchema>;

/** Ends an order's link, or forbids one that was not made yet: who asks no longer wants the money. */
export const closeLinkSchema = z.strictObject({
  id: requestIdSchema,
  merchant: merchantSchema,
  order: orderSchema,
});
export type CloseLinkRequest = z.infer<typeof closeLinkSchema>;
export const closeLinkAnswerSchema = z.discriminatedUnion('said', [
  /** From now on nobody can pay. */
  z.strictObject({ said: z.literal('closed'), at }),
  /** Too late: it is paid, or being paid, and the result tells. */
  z.strictObject({ said: z.literal('refused'), code: z.enum(['paid', 'paying']) }),
  z.strictObject({ said: z.literal('conflict') }),
]);
export type CloseLinkAnswer = z.infer<typeof closeLinkAnswerSchema>;

/** The links' part of the gate (gateway/acquirer/links). */
export interface LinkVerbs {
  readonly createLink: Verb<CreateLinkRequest, CreateLinkAnswer>;
  readonly closeLink: Verb<CloseLinkRequest, CloseLinkAnswer>;
}
export type LinkGate = Gate<LinkVerbs>;

/** What became of a payment or a refund, told to whoever asked for it; deduplicated by `event`. */
export const acquirerResultSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('payment'),
    /** Unique: telling it twice changes nothing. */
    event: z.string(),
    id: paymentIdSchema,
    merchant: merchantSchema,
    order: orderSchema,
    amount_minor: z.int(),
    currency: currencySchema,
    answer: payAnswerSchema,
    at,
  }),
  z.strictObject({
    kind: z.literal('refund'),
    event: z.string(),
    id: requestIdSchema,
    payment: paymentIdSchema,
    merchant: merchantSchema,
    order: orderSchema,
    amount_minor: z.int(),
    currency: currencySchema,
    answer: refundAnswerSchema,
    at,
  }),
]);
export type AcquirerResult = z.infer<typeof acquirerResultSchema>;

/**
 * Takes a result inside the unit that decided it: in the same store the order centre itself, else an
 * outbox of webhooks.
 */
export type TellResult = (tx: Transaction, result: AcquirerResult) => void;
