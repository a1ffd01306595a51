/**
 * The Transaction MAC: what a card says it did, proven to whoever has the key, which no terminal
 * has (NXP MF2DL(H)x0 data sheet §10.3).
 */
import { cmac, decryptBlocks, encryptBlocks, padZero, truncateMac, ZERO_BLOCK } from './aes.ts';
import { concat, sameBytes } from './bytes.ts';
import { leBytes } from './desfire.ts';

export interface TransactionKeys {
  readonly mac: Uint8Array;
  readonly encryption: Uint8Array;
}

/**
 * Session keys of one transaction (§10.3.2.3). `counter` is the one that CommitTransaction answers:
 * the card's counter after the transaction.
 */
export function deriveTransactionKeys(
  key: Uint8Array,
  uid: Uint8Array,
  counter: number,
): TransactionKeys {
  if (uid.length !== 7) throw new RangeError(`a UID of ${uid.length} bytes; 7 are needed`);
  const context = concat(Uint8Array.of(0x00, 0x01, 0x00, 0x80), leBytes(counter, 4), uid);
  return {
    mac: cmac(key, concat(Uint8Array.of(0x5a), context)),
    encryption: cmac(key, concat(Uint8Array.of(0xa5), context)),
  };
}

/**
 * What one command adds to the Transaction MAC input (§10.3.4.2): its code and parameters as on
 * the wire but never encrypted, padded; then its plain data, padded.
 */
export const transactionInput = (
  ins: number,
  parameters: Uint8Array,
  data: Uint8Array = new Uint8Array(0),
): Uint8Array => concat(padZero(concat(Uint8Array.of(ins), parameters)), padZero(data));

/** The 8-byte Transaction MAC value over the inputs of a transaction, in order (§10.3.2.4). */
export const transactionMac = (keys: TransactionKeys, input: Uint8Array): Uint8Array =>
  truncateMac(cmac(keys.mac, input));

export interface TransactionProof {
  readonly uid: Uint8Array;
  readonly counter: number;
  /** All that the commands of the transaction added. */
  readonly input: Uint8Array;
  /** What the card answered to CommitTransaction. */
  readonly mac: Uint8Array;
}

/** Whether this card, with this counter, did exactly this. */
export const verifyTransaction = (key: Uint8Array, proof: TransactionProof): boolean =>
  sameBytes(
    transactionMac(deriveTransactionKeys(key, proof.uid, proof.counter), proof.input),
    proof.mac,
  );

/** How the card tells which reader committed before this one (§10.3.2.5). */
export const encryptReaderId = (keys: TransactionKeys, readerId: Uint8Array): Uint8Array =>
  encryptBlocks(keys.encryption, ZERO_BLOCK, readerId);

/** The reverse of {@link encryptReaderId}: 16 bytes; zeros where no reader committed before. */
export const decryptReaderId = (keys: TransactionKeys, encrypted: Uint8Array): Uint8Array =>
  decryptBlocks(keys.encryption, ZERO_BLOCK, encrypted);
