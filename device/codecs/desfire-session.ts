/**
 * Secure messaging with a DESFire card, the reader's side: what a command and an answer look like
 * once a key was proven. A session is a value; each command and each answer makes the next one, so
 * that several EV2 commands can be made before the first is answered.
 */
import {
  BLOCK,
  cmac,
  crc32,
  decryptBlocks,
  encryptBlocks,
  padBit,
  padZero,
  truncateMac,
  unpadBit,
  ZERO_BLOCK,
} from './aes.ts';
import { concat, sameBytes } from './bytes.ts';
import { type DesfireCommand, INS, leBytes } from './desfire.ts';

/** Nothing was proven: commands and answers travel as they are. */
export interface PlainSession {
  readonly kind: 'plain';
}

/** After AuthenticateAES: one chained CMAC over all that is said. */
export interface Ev1Session {
  readonly kind: 'ev1';
  readonly keyNo: number;
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
}

/** After AuthenticateEV2First or NonFirst (MF2DL(H)x0 §9.1). */
export interface Ev2Session {
  readonly kind: 'ev2';
  readonly keyNo: number;
  readonly transactionId: Uint8Array;
  /** Commands so far; answers are bound to the number of their command plus one. */
  readonly counter: number;
  readonly encryptionKey: Uint8Array;
  readonly macKey: Uint8Array;
}

export type Session = PlainSession | Ev1Session | Ev2Session;

export interface Protected {
  /** For the answer to this command, and for the next command. */
  readonly session: Session;
  /** What stands after the instruction byte. */
  readonly data: Uint8Array;
}

const MAC_LENGTH = 8;

/** MACt over code, counter, Transaction Identifier and what is said (§9.1.9). */
export const ev2Mac = (session: Ev2Session, code: number, said: Uint8Array): Uint8Array =>
  truncateMac(cmac(session.macKey, concat(Uint8Array.of(code), ...binding(session), said)));

/** The IV of encrypted commands (A5 5A) and answers (5A A5) (§9.1.4). */
export function ev2Iv(session: Ev2Session, direction: 'command' | 'answer'): Uint8Array {
  const label = direction === 'command' ? [0xa5, 0x5a] : [0x5a, 0xa5];
  const [counter, id] = binding(session);
  return encryptBlocks(
    session.encryptionKey,
    ZERO_BLOCK,
    concat(Uint8Array.from(label), id, counter, new Uint8Array(8)),
  );
}

function binding(session: Ev2Session): [counter: Uint8Array, transactionId: Uint8Array] {
  return [leBytes(session.counter, 2), session.transactionId];
}

export function protect(session: Session, command: DesfireCommand): Protected {
  switch (session.kind) {
    case 'plain':
      return { session, data: concat(command.header, command.data) };
    case 'ev1':
      return protectEv1(session, command);
    case 'ev2':
      return { session: countEv2(session), data: protectEv2(session, command) };
  }
}

/** Counters have two bytes; a session that used them up must be made anew (§9.1.2). */
export function countEv2(session: Ev2Session): Ev2Session {
  if (session.counter >= 0xffff) throw new RangeError('a session has at most 65535 commands');
  return { ...session, counter: session.counter + 1 };
}

function protectEv2(session: Ev2Session, { ins, header, data, mode }: DesfireCommand): Uint8Array {
  if (mode === 'plain') return concat(header, data);
  const hidden =
    mode === 'full' && data.length > 0
      ? encryptBlocks(session.encryptionKey, ev2Iv(session, 'command'), padBit(data))
      : data;
  const said = concat(header, hidden);
  return concat(said, ev2Mac(session, ins, said));
}

function protectEv1(session: Ev1Session, { ins, header, data, mode }: DesfireCommand): Protected {
  const said = concat(Uint8Array.of(ins), header, data);
  if (mode === 'full' && data.length > 0) {
    const plain = padZero(withChecksum(ins, said, data));
    const hidden = encryptBlocks(session.key, session.iv, plain);
    const iv = hidden.slice(-BLOCK);
    return { session: { ...session, iv }, data: concat(header, hidden) };
  }
  const iv = cmac(session.key, said, { iv: session.iv });
  // Only what is written carries its MAC; all else is bound by the chain.
  const sent = mode === 'mac' && data.length > 0 ? iv.slice(0, MAC_LENGTH) : new Uint8Array(0);
  return { session: { ...session, iv }, data: concat(header, data, sent) };
}

/** The checksum stands behind the data; in ChangeKey, before the checksum of the new key. */
function withChecksum(ins: number, said: Uint8Array, data: Uint8Array): Uint8Array {
  if (ins !== INS.changeKey || data.length !== 21) return concat(data, crc32(said));
  return concat(data.slice(0, 17), crc32(said.slice(0, -4)), data.slice(17));
}

export interface Unprotected {
  readonly session: Session;
  readonly data: Uint8Array;
}

/**
 * The plain data of an answer with status 00, all frames joined; `session` is the one that
 * {@link protect} gave. `null` where it is not what this card said to this command: a wrong MAC,
 * another card, a replay.
 */
export function unprotect(
  session: Session,
  command: DesfireCommand,
  answer: Uint8Array,
): Unprotected | null {
  switch (session.kind) {
    case 'plain':
      return { session, data: answer };
    case 'ev1':
      return unprotectEv1(session, command, answer);
    case 'ev2': {
      const data = unprotectEv2(session, command, answer);
      return data === null ? null : { session, data };
    }
  }
}

function unprotectEv2(
  session: Ev2Session,
  { mode }: DesfireCommand,
  answer: Uint8Array,
): Uint8Array | null {
  if (mode === 'plain') return answer;
  if (answer.length < MAC_LENGTH) return null;
  const said = answer.slice(0, -MAC_LENGTH);
  if (!sameBytes(ev2Mac(session, 0x00, said), answer.slice(-MAC_LENGTH))) return null;
  if (mode !== 'full' || said.length === 0) return said;
  if (said.length % BLOCK !== 0) return null;
  return unpadBit(decryptBlocks(session.encryptionKey, ev2Iv(session, 'answer'), said));
}

function unprotectEv1(
  session: Ev1Session,
  { mode, data: sent }: DesfireCommand,
  answer: Uint8Array,
): Unprotected | null {
  if (mode === 'full' && sent.length === 0) return decryptEv1(session, answer);
  if (answer.length < MAC_LENGTH) return null;
  const data = answer.slice(0, -MAC_LENGTH);
  const iv = cmac(session.key, concat(data, Uint8Array.of(0x00)), { iv: session.iv });
  if (!sameBytes(iv.slice(0, MAC_LENGTH), answer.slice(-MAC_LENGTH))) return null;
  return { session: { ...session, iv }, data };
}

/** Data, CRC over data and status, zeros: where the data end is found by the CRC that fits. */
function decryptEv1(session: Ev1Session, answer: Uint8Array): Unprotected | null {
  if (answer.length === 0 || answer.length % BLOCK !== 0) return null;
  const plain = decryptBlocks(session.key, session.iv, answer);
  const next = { ...session, iv: answer.slice(-BLOCK) };
  // Upwards: data and checksum together have a checksum of zero, which the padding would fit.
  for (let end = Math.max(0, plain.length - 3 - BLOCK); end <= plain.length - 4; end += 1) {
    if (plain.subarray(end + 4).some((byte) => byte !== 0)) continue;
    const data = plain.slice(0, end);
    const expected = crc32(concat(data, Uint8Array.of(0x00)));
    if (sameBytes(expected, plain.slice(end, end + 4))) return { session: next, data };
  }
  return null;
}
