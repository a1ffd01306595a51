/**
 * The terminal's decisions: which flow an input is for, and what all of them leave behind.
 * Pure: `step(state, input, moment) → { state, effects }`.
 */
import type { JournalEntry } from '../messages/journal.ts';
import { flushAnnouncements, STARTING, stepSpoken } from './announcements.ts';
import { stepCard } from './card.ts';
import { beginCards, type CardInput, clearNotice, loseReader, readNotices } from './card-state.ts';
import { beginDay, dayWaits, stepDayLink, stepDaySaved, stepDayTick } from './day.ts';
import { stepDownlink, stepLink } from './downlinks.ts';
import { keepDraining } from './drain.ts';
import { EMPTY_ENTRY } from './entry.ts';
import { stepNotSaved, stepSaved } from './journal-answers.ts';
import { stepKey } from './keys.ts';
import { leaveIdleMenu } from './menu.ts';
import { recallRefunds, rememberPaid, stepRefundSpoken, stepUnsavedTick } from './refund.ts';
import { NO_RELAY, relayWaits } from './relay.ts';
import { followCard, inviteCard, stepRelays } from './relays.ts';
import { isSettled } from './sale.ts';
import { SaleBook } from './sale-book.ts';
import { recallSales } from './sale-recall.ts';
import { leaveFocus, leavesAt, takeCard, tickSales } from './sales.ts';
import { followScan, NO_SCAN, recallVoucherKey, scanWaits, stepScan } from './scan.ts';
import {
  type Announcement,
  type Input,
  type Moment,
  type OrganState,
  type Settings,
  type Step,
  stay,
  type TerminalState,
} from './state.ts';
import { isListening, stepHeard, stepListening, stepVoiceTick } from './voice.ts';
import { stepVoucherTick } from './voucher.ts';
import { recallWebPaid, stepWebPaidSpoken } from './web-paid.ts';

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
    menuUntil: Infinity,
    day: beginDay(entries),
    voucher: null,
    scanning: NO_SCAN,
    voucherKey: recallVoucherKey(entries),
  };
}

/** One input, one step. */
export function stepTerminal(state: TerminalState, input: Input, moment: Moment): Step {
  const step = stepInput(state, input, moment);
  const left = leaveIdleMenu(state, step.state, input, moment);
  const keyed = followScan(stepVoucherTick(left, moment), moment);
  // Who waits for an answer is looked for only where one may have come: the queue may be long.
  const same = keyed.sales === state.sales && keyed.drain === state.drain;
  const drained = same ? stay(keyed) : keepDraining(keyed, moment);
  const effects = [...step.effects, ...drained.effects];
  return flushAnnouncements(dropSettled(state, drained.state), effects);
}

/** Whether the terminal must be woken once a second: something has a time limit or is to be resent. */
export function needsTick(state: TerminalState): boolean {
  if (state.menu !== null) return true;
  const waits = state.cards.notice !== null || relayWaits(state.relay) || isListening(state);
  const unsaid = state.toAnnounce.length > 0 || state.unsaved.length > 0;
  return state.sales.size > 0 || unsaid || waits || dayWaits(state) || scanWaits(state);
}

function stepInput(state: TerminalState, input: Input, moment: Moment): Step {
  switch (input.is) {
    case 'key':
      return stepKey(state, input.key, moment);
    case 'scan':
      return stepScan(readNotices(state), input.scan, moment);
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

/** A card that was asked for is the gateway's; any other tap is this terminal's. */
function stepCards(state: TerminalState, input: CardInput, moment: Moment): Step {
  const invited = inviteCard(state, input, moment);
  if (invited !== null) return takeCard(invited, moment);
  const taken = takeCard(stepCard(state, input, moment), moment);
  const followed = takeCard(followCard(taken.state, input, moment), moment);
  return { state: followed.state, effects: [...taken.effects, ...followed.effects] };
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
