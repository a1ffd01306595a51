/**
 * The terminal's decisions: which sale a key or a message is for, what is on the screen, what is said.
 * Pure: `step(state, input, moment) → { state, effects }`.
 */

import { mintOrderNumber } from '../codecs/order-number.ts';
import type { JournalEntry } from '../messages/journal.ts';
import type { Order } from '../messages/order.ts';
import type { Key } from '../ports/keypad.ts';
import { flushAnnouncements, STARTING, stepSpoken } from './announcements.ts';
import { askAgain, sendDebit, stepCard, tellOwed } from './card.ts';
import {
  beginCards,
  type CardInput,
  type CardStep,
  clearNotice,
  loseReader,
  readNotices,
} from './card-state.ts';
import {
  beginDay,
  closeYesterday,
  dayWaits,
  stepDayLink,
  stepDayNotSaved,
  stepDaySaved,
  stepDayTick,
} from './day.ts';
import { isDebiting } from './debit.ts';
import { stepDownlink, stepLink } from './downlinks.ts';
import { keepDraining } from './drain.ts';
import { EMPTY_ENTRY, keyEntry, readEntry } from './entry.ts';
import { opensMenu, rememberPayment, stepMenu } from './menu.ts';
import {
  dropUnsaved,
  keepUnsaved,
  recallRefunds,
  rememberPaid,
  stepRefundNotSaved,
  stepRefundSaved,
  stepRefundSpoken,
  stepUnsavedTick,
} from './refund.ts';
import { NO_RELAY, relayWaits } from './relay.ts';
import { followCard, inviteCard, stepRelays } from './relays.ts';
import { beginSale, isOfNoSale, isSettled, numberOf, recallSales } from './sale.ts';
import { SaleBook } from './sale-book.ts';
import {
  focusedSale,
  leaveFocus,
  leavesAt,
  stepOneSale,
  takeCard,
  tickSales,
  withSaleEffects,
} from './sales.ts';
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
import {
  asksToListen,
  beginListening,
  isListening,
  leaveVoice,
  stepHeard,
  stepListening,
  stepVoiceTick,
} from './voice.ts';
import { beginVoucher, opensVoucher, stepVoucherKey, stepVoucherTick } from './voucher.ts';
import {
  recallWebPaid,
  stepWebPaidNotSaved,
  stepWebPaidSaved,
  stepWebPaidSpoken,
} from './web-paid.ts';

/** How many settled orders are remembered for a repeated result. */
const SETTLED_LIMIT = 1000;

/** The terminal as its journal left it: what was open is open again, what was unsaid is said. */
export function beginTerminal(
  settings: Settings,
  entries: readonly JournalEntry[],
  moment: Moment,
): TerminalState {
  const recalled = recallSales(entries, moment.now, moment.monotonic);
  const sales = SaleBook.EMPTY.change(
    new Map([...recalled].filter(([, sale]) => !isSettled(sale))),
  );
  const settled = [...recalled].filter(([, sale]) => isSettled(sale)).map(([number]) => number);
  const open = [...sales.values()].filter((sale) => sale.stage === 'open').at(-1);
  const results = [...sales.values()].flatMap((sale): Announcement[] =>
    sale.stage === 'ended' && sale.result && !sale.announced
      ? [{ result: sale.result, earlier: true }]
      : [],
  );
  const refunds = recallRefunds(entries);
  const webPaid = recallWebPaid(entries);
  const unsaid = [...results, ...refunds.unsaid, ...webPaid.unsaid];
  return {
    settings,
    entry: EMPTY_ENTRY,
    voice: { is: 'off' },
    sales,
    settled: settled.slice(-SETTLED_LIMIT),
    paid: refunds.paid,
    savingRefunds: [],
    web: webPaid.web,
    unsaved: [],
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
    lookedAt: -Infinity,
    drain: null,
    diskRefused: false,
    toAnnounce: unsaid,
    cards: beginCards(entries, settings, moment.now),
    relay: NO_RELAY,
    menu: null,
    day: beginDay(entries),
    voucher: null,
  };
}

/** One input, one step. */
export function stepTerminal(state: TerminalState, input: Input, moment: Moment): Step {
  const step = stepInput(state, input, moment);
  const keyed = stepVoucherTick(step.state, moment);
  // Who waits for an answer is looked for only where one may have come: the queue may be long.
  const same = keyed.sales === state.sales && keyed.drain === state.drain;
  const drained = same ? stay(keyed) : keepDraining(keyed, moment);
  const effects = [...step.effects, ...drained.effects];
  return flushAnnouncements(dropSettled(state, drained.state), effects);
}

/** Whether the terminal must be woken once a second: something has a time limit or is to be resent. */
export function needsTick(state: TerminalState): boolean {
  const waits = state.cards.notice !== null || relayWaits(state.relay) || isListening(state);
  const unsaid = state.toAnnounce.length > 0 || state.unsaved.length > 0;
  return state.sales.size > 0 || unsaid || waits || dayWaits(state);
}

function stepInput(state: TerminalState, input: Input, moment: Moment): Step {
  switch (input.is) {
    case 'key':
      return stepKey(state, input.key, moment);
    case 'saved': {
      const step = stepSaved(state, input.entry, moment);
      const day = stepDaySaved(step.state, input.entry, moment);
      return { state: day.state, effects: [...step.effects, ...day.effects] };
    }
    case 'card':
    case 'card_keys':
    case 'card_work':
      return stepCards(state, input, moment);
    case 'relay_ran':
      return takeCard(stepRelays(state, { ...input, is: 'ran' }, moment), moment);
    case 'not_saved':
      return stepNotSaved(state, input.entry, input.why, moment);
    case 'link': {
      // Who is paired is told anew with each connection.
      const step = stepLink({ ...state, online: input.up, paired: null }, moment);
      const day = stepDayLink(step.state, moment);
      return { state: day.state, effects: [...step.effects, ...day.effects] };
    }
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
      return input.web === true
        ? stepWebPaidSpoken(state, input.order, input.heard)
        : stepSpoken(state, input.order, input.heard);
    case 'listening':
      return stepListening(state, input.id);
    case 'heard':
      return stepHeard(state, input.id, input.heard);
    case 'tick':
      return stepTick(state, moment);
  }
}

const stay = (state: TerminalState, ...effects: readonly Effect[]): Step => ({ state, effects });

// ── Keys ────────────────────────────────────────────────────────────────────────────────────────

function stepKey(before: TerminalState, key: Key, moment: Moment): Step {
  const left = leaveRelay(readNotices(before), key, moment);
  const step = stepKeyOn(left.state, key, moment);
  return { ...step, effects: [...left.effects, ...step.effects] };
}

function stepKeyOn(state: TerminalState, key: Key, moment: Moment): Step {
  if (state.menu !== null) return stepMenu(state, state.menu, key, moment);
  const focus = focusedSale(state);
  if (focus === undefined) return stepEntryKey(state, key, moment);
  switch (focus.stage) {
    case 'saving':
      // A few milliseconds: nothing that could be keyed now would be meant for this screen.
      return stay(state);
    case 'open':
      if (state.voucher !== null) return stepVoucherKey(state, state.voucher, key, moment);
      if (opensVoucher(focus, key)) return beginVoucher(state, focus.order.number);
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
  const spoken = leaveVoice(state, key);
  const step = spoken.done
    ? stay(spoken.state, { do: 'beep', pattern: 'key' })
    : stepKeyed(spoken.state, key, moment, leaving);
  return { state: step.state, effects: [...spoken.effects, ...step.effects] };
}

function stepKeyed(state: TerminalState, key: Key, moment: Moment, leaving: boolean): Step {
  const quiet: TerminalState = { ...state, diskRefused: false, aside: null };
  if (key === 'cancel' && !leaving && state.entry.keyed === '' && state.paired !== null) {
    const { pairing } = state.paired;
    const unpair = { kind: 'unpair', unpair: { pairing } } as const;
    return stay(quiet, { do: 'beep', pattern: 'key' }, { do: 'publish', uplink: unpair });
  }
  if (asksToListen(quiet, key)) return beginListening(quiet, moment);
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
  const yesterday = closeYesterday(quiet, moment);
  const { sale, effects } = beginSale(order, moment.monotonic);
  const sales = state.sales.with(order.number, sale);
  const next: TerminalState = {
    ...yesterday.state,
    entry: EMPTY_ENTRY,
    sales,
    focus: order.number,
    left: null,
  };
  const begun = withSaleEffects({ ...next, nudged: false, leaveAt: Infinity }, effects);
  return { state: begun.state, effects: [...yesterday.effects, ...begun.effects] };
}

// ── Sales ───────────────────────────────────────────────────────────────────────────────────────

function stepNotSaved(
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

/** What is on disk now may be done: an order offered, a card debited, a payment announced. */
function stepSaved(state: TerminalState, entry: JournalEntry, moment: Moment): Step {
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

/** A card that was asked for is the gateway's; any other tap is this terminal's. */
function stepCards(state: TerminalState, input: CardInput, moment: Moment): Step {
  const invited = inviteCard(state, input, moment);
  if (invited !== null) return takeCard(invited, moment);
  const taken = takeCard(stepCard(state, input, moment), moment);
  const followed = takeCard(followCard(taken.state, input, moment), moment);
  return { state: followed.state, effects: [...taken.effects, ...followed.effects] };
}

/** What is over leaves the screen; Cancel with nothing keyed also sends the invitation away. */
function leaveRelay(state: TerminalState, key: Key, moment: Moment): Step {
  const { invite, end } = state.relay;
  const bare = state.entry.keyed === '' && state.focus === null && state.menu === null;
  const away = key === 'cancel' && bare;
  const left = end === null ? state : { ...state, relay: { ...state.relay, end: null } };
  if (invite === null || !away) return stay(left);
  const { state: next, effects } = stepRelays(left, { is: 'decline' }, moment);
  return { state: next, effects };
}

function stepTick(state: TerminalState, moment: Moment): Step {
  const voice = stepVoiceTick(state, moment);
  const heard = voice.state;
  const read = moment.monotonic >= heard.cards.noticeUntil ? clearNotice(heard) : heard;
  const left = moment.monotonic >= leavesAt(read) ? leaveFocus(read) : read;
  const relayed = takeCard(stepRelays(left, { is: 'tick' }, moment), moment);
  const refunds = stepUnsavedTick(relayed.state, moment.monotonic);
  const step = tickSales(refunds.state, moment);
  const day = stepDayTick(step.state, moment);
  const before = [...voice.effects, ...relayed.effects, ...refunds.effects];
  return { state: day.state, effects: [...before, ...step.effects, ...day.effects] };
}

/** Forgets what is settled since, except the order on the screen. */
function dropSettled(before: TerminalState, state: TerminalState): TerminalState {
  if (before.sales === state.sales && before.focus === state.focus) return state;
  const numbers = new Set(state.sales.changedSince(before.sales));
  if (before.focus !== null) numbers.add(before.focus);
  const done = [...numbers].flatMap((number) => {
    const sale = number === state.focus ? undefined : state.sales.get(number);
    return sale !== undefined && isSettled(sale) ? [sale] : [];
  });
  if (done.length === 0) return state;
  const sales = state.sales.change(new Map(done.map(({ order }) => [order.number, null])));
  const settled = [...state.settled, ...done.map(({ order }) => order.number)];
  const paid = done.reduce(
    (known, { order, result }) => (result?.outcome === 'paid' ? rememberPaid(known, order) : known),
    state.paid,
  );
  return { ...state, sales, settled: settled.slice(-SETTLED_LIMIT), paid };
}
