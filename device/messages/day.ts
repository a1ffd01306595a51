/**
 * The end of a business day, between terminal and gateway: what the terminal says of it, line by line,
 * and what the gateway found on comparing that with its own books.
 *
 *   day (page 0) ─▶   ◀─ day_wanted (page 1)   day (page 1) ─▶ …   ◀─ day_receipt
 */
import { z } from 'zod';
import { cardIdSchema } from './card.ts';
import { currencySchema } from './money.ts';
import { orderNumberSchema } from './order-number.ts';

const counterSchema = z.int().min(1).max(0xffff_ffff);
const minorSchema = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const countSchema = z.int().min(0);
const refundIdSchema = z.string().min(1).max(64);

/** How an order was to be paid: another way of paying is another word. */
export const waySchema = z.string().regex(/^[a-z_]{1,20}$/);
/** What payments begin with that no phone made: of a card, and since they count of their own, a voucher. */
export const CARD_PAYMENT = 'CARD-';
export const VOUCHER_PAYMENT = 'VCH-';

/** How an order was paid, by its payment's number; those of vouchers from before were a phone's. */
export function wayOfPayment(payment: string | null | undefined): 'phone' | 'card' | 'voucher' {
  if (payment?.startsWith(CARD_PAYMENT) === true) return 'card';
  return payment?.startsWith(VOUCHER_PAYMENT) === true ? 'voucher' : 'phone';
}

/** How an order ended at the terminal; `conflicts`: the gateway held another one of its number. */
export const dayOutcomeSchema = z.enum(['paid', 'declined', 'cancelled', 'expired', 'conflicts']);
export type DayOutcome = z.infer<typeof dayOutcomeSchema>;

export const dayLineSchema = z.discriminatedUnion('is', [
  /** An order that ended in this day. */
  z.strictObject({
    is: z.literal('order'),
    order: orderNumberSchema,
    way: waySchema,
    outcome: dayOutcomeSchema,
    amount_minor: minorSchema,
  }),
  /** A transaction that a card committed. */
  z.strictObject({
    is: z.literal('card'),
    card: cardIdSchema,
    counter: counterSchema,
    order: orderNumberSchema,
    amount_minor: minorSchema,
    /** `false`: taken for an order that had ended; owed back to the card. */
    sold: z.boolean(),
  }),
  /** Money of an order that went back. */
  z.strictObject({
    is: z.literal('refund'),
    order: orderNumberSchema,
    refund: refundIdSchema,
    amount_minor: minorSchema,
  }),
  /** An order of which something is still to come: it belongs to a later day. */
  z.strictObject({ is: z.literal('open'), order: orderNumberSchema }),
]);
export type DayLine = z.infer<typeof dayLineSchema>;

/** Lines of one message: so many are half of what the gateway takes at once. */
export const DAY_PAGE = 250;

export const dayTotalSchema = z.strictObject({
  outcome: dayOutcomeSchema,
  way: waySchema,
  count: countSchema,
  sum_minor: minorSchema,
});

/** What names a day: a terminal that has lost its journal begins another book. */
export const dayNameSchema = z.strictObject({
  book: orderNumberSchema,
  /** From 1 in each book. */
  number: z.int().min(1),
});

export const dayHeadSchema = z.strictObject({
  ...dayNameSchema.shape,
  currency: currencySchema,
  /** Terminal's clock, ms since 1970: when the day before was closed, or the first order made. */
  from: z.int().min(0),
  to: z.int().min(0),
  /** What the terminal takes for the gateway's clock at the close. */
  gateway_to: z.int(),
  totals: z.array(dayTotalSchema).max(200),
  refunds: z.strictObject({ count: countSchema, sum_minor: minorSchema }),
  /** What cards committed, sold or not. */
  cards: z.strictObject({ count: countSchema, sum_minor: minorSchema }),
  open: countSchema,
  /** Lines of all pages, and the SHA-256 over them (`digestLines`). */
  lines: countSchema,
  digest: z.string().regex(/^[\w-]{43}$/),
  /** Digest of the day before, or of nothing: a day that is taken out shows. */
  before: z.string().regex(/^[\w-]{43}$/),
  /** Chain of the terminal's journal at the close; every line before it is under it. */
  head: z.string().max(64),
});
export type DayHead = z.infer<typeof dayHeadSchema>;
export type DayTotal = z.infer<typeof dayTotalSchema>;
export type DayName = z.infer<typeof dayNameSchema>;

/** A whole day, as the terminal's journal has it. */
export const dayStatementSchema = z.strictObject({
  head: dayHeadSchema,
  lines: z.array(dayLineSchema),
});
export type DayStatement = z.infer<typeof dayStatementSchema>;

/** One message of it; pages count from 0. */
export const dayPageSchema = z.strictObject({
  head: dayHeadSchema,
  page: countSchema,
  lines: z.array(dayLineSchema).max(DAY_PAGE),
});
export type DayPage = z.infer<typeof dayPageSchema>;

/** What the gateway still wants; one page behind the last: it has all, and is comparing. */
export const dayWantedSchema = z.strictObject({ ...dayNameSchema.shape, page: countSchema });
export type DayWanted = z.infer<typeof dayWantedSchema>;

/** Where terminal and gateway do not agree, each by its name. */
export const dayDifferenceKindSchema = z.enum([
  'missing_at_gateway',
  'missing_at_terminal',
  'outcome_differs',
  'amount_differs',
  'way_differs',
  /** One order, card transaction or refund stands twice in the terminal's days. */
  'twice',
  /** The terminal's totals are not those of its lines. */
  'totals_differ',
]);
export type DayDifferenceKind = z.infer<typeof dayDifferenceKindSchema>;

export const dayDifferenceSchema = z.strictObject({
  kind: dayDifferenceKindSchema,
  of: z.enum(['order', 'card', 'refund', 'day']),
  /** Order number, `card-counter`, id of the refund, or number of the day. */
  name: z.string().min(1).max(100),
  /** The order that it is about, where that is not its name. */
  order: orderNumberSchema.optional(),
  /** What each of the two says, in words of this interface or minor units. */
  terminal: z.string().max(60).optional(),
  gateway: z.string().max(60).optional(),
});
export type DayDifference = z.infer<typeof dayDifferenceSchema>;

/** Differences that one receipt names; the gateway's own report names all. */
export const RECEIPT_DIFFERENCES = 30;

export const dayReceiptSchema = z.strictObject({
  ...dayNameSchema.shape,
  /** Of the statement that was compared. */
  digest: dayHeadSchema.shape.digest,
  /** Nothing differs, or no longer. */
  agreed: z.boolean(),
  /** Of all that were found, those that are so still, and those that were mended since. */
  differing: countSchema,
  healed: countSchema,
  differences: z.array(dayDifferenceSchema).max(RECEIPT_DIFFERENCES),
  /** Gateway's clock, ms since 1970: when it was compared, or mended last. */
  at: z.int().min(0),
});
export type DayReceipt = z.infer<typeof dayReceiptSchema>;
