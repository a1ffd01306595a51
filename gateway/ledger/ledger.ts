/**
 * Double entry: every transfer moves money between accounts and sums to zero in each currency.
 * Credit is positive, debit negative. What the system owes (a payer's balance, a vendor's takings) are
 * liabilities and grow by credit. Postings are appended and never changed.
 */
import { type Currency, minor, sumMinor } from '#device/messages/money.ts';
import type { AccountKind, AccountRow, Tables } from '../store/tables.ts';

/** A programmer's error: an unbalanced or malformed transfer. The unit that made it is undone. */
export class LedgerError extends Error {}

export interface Transfer {
  /** Names the movement; posting the same reference again changes nothing. */
  readonly reference: string;
  readonly kind: 'opening' | 'payment';
  readonly order_number: string | null;
  /** ms since 1970. */
  readonly at: number;
  readonly postings: readonly { readonly account: string; readonly amount_minor: number }[];
}

export type Posted =
  | { readonly ok: true; readonly repeated: boolean }
  | { readonly ok: false; readonly why: 'below_floor'; readonly account: string };

export const payerAccount = (payer: string, currency: Currency): string =>
  `payer:${payer}:${currency}`;
export const vendorAccount = (vendor: string, currency: Currency): string =>
  `vendor:${vendor}:${currency}`;
/** Where opening balances come from: money that payers brought in. */
export const fundingAccount = (currency: Currency): string => `funding:${currency}`;

/** Opens an account unless it is there. `floorMinor` is the lowest balance it may have. */
export function openAccount(
  tables: Pick<Tables, 'ledger'>,
  id: string,
  kind: AccountKind,
  currency: Currency,
  floorMinor: number | null,
): void {
  if (tables.ledger.account(id) !== undefined) return;
  tables.ledger.addAccount({ id, kind, currency, floor_minor: floorMinor });
}

/** What may be taken out now. Holds, once there are any, are taken off here and nowhere else. */
export const availableMinor = (account: AccountRow): number =>
  account.floor_minor === null
    ? Number.MAX_SAFE_INTEGER
    : account.balance_minor - account.floor_minor;

/**
 * Posts a transfer, or answers `below_floor` and posts nothing. Throws a {@link LedgerError} where
 * the transfer itself is wrong.
 */
export function post(tables: Pick<Tables, 'ledger'>, transfer: Transfer): Posted {
  const moves = transfer.postings.map(({ account, amount_minor }) => ({
    account: knownAccount(tables, account),
    amount_minor: minor(amount_minor),
  }));
  checkBalanced(transfer.reference, moves);
  const earlier = tables.ledger.transferOf(transfer.reference);
  if (earlier !== undefined) {
    checkSame(tables, earlier.id, transfer);
    return { ok: true, repeated: true };
  }
  for (const { account, amount_minor } of moves) {
    if (amount_minor < 0 && availableMinor(account) < -amount_minor) {
      return { ok: false, why: 'below_floor', account: account.id };
    }
  }
  const { postings: _, ...head } = transfer;
  const id = tables.ledger.addTransfer(head);
  for (const { account, amount_minor } of moves) {
    tables.ledger.addPosting({
      transfer: id,
      account: account.id,
      currency: account.currency,
      amount_minor,
      balance_after_minor: minor(account.balance_minor + amount_minor),
    });
  }
  return { ok: true, repeated: false };
}

function knownAccount(tables: Pick<Tables, 'ledger'>, id: string): AccountRow {
  const account = tables.ledger.account(id);
  if (account === undefined) throw new LedgerError(`there is no account ${id}: open it first`);
  return account;
}

function checkBalanced(
  reference: string,
  moves: readonly { account: AccountRow; amount_minor: number }[],
): void {
  if (moves.length < 2) throw new LedgerError(`${reference} has fewer than two postings`);
  if (new Set(moves.map(({ account }) => account.id)).size !== moves.length) {
    throw new LedgerError(`${reference} names an account twice`);
  }
  if (moves.some(({ amount_minor }) => amount_minor === 0)) {
    throw new LedgerError(`${reference} has a posting of nothing`);
  }
  const byCurrency = Map.groupBy(moves, ({ account }) => account.currency);
  for (const [currency, postings] of byCurrency) {
    const total = sumMinor(postings.map(({ amount_minor }) => amount_minor));
    if (total !== 0)
      throw new LedgerError(`${reference} is out of balance by ${total} ${currency}`);
  }
}

function checkSame(tables: Pick<Tables, 'ledger'>, id: number, transfer: Transfer): void {
  const write = (postings: readonly { account: string; amount_minor: number }[]): string =>
    postings
      .map(({ account, amount_minor }) => `${account} ${amount_minor}`)
      .sort()
      .join(', ');
  if (write(tables.ledger.postingsOf(id)) !== write(transfer.postings)) {
    throw new LedgerError(`${transfer.reference} was posted before with other postings`);
  }
}
