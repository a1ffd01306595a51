/**
 * The words of an electronic voucher: money frozen on the paying party's account, which the
 * beneficiary redeems. Fund server, parties and terminals use the same ones.
 */
import { z } from 'zod';
import { currencySchema, priceMinorSchema } from './money.ts';
import { orderNumberSchema } from './order-number.ts';

/** Twelve digits, the last a check digit: too few to be taken for a card's number. */
export const voucherNumberSchema = z.string().regex(/^\d{12}$/, 'must be 12 digits');

/** What the beneficiary proves itself by at a till; another one after each transfer. */
export const voucherCodeSchema = z.string().regex(/^\d{6}$/, 'must be 6 digits');

export const voucherStateSchema = z.enum([
  'asked',
  'agreed',
  'refused',
  'requested',
  'named',
  'verifying',
  'changing',
  'issued',
  'redeeming',
  'refilling',
  'cancel_asked',
  'redeemed',
  'cancelled',
  'expired',
]);
export type VoucherState = z.infer<typeof voucherStateSchema>;

export const voucherTermsSchema = z.strictObject({
  /** Whether the beneficiary may pass it on. */
  transferable: z.boolean(),
  /** Whether it may be redeemed in parts. */
  partial: z.boolean(),
});
export type VoucherTerms = z.infer<typeof voucherTermsSchema>;

const nameSchema = z.string().min(1).max(80);

/**
 * What is signed of a voucher, so that it can be checked without a connection. What was redeemed of it
 * meanwhile, and whether it was passed on, only the fund server knows.
 */
export const voucherClaimsSchema = z.strictObject({
  v: z.literal(1),
  number: voucherNumberSchema,
  amount_minor: priceMinorSchema,
  currency: currencySchema,
  issuing: nameSchema,
  paying: nameSchema,
  beneficiary: nameSchema,
  terms: voucherTermsSchema,
  /** ms since 1970. */
  issued_at: z.int().min(0),
  expires_at: z.int().min(0),
  /** How often it was passed on: of two with one number the higher is good. */
  serial: z.int().min(0),
});
export type VoucherClaims = z.infer<typeof voucherClaimsSchema>;

/** The terminal pays its open order by voucher; the order's result, or a refusal, follows. */
export const voucherPaymentSchema = z.strictObject({
  /** Minted by the terminal: the same one again is the same payment. */
  id: z.string().regex(/^[0-9A-Z]{16,32}$/),
  order: orderNumberSchema,
  number: voucherNumberSchema,
  code: voucherCodeSchema,
});
export type VoucherPayment = z.infer<typeof voucherPaymentSchema>;

/** Why a voucher does not pay; the order stays open. */
export const voucherTroubleSchema = z.enum([
  /** Number and code do not belong together, or there is no such voucher. */
  'wrong_code',
  /** Too many wrong codes. */
  'locked',
  /** It is not issued, or was redeemed, cancelled or is expired. */
  'not_good',
  'too_small',
  /** It can only be redeemed as a whole. */
  'whole_only',
  'other_currency',
  /** Something else of it is being decided. */
  'busy',
]);
export type VoucherTrouble = z.infer<typeof voucherTroubleSchema>;

/** The answer to a {@link VoucherPayment} that pays nothing. */
export const voucherRefusalSchema = z.strictObject({
  id: voucherPaymentSchema.shape.id,
  order: orderNumberSchema,
  reason: voucherTroubleSchema,
});
export type VoucherRefusal = z.infer<typeof voucherRefusalSchema>;

/** The terminal asks what vouchers are verified with and, with `token`, what is true of one. */
export const voucherLookSchema = z.strictObject({
  id: voucherPaymentSchema.shape.id,
  /** What is signed of it, in either form. */
  token: z.string().min(1).max(2000).optional(),
});
export type VoucherLook = z.infer<typeof voucherLookSchema>;

/** The answer to a {@link VoucherLook}; it takes nothing. */
export const voucherLookedSchema = z.strictObject({
  id: voucherPaymentSchema.shape.id,
  /** The fund server's Ed25519 key, base64url; `null` where the house has no vouchers. */
  key: z
    .string()
    .regex(/^[\w-]{43}$/)
    .nullable(),
  /** `null` where none was asked for. */
  voucher: z
    .discriminatedUnion('said', [
      z.strictObject({
        said: z.literal('genuine'),
        state: voucherStateSchema,
        left_minor: z.int().min(0),
        /** It was passed on since: the newer one is good. */
        superseded: z.boolean(),
      }),
      z.strictObject({ said: z.literal('forged') }),
    ])
    .nullable(),
});
export type VoucherLooked = z.infer<typeof voucherLookedSchema>;
