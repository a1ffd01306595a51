/** The fund server's accounts: what the issuer owes it, and it to beneficiaries and the acquirer. */
import type { Currency } from '#device/messages/money.ts';
import { type Posting, post, type TransferKind } from '../ledger/ledger.ts';
import type { Transaction } from '../store/writer.ts';

/** What a party has redeemed, or got back, and was not paid out. */
export const partyAccount = (party: string, currency: Currency): string =>
  `funds:party:${party}:${currency}`;
export const acquirerDue = (currency: Currency): string => `funds:due:acquirer:${currency}`;
export const issuerDue = (currency: Currency): string => `funds:due:issuer:${currency}`;

const owed = (account: string, currency: Currency, amount_minor: number): Posting => ({
  ...{ account, amount_minor },
  opens: { kind: 'liability', currency, floor_minor: 0 },
});

interface Move {
  readonly reference: string;
  readonly voucher: string;
  readonly currency: Currency;
  readonly amount_minor: number;
  readonly at: number;
}

/** What was captured of a voucher is owed to `account`. */
export function postCapture(tx: Transaction, account: string, move: Move): void {
  const { currency, amount_minor } = move;
  postMove(tx, 'capture', move, [
    {
      ...{ account: issuerDue(currency), amount_minor: -amount_minor },
      opens: { kind: 'asset', currency, floor_minor: null },
    },
    owed(account, currency, amount_minor),
  ]);
}

/** What a till took goes back to the paying party's account, frozen again or not. */
export function postReturn(tx: Transaction, kind: 'refund' | 'reversal', move: Move): void {
  const { currency, amount_minor } = move;
  postMove(tx, kind, move, [
    {
      ...{ account: issuerDue(currency), amount_minor },
      opens: { kind: 'asset', currency, floor_minor: null },
    },
    owed(acquirerDue(currency), currency, -amount_minor),
  ]);
}

/** What a till took goes back: to whoever redeemed, where it can't go back to the voucher. */
export function postBack(
  tx: Transaction,
  party: string,
  kind: 'refund' | 'reversal',
  move: Move,
): void {
  const { currency, amount_minor } = move;
  postMove(tx, kind, move, [
    owed(acquirerDue(currency), currency, -amount_minor),
    owed(partyAccount(party, currency), currency, amount_minor),
  ]);
}

function postMove(
  tx: Transaction,
  kind: TransferKind,
  { reference, voucher, at }: Move,
  postings: readonly Posting[],
): void {
  const posted = post(tx, {
    ...{ reference: `funds:${reference}`, kind, order_number: voucher, at, postings },
  });
  if (!posted.ok) throw new Error(`${reference}: the books have no room for what was decided`);
}
