/** Redeeming a voucher, at a till as on the web: what stands against it, and how it begins. */
import type { VoucherTrouble } from '#device/messages/voucher.ts';
import type { VoucherRow } from '../store/tables-funds.ts';
import type { Transaction } from '../store/writer.ts';
import type { Asks } from './asks.ts';
import { step } from './flow.ts';
import { askId, leftMinor, move } from './parts.ts';

/** Why so much of it can't be redeemed now; `null` where it can. */
export function redeemTrouble(
  row: VoucherRow,
  amountMinor: number,
  currency: string,
): VoucherTrouble | null {
  if (row.state === 'redeeming' || row.state === 'refilling') return 'busy';
  if (!step(row.state, 'redeem', ['beneficiary']).ok) return 'not_good';
  if (row.currency !== currency) return 'other_currency';
  if (amountMinor > leftMinor(row)) return 'too_small';
  return row.partial === 0 && amountMinor < leftMinor(row) ? 'whole_only' : null;
}

export interface Redemption {
  readonly to: 'party' | 'acquirer';
  readonly amount_minor: number;
  /** Who asked, and under which key of theirs. */
  readonly caller: string;
  readonly key: string;
  readonly now: number;
}

/** Begins to capture; gives the id of the question to the issuer. */
export function beginRedemption(
  tx: Transaction,
  asks: Asks,
  row: VoucherRow,
  { to, amount_minor, caller, key, now }: Redemption,
): string {
  const id = askId('capture', caller, key);
  const { hold, beneficiary: party } = row;
  if (hold === null) throw new Error(`voucher ${row.number} is issued and nothing is held`);
  const detail = { amount_minor, to };
  const change = { ask: id };
  const redeeming = move(tx, row, { actor: party, action: 'redeem', change, detail, now });
  asks.begin(tx, redeeming, id, {
    ...{ kind: 'capture', authorisation: hold, amount_minor, to, party },
    ...{ rest: askId('rest', caller, key), reference: id },
  });
  return id;
}
