/** Secure messaging, the card's side: opening what the reader sent, sealing what is answered. */
import {
  BLOCK,
  cmac,
  crc32,
  decryptBlocks,
  encryptBlocks,
  padBit,
  padZero,
  unpadBit,
} from '#device/codecs/aes.ts';
import { concat, sameBytes } from '#device/codecs/bytes.ts';
import { type CommunicationMode, INS } from '#device/codecs/desfire.ts';
import {
  countEv2,
  type Ev1Session,
  type Ev2Session,
  ev2Iv,
  ev2Mac,
} from '#device/codecs/desfire-session.ts';

export type CardSession = Ev1Session | Ev2Session;

export interface Envelope {
  readonly ins: number;
  /** Bytes that are never encrypted. */
  readonly header: Uint8Array;
  /** All that came after them. */
  readonly body: Uint8Array;
  readonly mode: CommunicationMode;
  /** Whether the command brings data; one that brings none answers in secret instead. */
  readonly writes: boolean;
}

export interface Opened {
  readonly session: CardSession;
  readonly data: Uint8Array;
}

const MAC = 8;

/** What the body holds, or `null` where its MAC or checksum is wrong. */
export function open(session: CardSession, envelope: Envelope): Opened | null {
  return session.kind === 'ev2' ? openEv2(session, envelope) : openEv1(session, envelope);
}

function openEv2(session: Ev2Session, { ins, header, body, mode }: Envelope): Opened | null {
  const next = countEv2(session);
  if (mode === 'plain') return { session: next, data: body };
  if (body.length < MAC) return null;
  const said = body.slice(0, -MAC);
  if (!sameBytes(ev2Mac(session, ins, concat(header, said)), body.slice(-MAC))) return null;
  if (mode !== 'full' || said.length === 0) return { session: next, data: said };
  if (said.length % BLOCK !== 0) return null;
  const data = unpadBit(decryptBlocks(session.encryptionKey, ev2Iv(session, 'command'), said));
  return data === null ? null : { session: next, data };
}

function openEv1(
  session: Ev1Session,
  { ins, header, body, mode, writes }: Envelope,
): Opened | null {
  const code = Uint8Array.of(ins);
  if (mode === 'full' && writes) {
    if (body.length === 0 || body.length % BLOCK !== 0) return null;
    const plain = decryptBlocks(session.key, session.iv, body);
    const data = findData(concat(code, header), plain, ins === INS.changeKey);
    return data === null ? null : { session: { ...session, iv: body.slice(-BLOCK) }, data };
  }
  const macLength = mode === 'mac' && writes ? MAC : 0;
  if (body.length < macLength) return null;
  const data = body.slice(0, body.length - macLength);
  const iv = cmac(session.key, concat(code, header, data), { iv: session.iv });
  if (macLength > 0 && !sameBytes(iv.slice(0, MAC), body.slice(-MAC))) return null;
  return { session: { ...session, iv }, data };
}

/** Data end where a checksum over all before fits and zeros follow. */
function findData(before: Uint8Array, plain: Uint8Array, withKey: boolean): Uint8Array | null {
  // Upwards: data and checksum together have a checksum of zero, which the padding would fit.
  for (let end = Math.max(0, plain.length - 7 - BLOCK); end <= plain.length - 4; end += 1) {
    const data = plain.slice(0, end);
    if (!sameBytes(crc32(concat(before, data)), plain.slice(end, end + 4))) continue;
    const rest = plain.slice(end + 4);
    // Another key's own checksum stands behind the command's (EV1, ChangeKey).
    if (withKey && rest.some((byte) => byte !== 0)) return concat(data, rest.slice(0, 4));
    if (rest.every((byte) => byte === 0)) return data;
  }
  return null;
}

export interface Sealed {
  readonly session: CardSession;
  readonly answer: Uint8Array;
}

/** An answer with status 00 as it travels; `session` is the one that {@link open} gave. */
export function seal(session: CardSession, envelope: Envelope, data: Uint8Array): Sealed {
  if (session.kind === 'ev2') return { session, answer: sealEv2(session, envelope.mode, data) };
  const status = Uint8Array.of(0x00);
  if (envelope.mode === 'full' && !envelope.writes) {
    const plain = padZero(concat(data, crc32(concat(data, status))));
    const answer = encryptBlocks(session.key, session.iv, plain);
    return { session: { ...session, iv: answer.slice(-BLOCK) }, answer };
  }
  const iv = cmac(session.key, concat(data, status), { iv: session.iv });
  return { session: { ...session, iv }, answer: concat(data, iv.slice(0, MAC)) };
}

function sealEv2(session: Ev2Session, mode: CommunicationMode, data: Uint8Array): Uint8Array {
  if (mode === 'plain') return data;
  const said =
    mode === 'full' && data.length > 0
      ? encryptBlocks(session.encryptionKey, ev2Iv(session, 'answer'), padBit(data))
      : data;
  return concat(said, ev2Mac(session, 0x00, said));
}

/** Length of the body that brings `length` bytes of data. */
export function bodyLength(
  session: CardSession | null,
  mode: CommunicationMode,
  length: number,
): number {
  if (session === null) return length;
  if (mode === 'mac') return length + MAC;
  if (mode === 'plain') return length;
  const padded = session.kind === 'ev2' ? length + 1 : length + 4;
  const whole = Math.ceil(padded / BLOCK) * BLOCK;
  return session.kind === 'ev2' ? whole + MAC : whole;
}
