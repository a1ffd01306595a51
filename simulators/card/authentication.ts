/** Three passes in which reader and card prove to each other that they hold the key (§9.1.5). */
import { decryptBlocks, encryptBlocks, rotateLeft, ZERO_BLOCK } from '#device/codecs/aes.ts';
import { concat, sameBytes } from '#device/codecs/bytes.ts';
import { INS, STATUS } from '#device/codecs/desfire.ts';
import { deriveEv1Key, deriveEv2Keys } from '#device/codecs/desfire-exchange.ts';
import type { Card } from './card.ts';
import { CardError } from './card-error.ts';

export interface HalfProven {
  readonly ins: number;
  readonly keyNo: number;
  readonly key: Uint8Array;
  readonly rndB: Uint8Array;
  /** The challenge as it was sent: EV1 chains its blocks over all passes. */
  readonly challenge: Uint8Array;
}

export const isAuthentication = (ins: number): boolean =>
  ins === INS.authenticateAes ||
  ins === INS.authenticateEv2First ||
  ins === INS.authenticateEv2NonFirst;

/** First pass: the card's challenge, encrypted. */
export function authenticate(
  card: Card,
  ins: number,
  payload: Uint8Array,
): { half: HalfProven; challenge: Uint8Array } {
  const [keyNo = 0] = payload;
  const first = ins === INS.authenticateEv2First;
  // EV2First tells the reader's capabilities: their length, then at most six bytes.
  const length = first ? 2 + (payload[1] ?? 0) : 1;
  if (payload.length !== length || length > 8) throw new CardError(STATUS.lengthError);
  const kept = card.session;
  if (ins === INS.authenticateEv2NonFirst) {
    if (kept?.kind !== 'ev2') throw new CardError(STATUS.permissionDenied);
  } else {
    card.session = null;
    card.transaction = null;
  }
  const key = card.key(keyNo)?.key;
  if (key === undefined) throw new CardError(STATUS.noSuchKey);
  card.work.blocks += 4;
  const rndB = card.chance(16);
  const challenge = encryptBlocks(key, ZERO_BLOCK, rndB);
  return { half: { ins, keyNo, key, rndB, challenge }, challenge };
}

/** Second pass: what the reader proves. The answer is the card's own proof. */
export function prove(card: Card, half: HalfProven, payload: Uint8Array): Uint8Array {
  const { ins, keyNo, key, rndB } = half;
  if (payload.length !== 32) throw new CardError(STATUS.lengthError);
  card.work.blocks += 14;
  const chained = ins === INS.authenticateAes;
  const plain = decryptBlocks(key, chained ? half.challenge : ZERO_BLOCK, payload);
  const rndA = plain.slice(0, 16);
  if (!sameBytes(plain.slice(16), rotateLeft(rndB)))
    throw new CardError(STATUS.authenticationError);
  switch (ins) {
    case INS.authenticateAes: {
      const session = deriveEv1Key(rndA, rndB);
      card.session = { kind: 'ev1', keyNo, key: session, iv: ZERO_BLOCK };
      return encryptBlocks(key, payload.slice(16), rotateLeft(rndA));
    }
    case INS.authenticateEv2First: {
      const transactionId = card.chance(4);
      const keys = deriveEv2Keys(key, rndA, rndB);
      card.session = { kind: 'ev2', keyNo, transactionId, counter: 0, ...keys };
      // Twelve bytes of capabilities, the card's and the reader's: none.
      const proof = concat(transactionId, rotateLeft(rndA), new Uint8Array(12));
      return encryptBlocks(key, ZERO_BLOCK, proof);
    }
    default: {
      if (card.session?.kind !== 'ev2') throw new CardError(STATUS.permissionDenied);
      card.session = { ...card.session, keyNo, ...deriveEv2Keys(key, rndA, rndB) };
      return encryptBlocks(key, ZERO_BLOCK, rotateLeft(rndA));
    }
  }
}
