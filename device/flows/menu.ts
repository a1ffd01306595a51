/**
 * The operator's menu: of cards balance, giving back, the last ten, the last day, and how far they are
 * taken without network; and the end of the business day. It is open only while no order is on the
 * screen.
 */
import { hex, sameBytes } from '../codecs/bytes.ts';
import { type LogRecord, terminalMark } from '../codecs/purse.ts';
import type { PurseHistory } from '../codecs/purse-talks.ts';
import type { CardPayment, OfflineLimits } from '../messages/card.ts';
import { offlineLimitsSchema } from '../messages/card.ts';
import { type CURRENCIES, parseAmount } from '../messages/money.ts';
import type { Key } from '../ports/keypad.ts';
import type { CardPresence } from '../ports/reader.ts';
import { closeDay } from './day.ts';
import { printedDay } from './day-report.ts';
import { isDriven } from './relay.ts';
import { askRefund } from './relays.ts';
import type { Effect, Input, Moment, Step, TerminalState } from './state.ts';

export type HoldFor = 'balance' | 'log' | 'refund';
export type LimitField = 'amount' | 'count' | 'sum' | 'age';

export type Menu =
  | { readonly at: 'list' }
  /** Waits for a card. */
  | { readonly at: 'hold'; readonly for: HoldFor }
  | {
      readonly at: 'log';
      readonly card: string;
      readonly records: readonly LogRecord[];
      /** Records before the first on the screen. */
      readonly from: number;
    }
  /** Which of its payments, made here, is to be given back. */
  | {
      readonly at: 'refund';
      readonly uid: string;
      readonly card: string;
      readonly records: readonly LogRecord[];
    }
  /** Settlement gives back, through this terminal's reader. */
  | { readonly at: 'refunding'; readonly uid: string; readonly relay: string }
  | { readonly at: 'day' }
  /** The business day; `sure` where Enter closes it. */
  | { readonly at: 'close'; readonly sure: boolean }
  | {
      readonly at: 'limits';
      readonly field: LimitField | null;
      readonly keyed: string;
      readonly said: 'saved' | 'wrong' | null;
    };

/** So long nobody touches the menu before it closes by itself: while it is open no card pays. */
export const MENU_IDLE_MS = 120_000;
const FIELDS: readonly LimitField[] = ['amount', 'count', 'sum', 'age'];
/** Records on one screen: so many stand on a small one. */
export const LOG_PAGE = 5;
/** Payments to choose from: so many stand on one screen. */
const REFUNDS = 6;
const DAY_MS = 86_400_000;
/** More than a stall sells in a day by card and than any screen shows. */
const DAY_LIMIT = 500;

/** `+` with nothing keyed. */
export const opensMenu = (state: TerminalState, key: Key): boolean =>
  key === '+' && state.entry.keyed === '';

/** Whether the menu is of cards, too. */
export const hasCardMenu = (state: TerminalState): boolean =>
  state.cards.taken && state.settings.organs.some(({ role }) => role === 'reader');

const to = (state: TerminalState, menu: Menu | null, ...effects: readonly Effect[]): Step => ({
  state: { ...state, menu },
  effects: [{ do: 'beep', pattern: 'key' }, ...effects],
});
const wrong = (state: TerminalState): Step => ({
  state,
  effects: [{ do: 'beep', pattern: 'bad' }],
});

/**
 * Closes a menu that everybody has walked away from, half-keyed limits with it. A card that is being
 * given something back through it is waited for: that has time limits of its own.
 */
export function leaveIdleMenu(
  before: TerminalState,
  state: TerminalState,
  input: Input,
  moment: Moment,
) {
  const { menu } = state;
  if (menu === null) return state;
  if (input.is === 'key' || menu !== before.menu) {
    return { ...state, menuUntil: moment.monotonic + MENU_IDLE_MS };
  }
  const busy = menu.at === 'refunding' && isDriven(state.relay);
  return busy || moment.monotonic < state.menuUntil ? state : { ...state, menu: null };
}

/** One key while the menu is open. */
export function stepMenu(state: TerminalState, menu: Menu, key: Key, moment: Moment): Step {
  if (key === 'cancel' && !(menu.at === 'limits' && menu.field !== null)) {
    return to(state, menu.at === 'list' ? null : { at: 'list' });
  }
  switch (menu.at) {
    case 'list':
      return pick(state, key);
    case 'log': {
      if (key !== 'enter') return wrong(state);
      const next = menu.from + LOG_PAGE;
      return to(state, { ...menu, from: next < menu.records.length ? next : 0 });
    }
    case 'refund':
      return pickRefund(state, menu, key, moment);
    case 'limits':
      return keyLimit(state, menu, key);
    case 'close':
      return keyClose(state, menu.sure, key, moment);
    default:
      return wrong(state);
  }
}

function pick(state: TerminalState, key: Key): Step {
  if (key === '6') return to(state, { at: 'close', sure: false });
  if (!hasCardMenu(state)) return wrong(state);
  switch (key) {
    case '1':
      return hold(state, 'balance');
    case '2':
      return hold(state, 'refund');
    case '3':
      return hold(state, 'log');
    case '4':
      return to(state, { at: 'day' });
    case '5':
      return to(state, { at: 'limits', field: null, keyed: '', said: null });
    default:
      return wrong(state);
  }
}

/** A card that lies there already is asked anew. */
function hold(state: TerminalState, what: HoldFor): Step {
  const { lying } = state.cards;
  const cards = { ...state.cards, lying: lying === null ? null : { ...lying, asked: false } };
  return to({ ...state, cards }, { at: 'hold', for: what });
}

// ── A card's log ────────────────────────────────────────────────────────────────────────────────

/** What the menu shows of a card that was held for it. */
export function showCard(
  state: TerminalState,
  menu: Extract<Menu, { at: 'hold' }>,
  { uid }: CardPresence,
  { holder: { card }, records }: PurseHistory,
): Menu {
  if (menu.for !== 'refund') return { at: 'log', card, records, from: 0 };
  const mark = terminalMark(state.settings.terminal);
  const here = records.filter(
    ({ kind, terminal }) => kind === 'debit' && sameBytes(terminal, mark),
  );
  return { at: 'refund', uid: hex(uid), card, records: here.slice(0, REFUNDS) };
}

/** A figure is one of its payments; 0 asks for whatever settlement owes it. */
function pickRefund(
  state: TerminalState,
  { uid, records }: Extract<Menu, { at: 'refund' }>,
  key: Key,
  moment: Moment,
): Step {
  const record = /^[1-9]$/.test(key) ? records[Number(key) - 1] : undefined;
  if (!state.online || (record === undefined && key !== '0')) return wrong(state);
  const relay = `r${moment.now.toString(36)}${hex(moment.chance)}`;
  const asked = askRefund(
    { ...state, menu: { at: 'refunding', uid, relay } },
    { relay, order: record?.order },
    moment,
  );
  return isDriven(asked.state.relay)
    ? to(asked.state, asked.state.menu, ...asked.effects)
    : wrong(state);
}

// ── The day ─────────────────────────────────────────────────────────────────────────────────────

/** The payments of the 24 hours before `now`. */
export const ofLastDay = (payments: readonly CardPayment[], now: number): CardPayment[] =>
  payments.filter(({ at }) => now - at < DAY_MS).slice(-DAY_LIMIT);

export function rememberPayment(state: TerminalState, payment: CardPayment): TerminalState {
  const day = ofLastDay([...state.cards.day, payment], payment.at);
  return { ...state, cards: { ...state.cards, day } };
}

// ── The end of the day ──────────────────────────────────────────────────────────────────────────

/** Enter twice closes the day; 0 prints the report of the last one again. */
function keyClose(state: TerminalState, sure: boolean, key: Key, moment: Moment): Step {
  const { last } = state.day.book;
  if (key === '0' && last !== null) {
    const receipt = printedDay(last, state.settings.stall);
    return to(state, { at: 'close', sure: false }, { do: 'print', receipt });
  }
  if (key !== 'enter') return wrong(state);
  if (!sure) {
    const { closing, book } = state.day;
    return closing || book.lines === null ? wrong(state) : to(state, { at: 'close', sure: true });
  }
  const closed = closeDay(state, moment);
  if (closed === null) return wrong(state);
  return to(closed.state, { at: 'close', sure: false }, ...closed.effects);
}

// ── Limits ──────────────────────────────────────────────────────────────────────────────────────

function keyLimit(state: TerminalState, menu: Extract<Menu, { at: 'limits' }>, key: Key): Step {
  const { field, keyed } = menu;
  if (field === null) {
    const picked = FIELDS[Number(key) - 1];
    if (picked === undefined) return wrong(state);
    return to(state, { at: 'limits', field: picked, keyed: '', said: null });
  }
  if (key === 'cancel') return to(state, { ...menu, field: null, keyed: '' });
  if (key === 'back') return to(state, { ...menu, keyed: keyed.slice(0, -1), said: null });
  if (key !== 'enter') {
    if (!/^[\d.]$/.test(key) || keyed.length >= 12) return wrong(state);
    return to(state, { ...menu, keyed: keyed + key, said: null });
  }
  const limits = readLimit(state, field, keyed);
  if (limits === null) return wrong({ ...state, menu: { ...menu, keyed: '', said: 'wrong' } });
  const next = { ...state, cards: { ...state.cards, limits } };
  const entry = { kind: 'card_limits', limits } as const;
  const saved: Menu = { at: 'limits', field: null, keyed: '', said: 'saved' };
  return to(next, saved, { do: 'journal', entry });
}

/** The limits with what was keyed, or `null` where it is none; 0 takes no cards without network. */
function readLimit(
  { cards: { limits }, settings: { stall } }: TerminalState,
  field: LimitField,
  keyed: string,
): OfflineLimits | null {
  const number = readLimitNumber(field, keyed, stall.currency);
  if (number === null) return null;
  const parsed = offlineLimitsSchema.safeParse({ ...limits, ...named(field, number) });
  return parsed.success ? parsed.data : null;
}

function readLimitNumber(
  field: LimitField,
  keyed: string,
  currency: keyof typeof CURRENCIES,
): number | null {
  if (field === 'count' || field === 'age') return /^\d{1,4}$/.test(keyed) ? Number(keyed) : null;
  const read = parseAmount(keyed, currency);
  if (read.ok) return read.amount_minor;
  return read.why === 'zero' ? 0 : null;
}

function named(field: LimitField, number: number): Partial<OfflineLimits> {
  switch (field) {
    case 'amount':
      return { amount_minor: number };
    case 'count':
      return { count: number };
    case 'sum':
      return { sum_minor: number };
    case 'age':
      return { hotlist_age_s: number * 3600 };
  }
}
