/**
 * How a terminal that comes back sends what it sold meanwhile: in order, a few at once, more as the
 * gateway answers, so that a slow link is not flooded, and a new sale need not wait for old ones.
 */
import { isAnswered, stepSale } from './sale.ts';
import { withSaleEffects } from './sales.ts';
import type { Effect, Moment, Step, TerminalState } from './state.ts';

/** Sales whose turn it is, out of those that were unanswered as the link came up. */
export interface Drain {
  readonly numbers: readonly string[];
  /** Number → its place among them. */
  readonly places: ReadonlyMap<string, number>;
  /** Place of the next to be sent. */
  readonly next: number;
  /** Number → how often it had been sent when it was last looked at. */
  readonly inFlight: ReadonlyMap<string, number>;
  /** How many may be in flight now. */
  readonly window: number;
}

const FIRST_WINDOW = 8;
/** Place of the order on the screen where more are older. */
const URGENT = FIRST_WINDOW - 1;
const LARGEST_WINDOW = 128;
const SMALLEST_WINDOW = 2;
/** Sent so often without an answer, a sale does not hold up the others; it goes on by itself. */
const HOLDING_TRIES = 4;
/** A busy gateway answers a full window within this: what is sent again would only add to its work. */
const PATIENCE_MS = 8000;

/** Whether its turn has not come yet. */
export const waitsItsTurn = (drain: Drain | null, number: string): boolean =>
  drain !== null && (drain.places.get(number) ?? -1) >= drain.next;

/** The link came up: oldest first, but the order on the screen is among the first ones. */
export function beginDrain(state: TerminalState, moment: Moment): Step {
  const unanswered = [...state.sales].filter(([, sale]) => !isAnswered(sale));
  const numbers = unanswered.map(([number]) => number).filter((number) => number !== state.focus);
  // A customer waits for it.
  const { focus } = state;
  if (focus !== null && unanswered.length > numbers.length) numbers.splice(URGENT, 0, focus);
  if (numbers.length === 0) return { state: { ...state, drain: null }, effects: [] };
  const places = new Map(numbers.map((number, at) => [number, at]));
  const drain: Drain = { numbers, places, next: 0, inFlight: new Map(), window: FIRST_WINDOW };
  return keepDraining({ ...state, drain }, moment);
}

/** Sends the next ones where earlier ones were answered. */
export function keepDraining(before: TerminalState, moment: Moment): Step {
  const { drain } = before;
  if (drain === null) return { state: before, effects: [] };
  const { inFlight, window, held } = look(before, drain);
  // Refilled by halves: what is sent together shares a packet, a commit and a signature.
  if (held > window / 2 && drain.next < drain.numbers.length) {
    return { state: { ...before, drain: { ...drain, inFlight, window } }, effects: [] };
  }
  let state = before;
  let next = drain.next;
  const effects: Effect[] = [];
  while (inFlight.size < window && next < drain.numbers.length) {
    const number = drain.numbers[next] ?? '';
    const sale = state.sales.get(number);
    next += 1;
    if (sale === undefined || isAnswered(sale)) continue;
    const step = stepSale(sale, { is: 'link_up' }, moment.monotonic, true);
    const waiting = { ...step.sale, resendAt: moment.monotonic + PATIENCE_MS };
    const sales = state.sales.with(number, waiting);
    const sent = withSaleEffects({ ...state, sales }, step.effects);
    state = sent.state;
    effects.push(...sent.effects);
    inFlight.set(number, waiting.tries);
  }
  const over = next >= drain.numbers.length && inFlight.size === 0;
  return {
    state: { ...state, drain: over ? null : { ...drain, next, inFlight, window } },
    effects,
  };
}

/** Each answer widens the window by one; a moment at which some had to be sent again halves it. */
function look(state: TerminalState, drain: Drain) {
  let { window } = drain;
  let again = false;
  const inFlight = new Map<string, number>();
  for (const [number, tries] of drain.inFlight) {
    const sale = state.sales.get(number);
    if (sale === undefined || isAnswered(sale)) {
      window = Math.min(LARGEST_WINDOW, window + 1);
      continue;
    }
    if (sale.tries > tries) again = true;
    if (sale.tries < HOLDING_TRIES) inFlight.set(number, sale.tries);
  }
  if (again) window = Math.max(SMALLEST_WINDOW, Math.floor(window / 2));
  return { inFlight, window, held: inFlight.size };
}
