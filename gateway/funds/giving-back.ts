/** What a till took and gives back: to the voucher while it is good, else to the paying account. */
import { PeerError } from '../peers/client.ts';
import type { VoucherRow } from '../store/tables-funds.ts';
import type { Transaction } from '../store/writer.ts';
import type { Asks } from './asks.ts';
import { step } from './flow.ts';
import { askId, FUND_SERVER, move } from './parts.ts';

export interface GivingBack {
  /** The authorisation that was captured. */
  readonly of: string;
  readonly amount_minor: number;
  /** Who redeemed. */
  readonly party: string;
  readonly posted: 'refund' | 'reversal';
  /** In the fund server's books, unique. */
  readonly reference: string;
  readonly now: number;
}

/**
 * Begins to give back; gives the id of the question to the issuer. A voucher that has time left, also
 * one that was spent, is refilled: what goes back is frozen for it in the issuer's same transaction.
 * Throws a `PeerError` while something else of the voucher is asked: then it is to be asked again.
 */
export function beginGivingBack(
  tx: Transaction,
  asks: Asks,
  row: VoucherRow,
  { of, amount_minor, party, posted, reference, now }: GivingBack,
): string {
  if (row.state === 'redeeming' || row.state === 'refilling') {
    throw new PeerError(`voucher ${row.number} is ${row.state}`);
  }
  const id = askId('give_back', 'till', reference);
  const good = row.expires_at > now && step(row.state, 'refill', ['fund_server']).ok;
  const frozen = good ? { id: askId('rest', 'till', reference), instead_of: row.hold } : null;
  const change = { ask: id, ended_at: null };
  const detail = { amount_minor };
  const about = good
    ? move(tx, row, { actor: FUND_SERVER, action: 'refill', change, detail, now })
    : row;
  const question = { kind: 'give_back', of, amount_minor, frozen, party, posted } as const;
  asks.begin(tx, about, id, { ...question, reference });
  return id;
}
