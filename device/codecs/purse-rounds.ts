/**
 * Talks in rounds: several APDUs go out before the first is answered, which spares the time of a
 * network in between. A reader beside us runs the same talk {@link oneByOne}.
 */
import { concat } from './bytes.ts';
import {
  type DesfireCommand,
  FRAME_DATA,
  INS,
  STATUS,
  statusName,
  unwrap,
  wrap,
} from './desfire.ts';
import type { Exchange, Refusal } from './desfire-exchange.ts';
import { protect, type Session, unprotect } from './desfire-session.ts';

/**
 * Yields what is to be sent in order, and is given the answers: as many as came up to the first that
 * is neither 9100 nor 91AF, where whoever carries them stops.
 */
export type Rounds<Result> = Generator<readonly Uint8Array[], Result, readonly Uint8Array[]>;

/** Why the way to the card ended before the talk did; `text` is the carrier's own word. */
export interface Carried {
  readonly answers: readonly Uint8Array[];
  readonly ended?: string;
}

export type Transport = (apdus: readonly Uint8Array[]) => Promise<Carried>;

export type Driven<Result> =
  | { readonly ended: null; readonly result: Result; readonly rounds: number }
  /** Whether the last round was done by the card is not known. */
  | { readonly ended: string; readonly rounds: number };

/** Runs a talk over `transport`; says where the way to the card ended before the talk did. */
export async function drive<Result>(
  talk: Rounds<Result>,
  transport: Transport,
): Promise<Driven<Result>> {
  let rounds = 0;
  let step = talk.next();
  while (!step.done) {
    rounds += 1;
    const { answers, ended } = await transport(step.value);
    if (ended !== undefined) return { ended, rounds };
    step = talk.next(answers);
  }
  return { ended: null, result: step.value, rounds };
}

/** Whether a card goes on after this answer. */
export function goesOn(answer: Uint8Array): boolean {
  const status = unwrap(answer)?.status;
  return status === STATUS.done || status === STATUS.additionalFrame;
}

/** The same talk, each APDU after the answer to the one before. */
export function* oneByOne<Result>(talk: Rounds<Result>): Exchange<Result> {
  let step = talk.next();
  while (!step.done) {
    const answers: Uint8Array[] = [];
    for (const apdu of step.value) {
      const answer = yield apdu;
      answers.push(answer);
      if (!goesOn(answer)) break;
    }
    step = talk.next(answers);
  }
  return step.value;
}

export type Round =
  | { readonly ok: true; readonly session: Session; readonly data: readonly Uint8Array[] }
  | { readonly ok: false; readonly refusal: Refusal };

/**
 * Commands of one session in one round. Each must fit into one frame; only the last may have a long
 * answer, whose other frames take a round each. Throws a RangeError for a command of several frames.
 */
export function* exchangeAll(session: Session, commands: readonly DesfireCommand[]): Rounds<Round> {
  let now = session;
  const sent = commands.map((command) => {
    const made = protect(now, command);
    if (made.data.length > FRAME_DATA) throw new RangeError('a command of more than one frame');
    now = made.session;
    return { command, ...made };
  });
  const answers = yield sent.map(({ command, data }) => wrap(command.ins, data));
  const data: Uint8Array[] = [];
  for (const [at, { command, session: then }] of sent.entries()) {
    const whole = yield* wholeAnswer(answers[at], at === sent.length - 1);
    if (!whole.ok) return whole;
    const told = unprotect(then, command, whole.data);
    if (told === null) return { ok: false, refusal: { why: 'forged' } };
    data.push(told.data);
    now = told.session;
  }
  return { ok: true, session: now, data };
}

type Whole = { readonly ok: true; readonly data: Uint8Array } | { ok: false; refusal: Refusal };

/** Most frames of one answer: a card holds 8 kB. */
const MOST_FRAMES = 150;

function* wholeAnswer(first: Uint8Array | undefined, last: boolean): Rounds<Whole> {
  const frames: Uint8Array[] = [];
  let answer = first;
  while (frames.length < MOST_FRAMES) {
    const told = answer === undefined ? null : unwrap(answer);
    if (told === null) break;
    frames.push(told.data);
    if (told.status === STATUS.done) return { ok: true, data: concat(...frames) };
    if (told.status !== STATUS.additionalFrame) return refuseStatus(told.status);
    if (!last) break;
    [answer] = yield [wrap(INS.additionalFrame)];
  }
  return { ok: false, refusal: { why: 'malformed' } };
}

export const refuseStatus = (status: number): { ok: false; refusal: Refusal } => ({
  ok: false,
  refusal: { why: 'status', status, name: statusName(status) },
});

/** A talk that was not made for rounds: each APDU is a round of its own. */
export function* alone<Result>(talk: Exchange<Result>): Rounds<Result> {
  let step = talk.next();
  while (!step.done) {
    const [answer = new Uint8Array(0)] = yield [step.value];
    step = talk.next(answer);
  }
  return step.value;
}
