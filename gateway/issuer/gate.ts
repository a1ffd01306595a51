/**
 * What the issuer shows the others: who pays, and what is frozen, taken, given back. Every request
 * has an id of the caller's (at most 64 characters, unique for each caller): the same id with the
 * same body gives the same answer, with another body `conflict`.
 */
import { z } from 'zod';
import { currencySchema, priceMinorSchema } from '#device/messages/money.ts';
import { declineReasonSchema } from '#device/messages/order.ts';
import {
  voucherCodeSchema,
  voucherNumberSchema,
  voucherTroubleSchema,
} from '#device/messages/voucher.ts';
import type { Gate, Verb } from '../gate.ts';

export const requestIdSchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,64}$/, 'must be 1 to 64 visible ASCII characters');
const phoneSchema = z.string().regex(/^\+[1-9]\d{6,14}$/, 'must be a phone number in E.164 form');

/** Who pays, and how that is proved to the issuer. */
export const payerProofSchema = z.discriminatedUnion('by', [
  /** On the spot: the phone number and the PIN that only payer and issuer know. */
  z.strictObject({
    by: z.literal('pin'),
    phone: phoneSchema,
    pin: z.string().regex(/^\d{4,12}$/, 'must be 4 to 12 digits'),
  }),
  /** From afar: the acquirer has verified the payer, the issuer compares who that is. */
  z.strictObject({
    by: z.literal('identity'),
    name: z.string().min(1).max(80),
    identity_number: z.string().min(4).max(40),
    phone: phoneSchema,
  }),
  /** The fund server admitted the payer before; the issuer compares whose account that is. */
  z.strictObject({
    by: z.literal('account'),
    account: z.string().min(1).max(64),
    name: z.string().min(1).max(80),
  }),
  /** No account's: the fund server compares number and code. */
  z.strictObject({
    by: z.literal('voucher'),
    number: voucherNumberSchema,
    code: voucherCodeSchema,
    /** From afar: the number that its beneficiary must have registered. */
    phone: phoneSchema.optional(),
  }),
]);
export type PayerProof = z.infer<typeof payerProofSchema>;

/**
 * A proof that was presented to the gate before any unit begins, because comparing a PIN is slow on
 * purpose. It is good for that gate alone.
 */
export interface Presented {
  readonly proof: PayerProof;
}

const taking = {
  id: requestIdSchema,
  amount_minor: priceMinorSchema,
  currency: currencySchema,
  /** Whom it is for, as the payer's statement names them. */
  merchant: z.string().min(1).max(80),
  /** Order or voucher number, for the audit trail. */
  reference: z.string().min(1).max(64),
};
export const debitSchema = z.strictObject({ ...taking, payer: payerProofSchema });
export type DebitBody = z.infer<typeof debitSchema>;
export type DebitRequest = Omit<DebitBody, 'payer'> & { readonly payer: Presented };
/** The same words freeze the money: `authorise` now, `capture` or `release` later. */
export type AuthoriseRequest = DebitRequest;

/** Whether a payer is who they say, without any money; wrong PINs count as they do for a debit. */
export const admitSchema = z.strictObject({ payer: payerProofSchema });
export type AdmitBody = z.infer<typeof admitSchema>;
export interface AdmitRequest {
  readonly payer: Presented;
}

export const captureSchema = z.strictObject({
  id: requestIdSchema,
  authorisation: requestIdSchema,
  /** At most what was frozen; the rest is let go. */
  amount_minor: priceMinorSchema,
  /** The rest, where there is one, stays frozen as an authorisation of this name. */
  rest: requestIdSchema.optional(),
});
export type CaptureRequest = z.infer<typeof captureSchema>;
export const releaseSchema = z.strictObject({
  id: requestIdSchema,
  authorisation: requestIdSchema,
});
export type ReleaseRequest = z.infer<typeof releaseSchema>;
/** Undoes what `of` did, or will do: one that arrives later is refused. */
export const reverseSchema = z.strictObject({ id: requestIdSchema, of: requestIdSchema });
export type ReverseRequest = z.infer<typeof reverseSchema>;
export const issuerRefundSchema = z.strictObject({
  id: requestIdSchema,
  /** A debit, or an authorisation that was captured. */
  of: requestIdSchema,
  amount_minor: priceMinorSchema,
  /**
   * It goes back and is frozen in one: from then on authorisation `id` holds it, and what
   * `instead_of` held until then.
   */
  frozen: z
    .strictObject({ id: requestIdSchema, instead_of: requestIdSchema.optional() })
    .optional(),
});
export type IssuerRefundRequest = z.infer<typeof issuerRefundSchema>;

const at = z.int().min(0);
const conflictSchema = z.strictObject({ said: z.literal('conflict') });
/** For good: this payer can't pay this. `payer` is masked. */
export const declinedSchema = z.strictObject({
  said: z.literal('declined'),
  reason: declineReasonSchema,
  payer: z.string().optional(),
  /** Where funds are short because the account has none of that currency. */
  lacks_currency: z.literal(true).optional(),
});
/** Not admitted: nothing was decided, and the payer may try again under a new id. */
export const notAdmittedSchema = z.strictObject({
  said: z.literal('not_admitted'),
  code: z.enum(['wrong_pin', 'account_locked']),
  tries_left: z.int().optional(),
  retry_at: at.optional(),
});
export type NotAdmitted = z.infer<typeof notAdmittedSchema>;
/** Only the fund server says so: nothing was taken, and the order may be paid otherwise. */
export const voucherRefusedSchema = z.strictObject({
  said: z.literal('voucher_refused'),
  reason: voucherTroubleSchema,
  tries_left: z.int().optional(),
  retry_at: at.optional(),
});
export type VoucherRefused = z.infer<typeof voucherRefusedSchema>;
/** `code` says what stands against it. */
export const refusedSchema = z.strictObject({
  said: z.literal('refused'),
  code: z.enum([
    'unknown_request',
    'reversed',
    'released',
    'captured',
    'too_much',
    'account_closed',
  ]),
  /** What could still be taken or given back, where it was `too_much`. */
  left_minor: z.int().optional(),
});

export const debitAnswerSchema = z.discriminatedUnion('said', [
  z.strictObject({ said: z.literal('debited'), payer: z.string(), at }),
  declinedSchema,
  notAdmittedSchema,
  voucherRefusedSchema,
  refusedSchema,
  conflictSchema,
]);
export type DebitAnswer = z.infer<typeof debitAnswerSchema>;
export const authoriseAnswerSchema = z.discriminatedUnion('said', [
  z.strictObject({
    said: z.literal('authorised'),
    /** What capture and release name: the request's own id. */
    authorisation: requestIdSchema,
    payer: z.string(),
    at,
  }),
  declinedSchema,
  notAdmittedSchema,
  refusedSchema,
  conflictSchema,
]);
export type AuthoriseAnswer = z.infer<typeof authoriseAnswerSchema>;

export const admitAnswerSchema = z.discriminatedUnion('said', [
  /** `account` is the issuer's own name of it, the same each time; `payer` is masked. */
  z.strictObject({ said: z.literal('admitted'), account: z.string(), payer: z.string() }),
  declinedSchema,
  notAdmittedSchema,
]);
export type AdmitAnswer = z.infer<typeof admitAnswerSchema>;

const done = <Said extends string>(said: Said) =>
  z.discriminatedUnion('said', [
    z.strictObject({ said: z.literal(said), amount_minor: z.int().min(0), at }),
    refusedSchema,
    conflictSchema,
  ]);
export const captureAnswerSchema = done('captured');
export type CaptureAnswer = z.infer<typeof captureAnswerSchema>;
export const releaseAnswerSchema = done('released');
export type ReleaseAnswer = z.infer<typeof releaseAnswerSchema>;
/** `amount_minor` is what went back to the payer: 0 where there was nothing to undo (yet). */
export const reverseAnswerSchema = done('reversed');
export type ReverseAnswer = z.infer<typeof reverseAnswerSchema>;
export const issuerRefundAnswerSchema = done('refunded');
export type IssuerRefundAnswer = z.infer<typeof issuerRefundAnswerSchema>;

export const issuerStatusSchema = z.discriminatedUnion('said', [
  z.strictObject({ said: z.literal('unknown') }),
  z.strictObject({
    said: z.literal('answered'),
    kind: z.enum(['authorise', 'capture', 'release', 'debit', 'reverse', 'refund']),
    /** The answer that the request got. */
    answer: z.looseObject({ said: z.string() }),
    /** Whether it was undone since. */
    reversed: z.boolean(),
  }),
]);
export type IssuerStatus = z.infer<typeof issuerStatusSchema>;

export interface IssuerVerbs {
  readonly admit: Verb<AdmitRequest, AdmitAnswer>;
  readonly authorise: Verb<AuthoriseRequest, AuthoriseAnswer>;
  readonly capture: Verb<CaptureRequest, CaptureAnswer>;
  readonly release: Verb<ReleaseRequest, ReleaseAnswer>;
  /** Authorise and capture in one. */
  readonly debit: Verb<DebitRequest, DebitAnswer>;
  readonly reverse: Verb<ReverseRequest, ReverseAnswer>;
  readonly refund: Verb<IssuerRefundRequest, IssuerRefundAnswer>;
  readonly status: Verb<string, IssuerStatus>;
}

export interface IssuerPresents {
  /** To be done once, before the unit or the call that uses it. */
  present(proof: PayerProof): Promise<Presented>;
}

export type IssuerGate = Gate<IssuerVerbs> & IssuerPresents;
