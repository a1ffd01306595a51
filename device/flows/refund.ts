/**
 * Money of a paid order that goes back, as the stall hears of it: on disk first, then acknowledged,
 * shown aside, said and printed once. A refund of an order that is known and was not paid is silent.
 */
import type { JournalEntry } from '../messages/journal.ts';
import type { Order, Refund, Uplink } from '../messages/order.ts';
import type {
  Announcement,
  Effect,
  PaidOrder,
  Step,
  TerminalState,
  UnsavedEntry,
} from './state.ts';

/** How many paid orders are remembered for what may still go back of them. */
const PAID_LIMIT = 2000;
/** Between two tries of what the disk refused. */
const SAVE_AGAIN_MS = 2000;

type Paid = TerminalState['paid'];

/** A refund from the gateway. */
export function stepRefund(state: TerminalState, refund: Refund): Step {
  const { order, refund: id, amount_minor } = refund;
  if (paidOrder(state, order) === undefined && isKnown(state, order)) {
    return stay(state, `a refund of order ${order}, which was not paid here`);
  }
  const paid = paidOrder(state, order) ?? forgotten(refund);
  // Only its acknowledgement was lost.
  if (paid.refunds.includes(id)) {
    return { state, effects: [{ do: 'publish', uplink: seenUplink(refund) }] };
  }
  if (state.savingRefunds.includes(id)) return { state, effects: [] };
  const leftMinor = (paid.amount_minor ?? Infinity) - paid.refunded_minor;
  if (refund.currency !== paid.currency || amount_minor > leftMinor) {
    return stay(state, `a refund of order ${order} is of more than was paid: not announced`);
  }
  return {
    state: { ...state, savingRefunds: [...state.savingRefunds, id] },
    effects: [{ do: 'journal', entry: { kind: 'refund', refund } }],
  };
}

/** It is on disk: now it is told. */
export function stepRefundSaved(state: TerminalState, refund: Refund): Step {
  const savingRefunds = state.savingRefunds.filter((id) => id !== refund.refund);
  const known = paidOrder(state, refund.order) ?? forgotten(refund);
  const announcement: Announcement = { refund, earlier: false };
  return {
    state: {
      ...state,
      savingRefunds,
      paid: remember(state.paid, refund.order, withRefund(known, refund)),
      aside: announcement,
      toAnnounce: [...state.toAnnounce, announcement],
    },
    effects: [{ do: 'publish', uplink: seenUplink(refund) }],
  };
}

/** The disk took it not: the gateway, which has no acknowledgement, sends it again. */
export const stepRefundNotSaved = (state: TerminalState, refund: Refund): TerminalState => ({
  ...state,
  savingRefunds: state.savingRefunds.filter((id) => id !== refund.refund),
});

/** Begun to sound, or shown alone: either way it is not announced again. */
export function stepRefundSpoken(
  state: TerminalState,
  order: string,
  refund: string,
  heard: boolean,
): Step {
  const announced: Effect = { do: 'journal', entry: { kind: 'refund_announced', order, refund } };
  return { state, effects: heard ? [announced] : [announced, { do: 'beep', pattern: 'bad' }] };
}

/** The disk would not take it: a restart would tell it, or ask for it, again. */
export const keepUnsaved = (state: TerminalState, entry: JournalEntry, monotonic: number) => ({
  ...state,
  unsaved: [...without(state.unsaved, entry), { entry, againAt: monotonic + SAVE_AGAIN_MS }],
});

/** It is on disk now. */
export const dropUnsaved = (state: TerminalState, entry: JournalEntry): TerminalState =>
  state.unsaved.length === 0 ? state : { ...state, unsaved: without(state.unsaved, entry) };

/** Writes down again what the disk refused a while ago. */
export function stepUnsavedTick(state: TerminalState, monotonic: number): Step {
  const due = state.unsaved.filter(({ againAt }) => monotonic >= againAt);
  if (due.length === 0) return { state, effects: [] };
  const againAt = monotonic + SAVE_AGAIN_MS;
  const unsaved = state.unsaved.map((each) => (due.includes(each) ? { ...each, againAt } : each));
  return {
    state: { ...state, unsaved },
    effects: due.map(({ entry }): Effect => ({ do: 'journal', entry })),
  };
}

const without = (all: readonly UnsavedEntry[], entry: JournalEntry): UnsavedEntry[] => {
  const same = JSON.stringify(entry);
  return all.filter((each) => JSON.stringify(each.entry) !== same);
};

/** A paid order that is settled may still be refunded. */
export const rememberPaid = (paid: Paid, order: Order): Paid =>
  paid.has(order.number) ? paid : remember(paid, order.number, paidOf(order));

/** What the journal says of paid orders, and the refunds that nobody has heard of yet. */
export function recallRefunds(entries: readonly JournalEntry[]): {
  readonly paid: Paid;
  readonly unsaid: readonly Announcement[];
} {
  const orders = new Map<string, Order>();
  const paid = new Map<string, PaidOrder>();
  const unsaid = new Map<string, Announcement>();
  for (const entry of entries) {
    if (entry.kind === 'order') orders.set(entry.order.number, entry.order);
    if (entry.kind === 'result') {
      const order = orders.get(entry.result.order);
      if (order !== undefined && entry.result.outcome === 'paid') {
        paid.set(order.number, paidOf(order));
      }
      orders.delete(entry.result.order);
    }
    if (entry.kind === 'card_done' && entry.payment.sold) {
      const order = orders.get(entry.payment.order);
      if (order !== undefined) paid.set(order.number, paidOf(order));
    }
    if (entry.kind === 'refund') {
      const { refund } = entry;
      const known = paid.get(refund.order) ?? forgotten(refund);
      paid.set(refund.order, withRefund(known, refund));
      unsaid.set(refund.refund, { refund, earlier: true });
    }
    if (entry.kind === 'refund_announced') unsaid.delete(entry.refund);
  }
  return { paid: new Map([...paid].slice(-PAID_LIMIT)), unsaid: [...unsaid.values()] };
}

/** Settled, or ended and still on the screen. */
function paidOrder(state: TerminalState, number: string): PaidOrder | undefined {
  const known = state.paid.get(number);
  if (known !== undefined) return known;
  const sale = state.sales.get(number);
  return sale?.stage === 'ended' && sale.result?.outcome === 'paid'
    ? paidOf(sale.order)
    : undefined;
}

/** Whether it is remembered, paid or not. */
const isKnown = (state: TerminalState, number: string): boolean =>
  state.sales.get(number) !== undefined || state.settled.includes(number);

/** One that was paid before the oldest that is remembered: the gateway signed that it was paid here. */
const forgotten = ({ currency, amount_minor, refunded_minor }: Refund): PaidOrder => ({
  ...{ amount_minor: null, currency, refunds: [] },
  refunded_minor: refunded_minor - amount_minor,
});

const paidOf = ({ amount_minor, currency }: Order): PaidOrder => ({
  amount_minor,
  currency,
  refunds: [],
  refunded_minor: 0,
});

const withRefund = (paid: PaidOrder, { refund, amount_minor }: Refund): PaidOrder => ({
  ...paid,
  refunds: [...paid.refunds, refund],
  refunded_minor: paid.refunded_minor + amount_minor,
});

function remember(paid: Paid, number: string, order: PaidOrder): Paid {
  const next = new Map(paid).set(number, order);
  const [oldest] = next.keys();
  if (next.size > PAID_LIMIT && oldest !== undefined) next.delete(oldest);
  return next;
}

const seenUplink = ({ order, refund }: Refund): Uplink => ({
  kind: 'refund_seen',
  seen: { order, refund },
});

const stay = (state: TerminalState, what: string): Step => ({
  state,
  effects: [{ do: 'log', what }],
});
