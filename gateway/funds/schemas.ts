/** What parties say to the fund server, and what they hear of a voucher. */
import { z } from 'zod';
import { currencySchema, priceMinorSchema } from '#device/messages/money.ts';
import {
  voucherClaimsSchema,
  voucherCodeSchema,
  voucherNumberSchema,
  voucherStateSchema,
  voucherTermsSchema,
} from '#device/messages/voucher.ts';
import { pinSchema } from '../web/requests.ts';

export const partyIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,29}$/, 'must be 1 to 30 small letters, digits and hyphens');
const at = z.int().min(0);

/** Whatever a party is shown of another must not turn a line around or leave it. */
const lineSchema = z
  .string()
  .trim()
  .regex(/^[^\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]*$/u, 'must have no control characters');

export const memoSchema = lineSchema.max(140);
/** Stands on pages and paper, in what is signed of a voucher, and on terminals' screens. */
export const partyNameSchema = lineSchema.min(1).max(80);

export const createVoucherSchema = z.strictObject({
  /** Who is asked to pay; the caller is the issuing party. */
  paying: partyIdSchema,
  beneficiary: partyIdSchema,
  amount_minor: priceMinorSchema,
  currency: currencySchema,
  terms: voucherTermsSchema,
  memo: memoSchema.default(''),
  /** ms since 1970: at least a minute from now, at most five years. */
  expires_at: at,
});
export type CreateVoucher = z.output<typeof createVoucherSchema>;

/** The account at the issuer: phone number and PIN prove it, the name is compared on verification. */
export const nameAccountSchema = z.strictObject({
  phone: z.string().min(4).max(30),
  pin: pinSchema,
  name: z.string().trim().min(1).max(80),
});
/** Phone number and PIN of the account at the issuer: they prove whose number it is. */
export const registerPhoneSchema = nameAccountSchema.omit({ name: true });
export const registeredPhoneSchema = z.strictObject({
  party: partyIdSchema,
  /** Masked. */
  phone: z.string(),
});

export const redeemSchema = z.strictObject({
  amount_minor: priceMinorSchema,
  currency: currencySchema,
});
export const transferSchema = z.strictObject({ beneficiary: partyIdSchema });

/** What a party adds to an action; most take nothing. */
export interface ActInput {
  readonly account?: z.output<typeof nameAccountSchema>;
  readonly redeem?: z.output<typeof redeemSchema>;
  readonly transfer?: z.output<typeof transferSchema>;
}

const partySchema = z.strictObject({ id: partyIdSchema, name: z.string() });

export const voucherViewSchema = z.strictObject({
  number: voucherNumberSchema,
  state: voucherStateSchema,
  issuing: partySchema,
  paying: partySchema,
  beneficiary: partySchema,
  amount_minor: z.int(),
  redeemed_minor: z.int(),
  /** What is held on the paying party's account for it. */
  frozen_minor: z.int(),
  currency: currencySchema,
  terms: voucherTermsSchema,
  memo: z.string(),
  created_at: at,
  expires_at: at,
  issued_at: at.optional(),
  ended_at: at.optional(),
  /** Masked; for issuing and paying party. */
  account: z.string().optional(),
  /** How often the account may still be changed, until it is issued. */
  changes_left: z.int().optional(),
  /** Why the last account was rejected. */
  trouble: z.string().optional(),
  /** Signed, once it is issued: a JWS. */
  token: z.string().optional(),
  /** The same in few characters, for a QR code: the path after `/V/`. */
  qr: z.string().optional(),
  /** For the beneficiary alone: proves it at a till. */
  code: voucherCodeSchema.optional(),
  /** What the caller may do now. */
  may: z.array(z.string()),
});
export type VoucherView = z.infer<typeof voucherViewSchema>;
export type VoucherOutline = Omit<VoucherView, 'token' | 'qr' | 'code'>;

export const voucherListSchema = z.strictObject({
  vouchers: z.array(voucherViewSchema),
  /** For the next page: `before`. */
  next: at.optional(),
});

export const voucherEventSchema = z.strictObject({
  at,
  /** Id of the party, or `fund_server`. */
  by: z.string(),
  /** Of the table in docs/voucher.md; `ask` where it began, `give_back` where a till gave back. */
  action: z.string(),
  /** What it led to. */
  state: voucherStateSchema,
  amount_minor: z.int().optional(),
  /** Why an account was rejected. */
  reason: z.string().optional(),
  /** Masked; for issuing and paying party. */
  account: z.string().optional(),
  /** Of what was captured or given back: `party`, `acquirer`, `voucher`, `payer`; of a transfer: whom. */
  to: z.string().optional(),
  /** Which party, where `to` is one. */
  party: z.string().optional(),
});
export type VoucherEvent = z.infer<typeof voucherEventSchema>;
export const voucherHistorySchema = z.strictObject({
  number: voucherNumberSchema,
  events: z.array(voucherEventSchema),
});

export const balancesSchema = z.strictObject({
  party: partyIdSchema,
  /** What was redeemed on the web, or came back from a till. */
  balances: z.array(z.strictObject({ currency: currencySchema, amount_minor: z.int() })),
});

export const entriesQuerySchema = z.strictObject({
  currency: currencySchema,
  before: z.coerce.number().int().min(1).optional(),
});
export const entriesSchema = z.strictObject({
  party: partyIdSchema,
  currency: currencySchema,
  /** The newest first. */
  entries: z.array(
    z.strictObject({
      at,
      /** `given_back` by a till, where the voucher is another's since or could not be refilled. */
      what: z.enum(['redeemed', 'given_back']),
      voucher: voucherNumberSchema,
      amount_minor: z.int(),
      /** What the balance was by that. */
      balance_minor: z.int(),
    }),
  ),
  /** For the next page: `before`. */
  next: at.optional(),
});
export type Entries = z.infer<typeof entriesSchema>;

export const checkSchema = z.strictObject({ token: z.string().min(1).max(2000) });
export const checkedSchema = z.discriminatedUnion('said', [
  z.strictObject({
    said: z.literal('genuine'),
    claims: voucherClaimsSchema,
    state: voucherStateSchema,
    /** 0 where nothing can be had of it any more by this one. */
    left_minor: z.int(),
    /** It was passed on since: the newer one is good. */
    superseded: z.boolean(),
  }),
  z.strictObject({ said: z.literal('forged') }),
]);
export type Checked = z.infer<typeof checkedSchema>;

/** What a till asks before it redeems: with what vouchers are verified, and what is true of one. */
export const voucherLookUpSchema = z.strictObject({ token: checkSchema.shape.token.optional() });
export type VoucherLookUp = z.infer<typeof voucherLookUpSchema>;
/** The key is Ed25519, base64url; `null` where the house has no vouchers. */
export const voucherLookedUpSchema = z.strictObject({
  key: z.string().nullable(),
  voucher: checkedSchema.nullable(),
});
export type VoucherLookedUp = z.infer<typeof voucherLookedUpSchema>;

export const addPartySchema = z.strictObject({
  id: partyIdSchema,
  name: partyNameSchema,
  /** For the pages; without it the party has none. */
  password: z.string().min(8).max(200).optional(),
  /** E.164: the number whose orders its vouchers pay by link; the party may register one itself. */
  phone: z
    .string()
    .regex(/^\+[1-9]\d{6,14}$/, 'must be a phone number in E.164 form')
    .optional(),
});
export const addedPartySchema = z.strictObject({ id: partyIdSchema, token: z.string() });
/** Without a password the one that it has stays. */
export const renewPartySchema = addPartySchema.pick({ password: true });
