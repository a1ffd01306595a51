/**
 * What the fund server shows the acquirer: a till takes from a voucher as it takes from an account, in
 * the issuer's words. The payer's proof is number and code.
 */
import { z } from 'zod';
import { currencySchema, priceMinorSchema } from '#device/messages/money.ts';
import type { Gate, Verb } from '../gate.ts';
import { type IssuerVerbs, payerProofSchema, voucherRefusedSchema } from '../issuer/gate.ts';
import type { VoucherLookedUp, VoucherLookUp } from './schemas.ts';

/** Whether a voucher would pay so much from afar: number, code and its beneficiary's phone. */
export const voucherAdmitSchema = z.strictObject({
  payer: payerProofSchema,
  amount_minor: priceMinorSchema,
  currency: currencySchema,
  /** The order: wrong codes count for it. */
  reference: z.string().min(1).max(64),
});
export type VoucherAdmit = z.output<typeof voucherAdmitSchema>;
export const voucherAdmittedSchema = z.discriminatedUnion('said', [
  z.strictObject({ said: z.literal('admitted') }),
  voucherRefusedSchema,
  /** Number and code are right, and another phone number is registered than the order's. */
  z.strictObject({ said: z.literal('other_phone') }),
  /** Its beneficiary has registered none. */
  z.strictObject({ said: z.literal('unregistered') }),
]);
export type VoucherAdmitted = z.infer<typeof voucherAdmittedSchema>;

export type TillVerbs = Pick<IssuerVerbs, 'debit' | 'reverse' | 'refund' | 'status'> & {
  /** Takes nothing; each wrong code counts. */
  readonly admit: Verb<VoucherAdmit, VoucherAdmitted>;
};
export type FundVerbs = TillVerbs & {
  /** Takes nothing, and counts nothing. */
  readonly lookUp: Verb<VoucherLookUp, VoucherLookedUp>;
};
export type FundGate = Gate<FundVerbs>;
