/**
 * What can be asked about a payment: capture, void and refund. Each is recorded before the issuer is
 * asked, and repeated by the resolver under the same id until it has answered: so it is done once.
 */
import type { Currency } from '#device/messages/money.ts';
import { type Ask, type Steps, through, throughHere } from '../gate.ts';
import type { ActionRow, PaymentRow } from '../store/tables-money.ts';
import type { Transaction } from '../store/writer.ts';
import { type Asked, begin } from './action-beginnings.ts';
import { type ActionAnswer, actionAnswer, conclude, freeze, type Said } from './action-endings.ts';
import {
  ON_ITS_WAY_MS,
  type PaymentCaptureAnswer,
  type PaymentCaptureRequest,
  type RefundAnswer,
  type RefundRequest,
  type VoidAnswer,
  type VoidRequest,
} from './gate.ts';
import { isOwnOrder } from './merchants/own-orders.ts';
import { type AcquirerParts, isPlatform, sourceOf } from './payments.ts';

type Where = 'here' | 'there';
const VOIDED = { said: 'voided' } as const;

export class Actions {
  readonly #parts: AcquirerParts;

  constructor(parts: AcquirerParts) {
    this.#parts = parts;
  }

  /** Asks the issuer about an action, under ids that are the same however often it is asked. */
  readonly #ask = (kind: ActionRow['kind'], payment: string): Ask<Asked, Said> => {
    const { tables, issuer } = this.#parts;
    const { capture } = issuer;
    const { through: source = 'issuer' } = tables.payments.find(payment) ?? {};
    const { reverse, refund } = sourceOf(this.#parts, source);
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
    const ask = this.#ask(kind, request.payment);
    return through(this.#parts.writer, ask, this.#steps(kind, request, amount, ask.where));
  }

  #runHere(
    tx: Transaction,
    kind: ActionRow['kind'],
    request: { id: string; payment: string },
    amount: number,
  ): ActionAnswer {
    const ask = this.#ask(kind, request.payment);
    if (ask.where === 'there') throw new Error('the issuer is elsewhere: it can only be called');
    return throughHere(tx, ask.ask, this.#steps(kind, request, amount, 'here'));
  }

  /** Asks again about an action that is open, and finishes it where there is an answer. */
  async again(row: ActionRow): Promise<void> {
    const { tables, writer } = this.#parts;
    const payment = tables.payments.find(row.payment);
    if (payment === undefined) throw new Error(`payment ${row.payment} of ${row.id} is gone`);
    if (isPlatform(payment.through)) return this.#refundThrough(row, payment);
    const ask = this.#ask(row.kind, row.payment);
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
    this.#tell(tx, row, payment, answer, late);
    return answer;
  }

  /** The order centre has the answer where it came at once; a merchant's own system is always told. */
  #tell(
    tx: Transaction,
    row: ActionRow,
    payment: PaymentRow,
    answer: ActionAnswer,
    late: boolean,
  ): void {
    const now = Math.floor(this.#parts.clock.now());
    const own = isOwnOrder(payment.order_number);
    const of = {
      ...{ merchant: payment.merchant, order: payment.order_number },
      ...{ currency: payment.currency as Currency, at: now },
    };
    if (row.kind === 'void' && own && answer.said === 'voided') {
      const { id, amount_minor } = payment;
      const event = `payment.${id}.voided`;
      this.#parts.tell(tx, { kind: 'payment', event, id, amount_minor, ...of, answer: VOIDED });
    }
    if (row.kind === 'refund' && (late || own)) {
      this.#parts.tell(tx, {
        kind: 'refund',
        event: `refund.${row.id}`,
        id: row.id,
        payment: payment.id,
        amount_minor: row.amount_minor,
        ...of,
        answer: answer as RefundAnswer,
      });
    }
  }
}
