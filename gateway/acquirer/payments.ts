/**
 * Takes a pay instruction to its end. The decision (order, ledger, outbox and the answer to the
 * Idempotency-Key) is one transaction, so that two phones with ten retries each pay once.
 */
import { writeOrderNumber } from '#device/codecs/order-number.ts';
import type { Currency } from '#device/messages/money.ts';
import type { DeclineReason } from '#device/messages/order.ts';
import type { Chance, Clock } from '../clock.ts';
import { type Admitted, admit, authenticate, debit } from '../issuer/issuer.ts';
import { maskPhone } from '../issuer/mask.ts';
import { type GatewayKeys, keyedDigest } from '../keys.ts';
import { addEvent, endOrder } from '../orders/orders.ts';
import type { OrderRow, OrderState, PayerRow, Tables } from '../store/tables.ts';
import { StoreError, type Transaction, type Writer } from '../store/writer.ts';

export interface PayInstruction {
  readonly order: string;
  /** The payer's own name for this attempt. */
  readonly key: string;
  /** E.164. */
  readonly phone: string;
  readonly pin: string;
}

/** What became of an instruction; kept, and given again for the same key and instruction. */
export type PayAnswer =
  | { readonly kind: 'paid'; readonly payment: string }
  | { readonly kind: 'declined'; readonly reason: DeclineReason }
  | { readonly kind: 'closed'; readonly state: OrderState }
  | { readonly kind: 'unknown_order' }
  | ({ readonly kind: 'not_admitted' } & Extract<Admitted, { ok: false }>);

export type Paid =
  | { readonly ok: true; readonly answer: PayAnswer; readonly replayed: boolean }
  | { readonly ok: false; readonly code: 'idempotency_key_reused' | 'payment_in_flight' };

export interface PaymentsParts {
  readonly tables: Tables;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly keys: GatewayKeys;
}

/** Instructions worked on at once: checking a PIN is slow on purpose. */
const IN_FLIGHT = 512;

export class Payments {
  readonly #parts: PaymentsParts;
  /** Keys being worked on by this process, the only one that writes to its store. */
  readonly #inFlight = new Set<string>();

  constructor(parts: PaymentsParts) {
    this.#parts = parts;
  }

  /** Rejects with a `StoreError` where nothing was recorded; then the same key may be tried again. */
  async pay(instruction: PayInstruction): Promise<Paid> {
    const known = this.recall(instruction);
    if (known !== null) return known;
    if (this.#inFlight.size >= IN_FLIGHT) throw new StoreError('too many payments at once');
    const flight = flightOf(instruction);
    this.#inFlight.add(flight);
    try {
      return { ok: true, answer: await this.#decide(instruction), replayed: false };
    } finally {
      this.#inFlight.delete(flight);
    }
  }

  /** What this key already got, or that it is being worked on; `null` for a new key. */
  recall(instruction: PayInstruction): Paid | null {
    if (this.#inFlight.has(flightOf(instruction))) return { ok: false, code: 'payment_in_flight' };
    const kept = this.#parts.tables.answers.find(scopeOf(instruction), instruction.key);
    if (kept === undefined) return null;
    const same = kept.fingerprint === this.#fingerprint(instruction);
    if (!same) return { ok: false, code: 'idempotency_key_reused' };
    return { ok: true, answer: JSON.parse(kept.answer) as PayAnswer, replayed: true };
  }

  #fingerprint(instruction: PayInstruction): string {
    const { phone, pin } = instruction;
    return keyedDigest(this.#parts.keys, `${scopeOf(instruction)}\n${phone}\n${pin}`);
  }

  async #decide(instruction: PayInstruction): Promise<PayAnswer> {
    const { order, key, phone, pin } = instruction;
    const { tables, writer, clock, chance, keys } = this.#parts;
    const fingerprint = this.#fingerprint(instruction);
    const payment = `PAY-${writeOrderNumber(chance.bytes(10))}`;
    const early = closedAnswer(tables.orders.find(order));
    const authenticated =
      early === null ? await authenticate(tables, keys, phone, pin) : ({ who: 'unknown' } as const);
    return writer.run((tx) => {
      const now = clock.now();
      const answer =
        closedAnswer(tx.orders.find(order)) ??
        expireLate(tx, order, now) ??
        decideAdmitted(tx, order, admit(tx, authenticated, now), payment, now);
      tx.answers.add(
        scopeOf(instruction),
        key,
        { fingerprint, answer: JSON.stringify(answer) },
        now,
      );
      return answer;
    });
  }
}

const scopeOf = ({ order }: PayInstruction): string => `pay:${order}`;
const flightOf = ({ order, key }: PayInstruction): string => `${order}\n${key}`;

function closedAnswer(row: OrderRow | undefined): PayAnswer | null {
  if (row === undefined) return { kind: 'unknown_order' };
  return row.state === 'offered' ? null : { kind: 'closed', state: row.state };
}

/** The order's time may be over though the timer has not come round yet. */
function expireLate(tx: Transaction, order: string, now: number): PayAnswer | null {
  const row = tx.orders.find(order);
  if (row === undefined || row.expires_at > now) return null;
  endOrder(tx, order, { state: 'expired' }, now);
  return { kind: 'closed', state: 'expired' };
}

function decideAdmitted(
  tx: Transaction,
  order: string,
  admitted: Admitted,
  payment: string,
  now: number,
): PayAnswer {
  if (!admitted.ok) {
    addEvent(tx, order, 'payer_refused', now, { code: admitted.code });
    return { kind: 'not_admitted', ...admitted };
  }
  const row = tx.orders.find(order);
  if (row === undefined) return { kind: 'unknown_order' };
  return settle(tx, row, admitted.payer, payment, now);
}

function settle(
  tx: Transaction,
  row: OrderRow,
  payer: PayerRow,
  payment: string,
  now: number,
): PayAnswer {
  const { number, vendor, amount_minor } = row;
  const currency = row.currency as Currency;
  const masked = maskPhone(payer.phone);
  const debited = debit(tx, payer, { order: number, vendor, amount_minor, currency }, now);
  if (debited === 'debited') {
    endOrder(tx, number, { state: 'paid', payment, payer: masked }, now);
    return { kind: 'paid', payment };
  }
  endOrder(tx, number, { state: 'declined', reason: debited, payer: masked }, now);
  return { kind: 'declined', reason: debited };
}
