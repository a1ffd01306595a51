/**
 * What the fund server shows the acquirer: a till takes from a voucher as it takes from an account, in
 * the issuer's words. The payer's proof is number and code; what goes back goes to the beneficiary.
 */
import type { Gate } from '../gate.ts';
import type { IssuerVerbs } from '../issuer/gate.ts';

export type FundVerbs = Pick<IssuerVerbs, 'debit' | 'reverse' | 'refund' | 'status'>;
export type FundGate = Gate<FundVerbs>;
