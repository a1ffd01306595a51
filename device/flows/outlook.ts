/**
 * What the organs with a state show: a pure function of the terminal's state and the time. Nothing is
 * drawn anywhere else, so that the screen can't say one thing and the radio another.
 */
import { writeBroadcast } from '../codecs/broadcast.ts';
import { digitsStep, writeDigits } from '../codecs/digits.ts';
import { writeMerchantPresented } from '../codecs/emvco.ts';
import { writeOffer } from '../codecs/offer.ts';
import { groupOrderNumber } from '../codecs/order-number.ts';
import { formatMoney } from '../messages/money.ts';
import type { Order, Result } from '../messages/order.ts';
import type { Broadcast } from '../ports/advertiser.ts';
import type { MissingOrgan, Screen } from '../ports/display.ts';
import type { LampSignal } from '../ports/lamp.ts';
import { missingOrgan, type Texts, textsIn } from '../words/catalogue.ts';
import { billLines } from './bill.ts';
import {
  cardPart,
  debitView,
  menuView,
  orTapLines,
  paidByCardLines,
  refusedLines,
  type View,
} from './card-outlook.ts';
import { entryView } from './entry-outlook.ts';
import { relayLine, relayView } from './relay-outlook.ts';
import type { Sale } from './sale-state.ts';
import type { Outlook, TerminalState } from './state.ts';
import { voucherView } from './voucher.ts';

/** What is shown, lit and broadcast at monotonic ms `now`. */
export function outlookOf(state: TerminalState, now: number): Outlook {
  const sale = state.focus === null ? undefined : state.sales.get(state.focus);
  const offered = sale?.stage === 'open' && !isAtCard(sale) ? sale : undefined;
  return {
    screen: screenOf(state, sale, now),
    lamp: lampOf(sale, state),
    broadcast: offered === undefined ? null : broadcastOf(state, offered.order, now),
  };
}

/** A card was debited for it, or may have been: no phone is offered it any more. */
const isAtCard = ({ debit }: Sale): boolean => debit !== undefined && debit.stage !== 'saving';

function screenOf(state: TerminalState, sale: Sale | undefined, now: number): Screen {
  const texts = textsIn(state.settings.stall.language);
  const view = viewOf(state, sale, texts, now);
  const relayed = showsRelay(state, sale) ? [] : relayLine(state, now);
  const { problem } = state.scanning;
  const scanned = problem === null ? [] : texts.voucher.scanProblem[problem];
  return {
    ...view,
    ...(problem === null ? {} : { tone: 'bad' }),
    lines: [
      ...scanned,
      ...refusedLines(state),
      ...relayed,
      ...asideLines(state, texts),
      ...view.lines,
    ],
    missing: missingOrgans(state, texts),
    online: state.online,
  };
}

/** Whether a card that the gateway drives may have the whole screen. */
const showsRelay = (state: TerminalState, sale: Sale | undefined): boolean =>
  state.menu === null &&
  sale === undefined &&
  state.entry.keyed === '' &&
  state.cards.work === null &&
  state.scanning.presented === null;

function viewOf(state: TerminalState, sale: Sale | undefined, texts: Texts, now: number): View {
  if (state.menu !== null) return menuView(state, state.menu);
  const relayed = showsRelay(state, sale) ? relayView(state, now) : null;
  if (relayed !== null) {
    // Such as two cards at once, or one that does not answer: what is asked for still is.
    const wrong = state.cards.notice?.is === 'problem' ? cardPart(state) : null;
    const lines = wrong === null ? [] : [wrong.title, ...wrong.lines];
    return { ...relayed, lines: [...lines, ...relayed.lines] };
  }
  if (sale === undefined) return overEntry(state, entryView(state, texts));
  const view = saleView(state, sale, texts, now);
  const part = sale.stage === 'closing' || sale.stage === 'ended' ? cardPart(state) : null;
  // What a card says after the order has ended stands below what became of the order.
  return part === null ? view : { ...view, lines: [part.title, ...part.lines, ...view.lines] };
}

/** What a card said, while no order is on the screen. */
function overEntry(state: TerminalState, view: View): View {
  const part = cardPart(state);
  if (part === null) return view;
  if (state.entry.keyed !== '')
    return { ...view, lines: [part.title, ...part.lines, ...view.lines] };
  const { notice } = state.cards;
  const { currency } = state.settings.stall;
  const big =
    notice?.is === 'balance' && state.cards.work === null
      ? formatMoney({ amount_minor: Math.max(0, notice.minor), currency })
      : '';
  return { ...view, ...part, big };
}

// ── A sale ──────────────────────────────────────────────────────────────────────────────────────

function saleView(state: TerminalState, sale: Sale, texts: Texts, now: number): View {
  const { order } = sale;
  const big = formatMoney(order);
  const number = texts.orderLine(groupOrderNumber(order.number));
  const bill = itemLines(order, state);
  if (sale.conflict !== undefined) {
    const lines = [texts.conflict(sale.conflict), number];
    return { title: texts.outOfService, big, tone: 'bad', lines, hint: texts.hintNextSale };
  }
  switch (sale.stage) {
    case 'saving':
      return { title: texts.saving, big, tone: 'busy', lines: bill, hint: texts.hintWait };
    case 'open':
      return debitView(state, sale, [...bill, number]) ?? offerView(state, sale, texts, now);
    case 'closing': {
      const expiring = sale.close?.because === 'expired';
      const advice = state.online ? texts.expiringAdvice : texts.waitingForNetworkAdvice;
      const title = expiring ? texts.expiring : texts.cancelling;
      return { title, big, tone: 'busy', lines: [advice, number], hint: texts.hintNextSale };
    }
    case 'settling':
    case 'ended':
      return sale.result === undefined
        ? { title: texts.saving, big, tone: 'busy', lines: bill, hint: texts.hintWait }
        : resultView(sale.result, texts, [...paidByCardLines(state, sale.debit), ...bill, number]);
  }
}

function offerView(state: TerminalState, sale: Sale, texts: Texts, now: number): View {
  const { order } = sale;
  if (state.voucher !== null) return voucherView(state, state.voucher, formatMoney(order));
  const gatewayMs = now + state.clockOffset;
  const leftMs = sale.openedAt + order.lifetime_s * 1000 - now;
  const waiting = state.online ? [] : [texts.waitingForNetworkAdvice];
  const phone = cardPart(state) ?? (state.online ? phoneView(sale, texts) : null);
  const title = state.online ? texts.scanToPay : texts.waitingForNetwork;
  return {
    title: phone?.title ?? title,
    big: formatMoney(order),
    tone: phone?.tone ?? 'busy',
    qr: qrOf(state, order, gatewayMs),
    digits: writeDigits(state.settings.keys.digits, order.number, digitsStep(gatewayMs)),
    lines: [
      ...waiting,
      ...(phone?.lines ?? []),
      ...(phone === null ? orTapLines(state) : []),
      // That it can be called off stands below, whatever was pressed.
      ...(state.nudged ? [texts.voucher.offered] : []),
      ...itemLines(order, state),
      texts.orderLine(groupOrderNumber(order.number)),
      // In steps, so that a slow display is not redrawn each second.
      texts.secondsLeft(Math.max(0, Math.ceil(leftMs / 10_000) * 10)),
    ],
    hint: texts.hintOffered,
  };
}

/** What the paired phone does with the order; others may scan it all the same. */
function phoneView(sale: Sale, texts: Texts): Pick<View, 'title' | 'tone' | 'lines'> | null {
  const { attempt } = sale;
  if (attempt === undefined) return null;
  const { payer, reason } = attempt;
  switch (attempt.state) {
    case 'asked':
      return { title: texts.phoneAsked, tone: 'busy', lines: [texts.phoneConnected(payer)] };
    case 'paying':
      return { title: texts.phonePaying, tone: 'busy', lines: [texts.phonePayingLine(payer)] };
    case 'failed': {
      const why = reason === undefined ? [] : [texts.attemptReason[reason]];
      return { title: texts.attemptFailed, tone: 'bad', lines: [...why, texts.attemptAdvice] };
    }
  }
}

function resultView(result: Result, texts: Texts, details: readonly string[]): View {
  const hint = texts.hintNextSale;
  const big = formatMoney(result);
  const title = texts.outcome[result.outcome];
  switch (result.outcome) {
    case 'paid': {
      const payer = result.payer === undefined ? [] : [texts.paidByLine(result.payer)];
      return { title, big, tone: 'good', lines: [...payer, ...details], hint };
    }
    case 'declined': {
      const why = result.reason === undefined ? [] : [texts.reason[result.reason]];
      const lines = [...why, texts.declinedAdvice, ...details];
      return { title, big, tone: 'bad', lines, hint };
    }
    case 'cancelled':
      return { title, big, tone: 'plain', lines: [texts.cancelledAdvice, ...details], hint };
    case 'expired':
      return { title, big, tone: 'plain', lines: [texts.expiredAdvice, ...details], hint };
  }
}

function itemLines(order: Order, state: TerminalState): string[] {
  const lines = billLines(order, state.settings.stall.language);
  const only = order.lines[0];
  // A bare amount is on the screen already, in letters as high as a hand.
  if (lines.length === 1 && only?.quantity === 1 && only.name === undefined) return [];
  return lines.map(({ label, value }) => `${label}  ${value}`);
}

/** What became of an order that is not on the screen, or what went back of one. */
function asideLines(state: TerminalState, texts: Texts): string[] {
  if (state.aside === null) return [];
  const { result, refund, web, earlier } = state.aside;
  if (web !== undefined) {
    const number = texts.orderLine(groupOrderNumber(web.order));
    return [`${texts.webOrder}: ${formatMoney(web)} (${number})`];
  }
  if (refund !== undefined) {
    return [
      `${texts.refunded}: ${formatMoney(refund)} (${texts.orderLine(groupOrderNumber(refund.order))})`,
    ];
  }
  const outcome = texts.outcome[result.outcome];
  const text = earlier ? texts.earlier(outcome) : outcome;
  const number = texts.orderLine(groupOrderNumber(result.order));
  return [`${text}: ${formatMoney(result)} (${number})`];
}

// ── QR, broadcast, lamp, organs ─────────────────────────────────────────────────────────────────

function qrOf(state: TerminalState, order: Order, gatewayMs: number): string {
  const { keys, payUrl, qrFormat, stall } = state.settings;
  const token = writeOffer(keys.offer, order.number, order.place, gatewayMs);
  if (qrFormat === 'url') return payUrl + token;
  return writeMerchantPresented({
    token,
    amount_minor: order.amount_minor,
    currency: order.currency,
    merchant: order.vendor,
    ...stall.merchant,
    bill: order.number,
  });
}

function broadcastOf(state: TerminalState, order: Order, now: number): Broadcast {
  const { keys, powerAtOneMetre, payUrl } = state.settings;
  const gatewayMs = now + state.clockOffset;
  return {
    manufacturerData: writeBroadcast(keys.broadcast, order.number, gatewayMs, powerAtOneMetre),
    url: payUrl + writeOffer(keys.offer, order.number, order.place, gatewayMs),
  };
}

function lampOf(sale: Sale | undefined, state: TerminalState): LampSignal {
  if (state.scanning.problem !== null) return 'bad';
  if (state.cards.work !== null) return 'busy';
  if (state.cards.refused !== null || state.cards.notice?.is === 'problem') return 'bad';
  if (sale === undefined && state.voice.is === 'listening') return 'busy';
  if (sale === undefined) return state.diskRefused ? 'bad' : 'ready';
  if (sale.debit?.stage === 'unknown' && sale.stage === 'open') return 'bad';
  if (sale.conflict !== undefined) return 'bad';
  if (sale.stage !== 'ended' && sale.stage !== 'settling') return 'busy';
  switch (sale.result?.outcome) {
    case 'paid':
      return 'good';
    case 'declined':
      return 'bad';
    default:
      return 'ready';
  }
}

function missingOrgans(state: TerminalState, texts: Texts): MissingOrgan[] {
  return [...state.organs].flatMap(([name, organ]) =>
    organ.is === 'missing' ? [missingOrgan(texts, name, organ.code, organ.mend)] : [],
  );
}
