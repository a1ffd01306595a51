/** Which card may pay what, and what a card's own log says of a debit in doubt. */
import { hex } from '../codecs/bytes.ts';
import { LOG_RECORDS, writeLogRecord } from '../codecs/purse.ts';
import type { OpenPurse, PurseHistory } from '../codecs/purse-talks.ts';
import type { CardDebit } from '../messages/card.ts';
import { CURRENCIES } from '../messages/money.ts';
import type { CardProblem } from '../words/cards.ts';
import type { SaleEvent } from './sale-state.ts';
import type { Moment, TerminalState } from './state.ts';

/** Whether it holds the currency that is sold in here. */
export const isOurs = (state: TerminalState, currency: number): boolean =>
  Number(CURRENCIES[state.settings.stall.currency].numeric) === currency;

/** Why this card can't pay this amount here and now. */
export function whyNot(
  state: TerminalState,
  { holder, balanceMinor }: OpenPurse,
  amountMinor: number,
  moment: Moment,
): CardProblem | null {
  if (!isOurs(state, holder.currency)) return 'currency';
  if (state.cards.blocked?.cards.has(holder.card)) return 'blocked';
  if (balanceMinor < amountMinor) return 'not_enough';
  return state.online ? null : whyNotOffline(state, amountMinor, moment);
}

function whyNotOffline(
  state: TerminalState,
  amountMinor: number,
  { monotonic }: Moment,
): CardProblem | null {
  const { limits, blocked } = state.cards;
  const waiting = [...state.sales.values()].flatMap(({ debit }) =>
    debit === undefined || debit.told ? [] : [debit.debit.amount_minor],
  );
  const sum = waiting.reduce((total, each) => total + each, amountMinor);
  if (amountMinor > limits.amount_minor) return 'limit_amount';
  if (waiting.length >= limits.count) return 'limit_count';
  if (sum > limits.sum_minor) return 'limit_sum';
  const age = monotonic + state.clockOffset - (blocked?.issuedAt ?? -Infinity);
  // A date that has not come yet says as little of its age as one that is long past.
  return Math.abs(age) > limits.hotlist_age_s * 1000 ? 'hotlist_old' : null;
}

/**
 * The log tells, because its records are bound to the key: the counter alone could be faked. `null`
 * where so much happened since that the log has lost it.
 */
export function resolve(debit: CardDebit, { records, last }: PurseHistory): SaleEvent | null {
  const done = records.some((record) => hex(writeLogRecord(record)) === debit.record);
  const since = last.counter - debit.counter_before;
  if (!done) return since > LOG_RECORDS ? null : { is: 'not_debited' };
  return since === 1 ? { is: 'debited', proof: last } : { is: 'debited' };
}
