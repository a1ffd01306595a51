/** The sales that a journal holds. */
import type { JournalEntry } from '../messages/journal.ts';
import { recallDebit } from './debit.ts';
import { beginSale } from './sale.ts';
import { isOfNoSale, numberOf, type Sale, type SaleEntry } from './sale-state.ts';

/**
 * What the journal says of the sales it holds. A sale that was open is open again for the rest of its
 * lifetime by the clock; where the clock makes no sense, it is closed at the first tick.
 */
export function recallSales(
  entries: readonly JournalEntry[],
  now: number,
  monotonic: number,
): Map<string, Sale> {
  const sales = new Map<string, Sale>();
  for (const entry of entries) {
    if (entry.kind === 'order') {
      const age = now - entry.order.made_at;
      const { sale } = beginSale(entry.order, monotonic - (age >= 0 ? age : Infinity));
      sales.set(entry.order.number, { ...sale, stage: 'open' });
      continue;
    }
    // Those of refunds and days are about settled sales.
    if (isOfNoSale(entry)) continue;
    const number = numberOf(entry);
    const sale = number === null ? undefined : sales.get(number);
    if (number !== null && sale !== undefined) sales.set(number, recall(sale, entry));
  }
  return sales;
}

function recall(sale: Sale, entry: Exclude<SaleEntry, { kind: 'order' }>): Sale {
  switch (entry.kind) {
    case 'card_begun':
    case 'card_done':
    case 'card_undone':
    case 'card_receipt':
    case 'card_verdict':
      return recallDebit(sale, entry);
    case 'hotlist':
    case 'card_limits':
    case 'voucher_key':
      return sale;
    case 'receipt':
      return entry.receipt.said === 'conflicts'
        ? { ...sale, stage: 'ended', conflict: entry.receipt.field ?? 'number' }
        : { ...sale, received: true };
    case 'close':
      return sale.stage === 'open' ? { ...sale, stage: 'closing', close: entry.close } : sale;
    case 'result':
      return { ...sale, stage: 'ended', result: entry.result };
    case 'announced':
      return { ...sale, announced: true };
  }
}
