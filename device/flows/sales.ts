/** The sales of a terminal: an event goes to one or all of them, and what comes of it to the whole. */
import { askCard } from './card.ts';
import type { CardStep } from './card-state.ts';
import { waitsItsTurn } from './drain.ts';
import { stepSale } from './sale.ts';
import type { Sale, SaleEffect, SaleEvent } from './sale-state.ts';
import { type Effect, type Moment, type Step, stay, type TerminalState } from './state.ts';

/** How long an ended order stays on the screen where nobody presses a key. */
const LEAVE_MS = 60_000;
/** The same where the gateway asks for a card meanwhile: who stands there waits to be told. */
const GIVE_WAY_MS = 3000;

/** The screen goes back to the entry. */
export const leaveFocus = (state: TerminalState): TerminalState => ({
  ...state,
  focus: null,
  left: state.focus,
  leaveAt: Infinity,
  nudged: false,
});

/** When an ended order leaves the screen by itself, in monotonic ms. */
export const leavesAt = ({ leaveAt, relay }: TerminalState): number =>
  relay.invite === null ? leaveAt : leaveAt - LEAVE_MS + GIVE_WAY_MS;

/** The sale on the screen. */
export const focusedSale = (state: TerminalState): Sale | undefined =>
  state.focus === null ? undefined : state.sales.get(state.focus);

/** An event for one sale; nothing where the terminal has no such sale (any more). */
export function stepOneSale(
  state: TerminalState,
  number: string | null,
  event: SaleEvent,
  moment: Moment,
): Step {
  const sale = number === null ? undefined : state.sales.get(number);
  if (number === null || sale === undefined) return stay(state);
  const online = state.online && !waitsItsTurn(state.drain, number);
  const step = stepSale(sale, event, moment.monotonic, online);
  if (step.sale === sale) return withSaleEffects(state, step.effects);
  const ended = step.sale.stage === 'ended' && sale.stage !== 'ended';
  const next: TerminalState = {
    ...state,
    sales: state.sales.with(number, step.sale),
    leaveAt: ended && state.focus === number ? moment.monotonic + LEAVE_MS : state.leaveAt,
  };
  return withSaleEffects(next, step.effects);
}

/** So many sales are looked at in a second beside all else, each second, on a small computer. */
const LOOKS_A_SECOND = 20_000;

/**
 * A moment goes by for all of them, oldest first. Where very many wait, the one on the screen is looked
 * at each second, and the others every few: the slowest computer has time for cards and keys meanwhile.
 */
export function tickSales(state: TerminalState, moment: Moment): Step {
  const everyMs = Math.floor(state.sales.size / LOOKS_A_SECOND) * 1000;
  if (moment.monotonic - state.lookedAt < everyMs) {
    return stepOneSale(state, state.focus, { is: 'tick' }, moment);
  }
  return stepEverySale({ ...state, lookedAt: moment.monotonic }, { is: 'tick' }, moment);
}

function stepEverySale(state: TerminalState, event: SaleEvent, moment: Moment): Step {
  const changed = new Map<string, Sale>();
  const effects: SaleEffect[] = [];
  let { leaveAt } = state;
  for (const [number, sale] of state.sales) {
    const online = state.online && !waitsItsTurn(state.drain, number);
    const step = stepSale(sale, event, moment.monotonic, online);
    if (step.sale !== sale) changed.set(number, step.sale);
    effects.push(...step.effects);
    const ended = step.sale.stage === 'ended' && sale.stage !== 'ended';
    if (ended && state.focus === number) leaveAt = moment.monotonic + LEAVE_MS;
  }
  return withSaleEffects({ ...state, sales: state.sales.change(changed), leaveAt }, effects);
}

/** Effects of a sale as those of the terminal; what is to be announced is put aside. */
export function withSaleEffects(state: TerminalState, effects: readonly SaleEffect[]): Step {
  let next = state;
  const out: Effect[] = [];
  for (const effect of effects) {
    if (effect.do !== 'announce') out.push(effect);
    else {
      // Not on the screen: it is told apart from what the vendor is waiting for just now.
      const { order } = effect.result;
      const earlier = state.focus !== order && state.left !== order;
      const announcement = { result: effect.result, earlier };
      const aside = state.focus === order ? state.aside : announcement;
      next = { ...next, aside, toAnnounce: [...next.toAnnounce, announcement] };
    }
  }
  return { state: next, effects: out };
}

/** The sales are told first; then the card that lies there is asked what is left to ask. */
export function takeCard({ state, effects, sales }: CardStep, moment: Moment): Step {
  const told = sales.reduce<Step>(
    (step, { order, event }) => {
      const one = stepOneSale(step.state, order, event, moment);
      return { state: one.state, effects: [...step.effects, ...one.effects] };
    },
    { state, effects: [] },
  );
  const asked = askCard(told.state, moment);
  return { state: asked.state, effects: [...told.effects, ...effects, ...asked.effects] };
}
