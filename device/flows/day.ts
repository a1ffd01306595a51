/**
 * The end of a business day:
 *
 *   open ──key, or the first sale of another date──▶ closing ──on disk──▶ closed, the next one is open
 *   closed ──page by page, oldest day first──▶ compared ──receipt on disk──▶ agreed, or differences told
 *
 * A day is on disk before it is told or sent, and is sent until the gateway's signed receipt. Selling
 * goes on meanwhile: an order that is open at the close belongs to the day in which it ends.
 */
import { salesOf } from '../codecs/day-digest.ts';
import { mintOrderNumber } from '../codecs/order-number.ts';
import { DAY_PAGE, type DayReceipt, type DayStatement, type DayWanted } from '../messages/day.ts';
import type { JournalEntry } from '../messages/journal.ts';
import { sayDayClosed } from '../words/clips.ts';
import { type ClosedDay, type DayBook, isOf, noteEntry, recallDays, stateDay } from './day-book.ts';
import { printedDay, printedDifferences } from './day-report.ts';
import { isAnswered } from './sale.ts';
import type { Sale } from './sale-state.ts';
import { stallTime } from './stall-time.ts';
import { type Effect, type Moment, type Step, stay, type TerminalState } from './state.ts';

interface Sending {
  readonly digest: string;
  readonly page: number;
  readonly tries: number;
  /** Monotonic ms. */
  readonly resendAt: number;
  /** Monotonic ms from which it is sent though some of its orders are still on their way. */
  readonly sendAnywayAt: number;
}

export interface Day {
  readonly book: DayBook;
  /** It is on its way to the disk. */
  readonly closing: boolean;
  /** The disk refused the last close. */
  readonly refused: boolean;
  readonly sending: Sending | null;
  /** Digests of those with differences that were asked about since the link came up. */
  readonly asked: readonly string[];
}

const FIRST_RESEND_MS = 2000;
const LAST_RESEND_MS = 60_000;
/** The orders of a day go first; one that nobody answers does not hold the day up for longer. */
const HOLD_MS = 60_000;

export const beginDay = (entries: readonly JournalEntry[]): Day => ({
  book: recallDays(entries),
  closing: false,
  refused: false,
  sending: null,
  asked: [],
});

const withDay = (state: TerminalState, change: Partial<Day>): TerminalState => ({
  ...state,
  day: { ...state.day, ...change },
});

/** Whether anything happened in the open day: an empty one is not closed. */
export const isEmptyDay = ({ book }: Day): boolean => book.lines === null;

// ── Closing ─────────────────────────────────────────────────────────────────────────────────────

/** Closes the open day; `null` where there is nothing to close, or it is being closed. */
export function closeDay(state: TerminalState, moment: Moment): Step | null {
  const { day, settings } = state;
  if (day.closing || isEmptyDay(day)) return null;
  const statement = stateDay(day.book, {
    currency: settings.stall.currency,
    book: mintOrderNumber(moment.now, moment.chance),
    now: moment.now,
    gatewayNow: moment.monotonic + state.clockOffset,
    head: moment.head ?? '',
    open: [...state.sales.values()].filter(isToCome).map(({ order }) => order.number),
  });
  const entry: JournalEntry = { kind: 'day_closed', day: statement };
  return stay(withDay(state, { closing: true, refused: false }), { do: 'journal', entry });
}

/** Something of it is still to come: its end, or whether a card was debited. */
const isToCome = ({ stage, debit, conflict }: Sale): boolean =>
  (stage !== 'ended' && conflict === undefined) || (debit !== undefined && debit.stage !== 'done');

/** The first sale of another date at the stall closes the day before it. */
export function closeYesterday(state: TerminalState, moment: Moment): Step {
  const { begunAt } = state.day.book;
  const { time_zone } = state.settings.stall;
  if (begunAt === null || dateOf(begunAt, time_zone) === dateOf(moment.now, time_zone)) {
    return stay(state);
  }
  return closeDay(state, moment) ?? stay(state);
}

const dateOf = (ms: number, timeZone: string): string => stallTime(timeZone).date.format(ms);

/** Whatever is on disk is of the day; a day or a receipt that is on disk is told. */
export function stepDaySaved(before: TerminalState, entry: JournalEntry, moment: Moment): Step {
  const book = noteEntry(before.day.book, entry);
  const state = book === before.day.book ? before : withDay(before, { book });
  switch (entry.kind) {
    case 'day_closed':
      return tellClosed(withDay(state, { closing: false }), entry.day, moment);
    case 'day_receipt':
      return tellReceipt(withDay(state, { sending: null }), entry.receipt, moment);
    default:
      return stay(state);
  }
}

/** The disk refused it: the day stays open, or the receipt is asked for again. */
export function stepDayNotSaved(state: TerminalState, entry: JournalEntry): Step {
  if (entry.kind !== 'day_closed') return stay(state);
  return stay(withDay(state, { closing: false, refused: true }), { do: 'beep', pattern: 'bad' });
}

function tellClosed(state: TerminalState, day: DayStatement, moment: Moment): Step {
  const { stall } = state.settings;
  const { count, sum_minor } = salesOf(day.head.totals);
  const clips = sayDayClosed(count, sum_minor, day.head.currency, stall.language);
  const said: Effect[] = [
    { do: 'say', clips },
    { do: 'print', receipt: printedDay({ day, receipt: null }, stall) },
  ];
  const sent = sendDay(state, moment);
  return { state: sent.state, effects: [...said, ...sent.effects] };
}

function tellReceipt(state: TerminalState, receipt: DayReceipt, moment: Moment): Step {
  const told: Effect[] = receipt.agreed
    ? []
    : [
        { do: 'beep', pattern: 'bad' },
        { do: 'print', receipt: printedDifferences(receipt, state.settings.stall) },
      ];
  const asked = receipt.agreed ? state.day.asked : [...state.day.asked, receipt.digest];
  const sent = sendDay(withDay(state, { asked }), moment);
  return { state: sent.state, effects: [...told, ...sent.effects] };
}

// ── Sending ─────────────────────────────────────────────────────────────────────────────────────

/** The oldest that has no receipt, or of whose differences nobody has asked since the link came up. */
const dueDay = ({ book, asked }: Day): ClosedDay | undefined =>
  book.pending.find(({ receipt }) => receipt === null) ??
  book.pending.find(({ day }) => !asked.includes(day.head.digest));

/** Whether the terminal must be woken to send a day. */
export const dayWaits = (state: TerminalState): boolean =>
  state.online && dueDay(state.day) !== undefined;

/** The link came or went. */
export function stepDayLink(state: TerminalState, moment: Moment): Step {
  return sendDay(withDay(state, { sending: null, asked: [] }), moment);
}

export function stepDayTick(state: TerminalState, moment: Moment): Step {
  const { sending } = state.day;
  return sending !== null && moment.monotonic < sending.resendAt
    ? stay(state)
    : sendDay(state, moment);
}

/** Sends the page that is wanted of the day whose turn it is. */
function sendDay(state: TerminalState, { monotonic }: Moment): Step {
  const due = dueDay(state.day);
  if (!state.online || due === undefined) return stay(withDay(state, { sending: null }));
  const { digest } = due.day.head;
  const known = state.day.sending?.digest === digest ? state.day.sending : null;
  const sending: Sending = known ?? {
    ...{ digest, page: 0, tries: 0, resendAt: monotonic },
    sendAnywayAt: monotonic + HOLD_MS,
  };
  const { drain } = state;
  const queued = drain !== null && drain.next < drain.numbers.length;
  if (queued || (monotonic < sending.sendAnywayAt && isOnItsWay(state))) {
    const resendAt = monotonic + FIRST_RESEND_MS;
    const sendAnywayAt = queued ? monotonic + HOLD_MS : sending.sendAnywayAt;
    return stay(withDay(state, { sending: { ...sending, resendAt, sendAnywayAt } }));
  }
  const wait = Math.min(LAST_RESEND_MS, FIRST_RESEND_MS * 2 ** Math.min(sending.tries, 6));
  const next = { ...sending, tries: sending.tries + 1, resendAt: monotonic + wait };
  return stay(withDay(state, { sending: next }), {
    do: 'publish',
    uplink: { kind: 'day', day: pageOf(due.day, sending.page) },
  });
}

/** Orders that have ended here, and of which the gateway has not answered everything. */
function isOnItsWay(state: TerminalState): boolean {
  if (state.drain !== null) return true;
  for (const sale of state.sales.values()) {
    if (sale.stage === 'ended' && !isAnswered(sale)) return true;
  }
  return false;
}

const pagesOf = ({ lines }: DayStatement): number =>
  Math.max(1, Math.ceil(lines.length / DAY_PAGE));

const pageOf = ({ head, lines }: DayStatement, page: number) => ({
  head,
  page,
  lines: lines.slice(page * DAY_PAGE, (page + 1) * DAY_PAGE),
});

/** The gateway has all before that page; where it has all, it compares, and is asked again. */
export function stepDayWanted(state: TerminalState, wanted: DayWanted, moment: Moment): Step {
  const due = dueDay(state.day);
  const { sending } = state.day;
  if (due === undefined || sending === null) return stay(state);
  const { head } = due.day;
  if (wanted.book !== head.book || wanted.number !== head.number) return stay(state);
  const pages = pagesOf(due.day);
  if (wanted.page >= pages) {
    // Asked again after pauses that grow: what it compares with may be out of its reach for hours.
    const last = pages - 1;
    if (sending.page === last) return stay(state);
    const resendAt = moment.monotonic + FIRST_RESEND_MS;
    return stay(withDay(state, { sending: { ...sending, page: last, tries: 0, resendAt } }));
  }
  return sendDay(withDay(state, { sending: { ...sending, page: wanted.page, tries: 0 } }), moment);
}

/** What came of comparing a day: on disk first. One that is known, or of no day of ours, is silent. */
export function stepDayReceipt(state: TerminalState, receipt: DayReceipt, moment: Moment): Step {
  const closed = state.day.book.pending.find(({ day }) => isOf(day, receipt));
  if (closed === undefined) return stay(state);
  if (closed.receipt !== null && sameReceipt(closed.receipt, receipt)) {
    const asked = [...state.day.asked, receipt.digest];
    return sendDay(withDay(state, { asked, sending: null }), moment);
  }
  return stay(state, { do: 'journal', entry: { kind: 'day_receipt', receipt } });
}

const sameReceipt = (known: DayReceipt, { agreed, differing, healed, at }: DayReceipt): boolean =>
  known.agreed === agreed &&
  known.differing === differing &&
  known.healed === healed &&
  known.at === at;
