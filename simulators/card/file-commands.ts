/** Making, naming and removing files (§11.7). */
import { concat } from '#device/codecs/bytes.ts';
import {
  accessBytes,
  INS,
  leBytes,
  modeByte,
  readAccess,
  readLe,
  readLeSigned,
  readMode,
  STATUS,
} from '#device/codecs/desfire.ts';
import { fileOf, needMaster, SETTING } from './access.ts';
import { simple } from './application-commands.ts';
import type { Card } from './card.ts';
import { CardError } from './card-error.ts';
import type { Command } from './commands.ts';
import { type CardFile, freeBytes } from './state.ts';
import { macFile } from './transaction.ts';

const NONE = new Uint8Array(0);
const LAST_FILE = 0x1f;

/** File number, mode and access rights, before what is special to its kind. */
function head(header: Uint8Array): Pick<CardFile, 'mode' | 'access'> {
  const [, option = 0, low = 0, high = 0] = header;
  if (option === 2 || option > 3) throw new CardError(STATUS.parameterError);
  return { mode: readMode(option), access: readAccess(low, high) };
}

function add(card: Card, header: Uint8Array, file: CardFile): Uint8Array {
  const application = card.application();
  const fileNo = header[0] ?? 0;
  if (fileNo > LAST_FILE) throw new CardError(STATUS.parameterError);
  if (application.files.has(fileNo)) throw new CardError(STATUS.duplicate);
  const named = Object.values(file.access).filter((right) => typeof right === 'number');
  if (named.some((keyNo) => keyNo >= application.keys.length)) {
    throw new CardError(STATUS.parameterError);
  }
  application.files.set(fileNo, file);
  if (freeBytes(card.state) < 0) {
    application.files.delete(fileNo);
    throw new CardError(STATUS.outOfMemory);
  }
  card.save(2);
  return NONE;
}

/** A command that makes a file, from parameters of `length` bytes. */
function creation(
  length: number,
  make: (parameters: Uint8Array) => CardFile,
): Pick<Command, 'header' | 'writes' | 'mode' | 'run'> {
  return simple(length, (card, header) => {
    card.application();
    needMaster(card, SETTING.freeCreation);
    return add(card, header, make(header));
  });
}

function dataFile(kind: 'standard' | 'backup', header: Uint8Array): CardFile {
  const size = readLe(header, 4, 3);
  if (size === 0) throw new CardError(STATUS.parameterError);
  if (size > 8192) throw new CardError(STATUS.outOfMemory);
  return { ...head(header), kind, data: new Uint8Array(size) };
}

function valueFile(header: Uint8Array): CardFile {
  const [lower, upper, value] = [4, 8, 12].map((at) => readLeSigned(header, at));
  const options = header[16] ?? 0;
  if (lower === undefined || upper === undefined || value === undefined || options > 3) {
    throw new CardError(STATUS.parameterError);
  }
  if (lower > upper || value < lower || value > upper) throw new CardError(STATUS.boundaryError);
  const limitedEnabled = (options & 1) !== 0;
  const freeRead = (options & 2) !== 0;
  const limits = { lower, upper, value, limitedEnabled, limited: 0, freeRead };
  return { ...head(header), kind: 'value', ...limits };
}

function recordFile(kind: 'linear' | 'cyclic', header: Uint8Array): CardFile {
  const recordSize = readLe(header, 4, 3);
  const capacity = readLe(header, 7, 3);
  // A cyclic file keeps one record free for the transaction.
  if (recordSize === 0 || capacity < (kind === 'cyclic' ? 2 : 1)) {
    throw new CardError(STATUS.parameterError);
  }
  if (recordSize * capacity > 8192) throw new CardError(STATUS.outOfMemory);
  return { ...head(header), kind, recordSize, capacity, records: [] };
}

function createTransactionMacFile(card: Card, header: Uint8Array, data: Uint8Array): Uint8Array {
  if (data.length !== 17) throw new CardError(STATUS.lengthError);
  if (header[4] !== 0x02) throw new CardError(STATUS.parameterError);
  if (macFile(card.application()) !== null) throw new CardError(STATUS.duplicate);
  const { mode, access } = head(header);
  if (access.write !== 'never') throw new CardError(STATUS.parameterError);
  return add(card, header, {
    mode,
    access,
    kind: 'transaction-mac',
    key: data.slice(0, 16),
    keyVersion: data[16] ?? 0,
    counter: 0,
    mac: new Uint8Array(8),
    readerId: new Uint8Array(16),
  });
}

function settings(card: Card, header: Uint8Array): Uint8Array {
  needMaster(card, SETTING.freeListing);
  const file = fileOf(card, header);
  const common = concat(Uint8Array.of(modeByte(file.mode)), accessBytes(file.access));
  const tell = (kind: number, ...rest: Uint8Array[]): Uint8Array =>
    concat(Uint8Array.of(kind), common, ...rest);
  switch (file.kind) {
    case 'standard':
    case 'backup':
      return tell(file.kind === 'standard' ? 0 : 1, leBytes(file.data.length, 3));
    case 'value': {
      const options = (file.limitedEnabled ? 1 : 0) | (file.freeRead ? 2 : 0);
      const numbers = [file.lower, file.upper, file.limited].map((each) => leBytes(each, 4));
      return tell(2, ...numbers, Uint8Array.of(options));
    }
    case 'linear':
    case 'cyclic': {
      const numbers = [file.recordSize, file.capacity, file.records.length];
      return tell(file.kind === 'linear' ? 3 : 4, ...numbers.map((each) => leBytes(each, 3)));
    }
    case 'transaction-mac':
      return tell(5, Uint8Array.of(0x02, file.keyVersion));
  }
}

function changeSettings(card: Card, header: Uint8Array, data: Uint8Array): Uint8Array {
  if (data.length !== 3) throw new CardError(STATUS.lengthError);
  const file = fileOf(card, header);
  Object.assign(file, head(concat(header, data)));
  card.save(1);
  return NONE;
}

function fileIds(card: Card): Uint8Array {
  needMaster(card, SETTING.freeListing);
  return Uint8Array.from(card.application().files.keys()).sort();
}

function deleteFile(card: Card, header: Uint8Array): Uint8Array {
  const file = fileOf(card, header);
  needMaster(card, file.kind === 'transaction-mac' ? 0 : SETTING.freeCreation);
  card.application().files.delete(header[0] ?? 0);
  card.transaction = null;
  card.save(1);
  return NONE;
}

export const FILE_COMMANDS: readonly (readonly [number, Command])[] = [
  [INS.createStandardFile, creation(7, (header) => dataFile('standard', header))],
  [INS.createBackupFile, creation(7, (header) => dataFile('backup', header))],
  [INS.createValueFile, creation(17, valueFile)],
  [INS.createLinearRecordFile, creation(10, (header) => recordFile('linear', header))],
  [INS.createCyclicRecordFile, creation(10, (header) => recordFile('cyclic', header))],
  [
    INS.createTransactionMacFile,
    {
      header: () => 5,
      writes: true,
      mode(card) {
        card.application();
        needMaster(card);
        return 'full';
      },
      run: createTransactionMacFile,
    },
  ],
  [INS.deleteFile, simple(1, deleteFile)],
  [INS.getFileIds, simple(0, fileIds)],
  [INS.getFileSettings, simple(1, settings)],
  [
    INS.changeFileSettings,
    {
      header: () => 1,
      writes: true,
      mode(card, header) {
        const file = fileOf(card, header);
        const { change } = file.access;
        if (change === 'never') throw new CardError(STATUS.permissionDenied);
        if (change === 'free') return 'plain';
        if (card.session?.keyNo !== change) throw new CardError(STATUS.authenticationError);
        return 'full';
      },
      run: changeSettings,
    },
  ],
];
