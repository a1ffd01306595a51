/**
 * The purse on a card: which files and keys it has, what stands in them, and what its Transaction
 * MAC covers. Numbers are big-endian in what Hawker writes, little-endian in what DESFire does.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, readUint, uint, utf8 } from './bytes.ts';
import { INS, leBytes } from './desfire.ts';
import { diversifyKey } from './key-diversification.ts';
import { ORDER_NUMBER_BYTES, orderNumberBytes, writeOrderNumber } from './order-number.ts';
import { transactionInput } from './transaction-mac.ts';

/** Application number of the purse. */
export const PURSE_AID = 0xf54841;

/** Keys of the application: one purpose each, so that none can do another's work. */
export const PURSE_KEYS = { master: 0, debit: 1, load: 2, read: 3 } as const;

/**
 * Who may use them: `value` debit and load (credit: load alone), `log` is written by debit and load,
 * read by load and read. Reading rights of a file are two, so who it is stands twice: `holder` for the
 * debit key, `label` for the read key. `proof` is read by anyone: it proves itself.
 */
export const PURSE_FILES = { value: 1, log: 2, holder: 3, label: 4, proof: 15 } as const;

/** What may be seen of the log; the card keeps one more for the transaction under way. */
export const LOG_RECORDS = 10;
export const LOG_RECORD_BYTES = 32;
export const HOLDER_BYTES = 24;
const SYSTEM = utf8('Hawker');
const FORMAT = 1;

/** AN10922 §2.2: UID, application, system identifier. `aid` 0 is the card itself. */
export const diversificationInput = (uid: Uint8Array, aid = PURSE_AID): Uint8Array =>
  concat(uid, uint(aid, 3), SYSTEM);

/** The key of one card and one purpose, out of the house's master key of that purpose. */
export const purseKey = (master: Uint8Array, uid: Uint8Array, aid = PURSE_AID): Uint8Array =>
  diversifyKey(master, diversificationInput(uid, aid));

/** Four bytes that stand for a terminal in a card's log. */
export const terminalMark = (terminal: string): Uint8Array => sha256(utf8(terminal)).slice(0, 4);

/** `HC` and 16 Crockford digits; says nothing of the card, and is no number that opens anything. */
export const CARD_ID = /^HC[0-9A-HJKMNP-TV-Z]{16}$/;

/** A card's name in the house, out of ten random bytes. */
export const mintCardId = (chance: Uint8Array): string => `HC${writeOrderNumber(chance)}`;

export interface Holder {
  /** As {@link CARD_ID}. */
  readonly card: string;
  /** ISO 4217 numeric, such as 156. */
  readonly currency: number;
  /** Seconds since 1970. */
  readonly personalisedAtS: number;
}

/** 24 bytes; throws a RangeError where something does not fit. */
export function writeHolder({ card, currency, personalisedAtS }: Holder): Uint8Array {
  if (!CARD_ID.test(card)) throw new RangeError(`${card} is not the name of a card`);
  const said = concat(
    Uint8Array.of(FORMAT),
    orderNumberBytes(card.slice(2)),
    uint(currency, 2),
    uint(personalisedAtS, 4),
  );
  return concat(said, new Uint8Array(HOLDER_BYTES - said.length));
}

/** `null` where it is of another format. */
export function readHolder(bytes: Uint8Array): Holder | null {
  if (bytes.length !== HOLDER_BYTES || bytes[0] !== FORMAT) return null;
  return {
    card: mintCardId(bytes.slice(1, 11)),
    currency: readUint(bytes.slice(11, 13)),
    personalisedAtS: readUint(bytes.slice(13, 17)),
  };
}

const KINDS = ['debit', 'load', 'refund'] as const;
export type PurseKind = (typeof KINDS)[number];

/** One line of the card's own log. */
export interface LogRecord {
  readonly kind: PurseKind;
  readonly amountMinor: number;
  /** 16 digits: of the order that is paid, or of the load or refund. */
  readonly order: string;
  /** Four bytes, see {@link terminalMark}; zeros where no terminal had a part in it. */
  readonly terminal: Uint8Array;
  /** Seconds since 1970, by the clock of whoever wrote it. */
  readonly atS: number;
  readonly balanceMinor: number;
}

/** 32 bytes; throws a RangeError where something does not fit. */
export function writeLogRecord(record: LogRecord): Uint8Array {
  if (record.terminal.length !== 4) throw new RangeError('a terminal mark has 4 bytes');
  const said = concat(
    Uint8Array.of(FORMAT, KINDS.indexOf(record.kind) + 1),
    uint(record.amountMinor, 4),
    orderNumberBytes(record.order),
    record.terminal,
    uint(record.atS, 4),
    uint(record.balanceMinor, 4),
  );
  return concat(said, new Uint8Array(LOG_RECORD_BYTES - said.length));
}

/** `null` where it is of another format or kind. */
export function readLogRecord(bytes: Uint8Array): LogRecord | null {
  const kind = KINDS[(bytes[1] ?? 0) - 1];
  if (bytes.length !== LOG_RECORD_BYTES || bytes[0] !== FORMAT || kind === undefined) return null;
  const end = 6 + ORDER_NUMBER_BYTES;
  return {
    kind,
    amountMinor: readUint(bytes.slice(2, 6)),
    order: writeOrderNumber(bytes.slice(6, end)),
    terminal: bytes.slice(end, end + 4),
    atS: readUint(bytes.slice(end + 4, end + 8)),
    balanceMinor: readUint(bytes.slice(end + 8, end + 12)),
  };
}

/** What is to be known of a transaction to prove it. */
export interface TransactionFacts {
  /** As {@link writeHolder} made it; a debit reads it, a load or refund does not. */
  readonly holder: Uint8Array;
  readonly balanceBeforeMinor: number;
  /** As {@link writeLogRecord} made it: kind, amount and all else stand there. */
  readonly record: Uint8Array;
}

const of = Uint8Array.of.bind(Uint8Array);

/**
 * Every byte that the Transaction MAC of these facts covers (MF2DL(H)x0 §10.3.4.2): the balance that
 * was read, too, so that a chain of transactions proves each balance between them. Throws a
 * RangeError where the record is none.
 */
export function transactionInputOf(facts: TransactionFacts): Uint8Array {
  const { holder, balanceBeforeMinor, record } = facts;
  const told = readLogRecord(record);
  if (told === null) throw new RangeError('not a record of this purse');
  const file = (no: number, length: number): Uint8Array =>
    concat(of(no), leBytes(0, 3), leBytes(length, 3));
  const who = transactionInput(INS.readData, file(PURSE_FILES.holder, HOLDER_BYTES), holder);
  const value = (ins: number, amount: number): Uint8Array =>
    transactionInput(ins, concat(of(PURSE_FILES.value), leBytes(amount, 4)));
  return concat(
    told.kind === 'debit' ? who : new Uint8Array(0),
    value(INS.getValue, balanceBeforeMinor),
    value(told.kind === 'debit' ? INS.debit : INS.credit, told.amountMinor),
    transactionInput(INS.writeRecord, file(PURSE_FILES.log, LOG_RECORD_BYTES), record),
  );
}
