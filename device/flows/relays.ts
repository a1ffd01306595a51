/**
 * Where the relay meets the rest of the terminal: which card is the gateway's, and when. A sale goes
 * first: a card that lies there while one is open pays it, and no group is run while a payment is at
 * the card.
 */
import { hex } from '../codecs/bytes.ts';
import { mintOrderNumber } from '../codecs/order-number.ts';
import type { Downlink } from '../messages/order.ts';
import { sayRelayEnd } from '../words/clips.ts';
import { payable, unknownsOf } from './card.ts';
import { type CardInput, type CardStep, tell, withCards } from './card-state.ts';
import { isDriven, isInvited, type RelayEvent, stepRelay } from './relay.ts';
import type { Effect, Moment, Step, TerminalState } from './state.ts';

type Relayed = Extract<
  Downlink,
  { kind: 'relay_invite' | 'relay_withdraw' | 'relay' | 'relay_end' }
>;

/** One event of the relay. Whoever calls asks a card that it leaves free what is left to ask. */
export function stepRelays(state: TerminalState, event: RelayEvent, moment: Moment): CardStep {
  const { state: relay, effects } = stepRelay(state.relay, event, moment.monotonic);
  // Nobody but the terminal knows of a card that never answered the opening.
  const mute = event.is === 'ran' && event.step === 0 && event.ran.ended === 'silent';
  if (mute && state.relay.run?.relay === event.relay) {
    const told = tell({ ...state, relay }, 'silent', moment);
    return { ...told, effects: [...effects, ...told.effects] };
  }
  const next = { ...state, relay };
  return { state: next, effects: [...effects, ...soundOf(state, next)], sales: [] };
}

function soundOf(before: TerminalState, after: TerminalState): Effect[] {
  const { end } = after.relay;
  if (end === null || end === before.relay.end) return [];
  const { said } = end.end;
  const clips = sayRelayEnd(said, after.settings.stall.language);
  const beep = { do: 'beep', pattern: said === 'done' ? 'good' : 'bad' } as const;
  return clips.length === 0 ? [beep] : [beep, { do: 'say', clips }];
}

/** What the gateway says of a card. */
export function hearRelay(state: TerminalState, downlink: Relayed, moment: Moment): CardStep {
  switch (downlink.kind) {
    case 'relay_invite': {
      const saidAt = Math.min(downlink.gateway_time - state.clockOffset, moment.monotonic);
      return stepRelays(state, { is: 'invite', invite: downlink.invite, saidAt }, moment);
    }
    case 'relay_withdraw':
      return stepRelays(state, { is: 'withdraw', invite: downlink.withdraw.invite }, moment);
    case 'relay': {
      const taken = state.cards.work !== null;
      return stepRelays(state, { is: 'group', group: downlink.group, taken }, moment);
    }
    case 'relay_end': {
      const { end } = downlink;
      const mine = state.menu?.at === 'refunding' && state.menu.relay === end.relay;
      const left = mine ? { ...state, menu: null } : state;
      const isOver = left.relay.run?.relay === end.relay;
      return stepRelays(isOver ? askRenewed(left) : left, { is: 'end', end }, moment);
    }
  }
}

/** A card that was asked for goes to the gateway; `null` where it is the terminal's own business. */
export function inviteCard(
  state: TerminalState,
  input: CardInput,
  moment: Moment,
): CardStep | null {
  if (input.is !== 'card' || input.event.is !== 'arrived') return null;
  const { reader, event } = input;
  const { card } = event;
  const wanted =
    isInvited(state.relay) &&
    !isDriven(state.relay) &&
    state.cards.work === null &&
    state.menu === null &&
    payable(state) === undefined &&
    unknownsOf(state, hex(card.uid)).length === 0;
  if (!wanted) return null;
  const lying = { reader, card, asked: true, spent: true, read: false };
  const cards = { ...state.cards, lying, notice: null, noticeUntil: Infinity };
  const relay = nameOf(moment);
  return stepRelays({ ...state, cards }, { is: 'card', reader, card, relay }, moment);
}

const nameOf = ({ now, chance }: Moment): string => mintOrderNumber(now, chance);

/** What follows from what a card did: one that left is left, one that only told its balance may be due something. */
export function followCard(state: TerminalState, input: CardInput, moment: Moment): CardStep {
  if (input.is === 'card' && input.event.is === 'left') {
    const { reader, event } = input;
    return stepRelays(state, { is: 'left', reader, card: event.card.number }, moment);
  }
  const { lying, work, notice } = state.cards;
  const outcome = input.is === 'card_work' ? input.outcome.is : null;
  const showed = outcome === 'opened' && state.menu === null && notice?.is === 'balance';
  // Once for each stay: a card that can't be given them would be asked without end.
  const lacks = outcome === 'other_keys' && lying?.keys !== 'renewing';
  const renews = outcome === 'committed' && lying?.keys === 'outdated';
  const wanted = (showed || lacks || renews) && work === null;
  if (!wanted || lying === null || !state.online || isDriven(state.relay)) {
    return { state, effects: [], sales: [] };
  }
  const { reader, card } = lying;
  const asked = showed ? state : withCards(state, { lying: { ...lying, keys: 'renewing' } });
  const ask = { is: 'ask', reader, card, relay: nameOf(moment), purpose: 'load' } as const;
  return stepRelays(asked, ask, moment);
}

/** A card that lacked keys has been given them, or has not: it is asked once more what it was there for. */
function askRenewed(state: TerminalState): TerminalState {
  const { lying, notice } = state.cards;
  const lacked = notice?.is === 'problem' && notice.problem === 'renew';
  if (!lacked || lying?.keys !== 'renewing') return state;
  return withCards(state, { lying: { ...lying, asked: false } });
}

/** The vendor gives a payment back: the card that lies there is the gateway's from here. */
export function askRefund(
  state: TerminalState,
  { relay, order }: { readonly relay: string; readonly order?: string | undefined },
  moment: Moment,
): Step {
  const { lying } = state.cards;
  if (lying === null) return { state, effects: [{ do: 'beep', pattern: 'bad' }] };
  const { reader, card } = lying;
  const about = order === undefined ? {} : { order };
  const ask = { is: 'ask', reader, card, relay, purpose: 'refund', ...about } as const;
  return stepRelays(state, ask, moment);
}
