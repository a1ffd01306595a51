/** What was done since the last commit: nothing of it counts before CommitTransaction (§10.2). */
import { concat } from '#device/codecs/bytes.ts';
import { INS, STATUS } from '#device/codecs/desfire.ts';
import {
  deriveTransactionKeys,
  encryptReaderId,
  type TransactionKeys,
  transactionInput,
  transactionMac,
} from '#device/codecs/transaction-mac.ts';
import type { Card } from './card.ts';
import { CardError } from './card-error.ts';
import { type Application, type CardFile, fileSize, type TransactionMacFile } from './state.ts';

interface PendingFile {
  readonly file: CardFile;
  /** Sum of the debits, for LimitedCredit afterwards. */
  debited: number;
  creditedBack: boolean;
  /** The record that this transaction writes was begun. */
  recordBegun: boolean;
}

export class Transaction {
  readonly #card: Card;
  readonly #application: Application;
  readonly #pending = new Map<number, PendingFile>();
  #input: Uint8Array = new Uint8Array(0);
  #readerId: Uint8Array | null = null;

  constructor(card: Card) {
    this.#card = card;
    this.#application = card.application();
  }

  /** The running transaction of the chosen application, begun where there is none. */
  static of(card: Card): Transaction {
    card.transaction ??= new Transaction(card);
    return card.transaction;
  }

  /** A copy of the file to change; the original counts until the commit. */
  pending(fileNo: number, file: CardFile): PendingFile {
    const found = this.#pending.get(fileNo);
    if (found !== undefined) return found;
    const begun: PendingFile = {
      file: structuredClone(file),
      debited: 0,
      creditedBack: false,
      recordBegun: false,
    };
    this.#pending.set(fileNo, begun);
    return begun;
  }

  /** Adds a command to what the Transaction MAC covers. */
  note(ins: number, parameters: Uint8Array, data?: Uint8Array): void {
    if (macFile(this.#application) === null) return;
    this.#input = concat(this.#input, transactionInput(ins, parameters, data));
  }

  /** Names the reader of this transaction; the answer is the last one's name, encrypted. */
  commitReader(readerId: Uint8Array): Uint8Array {
    const file = macFile(this.#application);
    if (file === null || this.#readerId !== null) throw new CardError(STATUS.permissionDenied);
    const previous = encryptReaderId(this.#keys(file), file.readerId);
    this.#readerId = readerId;
    this.note(INS.commitReaderId, concat(readerId, previous));
    return previous;
  }

  /** All at once, or after torn power nothing; the answer is what the reader asked for. */
  commit(proof: boolean): Uint8Array {
    const file = macFile(this.#application);
    if (proof && file === null) throw new CardError(STATUS.parameterError);
    if (this.#pending.size === 0 && this.#input.length === 0) {
      throw new CardError(STATUS.noChanges);
    }
    if (file !== null && file.access.readWrite !== 'never' && this.#readerId === null) {
      throw new CardError(STATUS.permissionDenied);
    }
    let pages = 1;
    for (const [fileNo, { file: changed, debited, creditedBack }] of this.#pending) {
      if (changed.kind === 'value') {
        changed.limited = debited > 0 ? debited : creditedBack ? 0 : changed.limited;
      }
      this.#application.files.set(fileNo, changed);
      pages += changed.kind === 'value' ? 1 : Math.min(8, Math.ceil(fileSize(changed) / 128));
    }
    const answer = file === null ? new Uint8Array(0) : this.#finish(file);
    this.#card.save(pages + (file === null ? 0 : 1));
    this.#card.transaction = null;
    return proof ? answer : new Uint8Array(0);
  }

  #finish(file: TransactionMacFile): Uint8Array {
    file.mac = transactionMac(this.#keys(file), this.#input);
    file.counter += 1;
    file.readerId = this.#readerId ?? file.readerId;
    this.#card.work.blocks += 4 + this.#input.length / 16;
    return macContent(file);
  }

  #keys(file: TransactionMacFile): TransactionKeys {
    return deriveTransactionKeys(file.key, this.#card.uid, file.counter + 1);
  }
}

export function macFile(application: Application): TransactionMacFile | null {
  for (const file of application.files.values()) if (file.kind === 'transaction-mac') return file;
  return null;
}

/** Counter and MAC, as ReadData and CommitTransaction tell them. */
export function macContent({ counter, mac }: TransactionMacFile): Uint8Array {
  const bytes = Uint8Array.from({ length: 4 }, (_, at) => (counter >>> (8 * at)) & 255);
  return concat(bytes, mac);
}
