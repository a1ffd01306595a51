/** Value files and the end of transactions (§11.8.6 to §11.9). */
import { concat } from '#device/codecs/bytes.ts';
import { INS, leBytes, readLeSigned, STATUS } from '#device/codecs/desfire.ts';
import { fileOf, modeFor } from './access.ts';
import { simple } from './application-commands.ts';
import type { Card } from './card.ts';
import { CardError } from './card-error.ts';
import type { Command } from './commands.ts';
import type { CardFile, ValueFile } from './state.ts';
import { macFile, Transaction } from './transaction.ts';

const NONE = new Uint8Array(0);

function valueFileOf(file: CardFile): ValueFile {
  if (file.kind !== 'value') throw new CardError(STATUS.permissionDenied);
  return file;
}

function getValue(card: Card, header: Uint8Array, data: Uint8Array): Uint8Array {
  if (data.length > 0) throw new CardError(STATUS.lengthError);
  const told = leBytes(valueFileOf(fileOf(card, header)).value, 4);
  Transaction.of(card).note(INS.getValue, concat(header, told));
  return told;
}

type Change = (file: ValueFile, amount: number) => number;

/** Changes the pending value; refuses what would leave the limits (§10.1.2). */
function change(ins: number, by: Change): Command['run'] {
  return (card, header, data) => {
    if (data.length !== 4) throw new CardError(STATUS.lengthError);
    const amount = readLeSigned(data);
    if (amount < 0) throw new CardError(STATUS.parameterError);
    const transaction = Transaction.of(card);
    const pending = transaction.pending(header[0] ?? 0, valueFileOf(fileOf(card, header)));
    const file = valueFileOf(pending.file);
    const after = file.value + by(file, amount);
    if (after < file.lower || after > file.upper) throw new CardError(STATUS.boundaryError);
    file.value = after;
    if (ins === INS.debit) pending.debited += amount;
    if (ins === INS.limitedCredit) {
      file.limited = 0;
      pending.creditedBack = true;
    }
    transaction.note(ins, concat(header, data));
    return NONE;
  };
}

const limitedCredit: Change = (file, amount) => {
  if (!file.limitedEnabled) throw new CardError(STATUS.permissionDenied);
  if (amount > file.limited) throw new CardError(STATUS.boundaryError);
  return amount;
};

/** `rights` tells which of a file's access rights allow the command. */
function value(
  rights: (file: ValueFile) => Parameters<typeof modeFor>[2],
  writes: boolean,
  run: Command['run'],
): Command {
  return {
    header: () => 1,
    writes,
    mode: (card, header) => {
      const file = valueFileOf(fileOf(card, header));
      return modeFor(card, file, rights(file));
    },
    run,
  };
}

function commit(card: Card, option: Uint8Array): Uint8Array {
  const [wanted = 0] = option;
  if (option.length > 1) throw new CardError(STATUS.lengthError);
  if (wanted > 1) throw new CardError(STATUS.parameterError);
  card.application();
  return Transaction.of(card).commit(wanted === 1);
}

function abort(card: Card): Uint8Array {
  card.application();
  card.transaction = null;
  return NONE;
}

export const VALUE_COMMANDS: readonly (readonly [number, Command])[] = [
  [
    INS.getValue,
    value(
      ({ access, freeRead }) => {
        const { read, write, readWrite } = access;
        return freeRead ? [read, write, readWrite, 'free'] : [read, write, readWrite];
      },
      false,
      getValue,
    ),
  ],
  [
    INS.debit,
    value(
      ({ access: { read, write, readWrite } }) => [read, write, readWrite],
      true,
      change(INS.debit, (_, amount) => -amount),
    ),
  ],
  [
    INS.limitedCredit,
    value(
      ({ access: { write, readWrite } }) => [write, readWrite],
      true,
      change(INS.limitedCredit, limitedCredit),
    ),
  ],
  [
    INS.credit,
    value(
      ({ access: { readWrite } }) => [readWrite],
      true,
      change(INS.credit, (_, amount) => amount),
    ),
  ],
  [
    INS.commitTransaction,
    {
      // The option may be left out; a session's MAC follows it.
      header: () => 0,
      writes: false,
      mode: () => 'mac',
      run: (card, _, option) => commit(card, option),
    },
  ],
  [INS.abortTransaction, simple(0, abort)],
  [
    INS.commitReaderId,
    {
      header: () => 0,
      writes: true,
      mode(card) {
        const file = macFile(card.application());
        if (file === null) throw new CardError(STATUS.permissionDenied);
        modeFor(card, file, [file.access.readWrite]);
        return 'mac';
      },
      run(card, _, readerId) {
        if (readerId.length !== 16) throw new CardError(STATUS.lengthError);
        return Transaction.of(card).commitReader(readerId);
      },
    },
  ],
];
