/** Debits of one terminal, as the settlement has them: what the order centre compares a day with. */
import type { CardTransactionRow, Placed } from '../store/tables-settlement.ts';
import type { Transaction } from '../store/writer.ts';
import { DEBITS_LIMIT, type DebitsWish, type TakenDebit, type TakenDebits } from './gate.ts';

export function takenDebits(
  { settlement }: Pick<Transaction, 'settlement'>,
  { terminal, after, named }: DebitsWish,
): TakenDebits {
  return {
    debits: settlement.debitsAt(terminal, after, DEBITS_LIMIT).map(viewDebit),
    named: named.flatMap(({ card, counter }) => {
      const row = settlement.debit(terminal, card, counter);
      return row === undefined ? [] : [viewDebit(row)];
    }),
  };
}

const viewDebit = (row: CardTransactionRow & Placed): TakenDebit => ({
  place: row.place,
  card: row.card,
  counter: row.counter,
  order: row.reference,
  amount_minor: row.amount_minor,
});
