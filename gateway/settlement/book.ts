/**
 * The settlement's book. What cards hold is owed to whoever has them, card by card, and lies in the
 * float; what is on its way to cards is `due`, what vendors took is theirs, and both lie in the pool.
 * So in each currency float + cards = 0 and pool + due + vendors = 0, always.
 */
import type { Currency } from '#device/messages/money.ts';
import { type Posting, post, type TransferKind } from '../ledger/ledger.ts';
import type { AccountKind, Tables } from '../store/tables.ts';
import type { CardTransactionRow, JobRow } from '../store/tables-settlement.ts';

export const cardAccount = (card: string): string => `settlement:card:${card}`;
export const takingsAccount = (vendor: string, currency: string): string =>
  `settlement:vendor:${vendor}:${currency}`;
export const floatAccount = (currency: string): string => `settlement:float:${currency}`;
const poolAccount = (currency: string): string => `settlement:pool:${currency}`;
const dueAccount = (currency: string): string => `settlement:due:${currency}`;

type Book = Pick<Tables, 'ledger'>;

/** No floors: what a card proved happened, whatever the book had expected. */
function line(account: string, kind: AccountKind, currency: string, amount: number): Posting {
  const opens = { kind, currency: currency as Currency, floor_minor: null };
  return { account, amount_minor: amount, opens };
}

function move(
  tables: Book,
  reference: string,
  kind: TransferKind,
  about: { readonly order: string | null; readonly at: number },
  postings: readonly Posting[],
): void {
  const posted = post(tables, {
    ...{ reference: `settlement:${reference}`, kind, order_number: about.order, at: about.at },
    postings,
  });
  if (!posted.ok) throw new Error(`${posted.account} refused what a card has done`);
}

/** Onto the card (positive) or off it, and the same between float and pool. */
const onCard = (card: string, currency: string, amount: number): readonly Posting[] => [
  line(cardAccount(card), 'liability', currency, amount),
  line(floatAccount(currency), 'asset', currency, -amount),
  line(poolAccount(currency), 'asset', currency, amount),
];

type Done = Pick<
  CardTransactionRow,
  'card' | 'counter' | 'kind' | 'amount_minor' | 'reference' | 'purpose' | 'vendor'
>;

/** Posts what a card has done; once for each counter. `sign` −1 takes it back. */
export function postTransaction(
  tables: Book,
  done: Done,
  currency: string,
  at: number,
  sign: 1 | -1 = 1,
): void {
  const { card, counter, kind, amount_minor, purpose, vendor } = done;
  const toCard = sign * (kind === 'debit' ? -amount_minor : amount_minor);
  const other =
    purpose === 'sale'
      ? line(takingsAccount(vendor ?? 'house', currency), 'liability', currency, -toCard)
      : line(dueAccount(currency), 'liability', currency, -toCard);
  const what = sign === 1 ? kind : 'undo';
  const name = { debit: 'payment', load: 'load', refund: 'refund', undo: 'reversal' } as const;
  const reference = `${what}:${card}:${counter}${sign === 1 ? '' : `:${done.reference}`}`;
  const about = { order: purpose === 'credit' ? null : done.reference, at };
  move(tables, reference, name[what], about, [...onCard(card, currency, toCard), other]);
}

/** Sets aside what a job will put on a card; `back` lets it go again. */
export function fundJob(tables: Book, job: JobRow, at: number, back = false): void {
  const amount = back ? -job.amount_minor : job.amount_minor;
  const { currency, vendor, source, id } = job;
  // What was taken for nothing is set aside already, and a payment takes nothing before it is done.
  if (source === 'card' || (source === 'owed' && !back)) return;
  const from =
    source === 'vendor'
      ? line(takingsAccount(vendor ?? 'house', currency), 'liability', currency, -amount)
      : line(poolAccount(currency), 'asset', currency, -amount);
  move(
    tables,
    `${back ? 'drop' : 'ask'}:${id}`,
    back ? 'reversal' : job.kind === 'refund' ? 'refund' : 'load',
    { order: job.order_number, at },
    [from, line(dueAccount(currency), 'liability', currency, amount)],
  );
}
