/**
 * Calls at the telephone terminal: answered, told that they are recorded, asked for agent or assistant,
 * kept in a queue while nobody is free. One state for all lines, because they share one queue.
 */
import { type Language, otherOf } from '../messages/enrolment.ts';
import type { HandlerName } from '../ports/call-handler.ts';
import type { CallEnd, TelephoneKey } from '../ports/modem.ts';

/** What is said by the terminal itself; its words are in device/words/telephone.ts. */
export type CallPrompt =
  | 'welcome' /* who this is, and that the call is recorded */
  | 'menu' /* 1 agent, 2 assistant, * the other language */
  | 'menu-agent' /* there is no assistant */
  | 'menu-assistant' /* there is no agent */
  | 'not-understood'
  | 'hold' /* everybody is talking */
  | 'hold-assistant' /* likewise, and 2 goes to the assistant */
  | 'nobody' /* call later */
  | 'goodbye';

export type CallStage =
  | { readonly at: 'ringing' }
  | { readonly at: 'answering' }
  /** `wanted`: chosen already by somebody who has called before. */
  | { readonly at: 'welcome'; readonly wanted: HandlerName | null }
  /** `asked` times without a choice; `until` is monotonic ms, `null` while the menu is being said. */
  | { readonly at: 'choosing'; readonly asked: number; readonly until: number | null }
  /** `hold`: when to say so again; `null` while it is being said. */
  | {
      readonly at: 'queued';
      readonly for: HandlerName;
      readonly since: number;
      readonly hold: number | null;
    }
  | { readonly at: 'handled'; readonly by: HandlerName }
  /** The last words are being said. */
  | { readonly at: 'leaving' };

export interface CallState {
  readonly id: string;
  readonly language: Language;
  readonly stage: CallStage;
  /** Counts what is said, so that an end that comes late is told from a newer one's. */
  readonly saying: number;
}

/** As `CallHandler.places`. */
export type Places = Readonly<Record<HandlerName, number | null>>;

export interface CallsState {
  readonly settings: CallSettings;
  /** In the order of their coming. */
  readonly calls: ReadonlyMap<string, CallState>;
  readonly places: Places;
}

export interface CallSettings {
  readonly language: Language;
  /** How long a caller may think before the menu is said again. */
  readonly choiceMs: number;
  /** How long between two words of comfort in the queue. */
  readonly holdMs: number;
  /** How long somebody is kept in the queue at most. */
  readonly queueMs: number;
}

export const CALL_SETTINGS: CallSettings = {
  ...{ language: 'en', choiceMs: 7000, holdMs: 15_000, queueMs: 10 * 60_000 },
};

export type CallInput =
  | { readonly is: 'ringing'; readonly id: string }
  | { readonly is: 'answered'; readonly id: string; readonly ok: boolean }
  /** What `say` asked for ended, by itself or because it was hushed. */
  | { readonly is: 'said'; readonly id: string; readonly saying: number }
  | { readonly is: 'key'; readonly id: string; readonly key: TelephoneKey }
  /** The handler took the call, or could not after all. */
  | { readonly is: 'taken'; readonly id: string; readonly ok: boolean }
  /** The handler, or a voice menu in its place, wants the other one. */
  | { readonly is: 'hand_over'; readonly id: string; readonly to: HandlerName }
  | { readonly is: 'language'; readonly id: string; readonly language: Language }
  | { readonly is: 'hang_up'; readonly id: string }
  | { readonly is: 'ended'; readonly id: string; readonly how: CallEnd }
  | { readonly is: 'places'; readonly places: Places }
  | { readonly is: 'tick' };

export type CallEffect =
  | { readonly do: 'answer'; readonly id: string }
  | {
      readonly do: 'say';
      readonly id: string;
      readonly saying: number;
      readonly language: Language;
      readonly prompts: readonly CallPrompt[];
    }
  | { readonly do: 'hush'; readonly id: string }
  | { readonly do: 'connect'; readonly id: string; readonly to: HandlerName }
  | { readonly do: 'disconnect'; readonly id: string; readonly how: CallEnd | null }
  | { readonly do: 'hang_up'; readonly id: string };

export interface CallStep {
  readonly state: CallsState;
  readonly effects: readonly CallEffect[];
}

/** Menus said in vain before somebody, or the assistant, takes the call anyway. */
const MOST_MENUS = 2;

export const beginCalls = (settings: CallSettings): CallsState => ({
  ...{ settings, calls: new Map(), places: { agent: null, assistant: null } },
});

/** One step; `now` is monotonic ms. An input for a call that is over does nothing. */
export function stepCalls(state: CallsState, input: CallInput, now: number): CallStep {
  const step = take(state, input, now);
  // Whatever happened, the longest waiting goes to whoever is free.
  const { state: served, effects } = serve(step.state);
  return { state: served, effects: [...step.effects, ...effects] };
}

function take(state: CallsState, input: CallInput, now: number): CallStep {
  if (input.is === 'places') return { state: { ...state, places: input.places }, effects: [] };
  if (input.is === 'tick') return tick(state, now);
  const { id } = input;
  if (input.is === 'ringing') return ring(state, id);
  const call = state.calls.get(id);
  if (call === undefined) return { state, effects: [] };
  switch (input.is) {
    case 'answered':
      return input.ok ? welcome(state, call) : without(state, id, []);
    case 'said':
      return input.saying === call.saying ? said(state, call, now) : { state, effects: [] };
    case 'key':
      return press(state, call, input.key, now);
    case 'taken':
      return input.ok ? { state, effects: [] } : notTaken(state, call, now);
    case 'language':
      return stay(state, { ...call, language: input.language }, call.stage);
    case 'hand_over':
      return ['choosing', 'queued', 'handled'].includes(call.stage.at)
        ? handOver(state, call, input.to, now)
        : { state, effects: [] };
    case 'hang_up':
      return { state, effects: [{ do: 'hang_up', id }] };
    case 'ended':
      return without(
        state,
        id,
        call.stage.at === 'handled' ? [{ do: 'disconnect', id, how: input.how }] : [],
      );
  }
}

const withCall = (state: CallsState, call: CallState): CallsState => ({
  ...state,
  calls: new Map(state.calls).set(call.id, call),
});

function without(state: CallsState, id: string, effects: readonly CallEffect[]): CallStep {
  const calls = new Map(state.calls);
  calls.delete(id);
  return { state: { ...state, calls }, effects };
}

function ring(state: CallsState, id: string): CallStep {
  const call: CallState = {
    ...{ id, language: state.settings.language, saying: 0 },
    stage: { at: 'answering' },
  };
  return { state: withCall(state, call), effects: [{ do: 'answer', id }] };
}

/** Goes on to `stage` with these words; what was being said is no more. */
function say(
  state: CallsState,
  call: CallState,
  stage: CallStage,
  prompts: readonly CallPrompt[],
): CallStep {
  const { id, language } = call;
  const saying = call.saying + 1;
  const effects: CallEffect[] = [
    { do: 'hush', id },
    { do: 'say', id, saying, language, prompts },
  ];
  return { state: withCall(state, { ...call, stage, saying }), effects };
}

const welcome = (state: CallsState, call: CallState): CallStep =>
  say(state, call, { at: 'welcome', wanted: null }, ['welcome']);

/** The menu of what there is; without a choice to make it is not asked. */
function ask(state: CallsState, call: CallState, asked: number, now: number): CallStep {
  const { agent, assistant } = state.places;
  if (agent === null && assistant === null) return say(state, call, { at: 'leaving' }, ['nobody']);
  if (asked >= MOST_MENUS) {
    return queueUp(state, call, assistant === null ? 'agent' : 'assistant', now);
  }
  const menu = agent === null ? 'menu-assistant' : assistant === null ? 'menu-agent' : 'menu';
  const before: readonly CallPrompt[] = asked === 0 ? [] : ['not-understood'];
  return say(state, call, { at: 'choosing', asked, until: null }, [...before, menu]);
}

function said(state: CallsState, call: CallState, now: number): CallStep {
  const { stage } = call;
  const { choiceMs, holdMs } = state.settings;
  switch (stage.at) {
    case 'welcome':
      return stage.wanted === null || state.places[stage.wanted] === null
        ? ask(state, call, 0, now)
        : queueUp(state, call, stage.wanted, now);
    case 'choosing':
      return stay(state, call, { ...stage, until: now + choiceMs });
    case 'queued':
      return stay(state, call, { ...stage, hold: now + holdMs });
    case 'leaving':
      return { state, effects: [{ do: 'hang_up', id: call.id }] };
    default:
      return { state, effects: [] };
  }
}

const stay = (state: CallsState, call: CallState, stage: CallStage): CallStep => ({
  ...{ state: withCall(state, { ...call, stage }), effects: [] },
});

function press(state: CallsState, call: CallState, key: TelephoneKey, now: number): CallStep {
  const { stage } = call;
  switch (stage.at) {
    case 'welcome':
    case 'choosing': {
      if (key === '*') {
        const language = otherOf(call.language);
        const again = { ...call, language } as const;
        // Whoever does not understand the notice hears it once more.
        return stage.at === 'welcome' ? welcome(state, again) : ask(state, again, 0, now);
      }
      const wanted = key === '1' ? 'agent' : key === '2' ? 'assistant' : null;
      // The notice of the recording is heard to its end; what was chosen meanwhile holds.
      if (stage.at === 'welcome') return stay(state, call, { ...stage, wanted });
      if (wanted === null || state.places[wanted] === null) {
        return ask(state, call, stage.asked + 1, now);
      }
      return queueUp(state, call, wanted, now);
    }
    case 'queued':
      if (key !== '2' || stage.for === 'assistant' || state.places.assistant === null) {
        return { state, effects: [] };
      }
      return queueUp(state, call, 'assistant', now);
    default:
      return { state, effects: [] };
  }
}

/** Back into the queue, at its end: until the handler tells of its places again it has none. */
function notTaken(state: CallsState, call: CallState, now: number): CallStep {
  const { stage } = call;
  if (stage.at !== 'handled') return { state, effects: [] };
  const left = state.places[stage.by] === null ? null : 0;
  return queueUp({ ...state, places: { ...state.places, [stage.by]: left } }, call, stage.by, now);
}

function queueUp(state: CallsState, call: CallState, wanted: HandlerName, now: number): CallStep {
  if (state.places[wanted] === null) return ask(state, call, 0, now);
  const stage: CallStage = { at: 'queued', for: wanted, since: now, hold: null };
  const free = (state.places[wanted] ?? 0) > 0 && !isAnyoneBefore(state, call.id, wanted);
  // Where somebody is free the talk begins at once.
  return free ? stay(state, call, stage) : say(state, call, stage, [holdOf(state, wanted)]);
}

const holdOf = ({ places }: CallsState, wanted: HandlerName): CallPrompt =>
  wanted === 'agent' && places.assistant !== null ? 'hold-assistant' : 'hold';

const isAnyoneBefore = (state: CallsState, id: string, wanted: HandlerName): boolean =>
  [...state.calls.values()].some(
    (other) => other.id !== id && other.stage.at === 'queued' && other.stage.for === wanted,
  );

function handOver(state: CallsState, call: CallState, to: HandlerName, now: number): CallStep {
  const leave: CallEffect[] =
    call.stage.at === 'handled' ? [{ do: 'disconnect', id: call.id, how: null }] : [];
  const { state: next, effects } = queueUp(state, call, to, now);
  return { state: next, effects: [...leave, ...effects] };
}

function tick(state: CallsState, now: number): CallStep {
  let next = state;
  const effects: CallEffect[] = [];
  for (const call of state.calls.values()) {
    const step = tickOne(next, call, now);
    next = step.state;
    effects.push(...step.effects);
  }
  return { state: next, effects };
}

function tickOne(state: CallsState, call: CallState, now: number): CallStep {
  const { stage } = call;
  if (stage.at === 'choosing' && stage.until !== null && now >= stage.until) {
    return ask(state, call, stage.asked + 1, now);
  }
  if (stage.at !== 'queued') return { state, effects: [] };
  // Who was waited for has gone home, or it lasted too long.
  if (state.places[stage.for] === null) return ask(state, call, 0, now);
  if (now - stage.since >= state.settings.queueMs) {
    return say(state, call, { at: 'leaving' }, ['nobody']);
  }
  if (stage.hold === null || now < stage.hold) return { state, effects: [] };
  return say(state, call, { ...stage, hold: null }, [holdOf(state, stage.for)]);
}

/** The longest waiting first. A place is taken until the handler says that it has others. */
function serve(state: CallsState): CallStep {
  let next = state;
  const effects: CallEffect[] = [];
  const waiting = [...state.calls.values()]
    .flatMap((call) => (call.stage.at === 'queued' ? [{ call, stage: call.stage }] : []))
    .sort((a, b) => a.stage.since - b.stage.since);
  for (const { call, stage } of waiting) {
    const places = next.places[stage.for];
    if (places === null || places <= 0) continue;
    const handled: CallState = {
      ...{ ...call, saying: call.saying + 1 },
      stage: { at: 'handled', by: stage.for },
    };
    next = withCall({ ...next, places: { ...next.places, [stage.for]: places - 1 } }, handled);
    effects.push({ do: 'hush', id: call.id }, { do: 'connect', id: call.id, to: stage.for });
  }
  return { state: next, effects };
}

/** Whether a tick may do something: somebody thinks, or waits. */
export const needsCallTick = ({ calls }: CallsState): boolean =>
  [...calls.values()].some(({ stage }) => stage.at === 'choosing' || stage.at === 'queued');
