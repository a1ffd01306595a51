/**
 * Gives a paid order back, whole or in part, or voids its payment. It is recorded before the acquirer,
 * or the platform of a paired phone, is asked, and asked again under the same id until there is an
 * answer: so it happens once.
 */
import type {
  AcquirerGate,
  AcquirerResult,
  RefundAnswer as Refunded,
  VoidAnswer,
} from '../acquirer/gate.ts';
import { ON_ITS_WAY_MS } from '../acquirer/gate.ts';
import type { Chance, Clock } from '../clock.ts';
import { type Ask, askGate, type Steps, there, through } from '../gate.ts';
import type { Log } from '../log.ts';
import { endRefund, freezeRefund, paidAttempt, type RefundAttempt } from '../pairing/refunds.ts';
import { backOff, roundOf } from '../resolver.ts';
import type { Tables } from '../store/tables.ts';
import type { RefundRow } from '../store/tables-money.ts';
import type { Transaction, Writer } from '../store/writer.ts';
import {
  answerOf,
  beginRefund,
  findRefundable,
  type RefundAnswer,
  type RefundWish,
} from './refundable.ts';
import { tellRefunded, tellRefused } from './refunded.ts';

export interface RefundParts {
  readonly tables: Tables;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly acquirer: Pick<AcquirerGate, 'refund' | 'void'>;
  /** Gives back what a paired phone paid through a platform. */
  readonly refundAttempt: RefundAttempt;
  /** Whether the telephone desk is told by webhook. */
  readonly desk: boolean;
}

type Said = Refunded | VoidAnswer | { readonly said: 'refused'; readonly code: 'platform_refused' };
type Through = 'acquirer' | 'platform';

export class OrderRefunds {
  readonly #parts: RefundParts;

  constructor(parts: RefundParts) {
    this.#parts = parts;
  }

  /** Rejects with a `StoreError` where nothing was recorded. */
  refund(wish: RefundWish): Promise<RefundAnswer> {
    const { tables, writer } = this.#parts;
    const by = paidAttempt(tables, wish.order) === undefined ? 'acquirer' : 'platform';
    return through(writer, this.#ask(wish.kind, by), this.#steps(wish, by));
  }

  /** Asks again for what is due. */
  async settle(now: number): Promise<void> {
    await Promise.all(
      this.#parts.tables.attempts.dueRefunds(now, roundOf(now)).map((row) => this.#again(row)),
    );
  }

  /**
   * Takes a result in the unit that knows it; `false` where it is of no order here. One that was not
   * asked for here is recorded all the same: the money is gone.
   */
  takeResult(tx: Transaction, result: AcquirerResult): boolean {
    if (result.kind !== 'refund') return false;
    const { id, order, payment, amount_minor, answer } = result;
    const known = tx.attempts.refund(id);
    if (known !== undefined) {
      if (known.state === 'asking') this.#finish(tx, known, answer);
      return true;
    }
    const found = findRefundable(tx, order);
    if (found?.row.payment !== payment || answer.said !== 'refunded') return found !== undefined;
    const now = Math.floor(this.#parts.clock.now());
    this.#finish(
      tx,
      {
        ...{ id, order_number: order, payment, kind: 'refund', amount_minor, whole: 0, restock: 1 },
        ...{ state: 'asking', answer: '', tries: 0, next_at: now, begun_at: now },
      },
      answer,
    );
    return true;
  }

  /** Asks whoever took the money, under the refund's own id. */
  #ask(kind: RefundRow['kind'], by: Through): Ask<RefundRow, Said> {
    if (by === 'platform') return there<RefundRow, Said>((row) => this.#askPlatform(row));
    const { acquirer } = this.#parts;
    const over = <Q, A>(ask: Ask<Q, A>, question: (row: RefundRow) => Q): Ask<RefundRow, A> =>
      ask.where === 'here'
        ? { where: 'here', ask: (tx, row) => ask.ask(tx, question(row)) }
        : { where: 'there', ask: (row) => ask.ask(question(row)) };
    return kind === 'void'
      ? over(acquirer.void, ({ id, payment }) => ({ id, payment }))
      : over(acquirer.refund, ({ id, payment, amount_minor }) => ({ id, payment, amount_minor }));
  }

  async #askPlatform(row: RefundRow): Promise<Said> {
    const { tables, refundAttempt, clock } = this.#parts;
    const attempt = paidAttempt(tables, row.order_number);
    if (attempt === undefined) throw new Error(`nobody paid ${row.order_number} at a platform`);
    const said = await refundAttempt(attempt, row);
    if (said === 'refused') return { said, code: 'platform_refused' };
    const at = Math.floor(clock.now());
    if (row.kind === 'void') return { said: 'voided', at };
    return { said: 'refunded', amount_minor: row.amount_minor, at };
  }

  #steps(wish: RefundWish, by: Through): Steps<RefundRow, Said, RefundAnswer> {
    const { id, kind } = wish;
    const now = Math.floor(this.#parts.clock.now());
    return {
      begin: (tx) => {
        const attempt = paidAttempt(tx, wish.order);
        // Paid in this very moment: whom to ask was decided before.
        if ((attempt === undefined) !== (by === 'acquirer')) return { end: { said: 'not_paid' } };
        const step = beginRefund(tx, wish, now);
        if ('end' in step || attempt === undefined) return step;
        if (freezeRefund(tx, step.ask, attempt, now)) return step;
        const refused = { said: 'refused', code: 'merchant_funds' } as const;
        return { end: this.#finish(tx, step.ask, refused) };
      },
      remember: (tx, row) => {
        tx.attempts.putRefund({ ...row, next_at: now + ON_ITS_WAY_MS });
        tx.note({ about: 'open' });
        noteOrder(tx, row.order_number);
      },
      finish: (tx, ask, said) => {
        const row = tx.attempts.refund(id) ?? ask;
        return row.state === 'asking' ? this.#finish(tx, row, said) : answerOf(row);
      },
      lost: (tx, ask, cause) => {
        const row = tx.attempts.refund(id) ?? ask;
        if (row.state !== 'asking') return answerOf(row);
        const says = `${kind} ${id}: the ${by} did not answer: ${String(cause)}`;
        this.#parts.log({ level: 'warn', place: 'orders/refunds', says });
        tx.attempts.putRefund({ ...row, next_at: Math.floor(this.#parts.clock.now()) + 500 });
        tx.note({ about: 'open' });
        return answerOf(row);
      },
    };
  }

  #finish(tx: Transaction, row: RefundRow, said: Said): RefundAnswer {
    const { clock, chance, desk } = this.#parts;
    const now = Math.floor(clock.now());
    const told = { chance, desk };
    const attempt = paymentOf(tx, row);
    if (attempt !== undefined && said.said !== 'pending') {
      endRefund(tx, row, attempt, { given: isDone(said), at: now });
    }
    switch (said.said) {
      case 'pending':
        tx.attempts.putRefund({ ...row, next_at: now + 1000 });
        tx.note({ about: 'open' });
        noteOrder(tx, row.order_number);
        return { said: 'pending' };
      case 'refunded':
      case 'voided': {
        const answer = { said: said.said, amount_minor: row.amount_minor, at: now };
        end(tx, row, 'refunded', answer);
        tellRefunded(tx, told, row, now);
        return answer;
      }
      default: {
        const reason = said.said === 'conflict' ? 'conflict' : said.code;
        const left = 'left_minor' in said ? said.left_minor : undefined;
        const rest = left === undefined ? {} : { left_minor: left };
        const answer = { said: 'refused', reason, ...rest } as const;
        end(tx, row, 'refused', answer);
        tellRefused(tx, told, row, reason, now);
        return answer;
      }
    }
  }

  async #again(row: RefundRow): Promise<void> {
    const { tables, writer, clock, log } = this.#parts;
    try {
      const by = paymentOf(tables, row) === undefined ? 'acquirer' : 'platform';
      const said = await askGate(writer, this.#ask(row.kind, by), row);
      if (said.said === 'pending') throw new Error(`the ${by} does not know yet`);
      await writer.run((tx) => {
        const open = tx.attempts.refund(row.id);
        if (open?.state === 'asking') this.#finish(tx, open, said);
      });
    } catch (error) {
      log({ level: 'warn', place: 'orders/refunds', says: `not yet: ${String(error)}` });
      await writer.run((tx) => {
        const open = tx.attempts.refund(row.id);
        if (open?.state !== 'asking') return;
        const next_at = Math.floor(clock.now()) + backOff(open.tries);
        tx.attempts.putRefund({ ...open, tries: open.tries + 1, next_at });
      });
    }
  }
}

const isDone = ({ said }: Said): boolean => said === 'refunded' || said === 'voided';

/** The attempt at a platform that a refund gives back. */
function paymentOf(tables: Pick<Tables, 'pairings'>, { order_number, payment }: RefundRow) {
  const attempt = paidAttempt(tables, order_number);
  return attempt?.payment === payment ? attempt : undefined;
}

function end(
  tx: Transaction,
  row: RefundRow,
  state: 'refunded' | 'refused',
  answer: RefundAnswer,
): void {
  tx.attempts.putRefund({ ...row, state, answer: JSON.stringify(answer), next_at: null });
}

/** Whoever watches the order sees that money is on its way back. */
function noteOrder(tx: Transaction, number: string): void {
  const about = findRefundable(tx, number)?.by === 'link' ? 'telephone' : 'order';
  tx.note({ about, number });
}
