/**
 * Double entry: every transfer moves money between accounts and sums to zero in each currency.
 * Credit is positive, debit negative. What the system owes (a payer's balance, a vendor's takings) are
 * liabilities and grow by credit. Postings are appended and never changed.
 */
import { type Currency, minor, sumMinor } from '#device/messages/money.ts';
import type { AccountKind, AccountRow, Tables } from '../store/tables.ts';

/** What an account has to be where a transfer is the first to name it. */
export interface NewAccount {
  readonly kind: AccountKind;
  readonly currency: Currency;
  readonly floor_minor: number | null;
}

export interface Posting {
  readonly account: string;
  /** Credit positive, debit negative. */
  readonly amount_minor: number;
  /** Opens the account where there is none yet. */
  readonly opens?: NewAccount;
}

/** A programmer's error: an unbalanced or malformed transfer. The unit that made it is undone. */
export class LedgerError extends Error {}

export interface Transfer {
  /** Names the movement; posting the same reference again changes nothing. */
  readonly reference: string;
  readonly kind: TransferKind;
  readonly order_number: string | null;
  /** ms since 1970. */
  readonly at: number;
  readonly postings: readonly Posting[];
}

export type TransferKind =
  /** Balances brought in. */
  | 'opening'
  /** Issuer: taken from a payer at once. */
  | 'debit'
  /** What was frozen is taken. */
  | 'capture'
  /** Acquirer: a merchant's takings grow. */
  | 'payment'
  | 'refund'
  /** Value is put on a card, or set aside for it. */
  | 'load'
  /** A movement is undone. */
  | 'reversal';

export type Posted =
  | { readonly ok: true; readonly repeated: boolean }
  | { readonly ok: false; readonly why: 'below_floor'; readonly account: string };

/** The organisation whose books an account is in: its id begins with that. */
export const bookOf = (account: string): string => /^([a-z-]+):/.exec(account)?.[1] ?? '';

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

/**
 * What may be taken out now: holds are taken off here and nowhere else. A floor below zero is a
 * credit line.
 */
export const availableMinor = (account: AccountRow): number =>
  account.floor_minor === null
    ? Number.MAX_SAFE_INTEGER
    : account.balance_minor - account.held_minor - account.floor_minor;

/**
 * Posts a transfer, or answers `below_floor` and posts nothing. Throws a {@link LedgerError} where
 * the transfer itself is wrong.
 */
export function post(tables: Pick<Tables, 'ledger'>, transfer: Transfer): Posted {
  const moves: Move[] = [];
  for (const posting of transfer.postings) {
    const account = moveMoney(tables, posting);
    if (account !== null) {
      moves.push({ account, amount_minor: posting.amount_minor });
      continue;
    }
    moveBack(tables, moves);
    // A wrong transfer is a mistake also where there is too little for it.
    checkBalanced(
      transfer.reference,
      transfer.postings.map(({ account: id, amount_minor, opens }) => ({
        account: knownAccount(tables, id, opens),
        amount_minor,
      })),
    );
    if (wasPosted(tables, transfer)) return { ok: true, repeated: true };
    return { ok: false, why: 'below_floor', account: posting.account };
  }
  checkBalanced(transfer.reference, moves);
  const id = tables.ledger.addTransfer(transfer);
  if (id === null) {
    moveBack(tables, moves);
    return { ok: true, repeated: wasPosted(tables, transfer) };
  }
  for (const { account, amount_minor } of moves) {
    tables.ledger.addPosting({
      transfer: id,
      account: account.id,
      currency: account.currency,
      amount_minor,
      balance_after_minor: minor(account.balance_minor),
    });
  }
  return { ok: true, repeated: false };
}

interface Move {
  /** As it is after the move. */
  readonly account: AccountRow;
  readonly amount_minor: number;
}

/** The account after it, or `null` where it would fall below what is available. */
function moveMoney(
  tables: Pick<Tables, 'ledger'>,
  { account, amount_minor, opens }: Posting,
): AccountRow | null {
  const moved = tables.ledger.move(account, minor(amount_minor));
  if (moved !== undefined) return moved;
  const fresh = tables.ledger.account(account) === undefined;
  knownAccount(tables, account, opens);
  return fresh ? (tables.ledger.move(account, amount_minor) ?? null) : null;
}

function moveBack(tables: Pick<Tables, 'ledger'>, moves: readonly Move[]): void {
  for (const { account, amount_minor } of moves.toReversed()) {
    if (tables.ledger.move(account.id, 0 - amount_minor) !== undefined) continue;
    throw new LedgerError(`${account.id} can't be moved back`);
  }
}

export function knownAccount(
  tables: Pick<Tables, 'ledger'>,
  id: string,
  opens?: NewAccount,
): AccountRow {
  const account = tables.ledger.account(id);
  if (account !== undefined) return account;
  if (opens === undefined) throw new LedgerError(`there is no account ${id}: open it first`);
  tables.ledger.addAccount({ id, ...opens });
  return { id, ...opens, balance_minor: 0, held_minor: 0 };
}

function checkBalanced(reference: string, moves: readonly Move[]): void {
  if (moves.length < 2) throw new LedgerError(`${reference} has fewer than two postings`);
  if (new Set(moves.map(({ account }) => account.id)).size !== moves.length) {
    throw new LedgerError(`${reference} names an account twice`);
  }
  if (moves.some(({ amount_minor }) => amount_minor === 0)) {
    throw new LedgerError(`${reference} has a posting of nothing`);
  }
  if (new Set(moves.map(({ account }) => bookOf(account.id))).size !== 1) {
    throw new LedgerError(`${reference} is in the books of two organisations`);
  }
  const byCurrency = Map.groupBy(moves, ({ account }) => account.currency);
  for (const [currency, postings] of byCurrency) {
    const total = sumMinor(postings.map(({ amount_minor }) => amount_minor));
    if (total !== 0)
      throw new LedgerError(`${reference} is out of balance by ${total} ${currency}`);
  }
}

/** Whether this very transfer was posted before; throws where another one took its reference. */
function wasPosted(tables: Pick<Tables, 'ledger'>, transfer: Transfer): boolean {
  const earlier = tables.ledger.transferOf(transfer.reference);
  if (earlier === undefined) return false;
  const write = (postings: readonly Posting[]): string =>
    postings
      .map(({ account, amount_minor }) => `${account} ${amount_minor}`)
      .sort()
      .join(', ');
  if (write(tables.ledger.postingsOf(earlier.id)) !== write(transfer.postings)) {
    throw new LedgerError(`${transfer.reference} was posted before with other postings`);
  }
  return true;
}
