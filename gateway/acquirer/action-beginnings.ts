/** How a capture, void or refund begins: what is asked of the issuer, or is said without asking. */
import type { Currency } from '#device/messages/money.ts';
import { availableMinor, post } from '../ledger/ledger.ts';
import type { ActionRow, PaymentRow } from '../store/tables-money.ts';
import type { Transaction } from '../store/writer.ts';
import { merchantAccount, merchantTransfer } from './accounts.ts';
import { type ActionAnswer, actionAnswer, freeze } from './action-endings.ts';
import type { VoidAnswer } from './gate.ts';
import { isPlatform } from './payments.ts';

export interface Asked {
  readonly row: ActionRow;
  readonly payment: PaymentRow;
}

export interface Beginning {
  readonly id: string;
  readonly kind: ActionRow['kind'];
  readonly of: string;
  readonly amount: number;
  readonly now: number;
}

/** What stood against a void may pass: the payer's money stays owed, and it is looked at anew. */
const mayYetBe = ({ kind, answer }: ActionRow): boolean => {
  const said = JSON.parse(answer) as ActionAnswer;
  return kind === 'void' && said.said === 'refused' && said.code === 'merchant_funds';
};

/**
 * The action to ask about, or its end; a repetition gets the same answer, but for a void that the
 * merchant's funds did not allow then.
 */
export function begin(
  tx: Transaction,
  { id, kind, of, amount, now }: Beginning,
): { ask: Asked } | { end: ActionAnswer } {
  const earlier = tx.payments.action(id);
  if (earlier !== undefined) {
    const same = earlier.kind === kind && earlier.payment === of && earlier.amount_minor === amount;
    if (!same) return { end: { said: 'conflict' } };
    if (!mayYetBe(earlier)) return { end: actionAnswer(earlier) };
  }
  const pending: ActionAnswer = kind === 'void' ? { said: 'voided', at: now } : { said: 'pending' };
  const row: ActionRow = {
    id,
    kind,
    payment: of,
    amount_minor: amount,
    state: 'asking',
    answer: JSON.stringify(pending),
    tries: 0,
    next_at: null,
    begun_at: now,
    ended_at: null,
  };
  const payment = tx.payments.find(of);
  const end = stands(tx, row, payment, now);
  if (end === null && payment !== undefined) {
    if (!isPlatform(payment.through)) return { ask: { row, payment } };
    // A platform answers later: the resolver asks it.
    if (kind === 'refund') freeze(tx, row, payment, now);
    tx.payments.putAction({ ...row, next_at: now });
    tx.note({ about: 'open' });
    return { end: pending };
  }
  const answer = end ?? { said: 'voided', at: now };
  const state = answer.said === 'refused' ? 'refused' : 'done';
  tx.payments.putAction({ ...row, state, answer: JSON.stringify(answer), ended_at: now });
  return { end: answer };
}

/** What stands against an action, or is said of it without asking; `null` where it is to be asked. */
function stands(
  tx: Transaction,
  row: ActionRow,
  payment: PaymentRow | undefined,
  now: number,
): ActionAnswer | null {
  if (row.kind === 'void') return payment === undefined ? null : beginVoid(tx, payment, now);
  if (payment === undefined) return { said: 'refused', code: 'unknown_payment' };
  if (row.kind === 'capture') {
    const captures = tx.payments
      .actionsOf(payment.id)
      .some((each) => each.kind === 'capture' && each.state === 'asking');
    if (payment.state !== 'authorised' || captures) {
      return { said: 'refused', code: 'not_authorised' };
    }
    return row.amount_minor > payment.amount_minor ? { said: 'refused', code: 'too_much' } : null;
  }
  if (payment.state !== 'paid') return { said: 'refused', code: 'not_paid' };
  const left = payment.captured_minor - refundedMinor(tx, payment.id, ['asking', 'done']);
  if (row.amount_minor > left) return { said: 'refused', code: 'too_much', left_minor: left };
  return availableOf(tx, payment) < row.amount_minor
    ? { said: 'refused', code: 'merchant_funds' }
    : null;
}

/** Takes the payment out of the merchant's books at once: the issuer's follow, whatever happens. */
function beginVoid(tx: Transaction, payment: PaymentRow, now: number): VoidAnswer | null {
  const { state, captured_minor } = payment;
  if (state !== 'asking' && state !== 'authorised' && state !== 'paid') {
    return { said: 'voided', at: now };
  }
  if (refundedMinor(tx, payment.id, ['asking', 'done']) > 0) {
    return { said: 'refused', code: 'refunded' };
  }
  if (state === 'paid') {
    const reference = `void:${payment.id}`;
    const transfer = merchantTransfer(payment, 'reversal', reference, -captured_minor, now);
    if (!post(tx, transfer).ok) return { said: 'refused', code: 'merchant_funds' };
  }
  tx.payments.put({
    ...payment,
    state: 'voided',
    answer: JSON.stringify({ said: 'voided' }),
    captured_minor: 0,
    next_at: null,
    ended_at: now,
  });
  return null;
}

/** What went back of a payment by refunds in these states. */
export function refundedMinor(
  tables: Pick<Transaction, 'payments'>,
  payment: string,
  states: readonly ActionRow['state'][],
): number {
  return tables.payments
    .actionsOf(payment)
    .filter(({ kind, state }) => kind === 'refund' && states.includes(state))
    .reduce((total, { amount_minor }) => total + amount_minor, 0);
}

function availableOf(tx: Transaction, payment: PaymentRow): number {
  const account = tx.ledger.account(
    merchantAccount(payment.merchant, payment.currency as Currency),
  );
  return account === undefined ? 0 : availableMinor(account);
}
