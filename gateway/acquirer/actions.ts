/**
 * What can be asked about a payment: capture, void and refund. Each is recorded before the issuer is
 * asked, and repeated by the resolver under the same id until it has answered: so it is done once.
 */
import type { Currency } from '#device/messages/money.ts';
import { type Ask, type Steps, through, throughHere } from '../gate.ts';
import type { CaptureAnswer, IssuerRefundAnswer, ReverseAnswer } from '../issuer/gate.ts';
import { captureHold, placeHold, releaseHold } from '../ledger/holds.ts';
import { availableMinor, post } from '../ledger/ledger.ts';
import type { ActionRow, PaymentRow } from '../store/tables-money.ts';
import type { Transaction } from '../store/writer.ts';
import { merchantAccount, merchantTransfer } from './accounts.ts';
import {
  ON_ITS_WAY_MS,
  type PaymentCaptureAnswer,
  type PaymentCaptureRequest,
  type RefundAnswer,
  type RefundRequest,
  type VoidAnswer,
  type VoidRequest,
} from './gate.ts';
import { type AcquirerParts, answerOf, requirePosted } from './payments.ts';

type Where = 'here' | 'there';
interface Asked {
  readonly row: ActionRow;
  readonly payment: PaymentRow;
}
type ActionAnswer = PaymentCaptureAnswer | RefundAnswer | VoidAnswer;
type Said = CaptureAnswer | IssuerRefundAnswer | ReverseAnswer;

export class Actions {
  readonly #parts: AcquirerParts;

  constructor(parts: AcquirerParts) {
    this.#parts = parts;
  }

  /** Asks the issuer about an action, under ids that are the same however often it is asked. */
  readonly #ask = (kind: ActionRow['kind']): Ask<Asked, Said> => {
    const { capture, reverse, refund } = this.#parts.issuer;
    const over = <Q, A>(ask: Ask<Q, A>, question: (asked: Asked) => Q): Ask<Asked, A> =>
      ask.where === 'here'
        ? { where: 'here', ask: (tx, asked) => ask.ask(tx, question(asked)) }
        : { where: 'there', ask: (asked) => ask.ask(question(asked)) };
    switch (kind) {
      case 'capture':
        return over(capture, ({ row: { id, payment, amount_minor } }) => ({
          id,
          authorisation: payment,
          amount_minor,
        }));
      case 'void':
        return over(reverse, ({ row: { payment } }) => ({ id: `undo:${payment}`, of: payment }));
      case 'refund':
        return over(refund, ({ row: { id, payment, amount_minor } }) => ({
          id,
          of: payment,
          amount_minor,
        }));
    }
  };

  capture = (request: PaymentCaptureRequest): Promise<PaymentCaptureAnswer> =>
    this.#run('capture', request, request.amount_minor) as Promise<PaymentCaptureAnswer>;
  captureHere = (tx: Transaction, request: PaymentCaptureRequest): PaymentCaptureAnswer =>
    this.#runHere(tx, 'capture', request, request.amount_minor) as PaymentCaptureAnswer;
  refund = (request: RefundRequest): Promise<RefundAnswer> =>
    this.#run('refund', request, request.amount_minor) as Promise<RefundAnswer>;
  refundHere = (tx: Transaction, request: RefundRequest): RefundAnswer =>
    this.#runHere(tx, 'refund', request, request.amount_minor) as RefundAnswer;
  void = (request: VoidRequest): Promise<VoidAnswer> =>
    this.#run('void', request, 0) as Promise<VoidAnswer>;
  voidHere = (tx: Transaction, request: VoidRequest): VoidAnswer =>
    this.#runHere(tx, 'void', request, 0) as VoidAnswer;

  #run(
    kind: ActionRow['kind'],
    request: { id: string; payment: string },
    amount: number,
  ): Promise<ActionAnswer> {
    const ask = this.#ask(kind);
    return through(this.#parts.writer, ask, this.#steps(kind, request, amount, ask.where));
  }

  #runHere(
    tx: Transaction,
    kind: ActionRow['kind'],
    request: { id: string; payment: string },
    amount: number,
  ): ActionAnswer {
    const ask = this.#ask(kind);
    if (ask.where === 'there') throw new Error('the issuer is elsewhere: it can only be called');
    return throughHere(tx, ask.ask, this.#steps(kind, request, amount, 'here'));
  }

  /** Asks again about an action that is open, and finishes it where there is an answer. */
  async again(row: ActionRow): Promise<void> {
    const { tables, writer } = this.#parts;
    const payment = tables.payments.find(row.payment);
    if (payment === undefined) throw new Error(`payment ${row.payment} of ${row.id} is gone`);
    if (payment.through !== 'issuer') return this.#refundThrough(row, payment);
    const ask = this.#ask(row.kind);
    const asked = { row, payment };
    if (ask.where === 'here') {
      await writer.run((tx) => this.#finish(tx, row.id, ask.ask(tx, asked), true));
      return;
    }
    const said = await ask.ask(asked);
    await writer.run((tx) => this.#finish(tx, row.id, said, true));
  }

  async #refundThrough(row: ActionRow, payment: PaymentRow): Promise<void> {
    const { refundThrough, writer } = this.#parts;
    if (refundThrough === undefined) throw new Error(`${payment.through} is not connected`);
    const amount_minor = row.kind === 'void' ? payment.amount_minor : row.amount_minor;
    const said = await refundThrough(payment, row.id, amount_minor);
    if (said === 'refused' && row.kind === 'void') throw new Error('it gives nothing back yet');
    const at = Math.floor(this.#parts.clock.now());
    await writer.run((tx) => {
      const answer: Said =
        said === 'refunded' ? { said, amount_minor, at } : { said, code: 'unknown_request' };
      this.#finish(tx, row.id, answer, true);
    });
  }

  #steps(
    kind: ActionRow['kind'],
    { id, payment: of }: { id: string; payment: string },
    amount: number,
    where: Where,
  ): Steps<Asked, Said, ActionAnswer> {
    const now = Math.floor(this.#parts.clock.now());
    return {
      begin: (tx) => begin(tx, { id, kind, of, amount, now }),
      remember: (tx, { row, payment }) => {
        if (kind === 'refund') freeze(tx, row, payment, now);
        tx.payments.putAction({ ...row, next_at: now + ON_ITS_WAY_MS });
        tx.note({ about: 'open' });
      },
      finish: (tx, asked, said) =>
        where === 'here'
          ? this.#conclude(tx, asked.row, asked.payment, said, false)
          : this.#finish(tx, id, said, false),
      lost: (tx, asked, cause) => {
        const row = tx.payments.action(id) ?? asked.row;
        if (row.state === 'asking') {
          const says = `${kind} ${id}: the issuer did not answer: ${String(cause)}`;
          this.#parts.log({ level: 'warn', place: 'acquirer/actions', says });
          tx.payments.putAction({ ...row, next_at: Math.floor(this.#parts.clock.now()) + 500 });
          tx.note({ about: 'open' });
        }
        return actionAnswer(row);
      },
    };
  }

  #finish(tx: Transaction, id: string, said: Said, late: boolean): ActionAnswer {
    const row = tx.payments.action(id);
    const payment = row === undefined ? undefined : tx.payments.find(row.payment);
    if (row === undefined || payment === undefined) throw new Error(`action ${id} is gone`);
    return row.state === 'asking'
      ? this.#conclude(tx, row, payment, said, late)
      : actionAnswer(row);
  }

  #conclude(
    tx: Transaction,
    row: ActionRow,
    payment: PaymentRow,
    said: Said,
    late: boolean,
  ): ActionAnswer {
    const now = Math.floor(this.#parts.clock.now());
    const answer = conclude(tx, row, payment, said, now);
    const state = answer.said === 'refused' ? 'refused' : 'done';
    const ended = { ...row, state, answer: JSON.stringify(answer), next_at: null } as const;
    tx.payments.putAction({ ...ended, ended_at: now });
    if (late && row.kind === 'refund') {
      this.#parts.tell(tx, {
        kind: 'refund',
        event: `refund.${row.id}`,
        id: row.id,
        payment: payment.id,
        merchant: payment.merchant,
        order: payment.order_number,
        amount_minor: row.amount_minor,
        currency: payment.currency as Currency,
        answer: answer as RefundAnswer,
        at: now,
      });
    }
    return answer;
  }
}

interface Beginning {
  readonly id: string;
  readonly kind: ActionRow['kind'];
  readonly of: string;
  readonly amount: number;
  readonly now: number;
}

const actionAnswer = (row: ActionRow): ActionAnswer => JSON.parse(row.answer) as ActionAnswer;

function begin(
  tx: Transaction,
  { id, kind, of, amount, now }: Beginning,
): { ask: Asked } | { end: ActionAnswer } {
  const earlier = tx.payments.action(id);
  if (earlier !== undefined) {
    const same = earlier.kind === kind && earlier.payment === of && earlier.amount_minor === amount;
    return { end: same ? actionAnswer(earlier) : { said: 'conflict' } };
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
    if (payment.through === 'issuer') return { ask: { row, payment } };
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

const refundHold = (row: ActionRow): string => `acquirer:hold:refund:${row.id}`;

/** Until the issuer has answered, what will go back is not the merchant's to spend. */
function freeze(tx: Transaction, row: ActionRow, payment: PaymentRow, at: number): void {
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

function conclude(
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
