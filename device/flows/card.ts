/**
 * Cards at the readers: which card may pay, what is asked of it, and what is said of it. A tap while
 * an order is open pays it; any other tap shows the balance. The talk with the card is an effect, its
 * outcome an input, so that a card that leaves and a timer that goes off can't race. What becomes of
 * a debit is the sale's business (debit.ts).
 */
import type { CardOutcome, CardTask } from '../card-work.ts';
import { base64url, hex } from '../codecs/bytes.ts';
import { LOG_RECORDS, type LogRecord, terminalMark, writeLogRecord } from '../codecs/purse.ts';
import type { OpenPurse, PurseHistory, PurseRefusal } from '../codecs/purse-talks.ts';
import type { CardDebit, CardPayment, OfflineLimits } from '../messages/card.ts';
import type { JournalEntry } from '../messages/journal.ts';
import { CURRENCIES } from '../messages/money.ts';
import type { CardPresence } from '../ports/reader.ts';
import type { CardProblem } from '../words/cards.ts';
import { sayCardProblem } from '../words/clips.ts';
import { isDebiting } from './debit.ts';
import { type Blocked, recallHotlist } from './hotlist.ts';
import { ofLastDay, showCard } from './menu.ts';
import { isDriven } from './relay.ts';
import type { Sale, SaleEvent } from './sale.ts';
import type { Effect, Moment, Settings, TerminalState } from './state.ts';

/** What the customer is told of a card. */
export type CardNotice =
  | { readonly is: 'balance'; readonly minor: number; readonly card: string }
  | { readonly is: 'problem'; readonly problem: CardProblem; readonly minor?: number };

interface Lying {
  readonly reader: string;
  readonly card: CardPresence;
  /** It was asked what the moment wants of it. */
  readonly asked: boolean;
  /** It has paid: whoever forgets it here does not pay the next order. */
  readonly spent: boolean;
}

interface Work {
  readonly number: number;
  readonly reader: string;
  readonly card: CardPresence;
  /** The order that it is to pay. */
  readonly order: string | null;
  /** The card is open, and the journal is writing down what it will be asked. */
  readonly saving?: { readonly purse: OpenPurse; readonly record: LogRecord };
}

export interface Cards {
  /** This terminal holds the keys of the house's cards. */
  readonly taken: boolean;
  readonly lying: Lying | null;
  readonly work: Work | null;
  /** Of the next work. */
  readonly next: number;
  readonly notice: CardNotice | null;
  /** Monotonic ms until which the notice stands. */
  readonly noticeUntil: number;
  readonly blocked: Blocked | null;
  readonly limits: OfflineLimits;
  /** Of the last 24 hours, oldest first. */
  readonly day: readonly CardPayment[];
}

export type CardInput =
  | { readonly is: 'card'; readonly reader: string; readonly event: CardEvent }
  /** The keys of the house's cards have come. */
  | { readonly is: 'card_keys' }
  | { readonly is: 'card_work'; readonly work: number; readonly outcome: CardOutcome };

export type CardEvent =
  | { readonly is: 'arrived'; readonly card: CardPresence }
  | { readonly is: 'left'; readonly card: CardPresence }
  | { readonly is: 'unreadable' };

/** `sales`: what it means for which sale, to be taken before `effects`. */
export interface CardStep {
  readonly state: TerminalState;
  readonly effects: readonly Effect[];
  readonly sales: readonly { readonly order: string; readonly event: SaleEvent }[];
}

/** How long a notice stays where nobody presses a key. */
const NOTICE_MS = 12_000;

export function beginCards(
  entries: readonly JournalEntry[],
  { takesCards, stall }: Pick<Settings, 'takesCards' | 'stall'>,
  now: number,
): Cards {
  const set = entries.findLast((entry) => entry.kind === 'card_limits');
  const paid = entries.flatMap((entry) => (entry.kind === 'card_done' ? [entry.payment] : []));
  return {
    taken: takesCards,
    lying: null,
    work: null,
    next: 1,
    notice: null,
    noticeUntil: Infinity,
    blocked: recallHotlist(entries),
    limits: set?.kind === 'card_limits' ? set.limits : stall.card_limits,
    day: ofLastDay(paid, now),
  };
}

const stay = (state: TerminalState): CardStep => ({ state, effects: [], sales: [] });

const withCards = (state: TerminalState, change: Partial<Cards>): TerminalState => ({
  ...state,
  cards: { ...state.cards, ...change },
});

/** Takes what a reader tells. */
export function stepCard(state: TerminalState, input: CardInput, moment: Moment): CardStep {
  const { cards } = state;
  if (input.is === 'card_keys') return stay(withCards(state, { taken: true }));
  if (input.is === 'card_work') {
    return cards.work?.number === input.work
      ? stepOutcome(state, cards.work, input.outcome, moment)
      : stay(state);
  }
  const { reader, event } = input;
  switch (event.is) {
    case 'arrived': {
      const lying: Lying = { reader, card: event.card, asked: false, spent: false };
      return askCard(withCards(state, { lying }), moment);
    }
    case 'left':
      if (cards.lying?.reader !== reader || cards.lying.card.number !== event.card.number) {
        return stay(state);
      }
      return stay(withCards(state, { lying: null }));
    case 'unreadable':
      return cards.work === null ? tell(state, 'two_cards', moment) : stay(state);
  }
}

/** A reader that is lost takes its card along. */
export const loseReader = (state: TerminalState, reader: string): TerminalState =>
  state.cards.lying?.reader === reader ? withCards(state, { lying: null }) : state;

/** Nobody has to read it any more. */
export const clearNotice = (state: TerminalState): TerminalState =>
  state.cards.notice === null ? state : withCards(state, { notice: null, noticeUntil: Infinity });

/** Asks the card that lies there what the moment wants of it, where nothing else is under way. */
export function askCard(state: TerminalState, moment: Moment): CardStep {
  const { lying, work } = state.cards;
  if (lying === null || lying.asked || work !== null || isDriven(state.relay)) return stay(state);
  const asked = withCards(clearNotice(state), { lying: { ...lying, asked: true } });
  if (!state.cards.taken) return tell(asked, 'not_taken', moment);
  if (lying.card.uid.length !== 7) return tell(asked, 'foreign', moment);
  const uid = hex(lying.card.uid);
  const asksLog = state.menu?.at === 'hold' && state.menu.for !== 'balance';
  if (unknownsOf(state, uid).length > 0 || asksLog) {
    return begin(asked, lying, null, { is: 'history' });
  }
  const sale = payable(state);
  const other = sale?.debit?.stage === 'unknown';
  if (other) return tell(asked, 'other_card', moment);
  return begin(asked, lying, sale?.order.number ?? null, { is: 'open' });
}

/** An order has just been opened: a card that lay there before pays it, unless it paid the last. */
export function askAgain(state: TerminalState, moment: Moment): CardStep {
  const { lying } = state.cards;
  if (lying === null || lying.spent) return stay(state);
  return askCard(withCards(state, { lying: { ...lying, asked: false } }), moment);
}

/** The order on the screen, where a card may pay it. */
export function payable(state: TerminalState): Sale | undefined {
  const sale = state.focus === null ? undefined : state.sales.get(state.focus);
  return sale?.stage === 'open' && state.menu === null && !isDebiting(sale) ? sale : undefined;
}

/** Payments of which only this card knows whether it made them. */
export const unknownsOf = (state: TerminalState, uid: string): Sale[] =>
  [...state.sales.values()].filter(
    ({ debit }) => debit?.stage === 'unknown' && debit.debit.uid === uid,
  );

function begin(state: TerminalState, at: Lying, order: string | null, task: CardTask): CardStep {
  const { reader, card } = at;
  const number = state.cards.next;
  const work: Work = { number, reader, card, order };
  const next = withCards(state, { work, next: number + 1 });
  return { state: next, effects: [{ do: 'card', work: number, reader, card, task }], sales: [] };
}

// ── What the card said ──────────────────────────────────────────────────────────────────────────

function stepOutcome(
  state: TerminalState,
  work: Work,
  outcome: CardOutcome,
  moment: Moment,
): CardStep {
  const free = withCards(state, { work: null });
  switch (outcome.is) {
    case 'opened':
      return work.order === null
        ? showBalance(free, outcome.purse, moment)
        : payWith(state, work, outcome.purse, moment);
    case 'history':
      return stepHistory(free, work, outcome.history, moment);
    case 'committed': {
      const { proof } = outcome.committed;
      return ending(spend(free), work, { is: 'debited', proof });
    }
    case 'refused':
      return stepRefused(free, work, outcome.refusal, moment);
    case 'gone': {
      const { gone, sent } = outcome;
      const problem = gone === 'silent' ? 'silent' : 'again';
      if (work.saving === undefined) return tell(free, problem, moment);
      const event: SaleEvent = sent ? { is: 'torn' } : { is: 'not_debited' };
      return ending(free, work, event, { problem: sent ? 'same_card' : problem, moment });
    }
  }
}

/** The debit of the work's order has ended one way or another. */
function ending(
  state: TerminalState,
  work: Work,
  event: SaleEvent,
  told?: { readonly problem: CardProblem; readonly moment: Moment },
): CardStep {
  const step = told === undefined ? stay(state) : tell(state, told.problem, told.moment);
  return work.order === null ? step : { ...step, sales: [{ order: work.order, event }] };
}

function stepRefused(
  state: TerminalState,
  work: Work,
  refusal: PurseRefusal,
  moment: Moment,
): CardStep {
  switch (refusal.at) {
    case 'change':
      return ending(state, work, { is: 'not_debited' }, { problem: 'refused', moment });
    case 'commit':
      return ending(state, work, { is: 'torn' }, { problem: 'same_card', moment });
    case 'select':
      return tell(state, refusal.refusal.why === 'status' ? 'blank' : 'foreign', moment);
    case 'key':
      return tell(state, refusal.refusal.why === 'malformed' ? 'garbled' : 'copy', moment);
    case 'read':
      return tell(state, 'garbled', moment);
  }
}

function showBalance(state: TerminalState, purse: OpenPurse, moment: Moment): CardStep {
  const { card, currency } = purse.holder;
  if (!isOurs(state, currency)) return tell(state, 'currency', moment);
  if (state.cards.blocked?.cards.has(card)) return tell(state, 'blocked', moment);
  const notice: CardNotice = { is: 'balance', minor: purse.balanceMinor, card };
  return stay(withCards(state, { notice, noticeUntil: moment.monotonic + NOTICE_MS }));
}

const isOurs = (state: TerminalState, currency: number): boolean =>
  Number(CURRENCIES[state.settings.stall.currency].numeric) === currency;

/** Writes down what the card will be asked; it is asked when that is on disk ({@link sendDebit}). */
function payWith(state: TerminalState, work: Work, purse: OpenPurse, moment: Moment): CardStep {
  const free = withCards(state, { work: null });
  const sale = work.order === null ? undefined : state.sales.get(work.order);
  // It was paid, cancelled or has expired within these milliseconds.
  if (sale?.stage !== 'open' || sale.debit !== undefined) return stay(free);
  const { amount_minor, currency, number } = sale.order;
  const wrong = whyNot(state, purse, amount_minor, moment);
  if (wrong !== null) return tell(free, wrong, moment, purse.balanceMinor);
  const record: LogRecord = {
    kind: 'debit',
    amountMinor: amount_minor,
    order: number,
    terminal: terminalMark(state.settings.terminal),
    atS: Math.floor((moment.monotonic + state.clockOffset) / 1000),
    balanceMinor: purse.balanceMinor - amount_minor,
  };
  const debit: CardDebit = {
    order: number,
    card: purse.holder.card,
    uid: hex(work.card.uid),
    amount_minor,
    currency,
    counter_before: purse.last.counter,
    balance_before_minor: purse.balanceMinor,
    mac_before: base64url(purse.last.mac),
    record: hex(writeLogRecord(record)),
    at: moment.now,
    offline: !state.online,
  };
  const saving = withCards(state, { work: { ...work, saving: { purse, record } } });
  return { ...stay(saving), sales: [{ order: number, event: { is: 'debit', debit } }] };
}

/** Why this card can't pay this amount here and now. */
function whyNot(
  state: TerminalState,
  { holder, balanceMinor }: OpenPurse,
  amountMinor: number,
  moment: Moment,
): CardProblem | null {
  if (!isOurs(state, holder.currency)) return 'currency';
  if (state.cards.blocked?.cards.has(holder.card)) return 'blocked';
  if (balanceMinor < amountMinor) return 'not_enough';
  return state.online ? null : whyNotOffline(state, amountMinor, moment);
}

function whyNotOffline(
  state: TerminalState,
  amountMinor: number,
  { monotonic }: Moment,
): CardProblem | null {
  const { limits, blocked } = state.cards;
  const waiting = [...state.sales.values()].flatMap(({ debit }) =>
    debit === undefined || debit.told ? [] : [debit.debit.amount_minor],
  );
  const sum = waiting.reduce((total, each) => total + each, amountMinor);
  if (amountMinor > limits.amount_minor) return 'limit_amount';
  if (waiting.length >= limits.count) return 'limit_count';
  if (sum > limits.sum_minor) return 'limit_sum';
  const age = monotonic + state.clockOffset - (blocked?.issuedAt ?? -Infinity);
  return age > limits.hotlist_age_s * 1000 ? 'hotlist_old' : null;
}

/** What is to be debited is on disk, or the disk refused it: the card waits for this. */
export function sendDebit(
  state: TerminalState,
  order: string,
  saved: boolean,
  moment: Moment,
): CardStep {
  const { work } = state.cards;
  if (work?.saving === undefined || work.order !== order) return stay(state);
  if (!saved) return tell(withCards(state, { work: null }), 'disk', moment);
  const { reader, card, number, saving } = work;
  const task: CardTask = { is: 'debit', ...saving };
  return { ...stay(state), effects: [{ do: 'card', work: number, reader, card, task }] };
}

// ── What became of a debit whose answer was lost ────────────────────────────────────────────────

function stepHistory(
  state: TerminalState,
  work: Work,
  history: PurseHistory,
  moment: Moment,
): CardStep {
  const found = unknownsOf(state, hex(work.card.uid)).flatMap(({ order, debit }) => {
    if (debit === undefined || debit.debit.card !== history.holder.card) return [];
    const event = resolve(debit.debit, history);
    return event === null ? [] : [{ order: order.number, event }];
  });
  const paid = found.some(({ order, event }) => order === state.focus && event.is === 'debited');
  const step = paid ? stay(spend(state)) : afterHistory(state, work, history, found, moment);
  return { ...step, sales: found };
}

/** What else the tap is for, once it is known what became of the debits before. */
function afterHistory(
  state: TerminalState,
  work: Work,
  history: PurseHistory,
  found: CardStep['sales'],
  moment: Moment,
): CardStep {
  if (state.menu?.at === 'hold' && state.menu.for !== 'balance') {
    return stay({ ...state, menu: showCard(state, state.menu, work.card, history) });
  }
  const { lying } = state.cards;
  // The sales are told first; then the card, which was not asked to pay yet, is asked.
  const focused = found.some(({ order }) => order === state.focus);
  const sale = payable(state);
  if (sale !== undefined && (focused || sale.debit === undefined)) {
    return stay(withCards(state, { lying: lying === null ? null : { ...lying, asked: false } }));
  }
  // What was debited is told when it is on disk ({@link tellOwed}).
  if (found.some(({ event }) => event.is === 'debited')) return stay(state);
  return tell(state, found.length > 0 ? 'not_debited' : 'unclear', moment);
}

const spend = (state: TerminalState): TerminalState => {
  const { lying } = state.cards;
  return lying === null ? state : withCards(state, { lying: { ...lying, spent: true } });
};

/** A debit was proved whose order had ended before: its amount is owed to the card. */
export const tellOwed = (state: TerminalState, moment: Moment): CardStep =>
  tell(state, 'owed', moment);

/**
 * The log tells, because its records are bound to the key: the counter alone could be faked. `null`
 * where so much happened since that the log has lost it.
 */
function resolve(debit: CardDebit, { records, last }: PurseHistory): SaleEvent | null {
  const done = records.some((record) => hex(writeLogRecord(record)) === debit.record);
  const since = last.counter - debit.counter_before;
  if (!done) return since > LOG_RECORDS ? null : { is: 'not_debited' };
  return since === 1 ? { is: 'debited', proof: last } : { is: 'debited' };
}

function tell(
  state: TerminalState,
  problem: CardProblem,
  { monotonic }: Moment,
  minor?: number,
): CardStep {
  const notice: CardNotice = {
    is: 'problem',
    problem,
    ...(minor === undefined ? {} : { minor }),
  };
  const clips = sayCardProblem(problem, state.settings.stall.language);
  return {
    state: withCards(state, { notice, noticeUntil: monotonic + NOTICE_MS }),
    effects: [
      { do: 'beep', pattern: 'bad' },
      { do: 'say', clips },
    ],
    sales: [],
  };
}
