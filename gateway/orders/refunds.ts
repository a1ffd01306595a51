/**
 * Gives a paid order back, whole or in part. The refund is recorded before the acquirer is asked, and
 * asked again under the same id until there is an answer: so it happens once.
 */
import type {
  AcquirerGate,
  AcquirerResult,
  RefundRequest,
  RefundAnswer as Said,
} from '../acquirer/gate.ts';
import { ON_ITS_WAY_MS } from '../acquirer/gate.ts';
import type { Clock } from '../clock.ts';
import { askGate, type Steps, through } from '../gate.ts';
import type { Log } from '../log.ts';
import { backOff } from '../resolver.ts';
import type { Tables } from '../store/tables.ts';
import type { RefundRow } from '../store/tables-money.ts';
import type { Transaction, Writer } from '../store/writer.ts';
import { addEvent } from './orders.ts';

export interface RefundParts {
  readonly tables: Tables;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly log: Log;
  readonly acquirer: AcquirerGate;
}

export interface RefundOrder {
  /** Minted by whoever asks: repeating it refunds nothing more. */
  readonly id: string;
  readonly order: string;
  /** All that is left, where it is not named. */
  readonly amount_minor?: number | undefined;
}

export type RefundAnswer =
  | { readonly said: 'refunded'; readonly amount_minor: number; readonly at: number }
  /** It will be done, or refused: the same id tells. */
  | { readonly said: 'pending' }
  | { readonly said: 'unknown_order' | 'not_paid' | 'conflict' }
  | { readonly said: 'refused'; readonly reason: string; readonly left_minor?: number };

/** Refunds that are looked after in one round. */
const ROUND = 64;

export class OrderRefunds {
  readonly #parts: RefundParts;

  constructor(parts: RefundParts) {
    this.#parts = parts;
  }

  /** Rejects with a `StoreError` where nothing was recorded. */
  refund(request: RefundOrder): Promise<RefundAnswer> {
    const { writer, acquirer } = this.#parts;
    return through(writer, acquirer.refund, this.#steps(request));
  }

  /** Asks again for what is due. */
  async settle(now: number): Promise<void> {
    await Promise.all(
      this.#parts.tables.attempts.dueRefunds(now, ROUND).map((row) => this.#again(row)),
    );
  }

  /** Takes a result in the unit that knows it; `false` where it is of no refund here. */
  takeResult(tx: Transaction, result: AcquirerResult): boolean {
    const row = result.kind === 'refund' ? tx.attempts.refund(result.id) : undefined;
    if (row === undefined || result.kind !== 'refund') return false;
    if (row.state === 'asking') this.#finish(tx, row, result.answer);
    return true;
  }

  #steps({ id, order, amount_minor }: RefundOrder): Steps<RefundRequest, Said, RefundAnswer> {
    const now = Math.floor(this.#parts.clock.now());
    const fresh = (ask: RefundRequest): RefundRow => ({
      id,
      order_number: order,
      payment: ask.payment,
      amount_minor: ask.amount_minor,
      state: 'asking',
      answer: JSON.stringify({ said: 'pending' }),
      tries: 0,
      next_at: now + ON_ITS_WAY_MS,
      begun_at: now,
    });
    return {
      begin: (tx) => begin(tx, id, order, amount_minor),
      remember: (tx, ask) => {
        tx.attempts.putRefund(fresh(ask));
        tx.note({ about: 'open' });
      },
      finish: (tx, ask, said) => {
        const row = tx.attempts.refund(id) ?? fresh(ask);
        return row.state === 'asking' ? this.#finish(tx, row, said) : answerOf(row);
      },
      lost: (tx, ask, cause) => {
        const row = tx.attempts.refund(id) ?? fresh(ask);
        if (row.state !== 'asking') return answerOf(row);
        const says = `refund ${id}: the acquirer did not answer: ${String(cause)}`;
        this.#parts.log({ level: 'warn', place: 'orders/refunds', says });
        tx.attempts.putRefund({ ...row, next_at: Math.floor(this.#parts.clock.now()) + 500 });
        tx.note({ about: 'open' });
        return answerOf(row);
      },
    };
  }

  #finish(tx: Transaction, row: RefundRow, said: Said): RefundAnswer {
    const now = Math.floor(this.#parts.clock.now());
    const { id, order_number, amount_minor } = row;
    switch (said.said) {
      case 'pending':
        tx.attempts.putRefund({ ...row, next_at: now + 1000 });
        tx.note({ about: 'open' });
        return { said: 'pending' };
      case 'refunded': {
        const answer = { said: 'refunded', amount_minor, at: now } as const;
        addEvent(tx, order_number, 'refunded', now, { refund: id, amount_minor });
        return end(tx, row, 'refunded', answer);
      }
      default: {
        const reason = said.said === 'conflict' ? 'conflict' : said.code;
        const left = said.said === 'refused' ? said.left_minor : undefined;
        const rest = left === undefined ? {} : { left_minor: left };
        addEvent(tx, order_number, 'refund_refused', now, { refund: id, reason });
        return end(tx, row, 'refused', { said: 'refused', reason, ...rest });
      }
    }
  }

  async #again(row: RefundRow): Promise<void> {
    const { writer, acquirer, clock, log } = this.#parts;
    const { id, payment, amount_minor } = row;
    try {
      const said = await askGate(writer, acquirer.refund, { id, payment, amount_minor });
      if (said.said === 'pending') throw new Error('the acquirer does not know yet');
      await writer.run((tx) => {
        const open = tx.attempts.refund(id);
        if (open?.state === 'asking') this.#finish(tx, open, said);
      });
    } catch (error) {
      log({ level: 'warn', place: 'orders/refunds', says: `not yet: ${String(error)}` });
      await writer.run((tx) => {
        const open = tx.attempts.refund(id);
        if (open?.state !== 'asking') return;
        const next_at = Math.floor(clock.now()) + backOff(open.tries);
        tx.attempts.putRefund({ ...open, tries: open.tries + 1, next_at });
      });
    }
  }
}

const answerOf = (row: RefundRow): RefundAnswer => JSON.parse(row.answer) as RefundAnswer;

function begin(
  tx: Transaction,
  id: string,
  order: string,
  amount: number | undefined,
): { ask: RefundRequest } | { end: RefundAnswer } {
  const earlier = tx.attempts.refund(id);
  if (earlier !== undefined) {
    const same =
      earlier.order_number === order && (amount === undefined || earlier.amount_minor === amount);
    return { end: same ? answerOf(earlier) : { said: 'conflict' } };
  }
  const row = tx.orders.find(order);
  if (row === undefined) return { end: { said: 'unknown_order' } };
  if (row.payment === null) return { end: { said: 'not_paid' } };
  const left = row.amount_minor - refundedMinor(tx, order, ['asking', 'refunded']);
  if (left === 0) return { end: { said: 'refused', reason: 'too_much', left_minor: 0 } };
  return { ask: { id, payment: row.payment, amount_minor: amount ?? left } };
}

/** What went back of an order so far, and with `asking` what may be on its way. */
export const refundedMinor = (
  tables: Pick<Tables, 'attempts'>,
  order: string,
  states: readonly RefundRow['state'][] = ['refunded'],
): number =>
  tables.attempts
    .refundsOf(order)
    .filter(({ state }) => states.includes(state))
    .reduce((total, { amount_minor }) => total + amount_minor, 0);

function end(
  tx: Transaction,
  row: RefundRow,
  state: 'refunded' | 'refused',
  answer: RefundAnswer,
): RefundAnswer {
  tx.attempts.putRefund({ ...row, state, answer: JSON.stringify(answer), next_at: null });
  tx.note({ about: 'order', number: row.order_number });
  return answer;
}
