/** What the screen shows of cards: while one is asked, what it answered, and the operator's menu. */

import { sameBytes } from '../codecs/bytes.ts';
import { groupOrderNumber } from '../codecs/order-number.ts';
import type { LogRecord } from '../codecs/purse.ts';
import { terminalMark } from '../codecs/purse.ts';
import { CURRENCIES, formatMoney, sumMinor } from '../messages/money.ts';
import type { Screen } from '../ports/display.ts';
import { type CardTexts, cardTextsIn } from '../words/cards.ts';
import { dayTextsIn } from '../words/day.ts';
import { closeView } from './day-report.ts';
import { type Debit, isDebiting, maskCard } from './debit.ts';
import { hasCardMenu, LOG_PAGE, type Menu } from './menu.ts';
import type { Sale } from './sale-state.ts';
import type { TerminalState } from './state.ts';

export type View = Omit<Screen, 'missing' | 'online'>;

const textsOf = (state: TerminalState): CardTexts => cardTextsIn(state.settings.stall.language);

const moneyIn = (state: TerminalState, minor: number): string => {
  const { currency } = state.settings.stall;
  return minor < 0 ? `-${moneyIn(state, -minor)}` : formatMoney({ amount_minor: minor, currency });
};

type Part = Pick<View, 'title' | 'tone' | 'lines'>;

/** What stands over an order, or over the entry, because of a card; `null` where there is nothing. */
export function cardPart(state: TerminalState): Part | null {
  const texts = textsOf(state);
  const { work, notice } = state.cards;
  if (work !== null) {
    return { title: texts.holdStill, tone: 'busy', lines: [texts.holdStillAdvice] };
  }
  if (notice === null) return null;
  if (notice.is === 'balance') {
    const lines = [
      texts.onCard(moneyIn(state, notice.minor)),
      texts.cardLine(maskCard(notice.card)),
    ];
    return { title: texts.balance, tone: 'plain', lines };
  }
  const { title, advice } = texts.problem[notice.problem];
  const held = notice.minor === undefined ? [] : [texts.onCard(moneyIn(state, notice.minor))];
  return { title, tone: 'bad', lines: [advice, ...held] };
}

/** An order that a card is paying, or may have paid: nobody else is offered it. */
export function debitView(
  state: TerminalState,
  sale: Sale,
  details: readonly string[],
): View | null {
  const { debit, order } = sale;
  if (debit === undefined || (!isDebiting(sale) && debit.stage !== 'unknown')) return null;
  const texts = textsOf(state);
  const big = formatMoney(order);
  const card = texts.cardLine(maskCard(debit.debit.card));
  const said = cardPart(state);
  if (debit.stage !== 'unknown') {
    const lines = [texts.holdStillAdvice, card, ...details];
    return { title: texts.holdStill, big, tone: 'busy', lines, hint: texts.holdStillAdvice };
  }
  const { title, advice } = texts.problem.same_card;
  const part: Part = said ?? { title, tone: 'bad', lines: [advice] };
  return { ...part, big, lines: [...part.lines, card, ...details], hint: texts.hintUnknown };
}

/** Lines below a result that a card brought about. */
export function paidByCardLines(state: TerminalState, debit: Debit | undefined): string[] {
  const { payment, told = false } = debit ?? {};
  if (payment === undefined || !payment.sold) return [];
  const texts = textsOf(state);
  if (debit?.refused === true) return [texts.refusedAdvice];
  return [
    texts.paidByCard,
    texts.onCard(moneyIn(state, payment.balance_after_minor)),
    ...(payment.offline && !told ? [texts.paidOffline] : []),
  ];
}

/** Above whatever is shown: a card's payment that settlement has just refused. */
export function refusedLines(state: TerminalState): string[] {
  const { refused } = state.cards;
  if (refused === null) return [];
  const texts = textsOf(state);
  const order = groupOrderNumber(refused.order);
  const what = texts.refusedBySettlement(moneyIn(state, refused.amount_minor), order);
  return [what, texts.refusedAdvice];
}

/** Lines of the entry: what settlement has not heard of yet. */
export function unpostedLines(state: TerminalState): string[] {
  const { unposted, unpostedMinor } = state.sales.tally;
  if (unposted === 0) return [];
  return [textsOf(state).notPosted(unposted, moneyIn(state, unpostedMinor))];
}

/** Whether a card may pay here just now. */
export const takesCards = (state: TerminalState): boolean =>
  state.cards.taken &&
  state.settings.organs.some(
    ({ name, role }) => role === 'reader' && state.organs.get(name)?.is === 'working',
  );

export const orTapLines = (state: TerminalState): string[] =>
  takesCards(state) ? [textsOf(state).orTap] : [];

// ── The menu ────────────────────────────────────────────────────────────────────────────────────

export function menuView(state: TerminalState, menu: Menu): View {
  const texts = textsOf(state);
  const plain = { big: '', tone: 'plain', hint: texts.hintBack } as const;
  switch (menu.at) {
    case 'list': {
      const { menuBalance, menuRefund, menuLog, menuDay, menuLimits } = texts;
      const ofCards = [menuBalance, menuRefund, menuLog, menuDay, menuLimits];
      const { menuClose } = dayTextsIn(state.settings.stall.language);
      const lines = [...(hasCardMenu(state) ? ofCards : []), menuClose];
      return { ...plain, title: texts.menu, lines, hint: texts.hintPick };
    }
    case 'hold':
      return holdView(state, menu, texts);
    case 'log': {
      const { records, from, card } = menu;
      const page = records.slice(from, from + LOG_PAGE);
      const lines = page.map((each) => recordLine(state, each, texts));
      const shown = lines.length === 0 ? [texts.emptyLog] : lines;
      const hint = records.length > LOG_PAGE ? texts.hintLog : texts.hintBack;
      const named = [texts.cardLine(maskCard(card)), ...shown];
      return { ...plain, title: texts.log, lines: named, hint };
    }
    case 'refund': {
      const lines = menu.records.map((each, at) => `${at + 1}  ${recordLine(state, each, texts)}`);
      const shown = lines.length === 0 ? [texts.nothingToRefund] : lines;
      const offline = state.online ? [] : [texts.refundNeedsNetwork];
      const hint = texts.hintRefund;
      return { ...plain, title: texts.pickRefund, lines: [...offline, ...shown], hint };
    }
    case 'refunding':
      return { ...plain, title: texts.refunding, tone: 'busy', lines: [texts.holdStillAdvice] };
    case 'day':
      return { ...plain, title: texts.day, lines: dayLines(state, texts) };
    case 'limits':
      return limitsView(state, menu, texts);
    case 'close':
      return closeView(state, menu);
  }
}

function holdView(
  state: TerminalState,
  menu: Extract<Menu, { at: 'hold' }>,
  texts: CardTexts,
): View {
  const { notice } = state.cards;
  const big = notice?.is === 'balance' ? moneyIn(state, notice.minor) : '';
  const part = cardPart(state);
  const waiting: Part = {
    title: texts.holdCard,
    tone: 'busy',
    lines: [texts.holdCardFor[menu.for]],
  };
  return { ...(part ?? waiting), big, hint: texts.hintBack };
}

function recordLine(state: TerminalState, record: LogRecord, texts: CardTexts): string {
  const { kind, amountMinor, atS, order, terminal } = record;
  const { language, time_zone: timeZone } = state.settings.stall;
  const when = new Intl.DateTimeFormat(language, {
    timeZone,
    ...{ month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hour12: false },
  } as const).format(atS * 1000);
  const here = sameBytes(terminal, terminalMark(state.settings.terminal)) ? ` ${texts.here}` : '';
  const number = groupOrderNumber(order).slice(-9);
  return `${when}  ${moneyIn(state, amountMinor)}  ${texts.kind[kind]}${here}  …${number}`;
}

function dayLines(state: TerminalState, texts: CardTexts): string[] {
  const { day } = state.cards;
  if (day.length === 0) return [texts.dayEmpty];
  const total = texts.dayTotal(
    day.length,
    moneyIn(state, sumMinor(day.map((each) => each.amount_minor))),
  );
  const newest = day.slice(-6).reverse();
  return [
    total,
    ...newest.map(({ order, card, amount_minor }) => {
      const debit = state.sales.get(order)?.debit;
      const waits = debit?.payment !== undefined && !debit.told ? `  ${texts.waits}` : '';
      return `${moneyIn(state, amount_minor)}  ${maskCard(card)}${waits}`;
    }),
  ];
}

function limitsView(
  state: TerminalState,
  { field, keyed, said }: Extract<Menu, { at: 'limits' }>,
  texts: CardTexts,
): View {
  const { limits } = state.cards;
  const { symbol } = CURRENCIES[state.settings.stall.currency];
  const values = {
    amount: moneyIn(state, limits.amount_minor),
    count: String(limits.count),
    sum: moneyIn(state, limits.sum_minor),
    age: String(Math.round(limits.hotlist_age_s / 3600)),
  };
  const fields = field === null ? (['amount', 'count', 'sum', 'age'] as const) : [field];
  const money = field === 'amount' || field === 'sum';
  return {
    title: texts.limits,
    big: keyed === '' ? '' : `${money ? symbol : ''}${keyed}`,
    tone: said === 'wrong' ? 'bad' : 'plain',
    lines: [
      ...(said === 'saved' ? [texts.limitSaved] : []),
      ...(said === 'wrong' ? [texts.limitWrong] : []),
      ...fields.map((each) => texts.limit[each](values[each])),
    ],
    hint: field === null ? texts.hintLimits : texts.hintLimit,
  };
}
