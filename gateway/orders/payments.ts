/**
 * Takes a payer's instruction to its end: it asks the acquirer, and ends the order. Where the
 * acquirer shares the store, the order, the postings of all, the outbox and the answer to the
 * Idempotency-Key are one transaction; else an attempt waits for the answer, also through a crash.
 */
import { writeOrderNumber } from '#device/codecs/order-number.ts';
import { VOUCHER_PAYMENT } from '#device/messages/day.ts';
import type { Currency } from '#device/messages/money.ts';
import type {
  AcquirerGate,
  AcquirerResult,
  AcquirerStatus,
  PayAnswer as Answer,
  PayRequest,
} from '../acquirer/gate.ts';
import { ON_ITS_WAY_MS } from '../acquirer/gate.ts';
import type { Chance, Clock } from '../clock.ts';
import { askGate, type Steps, through } from '../gate.ts';
import type { PayerProof, Presented } from '../issuer/gate.ts';
import type { GatewayKeys } from '../keys.ts';
import type { Log } from '../log.ts';
import { backOff, roundOf, startResolver } from '../resolver.ts';
import type { OrderRow, Tables } from '../store/tables.ts';
import type { AttemptRow } from '../store/tables-money.ts';
import type { Transaction, Writer } from '../store/writer.ts';
import { Idempotency, type Keep, type KeyedRequest } from '../web/idempotency.ts';
import { addEvent } from './orders.ts';
import {
  closedAnswer,
  conclude,
  expireLate,
  NOT_MADE,
  type Paid,
  type PayAnswer,
  type PayInstruction,
} from './payment-answers.ts';
import type { OrderRefunds } from './refunds.ts';

export interface OrderPaymentsParts {
  readonly tables: Tables;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly keys: GatewayKeys;
  readonly log: Log;
  readonly acquirer: AcquirerGate;
  /** Looked after by the same timer. */
  readonly refunds: OrderRefunds;
}

/** Another organisation has the payment: ask again, with the same key. */
class Pending extends Error {}

/** What has to be kept of an instruction until there is an answer. */
interface Kept {
  readonly key: string;
  readonly fingerprint: string;
}

export class OrderPayments {
  readonly #parts: OrderPaymentsParts;
  readonly #idempotency: Idempotency;
  readonly #stop: () => void;

  constructor(parts: OrderPaymentsParts) {
    this.#parts = parts;
    this.#idempotency = new Idempotency(parts);
    const { tables, writer, clock, log } = parts;
    this.#stop = startResolver({
      writer,
      clock,
      log,
      place: 'orders/payments',
      nextAt: () => tables.attempts.nextAt(),
      settle: (now) => this.#settle(now),
    });
  }

  close(): void {
    this.#stop();
  }

  /** Rejects with a `StoreError` where nothing was recorded; then the same key may be tried again. */
  async pay(instruction: PayInstruction): Promise<Paid> {
    const request = requestOf(instruction);
    try {
      const once = await this.#idempotency.once<PayAnswer>(request, (keep) =>
        this.#decide(instruction, keep),
      );
      return once.ok ? once : { ok: false, code: REFUSED[once.code] };
    } catch (error) {
      if (!(error instanceof Pending)) throw error;
      // Whoever resolved it meanwhile has kept the answer.
      return this.recall(instruction) ?? { ok: false, code: 'payment_in_flight' };
    }
  }

  /** What this key already got, or that it is being worked on; `null` for a new key. */
  recall(instruction: PayInstruction): Paid | null {
    const once = this.#idempotency.recall<PayAnswer>(requestOf(instruction));
    if (once === null || once.ok) return once;
    return { ok: false, code: REFUSED[once.code] };
  }

  async #decide(instruction: PayInstruction, keep: Keep<PayAnswer>): Promise<PayAnswer> {
    const { tables, writer, acquirer } = this.#parts;
    const early = closedAnswer(tables.orders.find(instruction.order));
    if (early !== null) {
      return writer.run((tx) => {
        if (wasKept(tx, instruction)) throw new Pending();
        return keep(tx, early);
      });
    }
    const payer = await acquirer.present(proofIn(instruction));
    const end = await through(writer, acquirer.pay, this.#steps(instruction, payer, keep));
    if (end === null) throw new Pending();
    return end;
  }

  #steps(
    instruction: PayInstruction,
    payer: Presented,
    keep: Keep<PayAnswer>,
  ): Steps<PayRequest, Answer, PayAnswer | null> {
    const { clock, chance, acquirer } = this.#parts;
    const { order, key } = instruction;
    const kind = 'voucher' in instruction ? VOUCHER_PAYMENT : 'PAY-';
    const id = `${kind}${writeOrderNumber(chance.bytes(10))}`;
    const elsewhere = acquirer.pay.where === 'there';
    const now = Math.floor(clock.now());
    let open: OrderRow | undefined;
    return {
      begin: (tx) => {
        if (elsewhere && wasKept(tx, instruction)) return { end: null };
        const row = tx.orders.find(order);
        const closed = closedAnswer(row) ?? expireLate(tx, row, now);
        if (row === undefined || closed !== null) {
          return { end: keep(tx, closed ?? { kind: 'unknown_order' }) };
        }
        // One question at a time: a second phone would only learn that it is too late.
        if (elsewhere && tx.attempts.openOf(order) !== undefined) return { end: null };
        open = row;
        return { ask: payRequest(id, row, payer) };
      },
      remember: (tx) => {
        const next_at = now + ON_ITS_WAY_MS;
        const fingerprint = this.#idempotency.fingerprint(requestOf(instruction));
        const kept: Kept = { key, fingerprint };
        const attempt = { id, order_number: order, ...kept, tries: 0, next_at, begun_at: now };
        tx.attempts.put({ ...attempt, state: 'asking' });
        addEvent(tx, order, 'paying', now, { payment: id });
        tx.note({ about: 'open' });
      },
      finish: (tx, _question, answer) => {
        if (!elsewhere)
          return keep(tx, conclude(tx, open, id, answer, Math.floor(clock.now())) ?? NOT_MADE);
        const end = this.#finishAttempt(tx, id, answer);
        return end === null ? null : keep(tx, end);
      },
      lost: (tx, _question, cause) => {
        const attempt = tx.attempts.find(id);
        if (attempt?.state !== 'asking') return null;
        this.#parts.log({
          level: 'warn',
          place: 'orders/payments',
          says: `payment ${id}: the acquirer did not answer: ${String(cause)}`,
        });
        tx.attempts.put({ ...attempt, next_at: Math.floor(clock.now()) + 500 });
        tx.note({ about: 'open' });
        return null;
      },
    };
  }

  /** Ends an attempt; `null` where it goes on, or has ended before. */
  #finishAttempt(tx: Transaction, id: string, answer: Answer): PayAnswer | null {
    const attempt = tx.attempts.find(id);
    if (attempt?.state !== 'asking') return null;
    const order = tx.orders.find(attempt.order_number);
    const end = conclude(tx, order, id, answer, Math.floor(this.#parts.clock.now()));
    if (end === null) {
      tx.attempts.put({ ...attempt, next_at: Math.floor(this.#parts.clock.now()) + 1000 });
      tx.note({ about: 'open' });
      return null;
    }
    const late = answer.said === 'paid' && end.kind !== 'paid';
    const next_at = late ? Math.floor(this.#parts.clock.now()) : null;
    tx.attempts.put({ ...attempt, state: late ? 'undoing' : 'done', next_at });
    if (late) tx.note({ about: 'open' });
    return end;
  }

  /** Takes a result of the acquirer in the unit that knows it; `false` where it is of no attempt here. */
  takeResult(tx: Transaction, result: AcquirerResult): boolean {
    if (result.kind !== 'payment') return false;
    const attempt = tx.attempts.find(result.id);
    if (attempt === undefined) return false;
    this.#keepLate(tx, attempt, this.#finishAttempt(tx, attempt.id, result.answer));
    return true;
  }

  async #settle(now: number): Promise<void> {
    const { tables, writer, clock, log, refunds } = this.#parts;
    await Promise.all([
      refunds.settle(now),
      ...tables.attempts.due(now, roundOf(now)).map(async (row) => {
        try {
          await this.#resolve(row);
        } catch (error) {
          log({ level: 'warn', place: 'orders/payments', says: `not yet: ${String(error)}` });
          await writer.run((tx) => {
            const open = tx.attempts.find(row.id);
            if (open === undefined || open.state === 'done') return;
            const next_at = Math.floor(clock.now()) + backOff(open.tries);
            tx.attempts.put({ ...open, tries: open.tries + 1, next_at });
          });
        }
      }),
    ]);
  }

  /** Asks what became of an attempt, and ends it; rejects where there is no answer yet. */
  async #resolve(row: AttemptRow): Promise<void> {
    const { writer, tables, acquirer } = this.#parts;
    const ended = closedAnswer(tables.orders.find(row.order_number)) !== null;
    if (row.state === 'undoing' || ended) return this.#undo(row);
    const status = await askGate(writer, acquirer.status, row.id);
    if (status.said === 'unknown') return this.#undo(row);
    if (status.answer.said === 'pending') throw new Error('the acquirer does not know yet');
    await writer.run((tx) =>
      this.#keepLate(tx, row, this.#finishAttempt(tx, row.id, answerIn(status))),
    );
  }

  /**
   * Nobody waits for it any more, or it never arrived: it must not be paid. That is written down
   * before it is asked for: what is told of it while the void is on its way counts no more.
   */
  async #undo(row: AttemptRow): Promise<void> {
    const { writer, acquirer } = this.#parts;
    await writer.run((tx) => {
      const attempt = tx.attempts.find(row.id);
      if (attempt?.state === 'asking') tx.attempts.put({ ...attempt, state: 'undoing' });
    });
    const said = await askGate(writer, acquirer.void, { id: `void:${row.id}`, payment: row.id });
    if (said.said !== 'voided') throw new Error(`the acquirer does not void it: ${said.said}`);
    await writer.run((tx) => {
      const attempt = tx.attempts.find(row.id);
      if (attempt?.state !== 'undoing') return;
      const now = Math.floor(this.#parts.clock.now());
      addEvent(tx, row.order_number, 'payment_undone', now, { payment: row.id });
      tx.attempts.put({ ...attempt, state: 'done', next_at: null });
      this.#keepLate(tx, row, closedAnswer(tx.orders.find(row.order_number)) ?? NOT_MADE);
    });
  }

  #keepLate(tx: Transaction, attempt: AttemptRow, end: PayAnswer | null): void {
    if (end === null) return;
    const { order_number, key, fingerprint } = attempt;
    // Whoever asked again with the same key may have been told that the order has ended.
    if (wasKept(tx, { order: order_number, key })) return;
    const answer = JSON.stringify(end);
    tx.answers.add(`pay:${order_number}`, key, { fingerprint, answer }, this.#parts.clock.now());
    tx.note({ about: 'order', number: order_number });
  }
}

const REFUSED = { in_flight: 'payment_in_flight', reused: 'idempotency_key_reused' } as const;

const requestOf = (instruction: PayInstruction): KeyedRequest => ({
  scope: `pay:${instruction.order}`,
  key: instruction.key,
  content:
    'voucher' in instruction
      ? `voucher\n${instruction.voucher}\n${instruction.code}`
      : `${instruction.phone}\n${instruction.pin}`,
});

const proofIn = (instruction: PayInstruction): PayerProof =>
  'voucher' in instruction
    ? { by: 'voucher', number: instruction.voucher, code: instruction.code }
    : { by: 'pin', phone: instruction.phone, pin: instruction.pin };

/** The resolver may have kept an answer since the key was looked up. */
const wasKept = (tx: Transaction, { order, key }: Pick<PayInstruction, 'order' | 'key'>): boolean =>
  tx.answers.find(`pay:${order}`, key) !== undefined;

const answerIn = (status: Extract<AcquirerStatus, { said: 'answered' }>): Answer => status.answer;

const payRequest = (id: string, row: OrderRow, payer: Presented): PayRequest => ({
  id,
  merchant: row.vendor,
  order: row.number,
  amount_minor: row.amount_minor,
  currency: row.currency as Currency,
  payer,
  capture: 'now',
});
