/** How a capture, void or refund ends: what the issuer said, in the merchant's books. */
import type { Currency } from '#device/messages/money.ts';
import type { CaptureAnswer, IssuerRefundAnswer, ReverseAnswer } from '../issuer/gate.ts';
import { captureHold, placeHold, releaseHold } from '../ledger/holds.ts';
import { post } from '../ledger/ledger.ts';
import type { ActionRow, PaymentRow } from '../store/tables-money.ts';
import type { Transaction } from '../store/writer.ts';
import { merchantAccount, merchantTransfer } from './accounts.ts';
import type { PaymentCaptureAnswer, RefundAnswer, VoidAnswer } from './gate.ts';
import { answerOf, requirePosted } from './payments.ts';

/** What is said of an action to whoever asked for it. */
export type ActionAnswer = PaymentCaptureAnswer | RefundAnswer | VoidAnswer;

/** What an action was answered so far. */
export const actionAnswer = (row: ActionRow): ActionAnswer =>
  JSON.parse(row.answer) as ActionAnswer;

/** What the issuer says of an action. */
export type Said = CaptureAnswer | IssuerRefundAnswer | ReverseAnswer;

const refundHold = (row: ActionRow): string => `acquirer:hold:refund:${row.id}`;

/** Until the issuer has answered, what will go back is not the merchant's to spend. */
export function freeze(tx: Transaction, row: ActionRow, payment: PaymentRow, at: number): void {
  const { amount_minor } = row;
  const account = merchantAccount(payment.merchant, payment.currency as Currency);
  const { order_number } = payment;
  requirePosted(
    placeHold(tx, {
      id: refundHold(row),
      account,
      amount_minor,
      purpose: 'refund',
      order_number,
      at,
    }),
  );
}

/** Posts what the issuer said of an open action; the answer to whoever asked for it. */
export function conclude(
  tx: Transaction,
  row: ActionRow,
  payment: PaymentRow,
  said: Said,
  now: number,
): ActionAnswer {
  switch (row.kind) {
    case 'void':
      return actionAnswer(row);
    case 'capture':
      return concludeCapture(tx, row, payment, said, now);
    case 'refund':
      return concludeRefund(tx, row, payment, said, now);
  }
}

function concludeCapture(
  tx: Transaction,
  row: ActionRow,
  payment: PaymentRow,
  said: Said,
  now: number,
): PaymentCaptureAnswer {
  // Voided meanwhile: the issuer undoes the capture, too.
  if (said.said !== 'captured' || payment.state !== 'authorised') {
    return { said: 'refused', code: 'not_authorised' };
  }
  const { amount_minor } = row;
  const transfer = merchantTransfer(payment, 'payment', `pay:${payment.id}`, amount_minor, now);
  requirePosted(post(tx, transfer));
  const authorised = answerOf(payment);
  const payer = 'payer' in authorised ? (authorised.payer ?? '') : '';
  const answer = JSON.stringify({ said: 'paid', payer, at: now });
  tx.payments.put({ ...payment, state: 'paid', answer, captured_minor: amount_minor });
  return { said: 'captured', amount_minor, at: now };
}

function concludeRefund(
  tx: Transaction,
  row: ActionRow,
  payment: PaymentRow,
  said: Said,
  now: number,
): RefundAnswer {
  const held = tx.ledger.hold(refundHold(row)) !== undefined;
  const { amount_minor } = row;
  if (said.said !== 'refunded') {
    if (held) releaseHold(tx, refundHold(row), now);
    const closed = said.said === 'refused' && said.code === 'account_closed';
    return { said: 'refused', code: closed ? 'account_closed' : 'not_paid' };
  }
  const transfer = merchantTransfer(payment, 'refund', `refund:${row.id}`, -amount_minor, now);
  requirePosted(held ? captureHold(tx, refundHold(row), transfer) : post(tx, transfer));
  return { said: 'refunded', amount_minor, at: now };
}
