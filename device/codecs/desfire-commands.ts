/** Builders of DESFire commands (MF2DL(H)x0 data sheet §11; the file kinds it lacks: DESFire EV1). */
import { crc32, xor } from './aes.ts';
import { concat } from './bytes.ts';
import {
  type AccessRights,
  accessBytes,
  type CommunicationMode,
  type DesfireCommand,
  INS,
  leBytes,
  modeByte,
} from './desfire.ts';

const NONE = new Uint8Array(0);
const of = Uint8Array.of.bind(Uint8Array);

function command(
  ins: number,
  header: Uint8Array = NONE,
  mode: CommunicationMode = 'mac',
  data: Uint8Array = NONE,
): DesfireCommand {
  return { ins, header, data, mode };
}

/** Application numbers have three bytes; 0 is the card itself. */
const aidBytes = (aid: number): Uint8Array => leBytes(aid, 3);

export const getVersion = (): DesfireCommand => command(INS.getVersion);
export const getCardUid = (): DesfireCommand => command(INS.getCardUid, NONE, 'full');
export const freeMemory = (): DesfireCommand => command(INS.freeMemory);
export const formatPicc = (): DesfireCommand => command(INS.formatPicc);
/** Ends any session, whoever answers. */
export const selectApplication = (aid: number): DesfireCommand =>
  command(INS.selectApplication, aidBytes(aid), 'plain');
export const deleteApplication = (aid: number): DesfireCommand =>
  command(INS.deleteApplication, aidBytes(aid));
export const getApplicationIds = (): DesfireCommand => command(INS.getApplicationIds);
export const getKeySettings = (): DesfireCommand => command(INS.getKeySettings);
export const getKeyVersion = (keyNo: number): DesfireCommand =>
  command(INS.getKeyVersion, of(keyNo));

export interface NewApplication {
  readonly aid: number;
  /** Key settings as the data sheet has them (§8.2.3.2), such as 0x0b. */
  readonly settings: number;
  /** 1 to 14 AES keys, all zeros at first. */
  readonly keys: number;
  /** 1 to 16 bytes; with it the application can be chosen by ISO SELECT. */
  readonly name?: Uint8Array;
  readonly fileId?: number;
}

export function createApplication(wanted: NewApplication): DesfireCommand {
  const named = wanted.name !== undefined;
  const kind = 0x80 | (named ? 0x20 : 0) | wanted.keys;
  const iso = named ? concat(leBytes(wanted.fileId ?? 0xe110, 2), wanted.name ?? NONE) : NONE;
  const header = concat(aidBytes(wanted.aid), of(wanted.settings, kind), iso);
  return command(INS.createApplication, header);
}

/** `current` is the key with which the session was made, `old` the one to be replaced. */
export interface KeyChange {
  readonly keyNo: number;
  readonly key: Uint8Array;
  readonly version: number;
  /** The key that is replaced; absent where it is the one of this session. */
  readonly old?: Uint8Array;
  /** On the card itself the key's kind travels with its number. */
  readonly onCard?: boolean;
}

/** §11.6.1: another key travels as a difference, with a checksum of the new one. */
export function changeKey({ keyNo, key, version, old, onCard }: KeyChange): DesfireCommand {
  const header = of(onCard === true ? keyNo | 0x80 : keyNo);
  const data =
    old === undefined ? concat(key, of(version)) : concat(xor(key, old), of(version), crc32(key));
  return command(INS.changeKey, header, 'full', data);
}

export const changeKeySettings = (settings: number): DesfireCommand =>
  command(INS.changeKeySettings, NONE, 'full', of(settings));

export const getFileIds = (): DesfireCommand => command(INS.getFileIds);
export const getFileSettings = (fileNo: number): DesfireCommand =>
  command(INS.getFileSettings, of(fileNo));
export const deleteFile = (fileNo: number): DesfireCommand => command(INS.deleteFile, of(fileNo));

export interface NewFile {
  readonly fileNo: number;
  readonly mode: CommunicationMode;
  readonly access: AccessRights;
}

const fileHead = ({ fileNo, mode, access }: NewFile): Uint8Array =>
  concat(of(fileNo, modeByte(mode)), accessBytes(access));

export const createDataFile = (
  file: NewFile & { readonly size: number; readonly backup?: boolean },
): DesfireCommand =>
  command(
    file.backup === true ? INS.createBackupFile : INS.createStandardFile,
    concat(fileHead(file), leBytes(file.size, 3)),
  );

export interface NewValueFile extends NewFile {
  readonly lower: number;
  readonly upper: number;
  readonly value: number;
  readonly limitedCredit: boolean;
  /** Anyone may read the value, whatever the access rights say. */
  readonly freeRead?: boolean;
}

export function createValueFile(file: NewValueFile): DesfireCommand {
  const numbers = [file.lower, file.upper, file.value].map((each) => leBytes(each, 4));
  const options = (file.limitedCredit ? 1 : 0) | (file.freeRead === true ? 2 : 0);
  return command(INS.createValueFile, concat(fileHead(file), ...numbers, of(options)));
}

export const createRecordFile = (
  file: NewFile & {
    readonly recordSize: number;
    readonly records: number;
    readonly cyclic: boolean;
  },
): DesfireCommand =>
  command(
    file.cyclic ? INS.createCyclicRecordFile : INS.createLinearRecordFile,
    concat(fileHead(file), leBytes(file.recordSize, 3), leBytes(file.records, 3)),
  );

const AES_TRANSACTION_KEY = 0x02;

/** §11.7.6: who may read is `access.read`, who must commit a reader `access.readWrite`. */
export const createTransactionMacFile = (
  file: NewFile & { readonly key: Uint8Array; readonly version: number },
): DesfireCommand =>
  command(
    INS.createTransactionMacFile,
    concat(fileHead(file), of(AES_TRANSACTION_KEY)),
    'full',
    concat(file.key, of(file.version)),
  );

export const changeFileSettings = ({ fileNo, mode, access }: NewFile): DesfireCommand =>
  command(
    INS.changeFileSettings,
    of(fileNo),
    'full',
    concat(of(modeByte(mode)), accessBytes(access)),
  );

/** A length of 0 is all that is there. The mode must be the file's. */
export const readData = (
  fileNo: number,
  offset: number,
  length: number,
  mode: CommunicationMode,
): DesfireCommand =>
  command(INS.readData, concat(of(fileNo), leBytes(offset, 3), leBytes(length, 3)), mode);

export const writeData = (
  fileNo: number,
  offset: number,
  data: Uint8Array,
  mode: CommunicationMode,
): DesfireCommand =>
  command(
    INS.writeData,
    concat(of(fileNo), leBytes(offset, 3), leBytes(data.length, 3)),
    mode,
    data,
  );

export const getValue = (fileNo: number, mode: CommunicationMode): DesfireCommand =>
  command(INS.getValue, of(fileNo), mode);

const changeValue =
  (ins: number) =>
  (fileNo: number, amount: number, mode: CommunicationMode): DesfireCommand =>
    command(ins, of(fileNo), mode, leBytes(amount, 4));

/** Amounts are 0 to 2^31 − 1; nothing has happened before CommitTransaction. */
export const credit = changeValue(INS.credit);
export const debit = changeValue(INS.debit);
export const limitedCredit = changeValue(INS.limitedCredit);

export const writeRecord = (
  fileNo: number,
  offset: number,
  data: Uint8Array,
  mode: CommunicationMode,
): DesfireCommand => ({ ...writeData(fileNo, offset, data, mode), ins: INS.writeRecord });

/** `first` counts from the newest, 0; `count` 0 is all older ones too. Answered oldest first. */
export const readRecords = (
  fileNo: number,
  first: number,
  count: number,
  mode: CommunicationMode,
): DesfireCommand => ({ ...readData(fileNo, first, count, mode), ins: INS.readRecords });

export const clearRecordFile = (fileNo: number): DesfireCommand =>
  command(INS.clearRecordFile, of(fileNo));

/** With `proof` the card answers its counter (4 bytes) and Transaction MAC (8 bytes). */
export const commitTransaction = (proof: boolean): DesfireCommand =>
  command(INS.commitTransaction, proof ? of(1) : NONE);
export const abortTransaction = (): DesfireCommand => command(INS.abortTransaction);

/** 16 bytes that name this reader to the back office; answered with the last one's, encrypted. */
export const commitReaderId = (readerId: Uint8Array): DesfireCommand =>
  command(INS.commitReaderId, NONE, 'mac', readerId);
