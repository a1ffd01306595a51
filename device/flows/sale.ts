/**
 * One sale by phone, rows A3–A9, as a state machine:
 *
 *   saving ──saved──▶ open ──cancel, lifetime over──▶ closing
 *                       └──────────result─────────────┴──▶ settling ──saved──▶ ended
 *
 * The order is on disk before it is offered; the request to end it is on disk before it is sent; the
 * result is on disk before it is announced. What ends an order is the gateway's signed result, or a
 * card's committed debit (debit.ts): a terminal that cancels asks, and may hear that it was paid a
 * moment before.
 */
import type { JournalEntry } from '../messages/journal.ts';
import type { CloseRequest, Order, Receipt, Result, Uplink } from '../messages/order.ts';
import { isDebiting, settleDebit, stepDebit, untold, withoutDebit } from './debit.ts';
import {
  isUnsaved,
  type Sale,
  type SaleEffect,
  type SaleEntry,
  type SaleEvent,
  type SaleStep,
  withoutUnsaved,
  withUnsaved,
} from './sale-state.ts';

const FIRST_RESEND_MS = 2_000;
const LAST_RESEND_MS = 60_000;

/** A sale that the vendor has just keyed: it is written down before anything else. */
export function beginSale(order: Order, monotonic: number): SaleStep {
  const sale: Sale = {
    order,
    stage: 'saving',
    openedAt: monotonic,
    received: false,
    announced: false,
    resendAt: 0,
    tries: 0,
  };
  return { sale, effects: [{ do: 'journal', entry: { kind: 'order', order } }] };
}

/** Takes a sale one event further. `online` says whether sending makes sense now. */
export function stepSale(sale: Sale, event: SaleEvent, now: number, online: boolean): SaleStep {
  switch (event.is) {
    case 'saved':
      return stepSaved(sale, event.entry, now, online);
    case 'not_saved':
      return stepNotSaved(sale, event.entry, now);
    case 'receipt':
      return stepReceipt(sale, event.receipt);
    case 'result':
      return stepResult(sale, event.result);
    case 'attempt':
      return stay({ ...sale, attempt: event.attempt });
    case 'cancel':
      return sale.stage === 'open' && !isDebiting(sale) ? closeSale(sale, 'cancelled') : stay(sale);
    case 'link_up':
      return send({ ...sale, tries: 0 }, now, true);
    case 'tick':
      return stepTick(sale, now, online);
    case 'debit':
    case 'debited':
    case 'not_debited':
    case 'torn':
    case 'card_receipt':
    case 'card_verdict':
      return stepDebit(sale, event);
  }
}

const stay = (sale: Sale): SaleStep => ({ sale, effects: [] });

function stepSaved(sale: Sale, entry: SaleEntry, now: number, online: boolean): SaleStep {
  switch (entry.kind) {
    case 'order':
      if (sale.stage !== 'saving') return stay(sale);
      return send({ ...sale, stage: 'open', openedAt: now }, now, online);
    case 'close':
      return send({ ...withoutUnsaved(sale, 'close'), close: entry.close, tries: 0 }, now, online);
    case 'card_begun':
      if (sale.debit?.stage !== 'saving') return stay(sale);
      return stay({ ...sale, debit: { ...sale.debit, stage: 'sent' } });
    case 'card_done': {
      const step = settleDebit(withoutUnsaved(sale, 'card_done'), entry.payment);
      const sent = send(step.sale, now, online);
      return { sale: sent.sale, effects: [...step.effects, ...sent.effects] };
    }
    case 'result': {
      const seen: SaleEffect = { do: 'publish', uplink: seenUplink(sale) };
      const announce: SaleEffect = { do: 'announce', result: entry.result };
      // Where the disk refused it at first, it was announced then.
      const effects = isUnsaved(sale, 'result') ? [seen] : [announce, seen];
      return { sale: { ...withoutUnsaved(sale, 'result'), stage: 'ended' }, effects };
    }
    case 'announced': {
      const saved = withoutUnsaved(sale, 'announced');
      // From now on again what is still unanswered may be sent again.
      return stay(
        saved.resendAt === Infinity ? { ...saved, resendAt: now + FIRST_RESEND_MS } : saved,
      );
    }
    case 'receipt':
    case 'card_receipt':
    case 'card_verdict':
    case 'card_undone':
      return stay(withoutUnsaved(sale, entry.kind));
    default:
      return stay(sale);
  }
}

/** An order that can't be written down is no order: whoever keeps the sales drops it. */
function stepNotSaved(sale: Sale, entry: SaleEntry, now: number): SaleStep {
  // Nothing was sent to the card, and nothing will be.
  if (entry.kind === 'card_begun') return stay(withoutDebit(sale));
  const waiting: Sale = { ...withUnsaved(sale, entry), resendAt: now + FIRST_RESEND_MS };
  switch (entry.kind) {
    case 'close':
    case 'announced':
    case 'receipt':
    case 'card_receipt':
    case 'card_verdict':
      return stay(waiting);
    case 'card_undone':
      // What was begun since then comes behind it in the journal: it is not undone.
      return stay(sale.debit === undefined ? waiting : sale);
    case 'card_done':
      return settleDebit(waiting, entry.payment);
    case 'result': {
      if (isUnsaved(sale, 'result')) return stay(waiting);
      // The money is posted, and the vendor must hear so although it can't be written down yet. It is
      // not acknowledged: the gateway tells it again until it is on disk.
      const announce: SaleEffect = { do: 'announce', result: entry.result };
      return { sale: waiting, effects: [announce] };
    }
    default:
      return stay(sale);
  }
}

function stepReceipt(sale: Sale, receipt: Receipt): SaleStep {
  if (sale.received || sale.conflict !== undefined) return stay(sale);
  const journal: SaleEffect = { do: 'journal', entry: { kind: 'receipt', receipt } };
  if (receipt.said === 'conflicts') {
    const field = receipt.field ?? 'number';
    const log: SaleEffect = { do: 'log', what: `order ${sale.order.number} conflicts in ${field}` };
    return { sale: { ...sale, stage: 'ended', conflict: field }, effects: [journal, log] };
  }
  return { sale: { ...sale, received: true, tries: 0 }, effects: [journal] };
}

function stepResult(sale: Sale, result: Result): SaleStep {
  if (sale.stage === 'ended' && sale.result !== undefined) {
    // Its acknowledgement was lost on the way; it was announced, and is not announced again.
    return { sale, effects: [{ do: 'publish', uplink: seenUplink(sale) }] };
  }
  if (sale.stage === 'settling' || sale.conflict !== undefined) return stay(sale);
  // The card decides within a second; the gateway, which was not told "seen", says it again.
  if (isDebiting(sale) && result.outcome !== 'paid') return stay(sale);
  const { amount_minor, currency } = sale.order;
  if (result.amount_minor !== amount_minor || result.currency !== currency) {
    const what = `result of order ${sale.order.number} is for another amount: not announced`;
    return { sale, effects: [{ do: 'log', what }] };
  }
  const journal: SaleEffect = { do: 'journal', entry: { kind: 'result', result } };
  return { sale: { ...sale, stage: 'settling', result }, effects: [journal] };
}

function stepTick(sale: Sale, now: number, online: boolean): SaleStep {
  const over = now - sale.openedAt >= sale.order.lifetime_s * 1000;
  if (sale.stage === 'open' && over && !isDebiting(sale)) {
    return closeSale(sale, 'expired');
  }
  if (now < sale.resendAt) return stay(sale);
  if (sale.unsaved !== undefined) {
    const again = sale.unsaved.map((entry): SaleEffect => ({ do: 'journal', entry }));
    const sent = send(sale, now, online);
    const effects = [...again, ...sent.effects];
    return { sale: { ...sent.sale, resendAt: now + FIRST_RESEND_MS }, effects };
  }
  return send(sale, now, online);
}

function closeSale(sale: Sale, because: CloseRequest['because']): SaleStep {
  const close: CloseRequest = { order: sale.order.number, because };
  return {
    // `close` is set, and with it sent, when the journal has it.
    sale: { ...sale, stage: 'closing' },
    effects: [{ do: 'journal', entry: { kind: 'close', close } }],
  };
}

/** Sends whatever the gateway has not answered, the order before the request to end it. */
function send(sale: Sale, now: number, online: boolean): SaleStep {
  const uplinks = unanswered(sale);
  if (!online || uplinks.length === 0) return stay(sale);
  const wait = Math.min(LAST_RESEND_MS, FIRST_RESEND_MS * 2 ** Math.min(sale.tries, 6));
  return {
    sale: { ...sale, tries: sale.tries + 1, resendAt: now + wait },
    effects: uplinks.map((uplink) => ({ do: 'publish', uplink })),
  };
}

/** Whether the gateway has answered all that it was to be told. */
export const isAnswered = (sale: Sale): boolean => unanswered(sale).length === 0;

function unanswered(sale: Sale): Uplink[] {
  if (sale.stage === 'saving' || sale.stage === 'settling') return [];
  const ended = sale.stage === 'ended';
  const card = untold(sale);
  const uplinks: Uplink[] = [];
  if (!sale.received && (!ended || card.length > 0 || isSoldByCard(sale))) {
    uplinks.push({ kind: 'order', order: sale.order });
  }
  if (sale.close !== undefined && !ended) uplinks.push({ kind: 'close', close: sale.close });
  return [...uplinks, ...card];
}

/** Ended by a card, and so by nothing that tells that the gateway has the order. */
const isSoldByCard = ({ debit }: Sale): boolean => debit?.payment?.sold === true;

/** It was said, or could not be: either way not again, as soon as that entry is written down. */
export function announceSale(sale: Sale): { readonly sale: Sale; readonly entry: JournalEntry } {
  const entry: SaleEntry = { kind: 'announced', order: sale.order.number };
  // A slow disk is not asked twice: it answers, and where it refuses it is tried again.
  return { entry, sale: { ...withUnsaved(sale, entry), announced: true, resendAt: Infinity } };
}

const seenUplink = (sale: Sale): Uplink => ({ kind: 'seen', seen: { order: sale.order.number } });

/** Whether nothing more will come of it. */
export const isSettled = (sale: Sale): boolean =>
  (sale.conflict !== undefined ||
    (sale.stage === 'ended' && sale.announced && sale.unsaved === undefined)) &&
  (sale.debit === undefined || (sale.debit.stage === 'done' && sale.debit.told)) &&
  (sale.received || sale.conflict !== undefined || !isSoldByCard(sale));
