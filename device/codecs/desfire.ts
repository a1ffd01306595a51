/**
 * MIFARE DESFire's native commands in ISO/IEC 7816-4 wrapping (MF2DL(H)x0 data sheet §8.4: CLA 90,
 * INS the native code, P1 P2 00; answers end in 91 and the native status). Numbers are little-endian.
 */
import { concat } from './bytes.ts';

export const INS = {
  authenticateAes: 0xaa,
  authenticateEv2First: 0x71,
  authenticateEv2NonFirst: 0x77,
  additionalFrame: 0xaf,
  changeKeySettings: 0x54,
  getKeySettings: 0x45,
  changeKey: 0xc4,
  getKeyVersion: 0x64,
  createApplication: 0xca,
  deleteApplication: 0xda,
  getApplicationIds: 0x6a,
  freeMemory: 0x6e,
  getDfNames: 0x6d,
  selectApplication: 0x5a,
  formatPicc: 0xfc,
  getVersion: 0x60,
  getCardUid: 0x51,
  setConfiguration: 0x5c,
  getFileIds: 0x6f,
  getIsoFileIds: 0x61,
  getFileSettings: 0xf5,
  changeFileSettings: 0x5f,
  createStandardFile: 0xcd,
  createBackupFile: 0xcb,
  createValueFile: 0xcc,
  createLinearRecordFile: 0xc1,
  createCyclicRecordFile: 0xc0,
  createTransactionMacFile: 0xce,
  deleteFile: 0xdf,
  readData: 0xbd,
  readDataIso: 0xad,
  writeData: 0x3d,
  writeDataIso: 0x8d,
  getValue: 0x6c,
  credit: 0x0c,
  debit: 0xdc,
  limitedCredit: 0x1c,
  writeRecord: 0x3b,
  writeRecordIso: 0x8b,
  readRecords: 0xbb,
  readRecordsIso: 0xab,
  updateRecord: 0xdb,
  clearRecordFile: 0xeb,
  commitTransaction: 0xc7,
  commitReaderId: 0xc8,
  abortTransaction: 0xa7,
} as const;

/** Native status bytes, the second byte of 91 xx (§11.2, table 21). */
export const STATUS = {
  done: 0x00,
  noChanges: 0x0c,
  outOfMemory: 0x0e,
  illegalCommand: 0x1c,
  integrityError: 0x1e,
  noSuchKey: 0x40,
  lengthError: 0x7e,
  permissionDenied: 0x9d,
  parameterError: 0x9e,
  applicationNotFound: 0xa0,
  authenticationError: 0xae,
  additionalFrame: 0xaf,
  boundaryError: 0xbe,
  commandAborted: 0xca,
  duplicate: 0xde,
  memoryError: 0xee,
  fileNotFound: 0xf0,
} as const;

const STATUS_NAMES = new Map<number, string>(
  Object.entries(STATUS).map(([name, status]) => [status, name]),
);

/** Such as `authenticationError`, or `status 17` where the data sheet has no name for it. */
export const statusName = (status: number): string =>
  STATUS_NAMES.get(status) ?? `status ${status.toString(16).padStart(2, '0')}`;

/** How a command's data travel once a key was proven (§8.2.3.5). */
export type CommunicationMode = 'plain' | 'mac' | 'full';

export interface DesfireCommand {
  readonly ins: number;
  /** Parameters that are never encrypted, such as a file's number. */
  readonly header: Uint8Array;
  /** What is encrypted in full mode. */
  readonly data: Uint8Array;
  readonly mode: CommunicationMode;
}

/** Longest data of one frame: what a card with 64-byte frames takes in ISO wrapping. */
export const FRAME_DATA = 54;

/** `width` bytes, last byte first; negative numbers in two's complement. */
export function leBytes(value: number, width: number): Uint8Array {
  return Uint8Array.from({ length: width }, (_, at) => Math.floor(value / 256 ** at) & 255);
}

export function readLe(bytes: Uint8Array, at = 0, width = bytes.length - at): number {
  let value = 0;
  for (let index = width - 1; index >= 0; index -= 1)
    value = value * 256 + (bytes[at + index] ?? 0);
  return value;
}

/** Four bytes as a signed number, as value files hold it (§10.1.2). */
export const readLeSigned = (bytes: Uint8Array, at = 0): number => readLe(bytes, at, 4) | 0;

/** One native command as an APDU. */
export function wrap(ins: number, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const body = data.length === 0 ? data : concat(Uint8Array.of(data.length), data);
  return concat(Uint8Array.of(0x90, ins, 0x00, 0x00), body, Uint8Array.of(0x00));
}

export interface NativeAnswer {
  readonly status: number;
  readonly data: Uint8Array;
}

/** `null` where the answer is not a native one: shorter than a status word, or not 91 xx. */
export function unwrap(response: Uint8Array): NativeAnswer | null {
  if (response.length < 2 || response[response.length - 2] !== 0x91) return null;
  return { status: response[response.length - 1] ?? 0, data: response.slice(0, -2) };
}

/** A key's number, `free` for anyone, `never` for nobody (§8.2.3.3). */
export type Access = number | 'free' | 'never';

export interface AccessRights {
  readonly read: Access;
  readonly write: Access;
  readonly readWrite: Access;
  readonly change: Access;
}

const nibble = (access: Access): number =>
  access === 'free' ? 14 : access === 'never' ? 15 : access;
const fromNibble = (value: number): Access =>
  value === 14 ? 'free' : value === 15 ? 'never' : value;

export function accessBytes({ read, write, readWrite, change }: AccessRights): Uint8Array {
  const low = (nibble(readWrite) << 4) | nibble(change);
  return Uint8Array.of(low, (nibble(read) << 4) | nibble(write));
}

export function readAccess(low: number, high: number): AccessRights {
  return {
    read: fromNibble(high >> 4),
    write: fromNibble(high & 15),
    readWrite: fromNibble(low >> 4),
    change: fromNibble(low & 15),
  };
}

const MODES: readonly CommunicationMode[] = ['plain', 'mac', 'plain', 'full'];
export const modeByte = (mode: CommunicationMode): number =>
  mode === 'plain' ? 0 : mode === 'mac' ? 1 : 3;
export const readMode = (byte: number): CommunicationMode => MODES[byte & 3] ?? 'plain';
