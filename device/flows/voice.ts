/**
 * The vendor speaks an amount (row A2): a key begins to listen, the terminal shows and says what it
 * understood, and only Enter makes it an order. Any other key changes it. What was understood is kept
 * as what would have been keyed, so that the screen and the order can't disagree.
 */

import type { Key } from '../ports/keypad.ts';
import type { Heard } from '../ports/recogniser.ts';
import { judge } from '../speech/judge.ts';
import { sayNotUnderstood, sayQuestion } from '../words/clips.ts';
import { type Entry, readEntry } from './entry.ts';
import type { Effect, Moment, Step, TerminalState, Voice, VoiceProblem } from './state.ts';

/** Longer than any phrase and its decoding take: the recogniser is then given up. */
const GIVE_UP_MS = 30_000;

const OFF: Voice = { is: 'off' };

/** Whether the board has what it takes to listen, working or not. */
export const hasVoice = ({ settings }: Pick<TerminalState, 'settings'>): boolean =>
  ['microphone', 'recogniser'].every((role) => settings.organs.some((each) => each.role === role));

/** Whether it works just now. */
export const canListen = (state: TerminalState): boolean =>
  ['microphone', 'recogniser'].every((role) =>
    state.settings.organs.some(
      (each) => each.role === role && state.organs.get(each.name)?.is === 'working',
    ),
  );

export const isListening = ({ voice }: Pick<TerminalState, 'voice'>): boolean =>
  voice.is === 'opening' || voice.is === 'listening';

/** Whether this key asks to listen: `*` where a line begins, which means nothing else there. */
export const asksToListen = (state: TerminalState, key: Key): boolean =>
  key === '*' && hasVoice(state) && !isListening(state) && /(^|\+)$/.test(state.entry.keyed);

/** Begins to listen, or says that it can't. */
export function beginListening(state: TerminalState, moment: Moment): Step {
  if (!canListen(state)) {
    const voice: Voice = { is: 'problem', why: 'unavailable' };
    return { state: { ...state, voice }, effects: [{ do: 'beep', pattern: 'bad' }] };
  }
  const id = Math.round(moment.monotonic * 1000);
  const voice: Voice = { is: 'opening', id, until: moment.monotonic + GIVE_UP_MS };
  return { state: { ...state, voice }, effects: [{ do: 'listen', id }] };
}

/** The microphone is open: the beep and the lamp say so, and the recogniser does not hear the beep. */
export function stepListening(state: TerminalState, id: number): Step {
  const { voice } = state;
  if (voice.is !== 'opening' || voice.id !== id) return { state, effects: [] };
  const next: Voice = { ...voice, is: 'listening' };
  return { state: { ...state, voice: next }, effects: [{ do: 'beep', pattern: 'key' }] };
}

/** What was heard becomes what is keyed, or a reason why not. */
export function stepHeard(state: TerminalState, id: number, heard: Heard): Step {
  const { voice, entry, settings } = state;
  if ((voice.is !== 'opening' && voice.is !== 'listening') || voice.id !== id) {
    return { state, effects: [] };
  }
  const { stall } = settings;
  const judged = judge(heard, stall);
  if (!judged.ok) return problem(state, judged.why);
  const next: Entry = { keyed: entry.keyed + judged.expression, refused: false };
  const read = readEntry(next, stall);
  if (read.problem !== undefined) {
    return problem(state, read.problem === 'too_large' ? 'too_large' : 'not_understood');
  }
  const clips = sayQuestion(read.total_minor, stall.currency, stall.language);
  const { sure } = judged;
  const understood: Voice = { is: 'understood', from: entry.keyed.length, sure };
  return {
    state: { ...state, entry: next, voice: understood },
    // Heard before the amount, so that a hand stops on its way to Enter.
    effects: [...(sure ? [] : [{ do: 'beep', pattern: 'bad' } as const]), { do: 'say', clips }],
  };
}

function problem(state: TerminalState, why: VoiceProblem): Step {
  const say: Effect = { do: 'say', clips: sayNotUnderstood(state.settings.stall.language) };
  return {
    state: { ...state, voice: { is: 'problem', why } },
    effects: [{ do: 'beep', pattern: 'bad' }, say],
  };
}

/** Gives up a recogniser that never answers. */
export function stepVoiceTick(state: TerminalState, moment: Moment): Step {
  const { voice } = state;
  const late =
    (voice.is === 'opening' || voice.is === 'listening') && moment.monotonic >= voice.until;
  if (!late) return { state, effects: [] };
  const step = problem(state, 'failed');
  return { state: step.state, effects: [{ do: 'hush' }, ...step.effects] };
}

export interface VoiceKey {
  readonly state: TerminalState;
  readonly effects: readonly Effect[];
  /** The key was meant for the listening alone. */
  readonly done: boolean;
}

/**
 * What a key does to the listening before it does anything else: it ends it, and a figure after a
 * spoken amount begins another amount in its place; after a guess `*` has it said again.
 */
export function leaveVoice(state: TerminalState, key: Key): VoiceKey {
  const { voice, entry } = state;
  const quiet: TerminalState = { ...state, voice: OFF };
  switch (voice.is) {
    case 'opening':
    case 'listening':
      return {
        state: quiet,
        effects: [{ do: 'hush' }],
        done: key === '*' || key === 'cancel' || key === 'enter',
      };
    case 'understood': {
      const replaces = /^[\d./-]$/.test(key) || (key === '*' && !voice.sure);
      const keyed = replaces ? entry.keyed.slice(0, voice.from) : entry.keyed;
      return { state: { ...quiet, entry: { keyed, refused: false } }, effects: [], done: false };
    }
    case 'off':
    case 'problem':
      return { state: quiet, effects: [], done: false };
  }
}
