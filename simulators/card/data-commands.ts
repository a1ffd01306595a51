/** Reading and writing of data and record files (§11.8.1 to §11.8.5). */
import { concat } from '#device/codecs/bytes.ts';
import { INS, leBytes, readLe, STATUS } from '#device/codecs/desfire.ts';
import { fileOf, modeFor } from './access.ts';
import type { Card } from './card.ts';
import { CardError } from './card-error.ts';
import type { Command } from './commands.ts';
import type { CardFile, RecordFile } from './state.ts';
import { macContent, Transaction } from './transaction.ts';

const NONE = new Uint8Array(0);

const readMode: Command['mode'] = (card, header) => {
  const file = fileOf(card, header);
  const { read, readWrite } = file.access;
  // Of a Transaction MAC file, the third right is about committing a reader.
  return modeFor(card, file, file.kind === 'transaction-mac' ? [read] : [read, readWrite]);
};

const writeMode: Command['mode'] = (card, header) => {
  const file = fileOf(card, header);
  if (file.kind === 'transaction-mac') throw new CardError(STATUS.permissionDenied);
  return modeFor(card, file, [file.access.write, file.access.readWrite]);
};

function contentOf(file: CardFile): Uint8Array {
  if (file.kind === 'standard' || file.kind === 'backup') return file.data;
  if (file.kind === 'transaction-mac') return macContent(file);
  throw new CardError(STATUS.permissionDenied);
}

/** What was committed: a running transaction's writes are not seen. */
function readData(ins: number, card: Card, header: Uint8Array, data: Uint8Array): Uint8Array {
  if (data.length > 0) throw new CardError(STATUS.lengthError);
  const file = fileOf(card, header);
  const content = contentOf(file);
  const offset = readLe(header, 1, 3);
  const length = readLe(header, 4, 3) || content.length - offset;
  if (length <= 0 || offset + length > content.length) throw new CardError(STATUS.boundaryError);
  const told = content.slice(offset, offset + length);
  if (file.kind !== 'transaction-mac') {
    Transaction.of(card).note(ins, concat(header.slice(0, 4), leBytes(length, 3)), told);
  }
  return told;
}

function writeData(ins: number, card: Card, header: Uint8Array, data: Uint8Array): Uint8Array {
  const fileNo = header[0] ?? 0;
  const file = fileOf(card, header);
  if (file.kind !== 'standard' && file.kind !== 'backup') {
    throw new CardError(STATUS.permissionDenied);
  }
  const offset = readLe(header, 1, 3);
  if (data.length === 0) throw new CardError(STATUS.parameterError);
  if (offset + data.length > file.data.length) throw new CardError(STATUS.boundaryError);
  const transaction = Transaction.of(card);
  transaction.note(ins, header, data);
  if (file.kind === 'standard') {
    file.data.set(data, offset);
    card.save(Math.ceil(data.length / 64));
    return NONE;
  }
  const pending = transaction.pending(fileNo, file).file;
  if (pending.kind === 'backup') pending.data.set(data, offset);
  return NONE;
}

function recordsOf(file: CardFile): RecordFile {
  if (file.kind !== 'linear' && file.kind !== 'cyclic') {
    throw new CardError(STATUS.permissionDenied);
  }
  return file;
}

function readRecords(ins: number, card: Card, header: Uint8Array, data: Uint8Array): Uint8Array {
  if (data.length > 0) throw new CardError(STATUS.lengthError);
  const { records } = recordsOf(fileOf(card, header));
  const newest = readLe(header, 1, 3);
  const count = readLe(header, 4, 3) || records.length - newest;
  if (count <= 0 || newest + count > records.length) throw new CardError(STATUS.boundaryError);
  const end = records.length - newest;
  const told = concat(...records.slice(end - count, end));
  Transaction.of(card).note(ins, concat(header.slice(0, 4), leBytes(count, 3)), told);
  return told;
}

/** All writes of one transaction go into one new record (§11.8.4). */
function writeRecord(ins: number, card: Card, header: Uint8Array, data: Uint8Array): Uint8Array {
  const original = recordsOf(fileOf(card, header));
  const offset = readLe(header, 1, 3);
  if (data.length === 0) throw new CardError(STATUS.parameterError);
  if (offset + data.length > original.recordSize) throw new CardError(STATUS.boundaryError);
  const transaction = Transaction.of(card);
  const pending = transaction.pending(header[0] ?? 0, original);
  const file = recordsOf(pending.file);
  if (!pending.recordBegun) {
    const room = file.kind === 'cyclic' ? file.capacity - 1 : file.capacity;
    if (file.records.length >= room) {
      if (file.kind === 'linear') throw new CardError(STATUS.boundaryError);
      file.records.shift();
    }
    file.records.push(new Uint8Array(file.recordSize));
    pending.recordBegun = true;
  }
  file.records.at(-1)?.set(data, offset);
  transaction.note(ins, header, data);
  return NONE;
}

function clearRecords(card: Card, header: Uint8Array, data: Uint8Array): Uint8Array {
  if (data.length > 0) throw new CardError(STATUS.lengthError);
  const transaction = Transaction.of(card);
  const pending = transaction.pending(header[0] ?? 0, recordsOf(fileOf(card, header)));
  recordsOf(pending.file).records = [];
  transaction.note(INS.clearRecordFile, header);
  return NONE;
}

type Run = (ins: number, card: Card, header: Uint8Array, data: Uint8Array) => Uint8Array;

const reading = (ins: number, run: Run): readonly [number, Command] => [
  ins,
  {
    header: () => 7,
    writes: false,
    mode: readMode,
    run: (card, header, data) => run(ins, card, header, data),
  },
];

const writing = (ins: number, run: Run): readonly [number, Command] => [
  ins,
  {
    header: () => 7,
    due: (header) => readLe(header, 4, 3),
    writes: true,
    mode: writeMode,
    run: (card, header, data) => run(ins, card, header, data),
  },
];

export const DATA_COMMANDS: readonly (readonly [number, Command])[] = [
  reading(INS.readData, readData),
  reading(INS.readDataIso, readData),
  writing(INS.writeData, writeData),
  writing(INS.writeDataIso, writeData),
  reading(INS.readRecords, readRecords),
  reading(INS.readRecordsIso, readRecords),
  writing(INS.writeRecord, writeRecord),
  writing(INS.writeRecordIso, writeRecord),
  [
    INS.clearRecordFile,
    {
      header: () => 1,
      writes: false,
      // Full access to the file, and nothing that needs hiding.
      mode(card, header) {
        const file = fileOf(card, header);
        return modeFor(card, file, [file.access.readWrite]) === 'plain' ? 'plain' : 'mac';
      },
      run: clearRecords,
    },
  ],
];
