/**
 * A payment of the acquirer: it asks the issuer and posts what it answers to the merchant, once. An
 * answer that does not come leaves the payment `asking`, for the resolver to finish or to undo.
 */
import type { Currency } from '#device/messages/money.ts';
import type { Clock } from '../clock.ts';
import type { FundGate, TillVerbs } from '../funds/gate.ts';
import {
  type Ask,
  type Gate,
  type GateHere,
  type GateThere,
  here,
  type Steps,
  there,
  through,
  throughHere,
} from '../gate.ts';
import type {
  AuthoriseAnswer,
  DebitAnswer,
  DebitRequest,
  IssuerGate,
  IssuerStatus,
  IssuerVerbs,
} from '../issuer/gate.ts';
import { type GatewayKeys, keyedDigest } from '../keys.ts';
import { post } from '../ledger/ledger.ts';
import type { Log } from '../log.ts';
import type { Tables } from '../store/tables.ts';
import type { MerchantRow } from '../store/tables-links.ts';
import type { PaymentRow, PaymentState } from '../store/tables-money.ts';
import type { Transaction, Writer } from '../store/writer.ts';
import { merchantTransfer } from './accounts.ts';
import { ON_ITS_WAY_MS, type PayAnswer, type PayRequest, type TellResult } from './gate.ts';

export interface AcquirerParts {
  readonly tables: Tables;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly keys: Pick<GatewayKeys, 'digest'>;
  readonly log: Log;
  readonly issuer: IssuerGate;
  /** Where vouchers are redeemed; without it none are taken. */
  readonly vouchers?: FundGate | undefined;
  /** Gives back what a payment platform took; rejects where that gives no answer. */
  readonly refundThrough?:
    | ((payment: PaymentRow, id: string, amountMinor: number) => Promise<'refunded' | 'refused'>)
    | undefined;
  /** Tells whoever asked for a payment or refund that it did not get an answer of. */
  readonly tell: TellResult;
}

type Answer = DebitAnswer | AuthoriseAnswer;

export class Payments {
  readonly #parts: AcquirerParts;

  constructor(parts: AcquirerParts) {
    this.#parts = parts;
  }

  /** Inside a unit that is open; only where the issuer is in the same store. */
  payHere(tx: Transaction, request: PayRequest): PayAnswer {
    const ask = this.#ask(request);
    if (ask.where === 'there') throw new Error('the issuer is elsewhere: it can only be called');
    return throughHere(tx, ask.ask, this.#steps(request, ask.where));
  }

  /** `always` tells the result also where the answer came at once. */
  pay(request: PayRequest, tells: 'pending' | 'always' = 'pending'): Promise<PayAnswer> {
    const ask = this.#ask(request);
    return through(this.#parts.writer, ask, this.#steps(request, ask.where, tells));
  }

  #ask(request: PayRequest): Ask<DebitRequest, Answer> {
    if (request.payer.proof.by === 'voucher') return sourceOf(this.#parts, 'voucher').debit;
    const { debit, authorise } = this.#parts.issuer;
    return request.capture === 'now' ? debit : authorise;
  }

  #steps(
    request: PayRequest,
    where: 'here' | 'there',
    tells: 'pending' | 'always' = 'pending',
  ): Steps<DebitRequest, Answer, PayAnswer> {
    const { clock } = this.#parts;
    const now = Math.floor(clock.now());
    const fresh = this.#freshRow(request, tells, now);
    const { id, merchant, amount_minor, currency, payer, order: reference } = request;
    return {
      begin: (tx) => {
        const end = beginPayment(tx, fresh);
        return end === null
          ? { ask: { id, payer, amount_minor, currency, merchant, reference } }
          : { end };
      },
      remember: (tx) => {
        tx.payments.put({ ...fresh, next_at: now + ON_ITS_WAY_MS });
        tx.note({ about: 'open' });
      },
      finish: (tx, _question, answer) => {
        const row = where === 'here' ? fresh : tx.payments.find(id);
        return row === undefined ? PENDING : this.finish(tx, row, answer);
      },
      lost: (tx, _question, cause) => {
        const row = tx.payments.find(id);
        if (row?.state !== 'asking') return row === undefined ? PENDING : answerOf(row);
        this.#log('warn', row, `the issuer did not answer: ${String(cause)}`);
        tx.payments.put({ ...row, tell: 1, next_at: Math.floor(clock.now()) + 500 });
        tx.note({ about: 'open' });
        return PENDING;
      },
    };
  }

  #freshRow(request: PayRequest, tells: 'pending' | 'always', now: number): PaymentRow {
    const { id, merchant, order, amount_minor, currency, capture, payer } = request;
    // The proof itself is the issuer's to compare: here it only has to be the same one.
    const content = [merchant, order, amount_minor, currency, capture, payer.proof];
    return {
      id,
      fingerprint: keyedDigest(this.#parts.keys, `pay\n${JSON.stringify(content)}`),
      merchant,
      order_number: order,
      amount_minor,
      currency,
      capture,
      through: payer.proof.by === 'voucher' ? 'voucher' : 'issuer',
      state: 'asking',
      answer: JSON.stringify(PENDING),
      captured_minor: 0,
      tell: tells === 'always' ? 1 : 0,
      tries: 0,
      next_at: null,
      begun_at: now,
      ended_at: null,
    };
  }

  /** Takes the issuer's answer; changes nothing where the payment has ended otherwise. */
  finish(tx: Transaction, row: PaymentRow, said: Answer): PayAnswer {
    if (row.state !== 'asking') return answerOf(row);
    const now = Math.floor(this.#parts.clock.now());
    const { state, answer } = readAnswer(said);
    if (said.said === 'conflict') this.#log('error', row, 'the issuer knows another of this id');
    if (state === 'paid') {
      requirePosted(
        post(tx, merchantTransfer(row, 'payment', `pay:${row.id}`, row.amount_minor, now)),
      );
    }
    return this.#end(tx, row, state, answer, now);
  }

  /** What the resolver has learnt; where the issuer never had it, it is undone before it can come. */
  resolve(tx: Transaction, id: string, status: IssuerStatus): void {
    const row = tx.payments.find(id);
    if (row?.state !== 'asking') return;
    if (status.said === 'answered' && !status.reversed) {
      this.finish(tx, row, status.answer as Answer);
      return;
    }
    const now = Math.floor(this.#parts.clock.now());
    if (status.said === 'unknown') {
      tx.payments.putAction({
        id: `undo:${id}`,
        kind: 'void',
        payment: id,
        amount_minor: row.amount_minor,
        state: 'asking',
        answer: JSON.stringify({ said: 'voided', at: now }),
        tries: 0,
        next_at: now,
        begun_at: now,
        ended_at: null,
      });
      tx.note({ about: 'open' });
    }
    this.#end(tx, row, 'not_made', { said: 'not_made' }, now);
  }

  #end(
    tx: Transaction,
    row: PaymentRow,
    state: PaymentState,
    answer: PayAnswer,
    now: number,
  ): PayAnswer {
    const captured_minor = state === 'paid' ? row.amount_minor : 0;
    const ended: PaymentRow = {
      ...row,
      state,
      answer: JSON.stringify(answer),
      captured_minor,
      next_at: null,
      ended_at: now,
    };
    tx.payments.put(ended);
    if (ended.tell === 1) tellPayment(tx, this.#parts.tell, ended, answer, now);
    return answer;
  }

  #log(level: 'warn' | 'error', row: PaymentRow, says: string): void {
    this.#parts.log({ level, place: 'acquirer/payments', says: `payment ${row.id}: ${says}` });
  }
}

/** Whether a payment platform took it, and not an organisation of the house. */
export const isPlatform = (through: string): boolean => through.startsWith('platform:');

/** Who has the money of a payment: the issuer, or for a voucher the fund server. */
export const sourceOf = (
  { issuer, vouchers }: Pick<AcquirerParts, 'issuer' | 'vouchers'>,
  through: string,
): Pick<Gate<IssuerVerbs>, 'debit' | 'reverse' | 'refund' | 'status'> => {
  if (through !== 'voucher') return issuer;
  return vouchers ?? (issuer.debit.where === 'here' ? NO_FUNDS_HERE : NO_FUNDS_THERE);
};

/** Where there is no fund server, no voucher is good and nothing was ever taken of one. */
const NO_VOUCHER = { said: 'voucher_refused', reason: 'not_good' } as const;
const NOTHING = { said: 'refused', code: 'unknown_request' } as const;
const NO_FUNDS_HERE: GateHere<TillVerbs> = {
  admit: here(() => NO_VOUCHER),
  debit: here(() => NO_VOUCHER),
  reverse: here(() => NOTHING),
  refund: here(() => NOTHING),
  status: here(() => ({ said: 'unknown' })),
};
const NO_FUNDS_THERE: GateThere<TillVerbs> = {
  admit: there(async () => NO_VOUCHER),
  debit: there(async () => NO_VOUCHER),
  reverse: there(async () => NOTHING),
  refund: there(async () => NOTHING),
  status: there(async () => ({ said: 'unknown' })),
};

const PENDING: PayAnswer = { said: 'pending' };

export const answerOf = (row: PaymentRow): PayAnswer => JSON.parse(row.answer) as PayAnswer;

/** The answer of a payment that need not be asked for, `null` where it has to be. */
function beginPayment(tx: Transaction, fresh: PaymentRow): PayAnswer | null {
  const { id, merchant, order_number, begun_at } = fresh;
  const earlier = tx.payments.find(id);
  if (earlier !== undefined) {
    return earlier.fingerprint === fresh.fingerprint ? answerOf(earlier) : { said: 'conflict' };
  }
  const end = (
    state: 'voided' | 'closed' | 'not_made',
    answer: PayAnswer = { said: state },
  ): PayAnswer => {
    tx.payments.put({ ...fresh, state, answer: JSON.stringify(answer), ended_at: begun_at });
    return answer;
  };
  // A void that came first: then it must never be paid.
  if (tx.payments.actionsOf(id).some(({ kind }) => kind === 'void')) return end('voided');
  if (tx.payments.ofOrder(merchant, order_number) !== undefined) return end('closed');
  const code = refusalOf(tx.links.merchant(merchant));
  return code === null ? null : end('not_made', { said: 'not_made', code });
}

/** Why nothing is taken for a merchant any more, or yet; `null` where it is active. */
function refusalOf(merchant: MerchantRow | undefined) {
  if (merchant === undefined) return 'unknown_merchant' as const;
  return merchant.state === 'active' ? null : ('merchant_suspended' as const);
}

function readAnswer(said: Answer): { state: PaymentState; answer: PayAnswer } {
  switch (said.said) {
    case 'debited':
      return { state: 'paid', answer: { said: 'paid', payer: said.payer, at: said.at } };
    case 'authorised': {
      const answer: PayAnswer = { said: 'authorised', payer: said.payer, at: said.at };
      return { state: 'authorised', answer };
    }
    case 'declined':
      return { state: 'declined', answer: said };
    case 'voucher_refused':
    case 'not_admitted':
      return { state: 'not_admitted', answer: said };
    case 'refused':
    case 'conflict':
      return { state: 'not_made', answer: { said: 'not_made' } };
  }
}

function tellPayment(
  tx: Transaction,
  tell: TellResult,
  row: PaymentRow,
  answer: PayAnswer,
  at: number,
): void {
  tell(tx, {
    kind: 'payment',
    event: `payment.${row.id}.${answer.said}`,
    id: row.id,
    merchant: row.merchant,
    order: row.order_number,
    amount_minor: row.amount_minor,
    currency: row.currency as Currency,
    answer,
    at,
  });
}

/** For transfers that nothing can stand against. */
export function requirePosted(posted: { readonly ok: boolean }): void {
  if (!posted.ok) throw new Error('the books have no room for what was decided');
}
