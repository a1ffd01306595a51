/** What the screen shows while an amount is keyed or spoken, and of a voucher that waits for one. */
import { showVoucherNumber } from '../codecs/voucher.ts';
import { CURRENCIES, formatMoney, MAX_ORDER_MINOR } from '../messages/money.ts';
import type { EntryProblem, Texts } from '../words/catalogue.ts';
import { billLines } from './bill.ts';
import { takesCards, unpostedLines, type View } from './card-outlook.ts';
import { MAX_LINES, MAX_QUANTITY, type ReadEntry, readEntry } from './entry.ts';
import type { Presented } from './scan.ts';
import { stallTime } from './stall-time.ts';
import type { TerminalState } from './state.ts';
import { canListen, isListening } from './voice.ts';
import { scannedLines } from './voucher.ts';

/** What is shown while no order is on the screen. */
export function entryView(state: TerminalState, texts: Texts): View {
  const { stall } = state.settings;
  const { keyed, refused } = state.entry;
  const { symbol } = CURRENCIES[stall.currency];
  if (state.diskRefused) {
    return {
      title: texts.outOfService,
      big: '',
      tone: 'bad',
      lines: [texts.diskFull],
      hint: texts.hintAfterProblem,
    };
  }
  if (isListening(state)) return listeningView(state, texts);
  const { presented } = state.scanning;
  if (presented !== null && keyed === '') return presentedView(state, presented, texts);
  const read = readEntry(state.entry, stall);
  const wrong = read.problem !== undefined && (refused || read.stuck) ? read.problem : undefined;
  const simple = /^[\d.]*$/.test(keyed);
  const { voice } = state;
  const understood = voice.is === 'understood';
  const guessed = understood && !voice.sure;
  const unheard = voice.is === 'problem' ? [texts.voiceProblem[voice.why]] : [];
  return {
    title: guessed ? texts.perhapsThis : understood ? texts.isThisRight : texts.enterAmount,
    // As it was keyed while it is one amount, so that each key is seen to be taken.
    big:
      simple && keyed !== ''
        ? symbol + keyed
        : formatMoney({ amount_minor: read.total_minor, currency: stall.currency }),
    tone: wrong === undefined && unheard.length === 0 && !guessed ? 'plain' : 'bad',
    lines: [
      ...unheard,
      ...(guessed ? [texts.guessAdvice] : []),
      ...(wrong === undefined ? [] : [problemText(texts, wrong, read, state)]),
      ...(simple ? [] : keyedLines(state, read)),
      ...scannedLines(state, presented),
      ...(keyed === ''
        ? [...waitingLines(state, texts), ...unpostedLines(state), ...pairingLines(state, texts)]
        : []),
    ],
    hint: understood ? texts.hintIsThisRight : entryHint(state, texts, keyed, wrong),
  };
}

/** A genuine voucher waits for what it is to pay. */
function presentedView(state: TerminalState, presented: Presented, texts: Texts): View {
  const { claims, left_minor } = presented;
  const { currency } = claims;
  const { time_zone } = state.settings.stall;
  const left = left_minor === null ? '' : formatMoney({ amount_minor: left_minor, currency });
  const voucher = texts.voucher;
  return {
    title: state.online ? voucher.howMuch : voucher.checked,
    big: left,
    tone: 'plain',
    lines: [
      ...scannedLines(state, presented),
      ...(claims.terms.partial ? [] : [voucher.onlyWhole]),
      ...(state.online && left_minor === null ? [voucher.lookingUp] : []),
      voucher.number(showVoucherNumber(claims.number)),
      voucher.of(claims.beneficiary),
      voucher.until(stallTime(time_zone).minute.format(claims.expires_at)),
    ],
    hint: state.online ? voucher.hintPresented : voucher.hintOffline,
  };
}

function listeningView(state: TerminalState, texts: Texts): View {
  const { entry, settings, voice } = state;
  const { total_minor } = readEntry(entry, settings.stall);
  const { currency } = settings.stall;
  const listening = voice.is === 'listening';
  return {
    title: listening ? texts.listening : texts.voiceOpening,
    big: total_minor === 0 ? '' : formatMoney({ amount_minor: total_minor, currency }),
    tone: 'busy',
    lines: listening ? [texts.listeningAdvice] : [],
    hint: listening ? texts.hintListening : texts.hintWait,
  };
}

function entryHint(
  state: TerminalState,
  texts: Texts,
  keyed: string,
  wrong: EntryProblem | undefined,
): string {
  if (keyed !== '') {
    if (wrong !== undefined) return texts.hintAfterProblem;
    return state.scanning.presented === null ? texts.hintConfirm : texts.voucher.hintPays;
  }
  if (state.paired !== null) return texts.hintPaired;
  const hint = takesCards(state) ? texts.hintCards : texts.hintEnterAmount;
  return canListen(state) ? `${hint} · ${texts.hintSpeak}` : hint;
}

/** The lines so far, newest first, and the keys of the one being keyed where it is not whole. */
function keyedLines(state: TerminalState, read: ReadEntry): string[] {
  const { stall } = state.settings;
  const order = { lines: [...read.lines], currency: stall.currency };
  const whole = billLines(order, stall.language).map(({ label, value }) => `${label}  ${value}`);
  const open = read.problem === undefined ? [] : [`${read.current}_`];
  return [...open, ...whole.reverse()];
}

function problemText(
  texts: Texts,
  problem: EntryProblem,
  read: ReadEntry,
  state: TerminalState,
): string {
  const { currency } = state.settings.stall;
  switch (problem) {
    case 'too_large':
      return texts.problem(problem, formatMoney({ amount_minor: MAX_ORDER_MINOR, currency }));
    case 'too_many_places':
      return texts.problem(problem, String(CURRENCIES[currency].places));
    case 'unknown_item':
      return texts.problem(problem, read.current.replace(/^.*\//, ''));
    case 'quantity_too_large':
      return texts.problem(problem, String(MAX_QUANTITY));
    case 'too_many_lines':
      return texts.problem(problem, String(MAX_LINES));
    default:
      return texts.problem(problem, '');
  }
}

function waitingLines(state: TerminalState, texts: Texts): string[] {
  const waiting = state.sales.tally.closing;
  return waiting === 0 ? [] : [texts.waitingToSend(waiting)];
}

/** The number to type on a phone, and where; or which phone is connected. */
function pairingLines(state: TerminalState, texts: Texts): string[] {
  const { number, paired, online, settings } = state;
  if (number === null || !online) return [];
  const line = texts.terminalLine(`${number.slice(0, 3)} ${number.slice(3)}`);
  if (paired !== null) return [texts.phoneConnected(paired.payer), line];
  const address = settings.payUrl.replace(/^https?:\/\//, '').replace(/\/p\/$/, '/pair');
  return [line, texts.pairAt(address)];
}
