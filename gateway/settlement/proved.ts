/** Writes down what a card has done: posted, told, and held against what is beside it. */
import { mintOrderNumber } from '#device/codecs/order-number.ts';
import type { CardPayment } from '#device/messages/card.ts';
import type { CardRow, CardTransactionRow } from '../store/tables-settlement.ts';
import type { Transaction } from '../store/writer.ts';
import { postTransaction } from './book.ts';
import { addJob } from './jobs.ts';
import { find, type SettlementParts, tellPaid } from './parts.ts';

/** What a finding names a transaction by. */
export const namesOf = (row: CardTransactionRow) => ({
  ...{ card: row.card, counter: row.counter, terminal: row.terminal },
  ...{ order_number: row.reference, amount_minor: row.amount_minor },
});

/** Adds a debit and posts it; a second one for the same order is due to its card. */
export function addProved(
  parts: SettlementParts,
  tx: Transaction,
  card: CardRow,
  told: CardTransactionRow,
): void {
  const { reference, amount_minor, counter, terminal, vendor } = told;
  const sold = tx.settlement.transactionsOf(reference).some(({ purpose }) => purpose === 'sale');
  const row: CardTransactionRow = sold ? { ...told, purpose: 'owed' } : told;
  tx.settlement.addTransaction(row);
  postTransaction(tx, row, card.currency, row.at);
  if (sold && told.purpose === 'sale') {
    const says = 'the order was paid by a card before; this debit is due to its card';
    find(parts, tx, { kind: 'double', ...namesOf(row), says });
  }
  const currency = card.currency as CardPayment['currency'];
  if (row.purpose === 'sale') {
    const paid = { order: reference, card: card.id, counter, amount_minor, currency };
    tellPaid(parts, tx, { ...paid, terminal, balance_minor: row.balance_after_minor });
  } else {
    const id = mintOrderNumber(row.at, parts.chance.bytes(4));
    const owed = { id, kind: 'refund', card: card.id, amount_minor, source: 'owed' } as const;
    addJob(parts, tx, { ...owed, currency, vendor, order: reference });
  }
  checkChain(parts, tx, card, row);
}

/** Both neighbours must go on from one another; where they are proved and do not, it is named. */
function checkChain(
  parts: SettlementParts,
  tx: Transaction,
  card: CardRow,
  row: CardTransactionRow,
): void {
  const before = tx.settlement.transaction(card.id, row.counter - 1);
  const after = tx.settlement.transaction(card.id, row.counter + 1);
  const starts = row.counter === 1 ? 0 : before?.balance_after_minor;
  const goesOn = starts === undefined || starts === row.balance_before_minor;
  const isMet = after === undefined || after.balance_before_minor === row.balance_after_minor;
  if (goesOn && isMet) return;
  const says = 'its balance does not go on from the one beside it';
  find(parts, tx, { kind: 'broken_chain', ...namesOf(row), says });
}
