/**
 * A voucher keyed in for the order on the screen: its number and the beneficiary's code, told to the
 * gateway, which alone can redeem it. What pays the order is its result; here is only asked for it.
 */
import { hex } from '../codecs/bytes.ts';
import { isVoucherNumber, showVoucherNumber } from '../codecs/voucher.ts';
import { formatMoney } from '../messages/money.ts';
import type { Order } from '../messages/order.ts';
import type { VoucherTrouble } from '../messages/voucher.ts';
import type { Key } from '../ports/keypad.ts';
import { textsIn } from '../words/catalogue.ts';
import type { View } from './card-outlook.ts';
import { isDebiting } from './debit.ts';
import type { Sale } from './sale-state.ts';
import type { Presented } from './scan.ts';
import type { Effect, Moment, Step, TerminalState } from './state.ts';

/** Why a voucher was not taken. */
export type VoucherProblem =
  | VoucherTrouble
  /** What was keyed is no number with its code. */
  | 'misread'
  | 'offline'
  /** What a scan of it showed. */
  | 'forged'
  | 'passed_on'
  /** The same question may be asked again. */
  | 'no_answer';

export interface VoucherEntry {
  readonly order: string;
  /** Number and code in one row: twelve digits and six. */
  readonly keyed: string;
  /** What was scanned: its number is not keyed, and stays. */
  readonly scanned: Presented | null;
  /** Name of the question that is out, the same when it is asked again; `null` before it is asked. */
  readonly id: string | null;
  readonly stage: 'keying' | 'asking' | 'refused';
  readonly problem: VoucherProblem | null;
  /** Monotonic ms from which no answer is waited for. */
  readonly until: number;
}

const NUMBER = 12;
const LENGTH = 18;
const WAIT_MS = 20_000;

/** `+` while an order is offered. */
export const opensVoucher = (sale: Sale, key: Key): boolean =>
  key === '+' && sale.stage === 'open' && !isDebiting(sale);

const to = (state: TerminalState, voucher: VoucherEntry | null, ...more: Effect[]): Step => ({
  state: { ...state, voucher },
  effects: [{ do: 'beep', pattern: 'key' }, ...more],
});
const wrong = (state: TerminalState): Step => ({
  state,
  effects: [{ do: 'beep', pattern: 'bad' }],
});

export const beginVoucher = (state: TerminalState, order: string): Step =>
  to({ ...state, nudged: false }, { ...BLANK, order });

const KEYING = { id: null, stage: 'keying', problem: null, until: Infinity } as const;
const BLANK = { ...KEYING, keyed: '', scanned: null };

/** One key while a voucher is keyed; Cancel goes back to the offer. */
export function stepVoucherKey(
  state: TerminalState,
  voucher: VoucherEntry,
  key: Key,
  moment: Moment,
): Step {
  const { keyed, stage } = voucher;
  if (stage === 'asking') return wrong(state);
  if (key === 'cancel') return to(state, null);
  if (key === 'enter') return ask(state, voucher, moment);
  if (key === 'back') {
    if (voucher.scanned !== null && keyed.length <= NUMBER) return wrong(state);
    return to(state, { ...voucher, ...KEYING, keyed: keyed.slice(0, -1) });
  }
  if (!/^\d$/.test(key) || keyed.length >= LENGTH) return wrong(state);
  return to(state, { ...voucher, ...KEYING, keyed: keyed + key });
}

/** A genuine voucher was scanned for this order: all but the code is keyed. */
export function beginScanned(state: TerminalState, order: Order, scanned: Presented): Step {
  const { claims } = scanned;
  const entry: VoucherEntry = { ...BLANK, order: order.number, keyed: claims.number, scanned };
  const problem = shortOf(order.amount_minor, scanned);
  if (problem === null) return to({ ...state, nudged: false }, entry);
  return wrong({ ...state, nudged: false, voucher: { ...entry, stage: 'refused', problem } });
}

/** What can be seen to be in the way before the gateway is asked. */
function shortOf(amountMinor: number, { claims, left_minor }: Presented): VoucherProblem | null {
  if (amountMinor > (left_minor ?? claims.amount_minor)) return 'too_small';
  return !claims.terms.partial && amountMinor < claims.amount_minor ? 'whole_only' : null;
}

/** The gateway tells what is true of the scanned voucher; it has taken nothing. */
export function hearScanned(
  state: TerminalState,
  voucher: VoucherEntry,
  why: 'forged' | 'passed_on' | 'not_good' | null,
  told: { readonly left_minor: number } | null,
): Step {
  const { scanned } = voucher;
  // What redeeming it says counts more.
  if (scanned === null || voucher.stage === 'asking') return { state, effects: [] };
  const known: Presented = { ...scanned, left_minor: told?.left_minor ?? scanned.left_minor };
  const amount = state.sales.get(voucher.order)?.order.amount_minor ?? 0;
  const problem = why ?? shortOf(amount, known) ?? voucher.problem;
  const stage = problem === null ? voucher.stage : 'refused';
  const next = { ...state, voucher: { ...voucher, scanned: known, stage, problem } };
  return problem === null || voucher.problem !== null ? { state: next, effects: [] } : wrong(next);
}

function ask(state: TerminalState, voucher: VoucherEntry, moment: Moment): Step {
  const { keyed, order } = voucher;
  const refuse = (problem: VoucherProblem): Step =>
    wrong({ ...state, voucher: { ...voucher, stage: 'refused', problem } });
  const number = keyed.slice(0, NUMBER);
  if (keyed.length !== LENGTH || !isVoucherNumber(number)) return refuse('misread');
  // Its signature could be checked here, but not whether it was redeemed elsewhere a moment ago.
  if (!state.online) return refuse('offline');
  const id = voucher.id ?? `${moment.now.toString(36)}${hex(moment.chance)}`.toUpperCase();
  const named = id.slice(0, 32).padEnd(16, '0');
  const until = moment.monotonic + WAIT_MS;
  const asking: VoucherEntry = { ...voucher, id: named, stage: 'asking', problem: null, until };
  const told = { id: named, order, number, code: keyed.slice(NUMBER) };
  return to(state, asking, { do: 'publish', uplink: { kind: 'voucher', voucher: told } });
}

/** The gateway redeemed nothing; an answer to an earlier question is none to this. */
export function hearVoucherRefused(
  state: TerminalState,
  refused: { readonly order: string; readonly id: string; readonly reason: VoucherTrouble },
): Step {
  const { voucher } = state;
  if (voucher?.stage !== 'asking' || voucher.id !== refused.id) return { state, effects: [] };
  // A new question has a new name: this one is answered for good.
  const problem = refused.reason;
  return wrong({ ...state, voucher: { ...voucher, id: null, stage: 'refused', problem } });
}

/** Nobody waits for ever; and with its order the entry goes. */
export function stepVoucherTick(state: TerminalState, moment: Moment): TerminalState {
  const { voucher } = state;
  if (voucher === null) return state;
  if (state.focus !== voucher.order || state.sales.get(voucher.order)?.stage !== 'open') {
    return { ...state, voucher: null };
  }
  if (voucher.stage !== 'asking' || moment.monotonic < voucher.until) return state;
  return { ...state, voucher: { ...voucher, stage: 'refused', problem: 'no_answer' } };
}

/** What stands on the screen meanwhile. */
export function voucherView(state: TerminalState, voucher: VoucherEntry, amount: string): View {
  const { language } = state.settings.stall;
  const texts = textsIn(language).voucher;
  const { keyed, stage, problem } = voucher;
  const code = '•'.repeat(Math.max(0, keyed.length - NUMBER));
  const bad = stage === 'refused' && problem !== null;
  return {
    title: stage === 'asking' ? texts.asking : texts.title,
    big: amount,
    tone: bad ? 'bad' : stage === 'asking' ? 'busy' : 'plain',
    lines: [
      ...(bad ? [texts.problem[problem]] : []),
      ...scannedLines(state, voucher.scanned),
      texts.number(showVoucherNumber(keyed.slice(0, NUMBER))),
      texts.code(code),
    ],
    hint: hintOf(state, voucher),
  };
}

function hintOf({ settings }: TerminalState, { stage, scanned }: VoucherEntry): string {
  const texts = textsIn(settings.stall.language);
  if (stage === 'asking') return texts.hintWait;
  return scanned === null ? texts.voucher.hint : texts.voucher.hintScanned;
}

/** That it is genuine, and what is left of it where somebody has told. */
export function scannedLines(state: TerminalState, scanned: Presented | null): string[] {
  if (scanned === null) return [];
  const { claims, left_minor } = scanned;
  const { currency } = claims;
  const texts = textsIn(state.settings.stall.language).voucher;
  const face = formatMoney(claims);
  const left = left_minor === null ? null : formatMoney({ amount_minor: left_minor, currency });
  const of = left === null ? texts.genuine(face) : texts.genuineLeft(left, face);
  return state.online ? [of] : [of, texts.checkedOnly];
}
