/** The acquirer's accounts in the ledger: what the issuer owes to it, and it to its merchants. */
import type { Currency } from '#device/messages/money.ts';
import type { Posting, Transfer, TransferKind } from '../ledger/ledger.ts';
import type { PaymentRow } from '../store/tables-money.ts';

/** The settlement account of a merchant. */
export const merchantAccount = (merchant: string, currency: Currency): string =>
  `acquirer:merchant:${merchant}:${currency}`;

/** Moves an amount from what the issuer owes to the merchant; a negative one back again. */
export function merchantTransfer(
  row: Pick<PaymentRow, 'merchant' | 'currency' | 'order_number' | 'through'>,
  kind: TransferKind,
  reference: string,
  amountMinor: number,
  at: number,
): Transfer {
  const currency = row.currency as Currency;
  const postings: readonly Posting[] = [
    {
      account: `acquirer:due:${row.through}:${currency}`,
      amount_minor: -amountMinor,
      opens: { kind: 'asset', currency, floor_minor: null },
    },
    {
      account: merchantAccount(row.merchant, currency),
      amount_minor: amountMinor,
      opens: { kind: 'liability', currency, floor_minor: 0 },
    },
  ];
  return { reference: `acquirer:${reference}`, kind, order_number: row.order_number, at, postings };
}
