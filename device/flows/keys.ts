/** What a key means: it is for the menu, the sale on the screen, or the entry. */
import { mintOrderNumber } from '../codecs/order-number.ts';
import { linesTotal, type Order, type OrderLine } from '../messages/order.ts';
import type { Key } from '../ports/keypad.ts';
import { readNotices } from './card-state.ts';
import { closeYesterday } from './day.ts';
import { isDebiting } from './debit.ts';
import { EMPTY_ENTRY, keyEntry, readEntry } from './entry.ts';
import { opensMenu, stepMenu } from './menu.ts';
import { stepRelays } from './relays.ts';
import { beginSale } from './sale.ts';
import { focusedSale, leaveFocus, stepOneSale, withSaleEffects } from './sales.ts';
import { payWithPresented, readScanProblem, stepPresentedKey } from './scan.ts';
import { type Moment, type Step, stay, type TerminalState } from './state.ts';
import { asksToListen, beginListening, leaveVoice } from './voice.ts';
import { beginVoucher, opensVoucher, stepVoucherKey } from './voucher.ts';

/** A key, for whatever has the screen. */
export function stepKey(before: TerminalState, key: Key, moment: Moment): Step {
  const left = leaveRelay(readScanProblem(readNotices(before)), key, moment);
  const step = stepKeyOn(left.state, key, moment);
  return { ...step, effects: [...left.effects, ...step.effects] };
}

function stepKeyOn(state: TerminalState, key: Key, moment: Moment): Step {
  if (state.menu !== null) return stepMenu(state, state.menu, key, moment);
  const focus = focusedSale(state);
  if (focus === undefined) return stepEntryKey(state, key, moment);
  switch (focus.stage) {
    case 'saving':
      // A few milliseconds: nothing that could be keyed now would be meant for this screen.
      return stay(state);
    case 'open':
      if (state.voucher !== null) return stepVoucherKey(state, state.voucher, key, moment);
      if (opensVoucher(focus, key)) return beginVoucher(state, focus.order.number);
      if (key === 'cancel' && !isDebiting(focus)) {
        return stepOneSale(state, focus.order.number, { is: 'cancel' }, moment);
      }
      return stay({ ...state, nudged: true }, { do: 'beep', pattern: 'bad' });
    case 'closing':
    case 'settling':
    case 'ended':
      return stepEntryKey(leaveFocus(state), key, moment, true);
  }
}

/** `leaving`: the key also put an ended order aside, so Enter alone is no empty order. */
function stepEntryKey(state: TerminalState, key: Key, moment: Moment, leaving = false): Step {
  const spoken = leaveVoice(state, key);
  const step = spoken.done
    ? stay(spoken.state, { do: 'beep', pattern: 'key' })
    : stepKeyed(spoken.state, key, moment, leaving);
  return { state: step.state, effects: [...spoken.effects, ...step.effects] };
}

function stepKeyed(state: TerminalState, key: Key, moment: Moment, leaving: boolean): Step {
  const quiet: TerminalState = { ...state, diskRefused: false, aside: null };
  const presented = stepPresented(quiet, key, moment);
  if (presented !== null) return presented;
  if (key === 'cancel' && !leaving && state.entry.keyed === '' && state.paired !== null) {
    const { pairing } = state.paired;
    const unpair = { kind: 'unpair', unpair: { pairing } } as const;
    return stay(quiet, { do: 'beep', pattern: 'key' }, { do: 'publish', uplink: unpair });
  }
  if (asksToListen(quiet, key)) return beginListening(quiet, moment);
  if (opensMenu(state, key)) {
    return stay({ ...quiet, menu: { at: 'list' } }, { do: 'beep', pattern: 'key' });
  }
  if (key !== 'enter') {
    const entry = keyEntry(state.entry, key);
    return stay({ ...quiet, entry }, { do: 'beep', pattern: 'key' });
  }
  if (leaving && state.entry.keyed === '') return stay(quiet, { do: 'beep', pattern: 'key' });
  return placeOrder(quiet, moment);
}

/** What was keyed becomes an order, which the journal has to write down first. */
function placeOrder(state: TerminalState, moment: Moment): Step {
  const { stall } = state.settings;
  const read = readEntry(state.entry, stall);
  if (read.problem !== undefined) {
    const entry = { ...state.entry, refused: true };
    return stay({ ...state, entry }, { do: 'beep', pattern: 'bad' });
  }
  return beginOrder(state, read.lines, moment);
}

/** Enter and Cancel where a scanned voucher waits for its amount; `null` where they are the entry's. */
function stepPresented(state: TerminalState, key: Key, moment: Moment): Step | null {
  const { entry, settings } = state;
  const read = entry.keyed === '' ? null : readEntry(entry, settings.stall);
  if (key === 'enter' && read?.problem !== undefined) return null;
  const step = stepPresentedKey(state, key, read?.total_minor ?? null, moment);
  if (step === null || !('sells' in step)) return step;
  const lines = read?.lines ?? [{ quantity: 1, unit_minor: step.sells }];
  const begun = beginOrder(state, lines, moment);
  return { ...begun, state: payWithPresented(begun.state, begun.state.focus ?? '') };
}

function beginOrder(state: TerminalState, lines: readonly OrderLine[], moment: Moment): Step {
  const { stall } = state.settings;
  const order: Order = {
    number: mintOrderNumber(moment.now, moment.chance),
    terminal: state.settings.terminal,
    vendor: stall.vendor,
    place: stall.place,
    currency: stall.currency,
    amount_minor: linesTotal(lines),
    lines: [...lines],
    made_at: moment.now,
    lifetime_s: stall.order_lifetime_s,
  };
  const yesterday = closeYesterday(state, moment);
  const { sale, effects } = beginSale(order, moment.monotonic);
  const sales = state.sales.with(order.number, sale);
  const next: TerminalState = {
    ...yesterday.state,
    entry: EMPTY_ENTRY,
    sales,
    focus: order.number,
    left: null,
  };
  const begun = withSaleEffects({ ...next, nudged: false, leaveAt: Infinity }, effects);
  return { state: begun.state, effects: [...yesterday.effects, ...begun.effects] };
}

/** What is over leaves the screen; Cancel with nothing keyed also sends the invitation away. */
function leaveRelay(state: TerminalState, key: Key, moment: Moment): Step {
  const { invite, end } = state.relay;
  const bare = state.entry.keyed === '' && state.focus === null && state.menu === null;
  const away = key === 'cancel' && bare;
  const left = end === null ? state : { ...state, relay: { ...state.relay, end: null } };
  if (invite === null || !away) return stay(left);
  const { state: next, effects } = stepRelays(left, { is: 'decline' }, moment);
  return { state: next, effects };
}
