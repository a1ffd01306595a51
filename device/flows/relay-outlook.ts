/** What the screen shows of a card that the gateway drives: the invitation, the work, its end. */
import { digitsStep, writeDigits } from '../codecs/digits.ts';
import { formatMoney } from '../messages/money.ts';
import type { RelayEnd, RelayInvite } from '../messages/relay.ts';
import type { Screen } from '../ports/display.ts';
import { type RelayTexts, relayTextsIn } from '../words/relay.ts';
import { payable } from './card.ts';
import { isSeen } from './relay.ts';
import type { TerminalState } from './state.ts';

type View = Omit<Screen, 'missing' | 'online'>;

/** `null` where there is nothing of it to show; never in the place of an order that is open. */
export function relayView(state: TerminalState, now: number): View | null {
  const { relay, settings } = state;
  const texts = relayTextsIn(settings.stall.language);
  if (relay.run !== null && isSeen(relay.run)) {
    const { invite } = relay.run;
    const lines = [texts.keepAdvice, ...labelOf(invite)];
    const big = invite === undefined ? '' : amountOf(invite);
    return { title: texts.keep, big, tone: 'busy', lines, hint: '' };
  }
  if (relay.end !== null) return endView(relay.end.end, texts);
  if (relay.invite === null) return null;
  const { invite } = relay.invite;
  const { digits_of: order, purpose } = invite;
  const label = labelOf(invite);
  if (order !== undefined) {
    const big = writeDigits(settings.keys.digits, order, digitsStep(now + state.clockOffset));
    const lines = [texts.digitsAdvice, ...label];
    return { title: texts.digits, big, tone: 'busy', lines, hint: texts.hint };
  }
  const big = amountOf(invite);
  return { title: texts.hold[purpose], big, tone: 'busy', lines: label, hint: texts.hint };
}

/**
 * The same in one line, while something else has the screen: an amount that is half keyed, the menu, an
 * order. Where a card would go to that, the line says so: nobody shall pay the one for the other.
 */
export function relayLine(state: TerminalState, now: number): string[] {
  const view = relayView(state, now);
  // The menu's own refund has the screen for itself.
  if (view === null || state.menu?.at === 'refunding') return [];
  const { run, end, invite } = state.relay;
  const texts = relayTextsIn(state.settings.stall.language);
  const isDigits = run === null && end === null && invite?.invite.digits_of !== undefined;
  const about = isDigits
    ? texts.digitsLine(view.big)
    : [view.title, view.big].filter((each) => each !== '').join(' ');
  const label = labelOf(run?.invite ?? (end === null ? invite?.invite : undefined));
  const driven = run !== null && isSeen(run);
  const waits = !driven && end === null && !isDigits && isTaken(state);
  return [waits ? texts.afterThis(about) : [about, ...label].join(' · ')];
}

/** Whether the next card is for something else. */
const isTaken = (state: TerminalState): boolean =>
  state.menu !== null || payable(state) !== undefined;

const labelOf = (invite: RelayInvite | undefined): string[] =>
  invite?.label === undefined ? [] : [invite.label];

const amountOf = ({ amount_minor, currency }: RelayInvite): string =>
  amount_minor === undefined ? '' : formatMoney({ amount_minor, currency });

function endView(end: RelayEnd, texts: RelayTexts): View {
  const { said, purpose, amount_minor, balance_minor, currency } = end;
  const money = (minor: number | undefined): string =>
    minor === undefined || currency === undefined
      ? ''
      : formatMoney({ amount_minor: minor, currency });
  const balance = money(balance_minor);
  const left = balance === '' ? [] : [texts.balance(balance)];
  const { hint } = texts;
  if (said === 'done') {
    const title = texts.done[purpose];
    return { title, big: money(amount_minor), tone: 'good', lines: left, hint };
  }
  const lines = [texts.advice[said], ...left];
  return { title: texts.said[said], big: '', tone: 'bad', lines, hint };
}
