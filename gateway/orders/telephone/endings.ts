/**
 * How a telephone order ends unpaid, once. Whoever no longer wants to be paid asks the acquirer first,
 * so that an order which is cancelled can't be paid.
 */
import { returnStock } from '../../catalogue/catalogue.ts';
import { addDelivery } from '../../notify/notifier.ts';
import type { TelephoneOrderRow, TelephoneState } from '../../store/tables-centre.ts';
import type { Transaction } from '../../store/writer.ts';
import { addEvent } from '../orders.ts';
import type { Answered } from './asks.ts';
import { CENTRE, sendLink } from './messages.ts';
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
      return finishVoid(tx, number, answered, now);
  }
}

/** Money that nobody relies on goes back to its payer, as soon as the merchant has it. */
function finishVoid(
  tx: Transaction,
  number: string,
  { ask: { payment }, answer }: Extract<Answered, { verb: 'void' }>,
  now: number,
): 'done' | 'again' {
  const code = answer.said === 'refused' ? answer.code : null;
  const waits = code === 'merchant_funds';
  // Said once, however often it is asked.
  const said = waits && tx.orders.events(number).some(({ kind }) => kind === 'void_refused');
  if (!said) {
    const why = code === null ? {} : { code };
    addEvent(tx, number, `void_${answer.said}`, now, { payment, ...why });
    tx.note({ about: 'telephone', number });
  }
  return waits ? 'again' : 'done';
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

/** What happened to an order that had ended already. */
export interface Happened {
  readonly type: 'refunded' | 'voided' | 'refund_refused';
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * Told in the transaction of the end, or of what happened since; a webhook follows where the desk has
 * an endpoint.
 */
export function tellDesk(
  tx: Transaction,
  office: Pick<Office, 'chance'> & Desk,
  number: string,
  now: number,
  happened?: Happened,
): void {
  tx.note({ about: 'telephone', number });
  if (!office.told) return;
  const { state, reason, amount_minor, currency, payment } = requireRow(tx, number);
  const data = { order: number, state, reason, amount_minor, currency, payment };
  const timestamp = new Date(now).toISOString();
  const payload = JSON.stringify({
    type: `order.${happened?.type ?? state}`,
    timestamp,
    data: { ...data, ...happened?.data },
  });
  const to = {
    owner: CENTRE,
    channel: 'webhook',
    recipient: 'desk',
    order_number: number,
  } as const;
  addDelivery(tx, office.chance, { ...to, body: { payload } }, now);
}
