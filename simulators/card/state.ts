/** What a card keeps without power. */
import { fromHex, fromUtf8, hex, utf8 } from '#device/codecs/bytes.ts';
import type { AccessRights, CommunicationMode } from '#device/codecs/desfire.ts';

export interface CardKey {
  key: Uint8Array;
  version: number;
}

interface FileHead {
  mode: CommunicationMode;
  access: AccessRights;
}

export type DataFile = FileHead & { kind: 'standard' | 'backup'; data: Uint8Array };
export type ValueFile = FileHead & {
  kind: 'value';
  lower: number;
  upper: number;
  value: number;
  limitedEnabled: boolean;
  /** What LimitedCredit may give back: the debits of the last transaction that had any. */
  limited: number;
  freeRead: boolean;
};
export type RecordFile = FileHead & {
  kind: 'linear' | 'cyclic';
  recordSize: number;
  capacity: number;
  /** Oldest first. */
  records: Uint8Array[];
};
export type TransactionMacFile = FileHead & {
  kind: 'transaction-mac';
  key: Uint8Array;
  keyVersion: number;
  counter: number;
  mac: Uint8Array;
  /** Who committed the last transaction; zeros where nobody did. */
  readerId: Uint8Array;
};
export type CardFile = DataFile | ValueFile | RecordFile | TransactionMacFile;

export interface Application {
  aid: number;
  settings: number;
  keys: CardKey[];
  name: Uint8Array | null;
  fileId: number | null;
  files: Map<number, CardFile>;
}

export interface CardState {
  uid: Uint8Array;
  settings: number;
  master: CardKey;
  applications: Application[];
}

/** A card as its first owner has it: an AES master key of zeros, and nothing else. */
export const blankState = (uid: Uint8Array): CardState => ({
  uid,
  settings: 0x0f,
  master: { key: new Uint8Array(16), version: 0 },
  applications: [],
});

/** Bytes and maps as JSON has none: `{ "$": "hex" }`, `{ "#": [[key, value], …] }`. */
export function writeState(state: CardState): Uint8Array {
  const replace = (_: string, value: unknown): unknown => {
    if (value instanceof Uint8Array) return { $: hex(value) };
    if (value instanceof Map) return { '#': [...value] };
    return value;
  };
  return utf8(JSON.stringify(state, replace));
}

export function readState(bytes: Uint8Array): CardState {
  const revive = (_: string, value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if ('$' in value && typeof value.$ === 'string') return fromHex(value.$);
    if ('#' in value && Array.isArray(value['#'])) return new Map(value['#']);
    return value;
  };
  return JSON.parse(fromUtf8(bytes), revive) as CardState;
}

/** Memory is given out in blocks (data sheet §8.2.2). */
const BLOCK = 32;
export const CAPACITY = 8192;
const blocks = (bytes: number): number => Math.ceil(bytes / BLOCK) * BLOCK;

/** Bytes that a file takes. */
export function fileSize(file: CardFile): number {
  switch (file.kind) {
    case 'standard':
      return blocks(file.data.length);
    case 'backup':
      return blocks(file.data.length) * 2;
    case 'value':
      return BLOCK;
    case 'linear':
    case 'cyclic':
      return blocks(file.recordSize * file.capacity);
    case 'transaction-mac':
      return BLOCK * 2;
  }
}

export function freeBytes({ applications }: CardState): number {
  const used = applications.map(({ keys, files }) => {
    const inFiles = [...files.values()].reduce((sum, file) => sum + BLOCK + fileSize(file), 0);
    return blocks(64 + keys.length * 17) + inFiles;
  });
  return CAPACITY - used.reduce((sum, each) => sum + each, 0);
}
