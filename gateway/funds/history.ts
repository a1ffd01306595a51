/** What was done to a voucher, by whom and when, as far as a party may see it. */
import type { Tables } from '../store/tables.ts';
import type { VoucherEventRow, VoucherRow } from '../store/tables-funds.ts';
import { actorsOf } from './parts.ts';
import type { VoucherEvent } from './schemas.ts';

interface Detail {
  readonly amount_minor?: number;
  readonly reason?: string;
  readonly account?: string;
  readonly to?: string;
  readonly party?: string;
}

/**
 * The oldest first. Issuing and paying party see all of it; a beneficiary that it was issued, and what
 * was done since it is theirs. `null` for a stranger.
 */
export function historyOf(
  { funds }: Pick<Tables, 'funds'>,
  row: VoucherRow,
  party: string,
): VoucherEvent[] | null {
  const actors = actorsOf(row, party);
  if (actors.length === 0) return null;
  if (actors.some((actor) => actor !== 'beneficiary')) return wholeHistoryOf({ funds }, row.number);
  const all = funds.events(row.number);
  const passed = all.findLastIndex(({ action }) => action === 'transfer');
  return all
    .filter(({ action }, at) => at >= passed || action === 'freeze')
    .map((each) => shown(each, false));
}

/** All that was done to it, the oldest first; for the fund server's own people. */
export const wholeHistoryOf = ({ funds }: Pick<Tables, 'funds'>, number: string): VoucherEvent[] =>
  funds.events(number).map((each) => shown(each, true));

function shown(row: VoucherEventRow, whole: boolean): VoucherEvent {
  const { amount_minor, reason, account, to, party } = JSON.parse(row.detail) as Detail;
  return {
    ...{ at: row.at, by: row.actor, action: row.action, state: row.state },
    ...(amount_minor === undefined ? {} : { amount_minor }),
    ...(reason === undefined ? {} : { reason }),
    ...(account === undefined || !whole ? {} : { account }),
    ...(to === undefined ? {} : { to }),
    ...(party === undefined ? {} : { party }),
  };
}
