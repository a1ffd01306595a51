/**
 * Gives back what a paired phone paid through a platform. A platform lets only whoever asked for the
 * permission refund it: so this goes from the order centre, whose books the payment is in, and not
 * through the acquirer.
 */
import type { Currency } from '#device/messages/money.ts';
import { captureHold, placeHold, releaseHold } from '../ledger/holds.ts';
import { availableMinor, post, type Transfer } from '../ledger/ledger.ts';
import type { Tables } from '../store/tables.ts';
import type { RefundRow } from '../store/tables-money.ts';
import type { AttemptRow } from '../store/tables-pairing.ts';
import type { Transaction } from '../store/writer.ts';

/** Asks the platform, once per id; rejects where it gives no answer. */
export type RefundAttempt = (
  attempt: AttemptRow,
  refund: Pick<RefundRow, 'id' | 'amount_minor'>,
) => Promise<'refunded' | 'refused'>;

/** The attempt that took an order's money, `undefined` where it was not paid so. */
export const paidAttempt = (
  tables: Pick<Tables, 'pairings'>,
  order: string,
): AttemptRow | undefined =>
  tables.pairings.attemptsOf(order).find(({ state }) => state === 'paid');

const holdOf = (refund: RefundRow): string => `centre:hold:refund:${refund.id}`;

/** Until the platform has answered, what will go back is not the vendor's; `false` where too little is there. */
export function freezeRefund(
  tx: Transaction,
  refund: RefundRow,
  attempt: AttemptRow,
  at: number,
): boolean {
  const { vendor } = accountsOf(tx, attempt);
  const account = tx.ledger.account(vendor);
  if (account === undefined || availableMinor(account) < refund.amount_minor) return false;
  const { amount_minor, order_number } = refund;
  const hold = { id: holdOf(refund), account: vendor, amount_minor, order_number, at };
  return placeHold(tx, { ...hold, purpose: 'refund' }).ok;
}

/** Posts what the platform gave back, or lets go what was frozen for it. */
export function endRefund(
  tx: Transaction,
  refund: RefundRow,
  attempt: AttemptRow,
  { given, at }: { readonly given: boolean; readonly at: number },
): void {
  const id = holdOf(refund);
  const held = tx.ledger.hold(id) !== undefined;
  if (!given) {
    if (held) releaseHold(tx, id, at);
    return;
  }
  const { due, vendor } = accountsOf(tx, attempt);
  const transfer: Transfer = {
    reference: `centre-refund:${refund.id}`,
    kind: refund.kind === 'void' ? 'reversal' : 'refund',
    order_number: refund.order_number,
    at,
    postings: [
      { account: due, amount_minor: refund.amount_minor },
      { account: vendor, amount_minor: -refund.amount_minor },
    ],
  };
  const posted = held ? captureHold(tx, id, transfer) : post(tx, transfer);
  if (!posted.ok) throw new Error(`the books have no room for ${transfer.reference}`);
}

/** What the platform owes us, and we the vendor, for an attempt. */
export function accountsOf(
  tx: Pick<Transaction, 'orders'>,
  { platform, order_number }: Pick<AttemptRow, 'platform' | 'order_number'>,
): { readonly due: string; readonly vendor: string; readonly currency: Currency } {
  const order = tx.orders.find(order_number);
  if (order === undefined) throw new Error(`order ${order_number} is gone`);
  const currency = order.currency as Currency;
  return {
    due: `centre:platform:${platform}:${currency}`,
    vendor: `centre:vendor:${order.vendor}:${currency}`,
    currency,
  };
}
