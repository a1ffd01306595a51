/**
 * Freezing money: a hold is placed, and then captured or released, once. Until then
 * `availableMinor` counts it, so that frozen money can't be spent elsewhere under any race.
 */
import { minor } from '#device/messages/money.ts';
import type { HoldRow, Tables } from '../store/tables.ts';
import {
  availableMinor,
  knownAccount,
  LedgerError,
  type NewAccount,
  type Posted,
  post,
  type Transfer,
} from './ledger.ts';

export interface Hold {
  /** Unique; begins with the organisation whose books it is in. */
  readonly id: string;
  readonly account: string;
  readonly amount_minor: number;
  /** What it is for, such as `authorisation` or `voucher`. */
  readonly purpose: string;
  readonly order_number: string | null;
  /** ms since 1970. */
  readonly at: number;
  /** Opens the account where there is none yet. */
  readonly opens?: NewAccount;
}

/** Freezes an amount, or answers `below_floor`; the same hold again freezes nothing more. */
export function placeHold(tables: Pick<Tables, 'ledger'>, hold: Hold): Posted {
  if (minor(hold.amount_minor) <= 0) throw new LedgerError(`${hold.id} would hold nothing`);
  const earlier = tables.ledger.hold(hold.id);
  if (earlier !== undefined) {
    if (earlier.account !== hold.account || earlier.amount_minor !== hold.amount_minor) {
      throw new LedgerError(`${hold.id} was placed before on other terms`);
    }
    return { ok: true, repeated: true };
  }
  // One that would be opened only to hold too little stays unopened: a refusal leaves no trace.
  if (tables.ledger.account(hold.account) === undefined && hold.opens?.floor_minor === 0) {
    return { ok: false, why: 'below_floor', account: hold.account };
  }
  const account = knownAccount(tables, hold.account, hold.opens);
  if (availableMinor(account) < hold.amount_minor) {
    return { ok: false, why: 'below_floor', account: account.id };
  }
  const { opens: _, ...terms } = hold;
  const row: HoldRow = {
    ...terms,
    state: 'held',
    captured_minor: 0,
    transfer: null,
    ended_at: null,
  };
  tables.ledger.addHold(row, minor(account.held_minor + hold.amount_minor));
  return { ok: true, repeated: false };
}

export type HoldEnded =
  | { readonly ok: true; readonly repeated: boolean }
  | { readonly ok: false; readonly why: 'unknown' | 'captured' | 'released' | 'too_much' };

/**
 * Ends a hold by a transfer that takes at most what was held; what it does not take is let go. The
 * same transfer again changes nothing; another one finds it `captured`.
 */
export function captureHold(
  tables: Pick<Tables, 'ledger'>,
  id: string,
  transfer: Transfer,
): HoldEnded {
  const hold = tables.ledger.hold(id);
  if (hold === undefined) return { ok: false, why: 'unknown' };
  if (hold.state === 'released') return { ok: false, why: 'released' };
  if (hold.state === 'captured') {
    const same = hold.transfer === transfer.reference;
    return same ? { ok: true, repeated: true } : { ok: false, why: 'captured' };
  }
  const taken = takenFrom(hold, transfer);
  if (taken > hold.amount_minor) return { ok: false, why: 'too_much' };
  end(tables, {
    ...hold,
    state: 'captured',
    captured_minor: taken,
    transfer: transfer.reference,
    ended_at: transfer.at,
  });
  const posted = post(tables, transfer);
  if (!posted.ok) throw new LedgerError(`${transfer.reference} took more than ${id} held`);
  return { ok: true, repeated: false };
}

/** Lets a hold go; again changes nothing. */
export function releaseHold(tables: Pick<Tables, 'ledger'>, id: string, at: number): HoldEnded {
  const hold = tables.ledger.hold(id);
  if (hold === undefined) return { ok: false, why: 'unknown' };
  if (hold.state === 'captured') return { ok: false, why: 'captured' };
  if (hold.state === 'released') return { ok: true, repeated: true };
  end(tables, { ...hold, state: 'released', ended_at: at });
  return { ok: true, repeated: false };
}

function takenFrom(hold: HoldRow, transfer: Transfer): number {
  const taken = transfer.postings.find(({ account }) => account === hold.account)?.amount_minor;
  if (taken === undefined || taken >= 0) {
    throw new LedgerError(`${transfer.reference} takes nothing from what ${hold.id} holds`);
  }
  return -taken;
}

function end(tables: Pick<Tables, 'ledger'>, ended: HoldRow): void {
  const account = knownAccount(tables, ended.account);
  tables.ledger.endHold(ended, minor(account.held_minor - ended.amount_minor));
}
