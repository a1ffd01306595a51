/**
 * A card that the gateway drives through this terminal, as a state machine:
 *
 *   idle ──invite──▶ invited ──card──▶ opening ──▶ waiting ⇄ running ──relay_end──▶ ended
 *
 * It knows nothing of what the commands mean. One relay at a time, one card, groups in their order;
 * a card that was pulled away ends it for good, and the gateway begins anew with the next tap.
 */
import { hex } from '../codecs/bytes.ts';
import type { Uplink } from '../messages/order.ts';
import type {
  RelayAnswer,
  RelayEnd,
  RelayEnded,
  RelayGroup,
  RelayInvite,
  RelayPurpose,
} from '../messages/relay.ts';
import type { CardPresence } from '../ports/reader.ts';

/** Longest silence of the gateway while a card lies here. */
const SILENCE_MS = 15_000;
/** How long its end stays on the screen. */
const END_MS = 8000;
/** For commands that an invitation has the card do as it arrives. */
const OPENING_MS = 3000;

export interface RelayRun {
  readonly relay: string;
  readonly purpose: RelayPurpose;
  readonly invite?: RelayInvite;
  readonly reader: string;
  readonly card: CardPresence;
  /** The last group that was begun; 0 is the opening. */
  readonly step: number;
  /** Commands are on their way to the card. */
  readonly busy: boolean;
  /** The card is over: nothing more is sent to it. */
  readonly gone: boolean;
  /** Monotonic ms from which nobody waits any longer. */
  readonly until: number;
}

export interface RelayState {
  readonly invite: { readonly invite: RelayInvite; readonly until: number } | null;
  readonly run: RelayRun | null;
  readonly end: { readonly end: RelayEnd; readonly until: number } | null;
}

export const NO_RELAY: RelayState = { invite: null, run: null, end: null };

/** What became of a group at the card. */
export interface Ran {
  readonly answers: readonly Uint8Array[];
  readonly ended?: RelayEnded;
}

export type RelayEvent =
  /** `readable` is when the gateway said it, by the terminal's clock. */
  | { readonly is: 'invite'; readonly invite: RelayInvite; readonly saidAt: number }
  | { readonly is: 'withdraw'; readonly invite: string }
  | { readonly is: 'group'; readonly group: RelayGroup; readonly taken: boolean }
  | { readonly is: 'end'; readonly end: RelayEnd }
  /** A card that nothing else here is for; `relay` is a fresh name. */
  | {
      readonly is: 'card';
      readonly reader: string;
      readonly card: CardPresence;
      readonly relay: string;
    }
  /** The vendor or the idle screen asks what the gateway has for this card. */
  | {
      readonly is: 'ask';
      readonly reader: string;
      readonly card: CardPresence;
      readonly relay: string;
      readonly purpose: RelayPurpose;
      /** The payment that is given back. */
      readonly order?: string;
    }
  | { readonly is: 'left'; readonly reader: string; readonly card: number }
  /** The reader is lost, and its card with it. */
  | { readonly is: 'reader_lost'; readonly reader: string }
  | { readonly is: 'ran'; readonly relay: string; readonly step: number; readonly ran: Ran }
  | { readonly is: 'offline' }
  /** A key was pressed: what is over leaves the screen. */
  | { readonly is: 'leave' }
  /** Cancel: the invitation is sent away, and who invited is told. */
  | { readonly is: 'decline' }
  | { readonly is: 'tick' };

export type RelayEffect =
  | { readonly do: 'publish'; readonly uplink: Uplink }
  /** Sends these to that card, and is answered by `ran`. */
  | {
      readonly do: 'relay';
      readonly relay: string;
      readonly step: number;
      readonly reader: string;
      readonly card: CardPresence;
      readonly apdus: readonly string[];
      readonly timeoutMs: number;
    };

export interface RelayStep {
  readonly state: RelayState;
  readonly effects: readonly RelayEffect[];
}

const stay = (state: RelayState, ...effects: readonly RelayEffect[]): RelayStep => ({
  state,
  effects,
});

/** Whether a card is being driven just now: nothing else may be done with it. */
export const isDriven = ({ run }: RelayState): boolean => run !== null && !run.gone && isSeen(run);

/** Whether the person at the terminal waits for it: not while only the gateway was asked. */
export const isSeen = ({ invite, step, purpose }: RelayRun): boolean =>
  invite !== undefined || step > 0 || purpose !== 'load';

/** Whether the next card is the gateway's. */
export const isInvited = ({ invite }: RelayState): boolean =>
  invite !== null && invite.invite.digits_of === undefined;

/** Whether time limits run. */
export const relayWaits = (state: RelayState): boolean =>
  state.invite !== null || state.run !== null || state.end !== null;

export function stepRelay(state: RelayState, event: RelayEvent, now: number): RelayStep {
  switch (event.is) {
    case 'invite': {
      const { invite, saidAt } = event;
      const until = saidAt + invite.lifetime_ms;
      // An old one that somebody kept and sends again.
      return until <= now ? stay(state) : stay({ ...state, invite: { invite, until }, end: null });
    }
    case 'withdraw':
      return state.invite?.invite.invite === event.invite
        ? stay({ ...state, invite: null })
        : stay(state);
    case 'group':
      return stepGroup(state, event.group, event.taken, now);
    case 'end':
      return stepEnd(state, event.end, now);
    case 'card':
      return stepCard(state, event, now);
    case 'ask':
      if (state.run !== null && !state.run.gone) return stay(state);
      return begin(state, event, now);
    case 'left':
      return state.run?.card.number === event.card && state.run.reader === event.reader
        ? stay({ ...state, run: { ...state.run, gone: true } })
        : stay(state);
    case 'reader_lost':
      return state.run?.reader === event.reader
        ? stay({ ...state, run: { ...state.run, gone: true } })
        : stay(state);
    case 'ran':
      return stepRan(state, event.relay, event.step, event.ran, now);
    case 'offline':
      return stepOffline(state, now);
    case 'decline': {
      const { invite } = state;
      if (invite === null) return stay(state);
      const declined = { invite: invite.invite.invite };
      const uplink = { kind: 'relay_declined', declined } as const;
      return stay({ ...state, invite: null }, { do: 'publish', uplink });
    }
    case 'leave':
      return stay({ ...state, end: null });
    case 'tick':
      return stepTick(state, now);
  }
}

type CardEvent = Extract<RelayEvent, { is: 'card' }>;

function stepCard(state: RelayState, { reader, card, relay }: CardEvent, now: number): RelayStep {
  const { invite } = state.invite ?? {};
  if (invite === undefined || invite.digits_of !== undefined || card.uid.length < 4) {
    return stay(state);
  }
  // Once for each card: it stands in the run until that is over.
  const run: RelayRun = {
    ...{ relay, purpose: invite.purpose, invite, reader, card },
    ...{ step: 0, busy: true, gone: false, until: now + SILENCE_MS },
  };
  const { opening: apdus } = invite;
  if (apdus.length === 0) {
    const wanted = { relay, uid: hex(card.uid), invite: invite.invite, purpose: invite.purpose };
    const effect = { do: 'publish', uplink: { kind: 'relay_wanted', wanted } } as const;
    return stay({ ...state, run: { ...run, busy: false }, end: null }, effect);
  }
  const timeoutMs = OPENING_MS;
  const effect = { do: 'relay', relay, step: 0, reader, card, apdus, timeoutMs } as const;
  return stay({ ...state, run, end: null }, effect);
}

type AskEvent = Extract<RelayEvent, { is: 'ask' }>;

function begin(
  state: RelayState,
  { relay, reader, card, purpose, order }: AskEvent,
  now: number,
): RelayStep {
  if (card.uid.length < 4) return stay(state);
  const about = order === undefined ? {} : { order };
  const wanted = { relay, uid: hex(card.uid), purpose, ...about };
  const until = now + SILENCE_MS;
  const run = { relay, purpose, reader, card, step: 0, busy: false, gone: false, until };
  const effect = { do: 'publish', uplink: { kind: 'relay_wanted', wanted } } as const;
  return stay({ ...state, run, end: null }, effect);
}

function stepGroup(state: RelayState, group: RelayGroup, taken: boolean, now: number): RelayStep {
  const { run } = state;
  if (run === null || run.relay !== group.relay) {
    return stay(state, answer(group, { answers: [], ended: 'no_card' }));
  }
  // A broker may bring a message twice; a group runs once.
  if (run.busy || group.step !== run.step + 1) return stay(state);
  const refused: RelayEnded | null =
    hex(run.card.uid) !== group.uid ? 'another_card' : run.gone ? 'no_card' : taken ? 'busy' : null;
  if (refused !== null) return stay(state, answer(group, { answers: [], ended: refused }));
  const { relay, step, apdus, timeout_ms: timeoutMs } = group;
  const next = { ...run, step, busy: true, until: now + timeoutMs + SILENCE_MS };
  const { reader, card } = run;
  const effect = { do: 'relay', relay, step, reader, card, apdus, timeoutMs } as const;
  return stay({ ...state, run: next }, effect);
}

const answer = ({ relay, step }: Pick<RelayAnswer, 'relay' | 'step'>, ran: Ran): RelayEffect => ({
  do: 'publish',
  uplink: {
    kind: 'relay_answer',
    answer: {
      ...{ relay, step, answers: ran.answers.map(hex) },
      ...(ran.ended === undefined ? {} : { ended: ran.ended }),
    },
  },
});

function stepRan(state: RelayState, relay: string, step: number, ran: Ran, now: number): RelayStep {
  const { run } = state;
  if (run === null || run.relay !== relay || run.step !== step) return stay(state);
  const gone = run.gone || ran.ended !== undefined;
  const next = { ...state, run: { ...run, busy: false, gone, until: now + SILENCE_MS } };
  if (step > 0) return stay(next, answer({ relay, step }, ran));
  const { invite } = run;
  if (invite === undefined) return stay(next);
  // Torn before anything could happen to it: the same tap again, nobody need hear of it.
  if (ran.ended !== undefined) return stay({ ...state, run: null });
  const answers = ran.answers.map(hex);
  const opened = { apdus: invite.opening, answers };
  const uid = hex(run.card.uid);
  const wanted = { relay, uid, invite: invite.invite, purpose: run.purpose, opened };
  return stay(next, { do: 'publish', uplink: { kind: 'relay_wanted', wanted } });
}

function stepEnd(state: RelayState, end: RelayEnd, now: number): RelayStep {
  if (state.run?.relay !== end.relay) return stay(state);
  const shown = end.said === 'nothing_due' ? null : { end, until: now + END_MS };
  const fulfilled = end.said === 'done' ? null : state.invite;
  return stay({ invite: fulfilled, run: null, end: shown });
}

/** What the gateway cannot say any more, the terminal says itself: it is not known. */
function stepOffline(state: RelayState, now: number): RelayStep {
  const lost = state.run === null ? state : give(state, state.run, now);
  return stay({ ...lost, invite: null });
}

function give(state: RelayState, run: RelayRun, now: number): RelayState {
  const { relay, purpose, step } = run;
  const said = step === 0 ? 'failed' : 'again';
  // Nobody has seen yet that the gateway was asked.
  if (!isSeen(run)) return { ...state, run: null };
  return { ...state, run: null, end: { end: { relay, purpose, said }, until: now + END_MS } };
}

function stepTick(state: RelayState, now: number): RelayStep {
  const { run } = state;
  const waited = run !== null && !run.busy && now >= run.until ? give(state, run, now) : state;
  const { invite, end } = waited;
  return stay({
    ...waited,
    invite: invite !== null && now >= invite.until ? null : invite,
    end: end !== null && now >= end.until ? null : end,
  });
}
