/**
 * Talks with a DESFire card as generators: each yields a command APDU and is given the response
 * APDU. Who carries them, a reader beside us or one at the other end of a network, is not their
 * business.
 */
import { cmac, decryptBlocks, encryptBlocks, rotateLeft, xor, ZERO_BLOCK } from './aes.ts';
import { concat, sameBytes } from './bytes.ts';
import {
  type DesfireCommand,
  FRAME_DATA,
  INS,
  type NativeAnswer,
  STATUS,
  statusName,
  unwrap,
  wrap,
} from './desfire.ts';
import {
  type Ev1Session,
  type Ev2Session,
  protect,
  type Session,
  unprotect,
} from './desfire-session.ts';

export type Exchange<Result> = Generator<Uint8Array, Result, Uint8Array>;

/** Why a card's answer is of no use. After any of them the session is over (§9.1.2). */
export type Refusal =
  /** The card says no; see `STATUS`. */
  | { readonly why: 'status'; readonly status: number; readonly name: string }
  /** It is not the card that holds the key, or somebody changed a byte. */
  | { readonly why: 'forged' }
  /** Not an answer that a DESFire card gives. */
  | { readonly why: 'malformed' };

export type Exchanged =
  | { readonly ok: true; readonly session: Session; readonly data: Uint8Array }
  | { readonly ok: false; readonly refusal: Refusal };

export type Authenticated<Kind extends Session> =
  | { readonly ok: true; readonly session: Kind }
  | { readonly ok: false; readonly refusal: Refusal };

const refuse = (refusal: Refusal): { ok: false; refusal: Refusal } => ({ ok: false, refusal });
const malformed = refuse({ why: 'malformed' });
const refuseStatus = (status: number): { ok: false; refusal: Refusal } =>
  refuse({ why: 'status', status, name: statusName(status) });

/** Frames of one command out and of its answer in, without a look at what they say. */
function* exchangeFrames(ins: number, data: Uint8Array): Exchange<NativeAnswer | null> {
  let code = ins;
  let rest = data;
  for (;;) {
    const answer = unwrap(yield wrap(code, rest.slice(0, FRAME_DATA)));
    rest = rest.slice(FRAME_DATA);
    if (answer === null || rest.length === 0) return answer === null ? null : yield* more(answer);
    if (answer.status !== STATUS.additionalFrame) return answer;
    code = INS.additionalFrame;
  }
}

/** Most bytes of one answer: a card holds 8 kB. */
const LONGEST_ANSWER = 32_768;

function* more(first: NativeAnswer): Exchange<NativeAnswer | null> {
  let { status, data } = first;
  while (status === STATUS.additionalFrame && data.length < LONGEST_ANSWER) {
    const answer = unwrap(yield wrap(INS.additionalFrame));
    if (answer === null || (answer.data.length === 0 && answer.status === status)) return null;
    status = answer.status;
    data = concat(data, answer.data);
  }
  return { status, data };
}

/** One command and its answer, within `session`. */
export function* exchange(session: Session, command: DesfireCommand): Exchange<Exchanged> {
  const sent = protect(session, command);
  const answer = yield* exchangeFrames(command.ins, sent.data);
  if (answer === null) return malformed;
  if (answer.status !== STATUS.done) return refuseStatus(answer.status);
  // The session ends with the key it was made with: that answer carries no MAC (§11.6.1).
  if (command.ins === INS.changeKey && answer.data.length === 0 && ownKey(session, command)) {
    return { ok: true, session: PLAIN, data: answer.data };
  }
  const told = unprotect(sent.session, command, answer.data);
  return told === null ? refuse({ why: 'forged' }) : { ok: true, ...told };
}

export const PLAIN: Session = { kind: 'plain' };

const ownKey = (session: Session, { header }: DesfireCommand): boolean =>
  session.kind !== 'plain' && session.keyNo === ((header[0] ?? 0) & 0x3f);

/** Two session keys out of the key and both challenges (§9.1.7). */
export function deriveEv2Keys(
  key: Uint8Array,
  rndA: Uint8Array,
  rndB: Uint8Array,
): Pick<Ev2Session, 'encryptionKey' | 'macKey'> {
  const context = concat(
    Uint8Array.of(0x00, 0x01, 0x00, 0x80),
    rndA.subarray(0, 2),
    xor(rndA.slice(2, 8), rndB.subarray(0, 6)),
    rndB.subarray(6),
    rndA.subarray(8),
  );
  return {
    encryptionKey: cmac(key, concat(Uint8Array.of(0xa5, 0x5a), context)),
    macKey: cmac(key, concat(Uint8Array.of(0x5a, 0xa5), context)),
  };
}

/** The session key of EV1 AES messaging: four bytes of either challenge's ends. */
export const deriveEv1Key = (rndA: Uint8Array, rndB: Uint8Array): Uint8Array =>
  concat(rndA.slice(0, 4), rndB.slice(0, 4), rndA.slice(12), rndB.slice(12));

interface Proof {
  readonly answer: Uint8Array;
  readonly rndB: Uint8Array;
  /** The last encrypted block of either side, for chained IVs. */
  readonly lastBlock: Uint8Array;
}

type Proven = { readonly ok: true; readonly proof: Proof } | { ok: false; refusal: Refusal };

/** Both challenges; `chained` carries the CBC chain over all three passes, as EV1 does. */
function* prove(
  start: Uint8Array,
  key: Uint8Array,
  rndA: Uint8Array,
  chained: boolean,
): Exchange<Proven> {
  if (rndA.length !== 16) throw new RangeError('a challenge has 16 bytes');
  const first = unwrap(yield start);
  if (first === null) return malformed;
  if (first.status !== STATUS.additionalFrame) return refuseStatus(first.status);
  if (first.data.length !== 16) return malformed;
  const rndB = decryptBlocks(key, ZERO_BLOCK, first.data);
  const iv = chained ? first.data : ZERO_BLOCK;
  const token = encryptBlocks(key, iv, concat(rndA, rotateLeft(rndB)));
  const second = unwrap(yield wrap(INS.additionalFrame, token));
  if (second === null) return malformed;
  if (second.status !== STATUS.done) return refuseStatus(second.status);
  if (second.data.length === 0 || second.data.length % 16 !== 0) return malformed;
  const lastBlock = token.slice(-16);
  const answer = decryptBlocks(key, chained ? lastBlock : ZERO_BLOCK, second.data);
  return { ok: true, proof: { answer, rndB, lastBlock } };
}

/** AuthenticateEV2First (§11.4.1): begins a transaction; `rndA` is 16 fresh random bytes. */
export function* authenticateEv2First(
  keyNo: number,
  key: Uint8Array,
  rndA: Uint8Array,
): Exchange<Authenticated<Ev2Session>> {
  const start = wrap(INS.authenticateEv2First, Uint8Array.of(keyNo, 0x00));
  const proven = yield* prove(start, key, rndA, false);
  if (!proven.ok) return proven;
  const { answer, rndB } = proven.proof;
  if (answer.length !== 32) return malformed;
  if (!sameBytes(answer.slice(4, 20), rotateLeft(rndA))) return refuse({ why: 'forged' });
  const transactionId = answer.slice(0, 4);
  const keys = deriveEv2Keys(key, rndA, rndB);
  return { ok: true, session: { kind: 'ev2', keyNo, transactionId, counter: 0, ...keys } };
}

/** AuthenticateEV2NonFirst (§11.4.2): another key within the same transaction, which goes on. */
export function* authenticateEv2NonFirst(
  session: Ev2Session,
  keyNo: number,
  key: Uint8Array,
  rndA: Uint8Array,
): Exchange<Authenticated<Ev2Session>> {
  const start = wrap(INS.authenticateEv2NonFirst, Uint8Array.of(keyNo));
  const proven = yield* prove(start, key, rndA, false);
  if (!proven.ok) return proven;
  const { answer, rndB } = proven.proof;
  if (!sameBytes(answer, rotateLeft(rndA))) return refuse({ why: 'forged' });
  return { ok: true, session: { ...session, keyNo, ...deriveEv2Keys(key, rndA, rndB) } };
}

/** AuthenticateAES: EV1 messaging, for cards before EV2. */
export function* authenticateAes(
  keyNo: number,
  key: Uint8Array,
  rndA: Uint8Array,
): Exchange<Authenticated<Ev1Session>> {
  const start = wrap(INS.authenticateAes, Uint8Array.of(keyNo));
  const proven = yield* prove(start, key, rndA, true);
  if (!proven.ok) return proven;
  const { answer, rndB } = proven.proof;
  if (!sameBytes(answer, rotateLeft(rndA))) return refuse({ why: 'forged' });
  const session: Ev1Session = { kind: 'ev1', keyNo, key: deriveEv1Key(rndA, rndB), iv: ZERO_BLOCK };
  return { ok: true, session };
}

/** Runs a talk to its end over anything that carries APDUs. */
export async function converse<Result>(
  talk: Exchange<Result>,
  transmit: (apdu: Uint8Array) => Promise<Uint8Array> | Uint8Array,
): Promise<Result> {
  let step = talk.next();
  while (!step.done) step = talk.next(await transmit(step.value));
  return step.value;
}
