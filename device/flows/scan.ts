/**
 * What the scanner brought: a voucher is checked here without asking anybody, then what is left of it
 * is asked for. For the order on the screen its number is keyed in by that; else it waits for an
 * amount. Who holds it still proves it by the code: a picture of the QR redeems nothing.
 */
import { fromBase64url, hex } from '../codecs/bytes.ts';
import { type OtherCode, readScan } from '../codecs/scan.ts';
import { readVoucher } from '../codecs/voucher.ts';
import type { JournalEntry } from '../messages/journal.ts';
import type { VoucherClaims, VoucherLooked } from '../messages/voucher.ts';
import type { Key } from '../ports/keypad.ts';
import type { Scan } from '../ports/scanner.ts';
import { isDebiting } from './debit.ts';
import { isDriven } from './relay.ts';
import { focusedSale, leaveFocus } from './sales.ts';
import type { Effect, Moment, Step, TerminalState } from './state.ts';
import { isListening } from './voice.ts';
import { beginScanned, hearScanned } from './voucher.ts';

/** Why a scan came to nothing. */
export type ScanProblem =
  | OtherCode
  | 'garbled'
  | 'too_long'
  /** It stopped in the middle, or the scanner types nothing behind a code. */
  | 'half'
  /** Something else is being decided on the screen. */
  | 'busy'
  /** The gateway has not told yet what vouchers are verified with. */
  | 'no_key'
  /** The house has no fund server. */
  | 'no_vouchers'
  | 'forged'
  | 'expired'
  | 'other_currency'
  | 'passed_on'
  | 'not_good'
  | 'too_small'
  | 'whole_only'
  | 'offline'
  /** How much is left is not known, so it must be keyed. */
  | 'no_amount';

/** A genuine voucher that is held there. */
export interface Presented {
  readonly claims: VoucherClaims;
  readonly token: string;
  /** Name of the question that was asked about it. */
  readonly id: string;
  /** `null` while nobody has told. */
  readonly left_minor: number | null;
}

export interface Scanning {
  /** Waits for an amount, or for the order that it pays to be on disk. */
  readonly presented: (Presented & { readonly order: string | null }) | null;
  readonly problem: ScanProblem | null;
  /** Monotonic ms from which each is shown no more. */
  readonly until: number;
  readonly problemUntil: number;
}

export const NO_SCAN: Scanning = {
  ...{ presented: null, problem: null, until: Infinity, problemUntil: Infinity },
};

const PROBLEM_MS = 15_000;
/** Nobody has keyed an amount for it so long. */
const PRESENTED_MS = 120_000;

const hasScanner = ({ settings }: TerminalState): boolean =>
  settings.organs.some(({ role }) => role === 'scanner');

/** The last key that the journal holds. */
export const recallVoucherKey = (entries: readonly JournalEntry[]): string | null =>
  entries.findLast((entry) => entry.kind === 'voucher_key')?.key ?? null;

/** Whether a tick must end something of it. */
export const scanWaits = ({ scanning }: TerminalState): boolean =>
  scanning.presented !== null || scanning.problem !== null;

const fail = (state: TerminalState, problem: ScanProblem, moment: Moment): Step => {
  const scanning = { ...state.scanning, problem, problemUntil: moment.monotonic + PROBLEM_MS };
  return { state: { ...state, scanning }, effects: [{ do: 'beep', pattern: 'bad' }] };
};

/** One scan, in whatever state; what it can't be used for now changes nothing else. */
export function stepScan(before: TerminalState, scan: Scan, moment: Moment): Step {
  const state = { ...before, scanning: { ...before.scanning, problem: null } };
  if (isBusy(state)) return fail(state, 'busy', moment);
  if (scan.is === 'unreadable') return fail(state, scan.why, moment);
  const read = readScan(scan.text);
  if (read.is === 'other') {
    // Half an address is one all the same, and half a number is something unknown.
    const cut = !scan.ended && (read.what === 'unknown' || read.what === 'link');
    return fail(state, cut ? 'half' : read.what, moment);
  }
  if (state.voucherKey === '') return fail(state, 'no_vouchers', moment);
  const key = state.voucherKey === null ? null : fromBase64url(state.voucherKey);
  if (key === null) return fail(state, 'no_key', moment);
  const voucher = readVoucher(key, read.token, moment.monotonic + state.clockOffset);
  if (!voucher.ok) return fail(state, scan.ended ? 'forged' : 'half', moment);
  if (voucher.expired) return fail(state, 'expired', moment);
  const { claims } = voucher;
  if (claims.currency !== state.settings.stall.currency) {
    return fail(state, 'other_currency', moment);
  }
  return present(
    state,
    { claims, token: read.token, id: nameOf(moment), left_minor: null },
    moment,
  );
}

const isBusy = (state: TerminalState): boolean => {
  const sale = focusedSale(state);
  const deciding =
    sale?.stage === 'saving' ||
    (sale?.stage === 'open' && (isDebiting(sale) || state.voucher?.stage === 'asking'));
  const away = state.menu !== null || isDriven(state.relay) || isListening(state);
  return deciding || away || state.cards.work !== null;
};

const nameOf = ({ now, chance }: Moment): string =>
  `${now.toString(36)}${hex(chance)}`.toUpperCase().slice(0, 32).padEnd(16, '0');

function present(state: TerminalState, presented: Presented, moment: Moment): Step {
  const { id, token } = presented;
  const asked: Effect[] = state.online
    ? [{ do: 'publish', uplink: { kind: 'voucher_look', look: { id, token } } }]
    : [];
  const sale = focusedSale(state);
  if (sale?.stage === 'open') {
    const step = beginScanned({ ...state, scanning: NO_SCAN }, sale.order, presented);
    return { state: step.state, effects: [...step.effects, ...asked] };
  }
  const free = sale === undefined ? state : leaveFocus(state);
  const until = moment.monotonic + PRESENTED_MS;
  const scanning: Scanning = { ...NO_SCAN, presented: { ...presented, order: null }, until };
  return {
    state: { ...free, scanning, aside: null, diskRefused: false },
    effects: [{ do: 'beep', pattern: 'key' }, ...asked],
  };
}

/** What the gateway tells of a voucher, and what all are verified with. */
export function hearVoucherLooked(
  before: TerminalState,
  looked: VoucherLooked,
  moment: Moment,
): Step {
  const { key } = looked;
  const effects: Effect[] = [];
  if (key !== null && key !== before.voucherKey) {
    effects.push({ do: 'journal', entry: { kind: 'voucher_key', key } });
  }
  const voucherKey = key ?? before.voucherKey ?? '';
  const step = hearOfVoucher({ ...before, voucherKey }, looked, moment);
  return { state: step.state, effects: [...effects, ...step.effects] };
}

function hearOfVoucher(state: TerminalState, looked: VoucherLooked, moment: Moment): Step {
  const { voucher: told, id } = looked;
  if (told === null) return { state, effects: [] };
  const why = whyNot(told);
  if (state.voucher?.scanned?.id === id) {
    return hearScanned(state, state.voucher, why ?? null, told.said === 'genuine' ? told : null);
  }
  const { presented } = state.scanning;
  if (presented?.id !== id) return { state, effects: [] };
  if (why !== null) return fail({ ...state, scanning: NO_SCAN }, why, moment);
  const left_minor = told.said === 'genuine' ? told.left_minor : null;
  const scanning = { ...state.scanning, presented: { ...presented, left_minor } };
  return { state: { ...state, scanning }, effects: [] };
}

/** What the fund server has against a voucher that is genuine here. */
function whyNot(
  told: NonNullable<VoucherLooked['voucher']>,
): 'forged' | 'passed_on' | 'not_good' | null {
  if (told.said === 'forged') return 'forged';
  if (told.superseded) return 'passed_on';
  // What is being decided of it may come out well: then redeeming says.
  const good = ['issued', 'cancel_asked', 'redeeming', 'refilling'].includes(told.state);
  return good ? null : 'not_good';
}

/** What only the network was missing for. */
export const forgetOffline = (state: TerminalState): TerminalState => {
  const { problem } = state.scanning;
  return problem === 'offline' || problem === 'no_key' ? readScanProblem(state) : state;
};

/** The link is up: asks for the key, and anew for what is left of what lies there. */
export function askOnLink(state: TerminalState, moment: Moment): Effect[] {
  if (!hasScanner(state) || !state.online) return [];
  const about = state.voucher?.scanned ?? state.scanning.presented;
  const waits = about !== null && about.left_minor === null;
  const look = waits ? { id: about.id, token: about.token } : { id: nameOf(moment) };
  return [{ do: 'publish', uplink: { kind: 'voucher_look', look } }];
}

/** A key was pressed: whoever stands there has read why a scan came to nothing. */
export const readScanProblem = (state: TerminalState): TerminalState => {
  const { scanning } = state;
  if (scanning.problem === null) return state;
  return { ...state, scanning: { ...scanning, problem: null, problemUntil: Infinity } };
};

/**
 * What Cancel and Enter mean while a voucher waits for an amount, `amountMinor` being what is keyed;
 * `null` where they mean what they always do. An amount in the answer is to be sold for, and paid by it.
 */
export function stepPresentedKey(
  state: TerminalState,
  key: Key,
  amountMinor: number | null,
  moment: Moment,
): Step | { readonly sells: number } | null {
  const { presented } = state.scanning;
  if (presented === null) return null;
  if (key === 'cancel' && amountMinor === null) {
    const dropped = { ...state, scanning: NO_SCAN };
    return { state: dropped, effects: [{ do: 'beep', pattern: 'key' }] };
  }
  if (key !== 'enter') return null;
  if (!state.online) return fail(state, 'offline', moment);
  const { claims } = presented;
  const left = presented.left_minor ?? (claims.terms.partial ? null : claims.amount_minor);
  const amount = amountMinor ?? left;
  if (amount === null) return fail(state, 'no_amount', moment);
  if (amount > (left ?? claims.amount_minor)) return fail(state, 'too_small', moment);
  if (!claims.terms.partial && amount !== left) return fail(state, 'whole_only', moment);
  return { sells: amount };
}

/** The order that is being made is what the voucher pays. */
export const payWithPresented = (state: TerminalState, order: string): TerminalState => {
  const { scanning } = state;
  const { presented } = scanning;
  return presented === null
    ? state
    : { ...state, scanning: { ...scanning, presented: { ...presented, order } } };
};

/** What the step before has changed for a scanned voucher, and what its time is over for. */
export function followScan(state: TerminalState, moment: Moment): TerminalState {
  const { presented, until, problemUntil } = state.scanning;
  if (presented !== null && presented.order !== null) {
    const sale = state.sales.get(presented.order);
    if (sale?.stage === 'saving') return state;
    const here = sale?.stage === 'open' && state.focus === presented.order;
    const bare = { ...state, scanning: NO_SCAN };
    // An order that the disk refused is none; the voucher is still there.
    if (sale === undefined) {
      const again = { ...state.scanning, presented: { ...presented, order: null } };
      return { ...state, scanning: again };
    }
    return here ? beginScanned(bare, sale.order, presented).state : bare;
  }
  if (moment.monotonic >= until) return { ...state, scanning: NO_SCAN };
  return moment.monotonic >= problemUntil ? readScanProblem(state) : state;
}
