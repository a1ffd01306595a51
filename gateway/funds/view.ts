/** What a party is shown of a voucher, and what of it is signed. */
import { writeVoucher } from '#device/codecs/voucher.ts';
import { writeShortVoucher } from '#device/codecs/voucher-short.ts';
import type { Currency } from '#device/messages/money.ts';
import type { VoucherClaims } from '#device/messages/voucher.ts';
import type { GatewayKeys } from '../keys.ts';
import type { Tables } from '../store/tables.ts';
import type { VoucherRow } from '../store/tables-funds.ts';
import { type Action, actionsIn, isEnded, ruleOf } from './flow.ts';
import { changesLeft, isTransferable } from './guards.ts';
import { actorsOf, codeOf, frozenMinor } from './parts.ts';
import type { VoucherOutline, VoucherView } from './schemas.ts';

const nameOf = (tables: Pick<Tables, 'funds'>, id: string): string =>
  tables.funds.party(id)?.name ?? id;

/** What is signed of one that was issued. */
export function claimsOf(tables: Pick<Tables, 'funds'>, row: VoucherRow): VoucherClaims {
  const { number, face_minor, currency, issuing, paying, beneficiary, serial } = row;
  return {
    ...{ v: 1, number, amount_minor: face_minor, currency: currency as Currency, serial },
    ...{ issuing: nameOf(tables, issuing), paying: nameOf(tables, paying) },
    beneficiary: nameOf(tables, beneficiary),
    terms: { transferable: isTransferable(row), partial: row.partial === 1 },
    ...{ issued_at: row.issued_at ?? 0, expires_at: row.expires_at },
  };
}

const isGood = (row: VoucherRow): boolean => row.issued_at !== null && !isEnded(row.state);

/** The whole of it for that party; `null` for one that has nothing to do with it. */
export function viewVoucher(
  tables: Pick<Tables, 'funds'>,
  keys: Pick<GatewayKeys, 'signing' | 'digest'>,
  row: VoucherRow,
  party: string,
): VoucherView | null {
  const outline = outlineVoucher(tables, row, party);
  if (outline === null || !isGood(row)) return outline;
  const claims = claimsOf(tables, row);
  return {
    ...outline,
    ...{ token: writeVoucher(keys.signing, claims), qr: writeShortVoucher(keys.signing, claims) },
    ...(row.beneficiary === party ? { code: codeOf(keys, row) } : {}),
  };
}

/** All but what proves it: signing takes long, and a list of many needs none. */
export function outlineVoucher(
  tables: Pick<Tables, 'funds'>,
  row: VoucherRow,
  party: string,
): VoucherOutline | null {
  const actors = actorsOf(row, party);
  if (actors.length === 0) return null;
  const named = (id: string) => ({ id, name: nameOf(tables, id) });
  const early = row.issued_at === null && !isEnded(row.state);
  const sees = actors.some((actor) => actor !== 'beneficiary');
  return {
    ...{ number: row.number, state: row.state },
    ...{ issuing: named(row.issuing), paying: named(row.paying) },
    beneficiary: named(row.beneficiary),
    ...{ amount_minor: row.face_minor, redeemed_minor: row.captured_minor },
    frozen_minor: frozenMinor(row),
    currency: row.currency as Currency,
    terms: { transferable: isTransferable(row), partial: row.partial === 1 },
    ...{ memo: row.memo, created_at: row.created_at, expires_at: row.expires_at },
    ...(row.issued_at === null ? {} : { issued_at: row.issued_at }),
    ...(row.ended_at === null ? {} : { ended_at: row.ended_at }),
    ...(row.account_masked !== null && sees ? { account: row.account_masked } : {}),
    ...(early && sees ? { changes_left: changesLeft(row) } : {}),
    ...(row.trouble !== null && sees ? { trouble: row.trouble } : {}),
    may: actionsIn(row.state, actors).filter((action) => allows(row, action)),
  };
}

/** Whether no guard of an action stands against it already, whatever is asked for. */
function allows(row: VoucherRow, action: Action): boolean {
  const { guard } = ruleOf(action);
  if (guard === 'changes_left') return changesLeft(row) > 0;
  return guard !== 'transferable' || isTransferable(row);
}
