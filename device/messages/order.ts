/**
 * The order and all that is said of it between terminal and gateway. The terminal mints the order
 * number and stores the order before it offers it; every retry carries the same number.
 */
import { z } from 'zod';
import {
  cardDebitSchema,
  cardKeysKeptSchema,
  cardPaymentSchema,
  cardReceiptSchema,
  cardVerdictSchema,
  hotlistSchema,
} from './card.ts';
import { dayPageSchema, dayReceiptSchema, dayWantedSchema } from './day.ts';
import {
  currencySchema,
  MAX_ORDER_MINOR,
  priceMinorSchema,
  sumMinor,
  timesMinor,
} from './money.ts';
import { orderNumberSchema } from './order-number.ts';
import {
  relayAnswerSchema,
  relayDeclinedSchema,
  relayEndSchema,
  relayGroupSchema,
  relayInviteSchema,
  relayWantedSchema,
  relayWithdrawSchema,
} from './relay.ts';
import {
  voucherLookedSchema,
  voucherLookSchema,
  voucherPaymentSchema,
  voucherRefusalSchema,
} from './voucher.ts';

/** `t-` and what the operator chose: letters, digits and hyphens, usable in an MQTT topic. */
export const terminalIdSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{1,30}$/);

/** Six digits that a person types on a phone; shown as `104 233`. */
export const terminalNumberSchema = z.string().regex(/^\d{6}$/, 'must be 6 digits');

/** WGS 84 degrees and a name that a payer recognises. */
export const placeSchema = z.strictObject({
  name: z.string().min(1).max(80),
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
  /** How far from the stall a phone may stand and still be at the stall. */
  radius_m: z.int().min(5).max(1000),
});

export const orderLineSchema = z.strictObject({
  /** What the bill calls it; absent for a bare amount. */
  name: z.string().min(1).max(60).optional(),
  /** Catalogue code, when the line was picked from the catalogue. */
  code: z.string().min(1).max(8).optional(),
  quantity: z.int().min(1).max(9999),
  unit_minor: priceMinorSchema,
});

export const orderSchema = z
  .strictObject({
    number: orderNumberSchema,
    terminal: terminalIdSchema,
    vendor: z.string().min(1).max(80),
    place: placeSchema,
    currency: currencySchema,
    amount_minor: priceMinorSchema,
    lines: z.array(orderLineSchema).min(1).max(50),
    /** Terminal's clock, ms since 1970; the gateway keeps its own time beside it. */
    made_at: z.int().min(0),
    /** How long it may be paid, from when the gateway records it. */
    lifetime_s: z.int().min(10).max(3600),
  })
  // Plain arithmetic: the rule also runs over lines that another rule has refused already.
  .refine(({ lines, amount_minor }) => plainTotal(lines) === amount_minor, {
    path: ['amount_minor'],
    message: 'must be the sum of the lines',
  });

export type Place = z.infer<typeof placeSchema>;
export type OrderLine = z.infer<typeof orderLineSchema>;
export type Order = z.infer<typeof orderSchema>;

const plainTotal = (lines: readonly OrderLine[]): number =>
  lines.reduce((total, { unit_minor, quantity }) => total + unit_minor * quantity, 0);

/** Sum of quantity × unit in minor units, or NaN where it is over {@link MAX_ORDER_MINOR}. */
export function linesTotal(lines: readonly OrderLine[]): number {
  const total = sumMinor(lines.map((line) => timesMinor(line.unit_minor, line.quantity)));
  return total <= MAX_ORDER_MINOR ? total : Number.NaN;
}

/** How an order ends; each is final. */
export const outcomeSchema = z.enum(['paid', 'declined', 'cancelled', 'expired']);
export type Outcome = z.infer<typeof outcomeSchema>;

/** Why an order was declined; a payer and a vendor are each told in their own words. */
export const declineReasonSchema = z.enum([
  'insufficient_funds',
  'account_blocked',
  'payer_not_verified',
]);
export type DeclineReason = z.infer<typeof declineReasonSchema>;

// ── Terminal → gateway ──────────────────────────────────────────────────────────────────────────

/** The terminal asks the gateway to end an order that it no longer offers. */
export const closeRequestSchema = z.strictObject({
  order: orderNumberSchema,
  because: z.enum(['cancelled', 'expired']),
});

/** The terminal has journalled a result: the gateway need not send it again. */
export const resultSeenSchema = z.strictObject({ order: orderNumberSchema });

/** The terminal has journalled a refund: the gateway need not send it again. */
export const refundSeenSchema = z.strictObject({
  order: orderNumberSchema,
  refund: z.string().min(1).max(64),
});

/** The vendor sends the paired phone away; names the pairing, so that a later one is not ended. */
export const unpairSchema = z.strictObject({ pairing: z.string().min(1).max(40) });

export const uplinkSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('order'), order: orderSchema }),
  z.strictObject({ kind: z.literal('close'), close: closeRequestSchema }),
  z.strictObject({ kind: z.literal('seen'), seen: resultSeenSchema }),
  z.strictObject({ kind: z.literal('unpair'), unpair: unpairSchema }),
  z.strictObject({ kind: z.literal('refund_seen'), seen: refundSeenSchema }),
  z.strictObject({ kind: z.literal('relay_wanted'), wanted: relayWantedSchema }),
  z.strictObject({ kind: z.literal('relay_answer'), answer: relayAnswerSchema }),
  z.strictObject({ kind: z.literal('relay_declined'), declined: relayDeclinedSchema }),
  z.strictObject({ kind: z.literal('card_payment'), payment: cardPaymentSchema }),
  z.strictObject({ kind: z.literal('card_unknown'), unknown: cardDebitSchema }),
  z.strictObject({ kind: z.literal('card_keys_kept'), kept: cardKeysKeptSchema }),
  z.strictObject({
    kind: z.literal('web_paid_seen'),
    seen: z.strictObject({ order: orderNumberSchema }),
  }),
  z.strictObject({ kind: z.literal('day'), day: dayPageSchema }),
  z.strictObject({ kind: z.literal('voucher'), voucher: voucherPaymentSchema }),
  z.strictObject({ kind: z.literal('voucher_look'), look: voucherLookSchema }),
]);
export type Uplink = z.infer<typeof uplinkSchema>;

// ── Gateway → terminal ──────────────────────────────────────────────────────────────────────────

/** What became of an order that the terminal sent: the terminal keeps it until it has this. */
export const receiptSchema = z.strictObject({
  order: orderNumberSchema,
  said: z.enum(['recorded', 'already_recorded', 'conflicts']),
  /** The first field that differs, where `said` is `conflicts`. */
  field: z.string().optional(),
});

/** Receipts that share one message. */
export const MAX_RECEIPTS = 100;

/** The one outcome of an order, sent after it was committed. */
export const resultSchema = z.strictObject({
  order: orderNumberSchema,
  outcome: outcomeSchema,
  reason: declineReasonSchema.optional(),
  amount_minor: priceMinorSchema,
  currency: currencySchema,
  /** When the gateway committed it, ms since 1970. */
  at: z.int().min(0),
  /** Payment reference that is on the payer's bill too; only where `outcome` is `paid`. */
  payment: z.string().max(40).optional(),
  /** Masked payer for the vendor's bill, such as `•••• 5678`. */
  payer: z.string().max(40).optional(),
});

/** Money of a paid order that went back, whole or in part, sent after it was committed. */
export const refundSchema = z.strictObject({
  order: orderNumberSchema,
  /** Unique: the same one twice is one. */
  refund: z.string().min(1).max(64),
  amount_minor: priceMinorSchema,
  /** Of the order so far, with this one. */
  refunded_minor: priceMinorSchema,
  currency: currencySchema,
  at: z.int().min(0),
});

/** A web order that a card paid at this terminal's reader, sent after it was committed. */
export const webPaidSchema = z.strictObject({
  order: orderNumberSchema,
  amount_minor: priceMinorSchema,
  currency: currencySchema,
  /** In the stall's language. */
  lines: z.array(orderLineSchema).min(1).max(50),
  at: z.int().min(0),
  /** As on the customer's page. */
  payment: z.string().max(60),
  /** Masked. */
  card: z.string().max(40),
});
export type WebPaid = z.infer<typeof webPaidSchema>;

/** Why one attempt to pay through a platform failed; the order stays open. */
export const attemptReasonSchema = z.enum([
  'insufficient_funds',
  'account_blocked',
  'account_locked',
  'payer_refused',
  'expired',
  'withdrawn',
  'platform_unreachable',
  'platform_refused',
]);
export type AttemptReason = z.infer<typeof attemptReasonSchema>;

/** How far the paired phone is with an order. It ends nothing: only a result does. */
export const attemptSchema = z.strictObject({
  order: orderNumberSchema,
  /** Counts the attempts of one order; 0 while the phone is only asked. */
  attempt: z.int().min(0),
  state: z.enum(['asked', 'paying', 'failed']),
  /** Only where it has failed. */
  reason: attemptReasonSchema.optional(),
  /** Masked. */
  payer: z.string().max(40),
});

/** The terminal's number and the phone that is paired with it, at each change and connection. */
export const pairingSchema = z.strictObject({
  number: terminalNumberSchema,
  /** Absent where no phone is paired. */
  paired: z
    .strictObject({
      pairing: z.string().min(1).max(40),
      /** Masked. */
      payer: z.string().max(40),
    })
    .optional(),
});

const downlinkBody = { terminal: terminalIdSchema, gateway_time: z.int().min(0) };

/**
 * A terminal that does not know a kind ignores it, and misses nothing that it waits for: what ends an
 * order is a result. A refund that an older one ignores is on the payer's bill and in the order's trail.
 * Every downlink names the terminal it is for, so that one signed for another is not believed, and
 * tells the gateway's time, which a terminal with a wrong clock uses for its QR and broadcast.
 */
export const downlinkSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('receipt'), ...downlinkBody, receipt: receiptSchema }),
  /** Several under one signature; a terminal that ignores them asks again, and hears them singly. */
  z.strictObject({
    kind: z.literal('receipts'),
    ...downlinkBody,
    receipts: z.array(receiptSchema).min(1).max(MAX_RECEIPTS),
  }),
  z.strictObject({ kind: z.literal('result'), ...downlinkBody, result: resultSchema }),
  z.strictObject({ kind: z.literal('refund'), ...downlinkBody, refund: refundSchema }),
  z.strictObject({ kind: z.literal('web_paid'), ...downlinkBody, paid: webPaidSchema }),
  /** A voucher that the terminal told does not pay; what pays is a result. */
  z.strictObject({
    kind: z.literal('voucher_refused'),
    ...downlinkBody,
    refused: voucherRefusalSchema,
  }),
  z.strictObject({
    kind: z.literal('voucher_looked'),
    ...downlinkBody,
    looked: voucherLookedSchema,
  }),
  z.strictObject({ kind: z.literal('time'), ...downlinkBody }),
  z.strictObject({ kind: z.literal('attempt'), ...downlinkBody, attempt: attemptSchema }),
  z.strictObject({ kind: z.literal('pairing'), ...downlinkBody, pairing: pairingSchema }),
  z.strictObject({ kind: z.literal('relay_invite'), ...downlinkBody, invite: relayInviteSchema }),
  z.strictObject({
    kind: z.literal('relay_withdraw'),
    ...downlinkBody,
    withdraw: relayWithdrawSchema,
  }),
  z.strictObject({ kind: z.literal('relay'), ...downlinkBody, group: relayGroupSchema }),
  z.strictObject({ kind: z.literal('relay_end'), ...downlinkBody, end: relayEndSchema }),
  z.strictObject({ kind: z.literal('card_receipt'), ...downlinkBody, receipt: cardReceiptSchema }),
  z.strictObject({ kind: z.literal('card_verdict'), ...downlinkBody, verdict: cardVerdictSchema }),
  z.strictObject({ kind: z.literal('hotlist'), ...downlinkBody, hotlist: hotlistSchema }),
  /** Keys of the house's cards, sealed to the terminal's secret; {@link cardKeysSchema} within. */
  z.strictObject({
    kind: z.literal('card_keys'),
    ...downlinkBody,
    sealed: z
      .string()
      .regex(/^[\w-]+$/)
      .max(1000),
  }),
  z.strictObject({ kind: z.literal('day_wanted'), ...downlinkBody, wanted: dayWantedSchema }),
  z.strictObject({ kind: z.literal('day_receipt'), ...downlinkBody, receipt: dayReceiptSchema }),
]);

export type CloseRequest = z.infer<typeof closeRequestSchema>;
export type Receipt = z.infer<typeof receiptSchema>;
export type Refund = z.infer<typeof refundSchema>;
export type Result = z.infer<typeof resultSchema>;
export type Attempt = z.infer<typeof attemptSchema>;
export type Pairing = z.infer<typeof pairingSchema>;
export type Downlink = z.infer<typeof downlinkSchema>;
