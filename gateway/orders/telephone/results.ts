/**
 * What the acquirer's results do to telephone orders. Money that comes for an order which has ended,
 * or of another amount, is sent back without anybody's doing.
 */
import type { AcquirerResult } from '../../acquirer/gate.ts';
import type { TelephoneOrderRow } from '../../store/tables-centre.ts';
import type { Transaction } from '../../store/writer.ts';
import { addEvent } from '../orders.ts';
import { closeTelephoneOrder, type Desk, tellDesk } from './endings.ts';
import { CENTRE, sendBill } from './messages.ts';
import { type Office, requireRow } from './placing.ts';

/**
 * Takes the result of a payment, once however often it comes and in whatever order. Answers whether
 * it is about a telephone order; the answer is the same for a repetition.
 */
export function takeResult(
  tx: Transaction,
  office: Office & Desk,
  result: AcquirerResult,
  now: number,
): boolean {
  const row = tx.telephone.find(result.order);
  if (row === undefined || result.kind === 'refund') return false;
  if (!tx.deliveries.receive(`${CENTRE}:result`, result.event, now)) return true;
  tx.note({ about: 'telephone', number: row.number });
  takePayment(tx, office, row, result, now);
  return true;
}

function takePayment(
  tx: Transaction,
  office: Office & Desk,
  row: TelephoneOrderRow,
  result: Extract<AcquirerResult, { kind: 'payment' }>,
  now: number,
): void {
  const { number } = row;
  const { answer, id } = result;
  const known = tx.telephone.attempt(number, id);
  switch (answer.said) {
    case 'paid':
      tx.telephone.putAttempt(number, id, 'paid', now);
      takePaid(tx, office, row, result, answer.payer, now);
      return;
    case 'pending':
    case 'authorised':
      // One that was overtaken by its own end says nothing new.
      if (known !== undefined) return;
      tx.telephone.putAttempt(number, id, 'open', now);
      addEvent(tx, number, 'paying', now, { attempt: id });
      break;
    default:
      if (known === 'paid') return;
      tx.telephone.putAttempt(number, id, 'over', now);
      addEvent(tx, number, 'attempt_failed', now, { attempt: id, said: answer.said });
      if (row.ended_at === null) tx.telephone.change(number, { reason: reasonOf(answer) });
  }
  if (row.ended_at !== null) return;
  const state = tx.telephone.openAttempts(number) > 0 ? 'paying' : 'unpaid';
  tx.telephone.change(number, { state });
  // Not the owner of the order's phone, or too many wrong proofs: the transaction has failed (C7).
  const failed = answer.said === 'declined' && answer.reason === 'payer_not_verified';
  if (failed && state === 'unpaid') closeTelephoneOrder(tx, office, number, 'cancelled', now);
}

function reasonOf(answer: Extract<AcquirerResult, { kind: 'payment' }>['answer']): string {
  if (answer.said === 'declined') return answer.reason;
  return answer.said === 'not_admitted' ? answer.code : answer.said;
}

function takePaid(
  tx: Transaction,
  office: Office & Desk,
  row: TelephoneOrderRow,
  result: AcquirerResult,
  payer: string,
  now: number,
): void {
  const { number } = row;
  const fits =
    result.amount_minor === row.amount_minor &&
    result.currency === row.currency &&
    result.merchant === row.merchant;
  if (!fits || row.ended_at !== null) {
    if (row.payment === result.id) return;
    // Nobody relies on this money: it goes back.
    addEvent(tx, number, fits ? 'paid_late' : 'paid_otherwise', now, { attempt: result.id });
    const ask = { id: `void:${result.id}`.slice(0, 64), payment: result.id };
    office.asks.ask(tx, number, { verb: 'void', ask });
    return;
  }
  tx.telephone.change(number, {
    ...{ state: 'paid', closing: null, reason: null, ended_at: now },
    ...{ payment: result.id, payer },
  });
  addEvent(tx, number, 'paid', now, { payment: result.id, payer });
  sendBill(tx, office.chance, requireRow(tx, number), now);
  tellDesk(tx, office, number, now);
}
