/** The issuer's accounts in the ledger: what it owes to payers and to whoever asks it for money. */
import { type Currency, currencySchema } from '#device/messages/money.ts';
import type { Posting } from '../ledger/ledger.ts';

export const payerAccount = (payer: string, currency: Currency): string =>
  `issuer:payer:${payer}:${currency}`;

/** Where opening balances come from: money that payers brought in. */
export const fundingAccount = (currency: Currency): string => `issuer:funding:${currency}`;

/** What the issuer owes to an organisation that it has debited payers for. */
export const dueAccount = (caller: string, currency: Currency): string =>
  `issuer:due:${caller}:${currency}`;

/** The credit of what is owed to `caller`, or with a negative amount its debit. */
export const duePosting = (caller: string, currency: Currency, amountMinor: number): Posting => ({
  account: dueAccount(caller, currency),
  amount_minor: amountMinor,
  opens: { kind: 'liability', currency, floor_minor: 0 },
});

/** The hold of an authorisation. */
export const holdOf = (caller: string, id: string): string => `issuer:hold:${caller}:${id}`;

/** Currency of an account id, which ends in it. */
export const currencyOf = (account: string): Currency =>
  currencySchema.parse(account.slice(account.lastIndexOf(':') + 1));
