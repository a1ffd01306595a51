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

/** One that is redeemed in very many parts is told as far as a reader gets. */
const LATEST = 500;

/**
 * The oldest first, at most the latest 500. Issuing and paying party see all of it; a beneficiary that
 * it was issued, and what was done since it is theirs. `null` for a stranger.
 */
export function historyOf(
  { funds }: Pick<Tables, 'funds'>,
  row: VoucherRow,
  party: string,
): VoucherEvent[] | null {
  const actors = actorsOf(row, party);
  if (actors.length === 0) return null;
  const whole = wholeHistoryOf({ funds }, row.number);
  if (actors.some((actor) => actor !== 'beneficiary')) return whole.slice(-LATEST);
  // What came before, such as why an account was rejected, is the payer's own.
  const issued = whole.findIndex(({ action }) => action === 'freeze');
  const theirs = Math.max(
    issued,
    whole.findLastIndex(({ action }) => action === 'transfer'),
  );
  if (issued < 0) return [];
  return whole
    .filter((_, at) => at === issued || at >= theirs)
    .map(({ account: _account, ...rest }) => rest)
    .slice(-LATEST);
}

/** All that was done to it, the oldest first; for the fund server's own people. */
export const wholeHistoryOf = ({ funds }: Pick<Tables, 'funds'>, number: string): VoucherEvent[] =>
  funds.events(number).map(shown);

function shown(row: VoucherEventRow): VoucherEvent {
  const { amount_minor, reason, account, to, party } = JSON.parse(row.detail) as Detail;
  return {
    ...{ at: row.at, by: row.actor, action: row.action, state: row.state },
    ...(amount_minor === undefined ? {} : { amount_minor }),
    ...(reason === undefined ? {} : { reason }),
    ...(account === undefined ? {} : { account }),
    ...(to === undefined ? {} : { to }),
    ...(party === undefined ? {} : { party }),
  };
}
