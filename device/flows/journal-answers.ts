/** What follows from the journal's answers: an entry is on disk, or the disk refused it. */
import type { JournalEntry } from '../messages/journal.ts';
import { askAgain, sendDebit, tellOwed } from './card.ts';
import type { CardStep } from './card-state.ts';
import { stepDayNotSaved } from './day.ts';
import { rememberPayment } from './menu.ts';
import { dropUnsaved, keepUnsaved, stepRefundNotSaved, stepRefundSaved } from './refund.ts';
import { isOfNoSale, numberOf } from './sale-state.ts';
import { leaveFocus, stepOneSale, takeCard } from './sales.ts';
import { type Effect, type Moment, type Step, stay, type TerminalState } from './state.ts';
import { stepWebPaidNotSaved, stepWebPaidSaved } from './web-paid.ts';

/** What is on disk now may be done: an order offered, a card debited, a payment announced. */
export function stepSaved(state: TerminalState, entry: JournalEntry, moment: Moment): Step {
  if (entry.kind === 'refund') return stepRefundSaved(state, entry.refund);
  if (entry.kind === 'web_paid') return stepWebPaidSaved(state, entry.paid);
  if (entry.kind === 'refund_announced' || entry.kind === 'web_paid_announced') {
    return stay(dropUnsaved(state, entry));
  }
  if (isOfNoSale(entry)) return stay(state);
  const known = dropUnsaved(state, entry);
  const step = stepOneSale(known, numberOf(entry), { is: 'saved', entry }, moment);
  const then = ({ effects }: Step, card: CardStep): Step => {
    const taken = takeCard(card, moment);
    return { state: taken.state, effects: [...effects, ...taken.effects] };
  };
  switch (entry.kind) {
    case 'order':
      return then(step, askAgain(step.state, moment));
    case 'card_begun':
      return then(step, sendDebit(step.state, entry.debit.order, true, moment));
    case 'card_done': {
      const known = rememberPayment(step.state, entry.payment);
      const done: Step = { ...step, state: known };
      return entry.payment.sold ? done : then(done, tellOwed(known, moment));
    }
    default:
      return step;
  }
}

/** What the disk refused may not be done, or must be written again: which, is said here by kind. */
export function stepNotSaved(
  state: TerminalState,
  entry: JournalEntry,
  why: string,
  moment: Moment,
): Step {
  const log: Effect = { do: 'log', what: `the journal refused a ${entry.kind}: ${why}` };
  if (entry.kind === 'refund') return stay(stepRefundNotSaved(state, entry.refund), log);
  if (entry.kind === 'web_paid') return stay(stepWebPaidNotSaved(state, entry.paid), log);
  if (entry.kind === 'refund_announced' || entry.kind === 'web_paid_announced') {
    return stay(keepUnsaved(state, entry, moment.monotonic), log);
  }
  if (isReceipt(entry) && !state.sales.has(numberOf(entry) ?? '')) {
    // The sale was over with it, and is forgotten.
    return stay(keepUnsaved(state, entry, moment.monotonic), log);
  }
  if (isOfNoSale(entry)) {
    const day = stepDayNotSaved(state, entry);
    return { state: day.state, effects: [log, ...day.effects] };
  }
  if (entry.kind !== 'order') {
    const step = stepOneSale(state, numberOf(entry), { is: 'not_saved', entry }, moment);
    const effects = [log, ...step.effects];
    if (entry.kind !== 'card_begun') return { state: step.state, effects };
    const card = sendDebit(step.state, entry.debit.order, false, moment);
    return { state: card.state, effects: [...effects, ...card.effects] };
  }
  // Nobody was offered it: what can't be written down was never sold.
  const sales = state.sales.without(entry.order.number);
  const next = { ...leaveFocus(state), sales, diskRefused: true };
  return stay(next, log, { do: 'beep', pattern: 'bad' });
}

type Receipts = Extract<JournalEntry, { kind: 'receipt' | 'card_receipt' | 'card_verdict' }>;

const isReceipt = (entry: JournalEntry): entry is Receipts =>
  entry.kind === 'receipt' || entry.kind === 'card_receipt' || entry.kind === 'card_verdict';
