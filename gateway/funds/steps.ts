/** What each action of a party does to a voucher, inside one unit; a refusal changes nothing. */
import type { Presented } from '../issuer/gate.ts';
import type { VoucherRow } from '../store/tables-funds.ts';
import type { Transaction } from '../store/writer.ts';
import type { Asks } from './asks.ts';
import type { Action } from './flow.ts';
import { changesLeft, isTransferable } from './guards.ts';
import { askId, move } from './parts.ts';
import { type Problem, problemOf } from './proofs.ts';
import { beginRedemption, redeemTrouble } from './redemption.ts';
import type { ActInput } from './schemas.ts';

/** With the question to the issuer on whose answer the rest waits. */
export type Done =
  | { readonly row: VoucherRow }
  | { readonly row: VoucherRow; readonly ask: string };

/** What was found out before the unit begins, because it takes time. */
export interface Prepared {
  readonly account?: { readonly id: string; readonly masked: string; readonly name: string };
  readonly payer?: Presented;
}

/** What a party wants; that the table lets it has been looked at. */
export interface Wanted {
  readonly party: string;
  readonly action: Action;
  readonly input: ActInput;
  readonly prepared: Prepared;
  /** Idempotency-Key. */
  readonly key: string;
  readonly now: number;
}

export function perform(
  tx: Transaction,
  asks: Asks,
  row: VoucherRow,
  wanted: Wanted,
): Done | Problem {
  const { party, action, input, key, now } = wanted;
  const by = { actor: party, action, now };
  switch (action) {
    case 'name_account': {
      const { account } = wanted.prepared;
      if (account === undefined) return problemOf('request_in_flight');
      const { id, masked, name } = account;
      const change = { account: id, account_masked: masked, account_name: name, trouble: null };
      return { row: move(tx, row, { ...by, change, detail: { account: masked } }) };
    }
    case 'confirm_account':
      return verify(tx, asks, row, wanted);
    case 'ask_change': {
      if (changesLeft(row) <= 0) return problemOf('change_refused', { changes: row.changes });
      asks.overtake(tx, row);
      const none = { account: null, account_masked: null, account_name: null, ask: null };
      return { row: move(tx, row, { ...by, change: { ...none, changes: row.changes + 1 } }) };
    }
    case 'redeem': {
      const { amount_minor = 0, currency = '' } = input.redeem ?? {};
      const reason = redeemTrouble(row, amount_minor, currency);
      if (reason !== null) return problemOf('voucher_refused', { reason });
      const wish = { to: 'party', amount_minor, caller: party, key, now } as const;
      return { row, ask: beginRedemption(tx, asks, row, wish) };
    }
    case 'transfer':
      return transfer(tx, row, wanted);
    default: {
      asks.overtake(tx, row);
      const moved = move(tx, row, by);
      if (moved.ended_at !== null) asks.release(tx, moved);
      // Where the issuer is here, it has let go what was frozen by now.
      return { row: tx.funds.voucher(row.number) ?? moved };
    }
  }
}

/** First the name of the account, then what it has; and where both are right it is frozen. */
function verify(
  tx: Transaction,
  asks: Asks,
  row: VoucherRow,
  { party, action, prepared, key, now }: Wanted,
): Done | Problem {
  const { payer } = prepared;
  // Named between the look at it and this unit: the party shall see that account first.
  const { account, account_name: name } = row;
  const proof = payer?.proof;
  const seen = proof?.by === 'account' && proof.account === account && proof.name === name;
  if (payer === undefined || account === null || name === null || !seen) {
    return problemOf('request_in_flight');
  }
  const ask = askId('freeze', party, key);
  const verifying = move(tx, row, { actor: party, action, now, change: { ask } });
  asks.begin(tx, verifying, ask, { kind: 'freeze', account, name }, payer);
  return { row: verifying, ask };
}

function transfer(
  tx: Transaction,
  row: VoucherRow,
  { party, action, input, now }: Wanted,
): Done | Problem {
  const beneficiary = input.transfer?.beneficiary ?? '';
  if (!isTransferable(row)) return problemOf('not_transferable');
  if (tx.funds.party(beneficiary) === undefined || beneficiary === row.beneficiary) {
    return problemOf('unknown_party', { party: beneficiary });
  }
  const change = { beneficiary, serial: row.serial + 1, failures: 0, locked_until: 0 };
  return { row: move(tx, row, { actor: party, action, now, change, detail: { to: beneficiary } }) };
}
