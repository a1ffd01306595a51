/**
 * Cards at the readers: which card may pay, what is asked of it, and what is said of it. A tap while
 * an order is open pays it; any other tap shows the balance. The talk with the card is an effect, its
 * outcome an input, so that a card that leaves and a timer that goes off can't race. What becomes of
 * a debit is the sale's business (debit.ts).
 */

import type { CardOutcome, CardTask } from '../card-work.ts';
import { base64url, hex } from '../codecs/bytes.ts';
import { type LogRecord, terminalMark, writeLogRecord } from '../codecs/purse.ts';
import type { OpenPurse, PurseHistory, PurseRefusal } from '../codecs/purse-talks.ts';
import type { CardDebit } from '../messages/card.ts';
import type { CardProblem } from '../words/cards.ts';
import { isOurs, resolve, whyNot } from './card-rules.ts';
import {
  type CardInput,
  type CardNotice,
  type CardStep,
  clearNotice,
  type Lying,
  NOTICE_MS,
  spend,
  stay,
  tell,
  type Work,
  withCards,
} from './card-state.ts';
import { isDebiting } from './debit.ts';
import { showCard } from './menu.ts';
import { isDriven } from './relay.ts';
import type { Sale, SaleEvent } from './sale-state.ts';
import type { Moment, TerminalState } from './state.ts';

/** Takes what a reader tells. */
export function stepCard(state: TerminalState, input: CardInput, moment: Moment): CardStep {
  const { cards } = state;
  if (input.is === 'card_keys') {
    const uplink = { kind: 'card_keys_kept', kept: input.kept } as const;
    const taken = stay(withCards(state, { taken: true }));
    return { ...taken, effects: [{ do: 'publish', uplink }] };
  }
  if (input.is === 'card_work') {
    return cards.work?.number === input.work
      ? stepOutcome(state, cards.work, input.outcome, moment)
      : stay(state);
  }
  const { reader, event } = input;
  switch (event.is) {
    case 'arrived': {
      const lying: Lying = { reader, card: event.card, asked: false, spent: false, read: false };
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

/** Asks the card that lies there what the moment wants of it, where nothing else is under way. */
export function askCard(state: TerminalState, moment: Moment): CardStep {
  const { lying, work } = state.cards;
  if (lying === null || lying.asked || work !== null || isDriven(state.relay)) return stay(state);
  const asked = withCards(clearNotice(state), { lying: { ...lying, asked: true } });
  if (!state.cards.taken) return tell(asked, 'not_taken', moment);
  if (lying.card.uid.length !== 7) return tell(asked, 'foreign', moment);
  const uid = hex(lying.card.uid);
  const asksLog = state.menu?.at === 'hold' && state.menu.for !== 'balance';
  if ((unknownsOf(state, uid).length > 0 && !lying.read) || asksLog) {
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
        ? showBalance(noteKeys(free, outcome), outcome.purse, moment)
        : payWith(noteKeys(state, outcome), work, outcome.purse, moment);
    case 'history':
      return stepHistory(free, work, outcome.history, moment);
    case 'committed': {
      const { proof } = outcome.committed;
      return ending(spend(free), work, { is: 'debited', proof });
    }
    case 'refused':
      return stepRefused(free, work, outcome.refusal, moment);
    case 'other_keys':
      return tell(free, 'renew', moment);
    case 'gone': {
      const { gone, sent } = outcome;
      const problem = gone === 'silent' ? 'silent' : 'again';
      if (work.saving === undefined) return tell(free, problem, moment);
      const event: SaleEvent = sent ? { is: 'torn' } : { is: 'not_debited' };
      return ending(free, work, event, { problem: sent ? 'same_card' : problem, moment });
    }
  }
}

/** There are newer keys for the card that lies there: the gateway may give it them. */
function noteKeys(
  state: TerminalState,
  { outdated }: { readonly outdated: boolean },
): TerminalState {
  const { lying } = state.cards;
  if (!outdated || lying === null || lying.keys !== undefined) return state;
  return withCards(state, { lying: { ...lying, keys: 'outdated' } });
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
  const { lying } = state.cards;
  const read = withCards(state, { lying: lying === null ? null : { ...lying, read: true } });
  const step = paid ? stay(spend(read)) : afterHistory(read, work, history, found, moment);
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

/** A debit was proved whose order had ended before: its amount is owed to the card. */
export const tellOwed = (state: TerminalState, moment: Moment): CardStep =>
  tell(state, 'owed', moment);
