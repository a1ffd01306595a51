/**
 * Paying by stored-value card, between terminal and settlement. The terminal debits the card by
 * itself, with or without network, and tells afterwards, as often as it takes:
 *
 *   order ─▶   card_payment ─▶ … ◀─ card_receipt                     the debit is committed
 *   order ─▶   close ─▶   card_unknown ─▶ … ◀─ card_receipt (noted)  nobody here knows
 *                                     … ◀─ card_verdict              once it is known
 *   ◀─ hotlist                                                       at each connection and change
 */
import { z } from 'zod';
import { currencySchema, priceMinorSchema } from './money.ts';
import { orderNumberSchema } from './order-number.ts';

/** `HC` and sixteen Crockford base-32 digits by chance: the house's own, never a payment card's. */
export const cardIdSchema = z
  .string()
  .regex(/^HC[0-9A-HJKMNP-TV-Z]{16}$/, 'must be HC and 16 Crockford base-32 digits');

/** Seven bytes, lower-case hex. Anyone can fake it: the keys diversified by it prove it. */
export const cardUidSchema = z.string().regex(/^[0-9a-f]{14}$/, 'must be 7 bytes in hex');

/**
 * The card's Transaction MAC value: 8 bytes, base64url. (In hex it would now and then be sixteen
 * digits that look like a payment card's number, which the gateway takes from nobody.)
 */
export const transactionMacSchema = z.string().regex(/^[\w-]{11}$/, 'must be 8 bytes in base64url');

/** What was written to the card's log: 32 bytes, hex. */
export const logRecordSchema = z.string().regex(/^[0-9a-f]{64}$/, 'must be 32 bytes in hex');

const counterSchema = z.int().min(0).max(0xffff_ffff);
const balanceSchema = z.int().min(0).max(0x7fff_ffff);

/** One try to debit one card for one order, as it stood before the debit was sent. */
export const cardDebitSchema = z.strictObject({
  order: orderNumberSchema,
  card: cardIdSchema,
  uid: cardUidSchema,
  amount_minor: priceMinorSchema,
  currency: currencySchema,
  /** Transaction MAC counter; a committed debit makes it one more. */
  counter_before: counterSchema,
  balance_before_minor: balanceSchema,
  /**
   * The card's last Transaction MAC as it was read before the debit: where the transaction before this
   * one is in doubt, it tells settlement what that was.
   */
  mac_before: transactionMacSchema.optional(),
  record: logRecordSchema,
  /** Terminal's clock, ms since 1970. */
  at: z.int().min(0),
  /** The gateway could not be reached. */
  offline: z.boolean(),
});

/** A committed debit. */
export const cardPaymentSchema = cardDebitSchema
  .omit({ counter_before: true, balance_before_minor: true })
  .extend({
    /** Transaction MAC counter after it. */
    counter: counterSchema.min(1),
    /** Absent where it was found in the card's log after the card's next transaction. */
    mac: transactionMacSchema.optional(),
    balance_after_minor: balanceSchema,
    /**
     * The vendor was told "paid" and the goods are gone: the order is paid, also where the gateway's
     * own clock had it expired. `false`: the order was given up before the debit was proved; its
     * amount is owed back to the card.
     */
    sold: z.boolean(),
  });

/** What became of a `card_payment` or (`noted`) of a `card_unknown`: it need not be sent again. */
export const cardReceiptSchema = z.strictObject({
  order: orderNumberSchema,
  card: cardIdSchema,
  /** The payment's counter; of an unknown, its counter before. */
  counter: counterSchema,
  said: z.enum(['posted', 'already_posted', 'noted', 'refused']),
  /** One sentence, where `said` is `refused`. */
  reason: z.string().min(1).max(200).optional(),
});

/** Whether a debit that the terminal told as unknown was committed. */
export const cardVerdictSchema = z.strictObject({
  order: orderNumberSchema,
  card: cardIdSchema,
  counter_before: counterSchema,
  committed: z.boolean(),
});

/** Most cards that a terminal keeps as blocked. */
export const HOTLIST_LIMIT = 2000;

/**
 * Cards that no terminal takes. Where not `full`, `entries` are added to version − 1 and `removed`
 * taken off it; a terminal that has another version waits for the next full one.
 */
export const hotlistSchema = z.strictObject({
  /** Grows with each change. */
  version: z.int().min(0),
  full: z.boolean(),
  entries: z.array(cardIdSchema).max(HOTLIST_LIMIT),
  removed: z.array(cardIdSchema).max(HOTLIST_LIMIT).default([]),
  /** Gateway's clock, ms since 1970: how old a terminal's list is counts from here. */
  issued_at: z.int().min(0),
});

/** How far a terminal goes without the gateway; what is over it is refused in words. */
export const offlineLimitsSchema = z.strictObject({
  /** Of one payment. */
  amount_minor: z.int().min(0).default(5_000),
  /** Payments that the gateway has not posted yet. */
  count: z.int().min(0).max(1000).default(20),
  /** Their sum. */
  sum_minor: z.int().min(0).default(50_000),
  /** How old the list of blocked cards may be. */
  hotlist_age_s: z.int().min(0).default(86_400),
});

const masterKeySchema = z.string().regex(/^[\w-]{22}$/, 'must be 16 bytes in base64url');

const versionedKeysSchema = z.strictObject({
  debit: masterKeySchema,
  read: masterKeySchema,
  key_version: z.int().min(0).max(255),
});

/**
 * Master keys of an identity's or a renewal's answer, where there is a settlement: what each card's
 * own key is diversified from. A terminal has no other, and keeps these sealed.
 */
export const cardKeysSchema = versionedKeysSchema.extend({
  /** When these versions became the ones that count, ms since 1970: an older set changes nothing. */
  set_at: z.int().min(0).default(0),
  /** Of cards that have not been given the newest yet; what is missing is taken no more. */
  older: z.array(versionedKeysSchema).max(8).optional(),
});

/** The terminal has sealed them, all versions of that set. */
export const cardKeysKeptSchema = z.strictObject({
  key_version: z.int().min(0).max(255),
  set_at: z.int().min(0),
});

export type CardDebit = z.infer<typeof cardDebitSchema>;
export type CardPayment = z.infer<typeof cardPaymentSchema>;
export type CardReceipt = z.infer<typeof cardReceiptSchema>;
export type CardVerdict = z.infer<typeof cardVerdictSchema>;
export type Hotlist = z.infer<typeof hotlistSchema>;
export type OfflineLimits = z.infer<typeof offlineLimitsSchema>;
export type CardKeys = z.infer<typeof cardKeysSchema>;
export type CardKeysKept = z.infer<typeof cardKeysKeptSchema>;
