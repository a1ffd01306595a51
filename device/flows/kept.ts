/** What of a journal is still needed: all that is not settled, and the last of what is. */
import type { JournalEntry } from '../messages/journal.ts';
import { neededByDays } from './day-keep.ts';
import { isSettled } from './sale.ts';
import { recallSales } from './sale-recall.ts';
import { isOfNoSale, numberOf } from './sale-state.ts';
import { neededOfWeb } from './web-paid.ts';

/** An order in it that another terminal made, or `null`: nobody else can tell the gateway of it. */
export const foreignOrder = (
  entries: readonly JournalEntry[],
  terminal: string,
): { readonly number: string; readonly terminal: string } | null => {
  const found = entries.find((each) => each.kind === 'order' && each.order.terminal !== terminal);
  return found?.kind === 'order' ? found.order : null;
};

/** As many settled sales are kept as are remembered for repeated results and for refunds. */
const KEPT_SALES = 2000;

/**
 * The entries that a terminal needs at its next start, in their order; all of them where dropping is
 * not worth it. What was not acknowledged and announced is never dropped.
 */
export function keepEntries(
  entries: readonly JournalEntry[],
  kept = KEPT_SALES,
): readonly JournalEntry[] {
  const settled = [...recallSales(entries, 0, 0)].flatMap(([number, sale]) =>
    isSettled(sale) ? [number] : [],
  );
  if (settled.length < 2 * kept) return entries;
  const dropped = new Set(settled.slice(0, -kept));
  const made = new Set(
    entries.flatMap((entry) => (entry.kind === 'order' ? [entry.order.number] : [])),
  );
  const isKept = (order: string): boolean => made.has(order) && !dropped.has(order);
  const told = new Set(
    entries.flatMap((entry) => (entry.kind === 'refund_announced' ? [entry.refund] : [])),
  );
  const closed = entries.findLastIndex(({ kind }) => kind === 'day_closed');
  const hotlist = entries.findLastIndex((each) => each.kind === 'hotlist' && each.hotlist.full);
  const limits = entries.findLastIndex(({ kind }) => kind === 'card_limits');
  const voucherKey = entries.findLastIndex(({ kind }) => kind === 'voucher_key');
  const keeps = (entry: JournalEntry, at: number): boolean => {
    // Of the open day, each line counts at its end.
    if (at > closed) return true;
    switch (entry.kind) {
      case 'voucher_key':
        return at === voucherKey;
      case 'hotlist':
        return at >= hotlist;
      case 'card_limits':
        return at === limits;
      case 'refund':
        return isKept(entry.refund.order) || !told.has(entry.refund.refund);
      case 'refund_announced':
        return isKept(entry.order);
      default:
        // Days say themselves which of their own they need.
        return !isOfNoSale(entry) && !dropped.has(numberOf(entry) ?? '');
    }
  };
  const found = new Set(entries.filter(keeps));
  for (const entry of neededByDays(entries, found)) found.add(entry);
  for (const entry of neededOfWeb(entries)) found.add(entry);
  // A refund that is kept was told, and is not told again.
  const refunds = new Set(
    [...found].flatMap((entry) => (entry.kind === 'refund' ? [entry.refund.refund] : [])),
  );
  return entries.filter(
    (entry) => found.has(entry) || (entry.kind === 'refund_announced' && refunds.has(entry.refund)),
  );
}
