/**
 * The terminal's decisions: which sale a key or a message is for, what is on the screen, what is said.
 * Pure: `step(state, input, moment) → { state, effects }`.
 */
import { mintOrderNumber } from '../codecs/order-number.ts';
import type { Hotlist } from '../messages/card.ts';
import type { JournalEntry } from '../messages/journal.ts';
import type { Attempt, Downlink, Order, Result } from '../messages/order.ts';
import type { Key } from '../ports/keypad.ts';
import { sayRefund, sayResult } from '../words/clips.ts';
import { printedBill, printedRefund } from './bill.ts';
import {
  askAgain,
  askCard,
  beginCards,
  type CardInput,
  type CardStep,
  clearNotice,
  loseReader,
  sendDebit,
  stepCard,
  tellOwed,
} from './card.ts';
import { isDebiting } from './debit.ts';
import { EMPTY_ENTRY, keyEntry, readEntry } from './entry.ts';
import { applyHotlist, isNews } from './hotlist.ts';
import { opensMenu, rememberPayment, stepMenu } from './menu.ts';
import {
  recallRefunds,
  rememberPaid,
  stepRefund,
  stepRefundNotSaved,
  stepRefundSaved,
  stepRefundSpoken,
} from './refund.ts';
import { NO_RELAY, relayWaits } from './relay.ts';
import { followCard, hearRelay, inviteCard, stepRelays } from './relays.ts';
import {
  beginSale,
  isSettled,
  numberOf,
  recallSales,
  type Sale,
  type SaleEffect,
  type SaleEvent,
  stepSale,
} from './sale.ts';
import type {
  Announcement,
  Effect,
  Input,
  Moment,
  OrganState,
  Settings,
  Step,
  TerminalState,
} from './state.ts';

/** How many settled orders are remembered for a repeated result. */
const SETTLED_LIMIT = 1000;
/** How long an ended order stays on the screen where nobody presses a key. */
const LEAVE_MS = 60_000;

/** The terminal as its journal left it: what was open is open again, what was unsaid is said. */
export function beginTerminal(
  settings: Settings,
  entries: readonly JournalEntry[],
  moment: Moment,
): TerminalState {
  const recalled = recallSales(entries, moment.now, moment.monotonic);
  const sales = new Map([...recalled].filter(([, sale]) => !isSettled(sale)));
  const settled = [...recalled].filter(([, sale]) => isSettled(sale)).map(([number]) => number);
  const open = [...sales.values()].filter((sale) => sale.stage === 'open').at(-1);
  const results = [...sales.values()].flatMap((sale): Announcement[] =>
    sale.stage === 'ended' && sale.result && !sale.announced
      ? [{ result: sale.result, earlier: true }]
      : [],
  );
  const refunds = recallRefunds(entries);
  const unsaid = [...results, ...refunds.unsaid];
  return {
    settings,
    entry: EMPTY_ENTRY,
    sales,
    settled: settled.slice(-SETTLED_LIMIT),
    paid: refunds.paid,
    savingRefunds: [],
    focus: open?.order.number ?? null,
    left: null,
    leaveAt: Infinity,
    aside: unsaid.at(-1) ?? null,
    nudged: false,
    organs: new Map(settings.organs.map(({ name }): [string, OrganState] => [name, STARTING])),
    online: false,
    number: settings.stall.number ?? null,
    paired: null,
    clockOffset: moment.now - moment.monotonic,
    diskRefused: false,
    toAnnounce: unsaid,
    cards: beginCards(entries, settings, moment.now),
    relay: NO_RELAY,
    menu: null,
  };
}

const STARTING: OrganState = { is: 'starting' };

/** One input, one step. */
export function stepTerminal(state: TerminalState, input: Input, moment: Moment): Step {
  const step = stepInput(state, input, moment);
  return flushAnnouncements(dropSettled(step.state), step.effects);
}

/** Whether the terminal must be woken once a second: something has a time limit or is to be resent. */
export function needsTick(state: TerminalState): boolean {
  const waits = state.cards.notice !== null || relayWaits(state.relay);
  return state.sales.size > 0 || state.toAnnounce.length > 0 || waits;
}

function stepInput(state: TerminalState, input: Input, moment: Moment): Step {
  switch (input.is) {
    case 'key':
      return stepKey(state, input.key, moment);
    case 'saved':
      return stepSaved(state, input.entry, moment);
    case 'card':
    case 'card_keys':
    case 'card_work':
      return stepCards(state, input, moment);
    case 'relay_ran':
      return takeCard(stepRelays(state, { ...input, is: 'ran' }, moment), moment);
    case 'not_saved':
      return stepNotSaved(state, input.entry, input.why, moment);
    case 'link':
      // Who is paired is told anew with each connection.
      return stepLink({ ...state, online: input.up, paired: null }, moment);
    case 'downlink':
      return stepDownlink(state, input.downlink, moment);
    case 'organ': {
      const organs = new Map(state.organs).set(input.name, input.state);
      if (input.state.is === 'working') return stay({ ...state, organs });
      const known = { ...loseReader(state, input.name), organs };
      const lost = { is: 'reader_lost', reader: input.name } as const;
      return takeCard(stepRelays(known, lost, moment), moment);
    }
    case 'spoken':
      if (input.refund !== undefined) {
        return stepRefundSpoken(state, input.order, input.refund, input.heard);
      }
      return stepSpoken(state, input.order, input.heard);
    case 'tick':
      return stepTick(state, moment);
  }
}

const stay = (state: TerminalState, ...effects: readonly Effect[]): Step => ({ state, effects });

// ── Keys ────────────────────────────────────────────────────────────────────────────────────────

function stepKey(before: TerminalState, key: Key, moment: Moment): Step {
  const state = leaveRelay(clearNotice(before), key);
  if (state.menu !== null) return stepMenu(state, state.menu, key, moment);
  const focus = focusedSale(state);
  if (focus === undefined) return stepEntryKey(state, key, moment);
  switch (focus.stage) {
    case 'saving':
      // A few milliseconds: nothing that could be keyed now would be meant for this screen.
      return stay(state);
    case 'open':
      if (key === 'cancel' && !isDebiting(focus)) {
        return stepOneSale(state, focus.order.number, { is: 'cancel' }, moment);
      }
      return stay({ ...state, nudged: true }, { do: 'beep', pattern: 'bad' });
    case 'closing':
    case 'settling':
    case 'ended':
      return stepEntryKey(leaveFocus(state), key, moment, true);
  }
}

/** `leaving`: the key also put an ended order aside, so Enter alone is no empty order. */
function stepEntryKey(state: TerminalState, key: Key, moment: Moment, leaving = false): Step {
  const quiet: TerminalState = { ...state, diskRefused: false, aside: null };
  if (key === 'cancel' && !leaving && state.entry.keyed === '' && state.paired !== null) {
    const { pairing } = state.paired;
    const unpair = { kind: 'unpair', unpair: { pairing } } as const;
    return stay(quiet, { do: 'beep', pattern: 'key' }, { do: 'publish', uplink: unpair });
  }
  if (opensMenu(state, key)) {
    return stay({ ...quiet, menu: { at: 'list' } }, { do: 'beep', pattern: 'key' });
  }
  if (key !== 'enter') {
    const entry = keyEntry(state.entry, key);
    return stay({ ...quiet, entry }, { do: 'beep', pattern: 'key' });
  }
  if (leaving && state.entry.keyed === '') return stay(quiet, { do: 'beep', pattern: 'key' });
  const { stall } = state.settings;
  const read = readEntry(state.entry, stall);
  if (read.problem !== undefined) {
    const entry = { ...state.entry, refused: true };
    return stay({ ...quiet, entry }, { do: 'beep', pattern: 'bad' });
  }
  const order: Order = {
    number: mintOrderNumber(moment.now, moment.chance),
    terminal: state.settings.terminal,
    vendor: stall.vendor,
    place: stall.place,
    currency: stall.currency,
    amount_minor: read.total_minor,
    lines: [...read.lines],
    made_at: moment.now,
    lifetime_s: stall.order_lifetime_s,
  };
  const { sale, effects } = beginSale(order, moment.monotonic);
  const sales = new Map(state.sales).set(order.number, sale);
  const next: TerminalState = {
    ...quiet,
    entry: EMPTY_ENTRY,
    sales,
    focus: order.number,
    left: null,
  };
  return withSaleEffects({ ...next, nudged: false, leaveAt: Infinity }, effects);
}

const leaveFocus = (state: TerminalState): TerminalState => ({
  ...state,
  focus: null,
  left: state.focus,
  leaveAt: Infinity,
  nudged: false,
});

// ── Sales ───────────────────────────────────────────────────────────────────────────────────────

/** The sale on the screen. */
const focusedSale = (state: TerminalState): Sale | undefined =>
  state.focus === null ? undefined : state.sales.get(state.focus);

function stepOneSale(
  state: TerminalState,
  number: string | null,
  event: SaleEvent,
  moment: Moment,
): Step {
  const sale = number === null ? undefined : state.sales.get(number);
  if (number === null || sale === undefined) return stay(state);
  const step = stepSale(sale, event, moment.monotonic, state.online);
  const ended = step.sale.stage === 'ended' && sale.stage !== 'ended';
  const next: TerminalState = {
    ...state,
    sales: new Map(state.sales).set(number, step.sale),
    leaveAt: ended && state.focus === number ? moment.monotonic + LEAVE_MS : state.leaveAt,
  };
  return withSaleEffects(next, step.effects);
}

function stepEverySale(state: TerminalState, event: SaleEvent, moment: Moment): Step {
  return [...state.sales.keys()].reduce<Step>(
    (step, number) => {
      const one = stepOneSale(step.state, number, event, moment);
      return { state: one.state, effects: [...step.effects, ...one.effects] };
    },
    { state, effects: [] },
  );
}

function withSaleEffects(state: TerminalState, effects: readonly SaleEffect[]): Step {
  let next = state;
  const out: Effect[] = [];
  for (const effect of effects) {
    if (effect.do !== 'announce') out.push(effect);
    else {
      // Not on the screen: it is told apart from what the vendor is waiting for just now.
      const { order } = effect.result;
      const earlier = state.focus !== order && state.left !== order;
      const announcement = { result: effect.result, earlier };
      const aside = state.focus === order ? state.aside : announcement;
      next = { ...next, aside, toAnnounce: [...next.toAnnounce, announcement] };
    }
  }
  return { state: next, effects: out };
}

function stepNotSaved(
  state: TerminalState,
  entry: JournalEntry,
  why: string,
  moment: Moment,
): Step {
  const log: Effect = { do: 'log', what: `the journal refused a ${entry.kind}: ${why}` };
  if (entry.kind === 'refund') return stay(stepRefundNotSaved(state, entry.refund), log);
  if (entry.kind === 'refund_announced') return stay(state, log);
  if (entry.kind !== 'order') {
    const step = stepOneSale(state, numberOf(entry), { is: 'not_saved', entry }, moment);
    const effects = [log, ...step.effects];
    if (entry.kind !== 'card_begun') return { state: step.state, effects };
    const card = sendDebit(step.state, entry.debit.order, false, moment);
    return { state: card.state, effects: [...effects, ...card.effects] };
  }
  // Nobody was offered it: what can't be written down was never sold.
  const sales = new Map(state.sales);
  sales.delete(entry.order.number);
  const next = { ...leaveFocus(state), sales, diskRefused: true };
  return stay(next, log, { do: 'beep', pattern: 'bad' });
}

/** What is on disk now may be done: an order offered, a card debited, a payment announced. */
function stepSaved(state: TerminalState, entry: JournalEntry, moment: Moment): Step {
  if (entry.kind === 'refund') return stepRefundSaved(state, entry.refund);
  if (entry.kind === 'refund_announced') return stay(state);
  const step = stepOneSale(state, numberOf(entry), { is: 'saved', entry }, moment);
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

/** A card that was asked for is the gateway's; any other tap is this terminal's. */
function stepCards(state: TerminalState, input: CardInput, moment: Moment): Step {
  const invited = inviteCard(state, input, moment);
  if (invited !== null) return takeCard(invited, moment);
  const taken = takeCard(stepCard(state, input, moment), moment);
  const followed = takeCard(followCard(taken.state, input, moment), moment);
  return { state: followed.state, effects: [...taken.effects, ...followed.effects] };
}

/** What is over leaves the screen; Cancel with nothing keyed also sends the invitation away. */
function leaveRelay(state: TerminalState, key: Key): TerminalState {
  const { invite, end } = state.relay;
  const away = key === 'cancel' && state.entry.keyed === '' && state.focus === null;
  if (end === null && (invite === null || !away)) return state;
  return { ...state, relay: { ...state.relay, end: null, invite: away ? null : invite } };
}

/** The sales are told first; then the card that lies there is asked what is left to ask. */
function takeCard({ state, effects, sales }: CardStep, moment: Moment): Step {
  const told = sales.reduce<Step>(
    (step, { order, event }) => {
      const one = stepOneSale(step.state, order, event, moment);
      return { state: one.state, effects: [...step.effects, ...one.effects] };
    },
    { state, effects: [] },
  );
  const asked = askCard(told.state, moment);
  return { state: asked.state, effects: [...told.effects, ...effects, ...asked.effects] };
}

// ── Link ────────────────────────────────────────────────────────────────────────────────────────

function stepLink(state: TerminalState, moment: Moment): Step {
  if (state.online) return stepEverySale(state, { is: 'link_up' }, moment);
  return takeCard(stepRelays(state, { is: 'offline' }, moment), moment);
}

function stepDownlink(state: TerminalState, downlink: Downlink, moment: Moment): Step {
  switch (downlink.kind) {
    case 'time':
      return stay({ ...state, clockOffset: downlink.gateway_time - moment.monotonic });
    case 'receipt': {
      const event: SaleEvent = { is: 'receipt', receipt: downlink.receipt };
      return stepOneSale(state, downlink.receipt.order, event, moment);
    }
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
    case 'card_receipt': {
      const { receipt } = downlink;
      return stepOneSale(state, receipt.order, { is: 'card_receipt', receipt }, moment);
    }
    case 'card_verdict': {
      const { verdict } = downlink;
      return stepOneSale(state, verdict.order, { is: 'card_verdict', verdict }, moment);
    }
    case 'hotlist':
      return stepHotlist(state, downlink.hotlist);
    case 'relay_invite':
    case 'relay_withdraw':
    case 'relay':
    case 'relay_end':
      return takeCard(hearRelay(state, downlink, moment), moment);
  }
}

function stepHotlist(state: TerminalState, hotlist: Hotlist): Step {
  const known = state.cards.blocked;
  const blocked = applyHotlist(known, hotlist);
  if (blocked === known) return stay(state);
  const next = { ...state, cards: { ...state.cards, blocked } };
  return isNews(known, hotlist)
    ? stay(next, { do: 'journal', entry: { kind: 'hotlist', hotlist } })
    : stay(next);
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
  return stay(state, { do: 'log', what: `a result for order ${result.order}, which is not ours` });
}

function stepTick(state: TerminalState, moment: Moment): Step {
  const read = moment.monotonic >= state.cards.noticeUntil ? clearNotice(state) : state;
  const left = moment.monotonic >= read.leaveAt ? leaveFocus(read) : read;
  const relayed = takeCard(stepRelays(left, { is: 'tick' }, moment), moment);
  const step = stepEverySale(relayed.state, { is: 'tick' }, moment);
  return { state: step.state, effects: [...relayed.effects, ...step.effects] };
}

// ── Announcements ───────────────────────────────────────────────────────────────────────────────

/** Says what is to be said once it is known whether there is a speaker to say it. */
function flushAnnouncements(state: TerminalState, effects: readonly Effect[]): Step {
  if (state.toAnnounce.length === 0) return { state, effects };
  const speakers = rolesStates(state, 'speaker');
  if (speakers.some((speaker) => speaker.is === 'starting')) return { state, effects };
  const heard = speakers.some((speaker) => speaker.is === 'working');
  const { stall } = state.settings;
  let next: TerminalState = { ...state, toAnnounce: [] };
  const out: Effect[] = [...effects];
  for (const { result, refund, earlier } of state.toAnnounce) {
    if (refund !== undefined) {
      const clips = sayRefund(refund, stall.language, { earlier });
      if (!earlier) out.push({ do: 'print', receipt: printedRefund(refund, stall) });
      if (heard) out.push({ do: 'speak', clips, order: refund.order, refund });
      else out.push(...stepRefundSpoken(next, refund.order, refund.refund, false).effects);
      continue;
    }
    const sale = state.sales.get(result.order);
    if (result.outcome === 'paid' && !earlier && sale !== undefined) {
      out.push({ do: 'print', receipt: printedBill(sale.order, result, stall) });
    }
    const offline = sale?.debit?.payment?.offline === true && !sale.debit.told;
    const clips = sayResult(result, stall.language, { earlier, offline });
    if (heard) out.push({ do: 'speak', clips, order: result.order });
    else {
      const silent = stepSpoken(next, result.order, false);
      next = silent.state;
      out.push(...silent.effects);
    }
  }
  return { state: next, effects: out };
}

/** It sounded, or the screen and the buzzer must do: either way it is not announced again. */
function stepSpoken(state: TerminalState, order: string, heard: boolean): Step {
  const sale = state.sales.get(order);
  if (sale === undefined || sale.announced) return stay(state);
  const sales = new Map(state.sales).set(order, { ...sale, announced: true });
  const announced: Effect = { do: 'journal', entry: { kind: 'announced', order } };
  if (heard) return stay({ ...state, sales }, announced);
  const pattern = sale.result?.outcome === 'paid' ? 'good' : 'bad';
  return stay({ ...state, sales }, announced, { do: 'beep', pattern });
}

/** States of all organs of one role. */
function rolesStates(state: TerminalState, role: string): OrganState[] {
  return state.settings.organs
    .filter((organ) => organ.role === role)
    .map((organ) => state.organs.get(organ.name) ?? STARTING);
}

/** Forgets what is settled, except the order on the screen. */
function dropSettled(state: TerminalState): TerminalState {
  const done = [...state.sales].filter(
    ([number, sale]) => isSettled(sale) && number !== state.focus,
  );
  if (done.length === 0) return state;
  const sales = new Map(state.sales);
  for (const [number] of done) sales.delete(number);
  const settled = [...state.settled, ...done.map(([number]) => number)].slice(-SETTLED_LIMIT);
  const paid = done.reduce(
    (known, [, { order, result }]) =>
      result?.outcome === 'paid' ? rememberPaid(known, order) : known,
    state.paid,
  );
  return { ...state, sales, settled, paid };
}
