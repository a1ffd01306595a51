/**
 * How a telephone order ends, once: paid, cancelled or expired. Whoever no longer wants to be paid
 * asks the acquirer first, so that an order which is cancelled can't be paid; and if money comes all
 * the same, it is sent back without anybody's doing.
 */
import type { AcquirerResult } from '../../acquirer/gate.ts';
import { returnStock } from '../../catalogue/catalogue.ts';
import { addDelivery } from '../../notify/notifier.ts';
import type { TelephoneOrderRow, TelephoneState } from '../../store/tables-centre.ts';
import type { Transaction } from '../../store/writer.ts';
import { addEvent } from '../orders.ts';
import type { Answered } from './asks.ts';
import { CENTRE, sendBill, sendLink } from './messages.ts';
import { type Office, requireRow } from './placing.ts';

/** Who is told of endings besides the payer. */
export interface Desk {
  /** Whether the telephone desk has an endpoint of its own for webhooks. */
  readonly told: boolean;
}

export type Closed =
  | { readonly ok: true; readonly row: TelephoneOrderRow }
  | {
      readonly ok: false;
      readonly code: 'unknown_order' | 'closed' | 'being_paid';
      readonly state?: TelephoneState;
    };

/** Somebody is paying just now, or the result is on its way: look again after this. */
const LOOK_AGAIN_MS = 30_000;

/**
 * Ends an open order as wished, or says why not. Where the acquirer is elsewhere it is `closing`
 * until that one has answered.
 */
export function closeTelephoneOrder(
  tx: Transaction,
  office: Office & Desk,
  number: string,
  because: 'cancelled' | 'expired',
  now: number,
): Closed {
  const row = tx.telephone.find(number);
  if (row === undefined) return { ok: false, code: 'unknown_order' };
  if (row.ended_at !== null) return { ok: false, code: 'closed', state: row.state };
  if (row.closing !== null) return { ok: true, row };
  if (row.state === 'not_placed') {
    endUnpaid(tx, office, row, because, null, now);
    return { ok: true, row: requireRow(tx, number) };
  }
  tx.telephone.change(number, { closing: because });
  addEvent(tx, number, 'closing', now, { because });
  tx.note({ about: 'telephone', number });
  const ask = { id: `close:${number}:${now}`, merchant: row.merchant, order: number };
  office.asks.ask(tx, number, { verb: 'close_link', ask });
  const after = requireRow(tx, number);
  const open = after.ended_at === null && after.closing === null;
  return open ? { ok: false, code: 'being_paid', state: after.state } : { ok: true, row: after };
}

/** What follows from an answer of the acquirer. */
export function finishAsk(
  tx: Transaction,
  office: Office & Desk,
  number: string,
  answered: Answered,
  now: number,
): 'done' | 'again' {
  const row = requireRow(tx, number);
  switch (answered.verb) {
    case 'create_link':
      finishLink(tx, office, row, answered.answer, now);
      return 'done';
    case 'close_link':
      finishClose(tx, office, row, answered.answer, now);
      return 'done';
    case 'void':
      addEvent(tx, number, `void_${answered.answer.said}`, now, { payment: answered.ask.payment });
      return 'done';
  }
}

function finishLink(
  tx: Transaction,
  office: Office & Desk,
  row: TelephoneOrderRow,
  answer: Extract<Answered, { verb: 'create_link' }>['answer'],
  now: number,
): void {
  if (row.ended_at !== null || row.link !== null) return;
  if (answer.said !== 'created') {
    const code = answer.said === 'refused' ? answer.code : answer.said;
    addEvent(tx, row.number, 'link_refused', now, { code });
    // Nobody can pay what has no link.
    endUnpaid(tx, office, row, 'cancelled', 'no_link', now);
    return;
  }
  const { link, expires_at: link_expires_at } = answer;
  const expires_at = Math.min(row.expires_at, link_expires_at);
  tx.telephone.change(row.number, { link, link_expires_at, expires_at });
  addEvent(tx, row.number, 'link_made', now, { expires_at });
  tx.note({ about: 'telephone', number: row.number });
  if (row.closing === null) sendLink(tx, office.chance, { ...row, link, expires_at }, now);
}

function finishClose(
  tx: Transaction,
  office: Office & Desk,
  row: TelephoneOrderRow,
  answer: Extract<Answered, { verb: 'close_link' }>['answer'],
  now: number,
): void {
  if (row.ended_at !== null) return;
  if (answer.said === 'closed') {
    endUnpaid(tx, office, row, row.closing ?? 'cancelled', null, now);
    return;
  }
  // Paid, or being paid: its result decides, and until then it is as open as it was.
  tx.telephone.change(row.number, {
    closing: null,
    expires_at: Math.max(row.expires_at, now + LOOK_AGAIN_MS),
  });
  addEvent(tx, row.number, 'not_closed', now, { said: answer.said });
  tx.note({ about: 'telephone', number: row.number });
}

/** Stock comes back in the same transaction. */
function endUnpaid(
  tx: Transaction,
  office: Office & Desk,
  row: TelephoneOrderRow,
  state: 'cancelled' | 'expired',
  reason: string | null,
  now: number,
): void {
  const { number } = row;
  tx.telephone.change(number, {
    ...{ state, closing: null, ended_at: now },
    reason: reason ?? row.reason,
  });
  returnStock(tx, number, now);
  addEvent(tx, number, state, now, reason === null ? {} : { reason });
  tellDesk(tx, office, number, now);
}

/**
 * Takes a result of the acquirer, once however often it comes and in whatever order. Answers whether
 * it is about a telephone order; the answer is the same for a repetition.
 */
export function takeResult(
  tx: Transaction,
  office: Office & Desk,
  result: AcquirerResult,
  now: number,
): boolean {
  const row = tx.telephone.find(result.order);
  if (row === undefined) return false;
  if (!tx.deliveries.receive(`${CENTRE}:result`, result.event, now)) return true;
  tx.note({ about: 'telephone', number: row.number });
  if (result.kind === 'refund') takeRefund(tx, row, result, now);
  else takePayment(tx, office, row, result, now);
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

function takeRefund(
  tx: Transaction,
  row: TelephoneOrderRow,
  result: Extract<AcquirerResult, { kind: 'refund' }>,
  now: number,
): void {
  const { answer } = result;
  if (answer.said !== 'refunded') return;
  addEvent(tx, row.number, 'refunded', now, { amount_minor: answer.amount_minor });
  // What came after the end was never this order's money.
  if (row.state !== 'paid') return;
  const refunded = Math.min(row.amount_minor, row.refunded_minor + answer.amount_minor);
  tx.telephone.change(row.number, { refunded_minor: refunded });
}

function tellDesk(tx: Transaction, office: Office & Desk, number: string, now: number): void {
  tx.note({ about: 'telephone', number });
  if (!office.told) return;
  const { state, reason, amount_minor, currency, payment } = requireRow(tx, number);
  const data = { order: number, state, reason, amount_minor, currency, payment };
  const timestamp = new Date(now).toISOString();
  const payload = JSON.stringify({ type: `order.${state}`, timestamp, data });
  const to = {
    owner: CENTRE,
    channel: 'webhook',
    recipient: 'desk',
    order_number: number,
  } as const;
  addDelivery(tx, office.chance, { ...to, body: { payload } }, now);
}
