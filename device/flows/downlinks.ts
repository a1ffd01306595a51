/** What the gateway says, each thing to the part of the terminal that it is for. */

import type { CardReceipt, Hotlist } from '../messages/card.ts';
import type { Attempt, Downlink, Receipt, Result } from '../messages/order.ts';
import { stepDayReceipt, stepDayWanted } from './day.ts';
import { beginDrain } from './drain.ts';
import { applyHotlist, isNews } from './hotlist.ts';
import { stepRefund } from './refund.ts';
import { hearRelay, stepRelays } from './relays.ts';
import type { SaleEvent } from './sale-state.ts';
import { stepOneSale, takeCard } from './sales.ts';
import { askOnLink, forgetOffline, hearVoucherLooked } from './scan.ts';
import { type Effect, type Moment, type Step, stay, type TerminalState } from './state.ts';
import { hearVoucherRefused } from './voucher.ts';
import { hearWebPaid } from './web-paid.ts';

/** The link came or went; who is paired is told anew with each connection. */
export function stepLink(state: TerminalState, moment: Moment): Step {
  if (state.online) {
    const drain = beginDrain(forgetOffline(state), moment);
    return { state: drain.state, effects: [...drain.effects, ...askOnLink(state, moment)] };
  }
  return takeCard(stepRelays({ ...state, drain: null }, { is: 'offline' }, moment), moment);
}

/** One verified message. */
export function stepDownlink(state: TerminalState, downlink: Downlink, moment: Moment): Step {
  switch (downlink.kind) {
    case 'time':
      return stay({ ...state, clockOffset: downlink.gateway_time - moment.monotonic });
    case 'receipt': {
      const event: SaleEvent = { is: 'receipt', receipt: downlink.receipt };
      return stepOneSale(state, downlink.receipt.order, event, moment);
    }
    case 'receipts':
      return stepReceipts(state, downlink.receipts, moment);
    case 'result':
      return stepResult(state, downlink.result, moment);
    case 'refund':
      return stepRefund(state, downlink.refund);
    case 'attempt':
      return stepAttempt(state, downlink.attempt, moment);
    case 'pairing': {
      const { number, paired = null } = downlink.pairing;
      return stay({ ...state, number, paired });
    }
    case 'card_receipt':
      return stepCardReceipt(state, downlink.receipt, moment);
    case 'card_verdict': {
      const { verdict } = downlink;
      return stepOneSale(state, verdict.order, { is: 'card_verdict', verdict }, moment);
    }
    case 'web_paid':
      return hearWebPaid(state, downlink.paid);
    case 'voucher_refused':
      return hearVoucherRefused(state, downlink.refused);
    case 'voucher_looked':
      return hearVoucherLooked(state, downlink.looked, moment);
    case 'hotlist':
      return stepHotlist(state, downlink.hotlist, moment);
    // Opened and kept before it comes here; that there are keys is an input of its own.
    case 'card_keys':
      return stay(state);
    case 'day_wanted':
      return stepDayWanted(state, downlink.wanted, moment);
    case 'day_receipt':
      return stepDayReceipt(state, downlink.receipt, moment);
    case 'relay_invite':
    case 'relay_withdraw':
    case 'relay':
    case 'relay_end':
      return takeCard(hearRelay(state, downlink, moment), moment);
  }
}

function stepReceipts(before: TerminalState, receipts: readonly Receipt[], moment: Moment): Step {
  let state = before;
  const effects: Effect[] = [];
  for (const receipt of receipts) {
    const step = stepOneSale(state, receipt.order, { is: 'receipt', receipt }, moment);
    state = step.state;
    effects.push(...step.effects);
  }
  return { state, effects };
}

function stepHotlist(state: TerminalState, hotlist: Hotlist, { monotonic }: Moment): Step {
  const known = state.cards.blocked;
  const blocked = applyHotlist(known, hotlist, monotonic + state.clockOffset);
  if (blocked === known) return stay(state);
  const next = { ...state, cards: { ...state.cards, blocked } };
  return isNews(known, hotlist)
    ? stay(next, { do: 'journal', entry: { kind: 'hotlist', hotlist } })
    : stay(next);
}

/** That nothing was posted is seen and heard, whatever is on the screen: the goods may be gone. */
function stepCardReceipt(state: TerminalState, receipt: CardReceipt, moment: Moment): Step {
  const { order } = receipt;
  const before = state.sales.get(order)?.debit;
  const step = stepOneSale(state, order, { is: 'card_receipt', receipt }, moment);
  const after = step.state.sales.get(order)?.debit;
  const payment = before?.payment;
  // A sale that is settled may be forgotten by now.
  const taken = receipt.said === 'refused' && before?.told === false && after?.told !== false;
  if (!taken || payment === undefined) return step;
  const cards = { ...step.state.cards, refused: payment };
  const effects: Effect[] = [...step.effects, { do: 'beep', pattern: 'bad' }];
  return { state: { ...step.state, cards }, effects };
}

/** A failed attempt is heard as well as seen; the order goes on. */
function stepAttempt(state: TerminalState, attempt: Attempt, moment: Moment): Step {
  const sale = state.sales.get(attempt.order);
  const known = sale?.attempt;
  const step = stepOneSale(state, attempt.order, { is: 'attempt', attempt }, moment);
  const fresh = known?.attempt !== attempt.attempt || known.state !== attempt.state;
  if (sale?.stage !== 'open' || attempt.state !== 'failed' || !fresh) return step;
  return { state: step.state, effects: [...step.effects, { do: 'beep', pattern: 'bad' }] };
}

function stepResult(state: TerminalState, result: Result, moment: Moment): Step {
  if (state.sales.has(result.order)) {
    return stepOneSale(state, result.order, { is: 'result', result }, moment);
  }
  if (state.settled.includes(result.order)) {
    // Announced long ago; only the acknowledgement was lost.
    const seen = { kind: 'seen', seen: { order: result.order } } as const;
    return stay(state, { do: 'publish', uplink: seen });
  }
  // Of a sale that the journal has dropped, or of a journal that is lost: it can't be said any more,
  // and would be sent for ever.
  return stay(
    state,
    { do: 'log', what: `a result for order ${result.order}, which is not known here any more` },
    { do: 'publish', uplink: { kind: 'seen', seen: { order: result.order } } },
  );
}
