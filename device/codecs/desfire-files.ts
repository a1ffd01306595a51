/** What GetVersion and GetFileSettings answer (MF2DL(H)x0 data sheet §11.3.1 and §11.7.3). */
import {
  type AccessRights,
  type CommunicationMode,
  readAccess,
  readLe,
  readLeSigned,
  readMode,
} from './desfire.ts';

interface FileHead {
  readonly mode: CommunicationMode;
  readonly access: AccessRights;
}

export type FileSettings = FileHead &
  (
    | { readonly kind: 'standard' | 'backup'; readonly size: number }
    | {
        readonly kind: 'value';
        readonly lower: number;
        readonly upper: number;
        /** What LimitedCredit may still give back. */
        readonly limitedCredit: number;
        readonly limitedCreditEnabled: boolean;
        readonly freeRead: boolean;
      }
    | {
        readonly kind: 'linear' | 'cyclic';
        readonly recordSize: number;
        readonly records: number;
        readonly current: number;
      }
    | { readonly kind: 'transaction-mac'; readonly keyVersion: number }
  );

/** `null` where it is of no known kind or too short. */
export function readFileSettings(bytes: Uint8Array): FileSettings | null {
  const [kind, option = 0, low = 0, high = 0] = bytes;
  const head = { mode: readMode(option), access: readAccess(low, high) };
  const rest = bytes.subarray(4);
  switch (kind) {
    case 0:
    case 1:
      if (rest.length < 3) return null;
      return { ...head, kind: kind === 0 ? 'standard' : 'backup', size: readLe(rest, 0, 3) };
    case 2: {
      if (rest.length < 13) return null;
      const options = rest[12] ?? 0;
      return {
        ...head,
        kind: 'value',
        lower: readLeSigned(rest, 0),
        upper: readLeSigned(rest, 4),
        limitedCredit: readLeSigned(rest, 8),
        limitedCreditEnabled: (options & 1) !== 0,
        freeRead: (options & 2) !== 0,
      };
    }
    case 3:
    case 4:
      if (rest.length < 9) return null;
      return {
        ...head,
        kind: kind === 3 ? 'linear' : 'cyclic',
        recordSize: readLe(rest, 0, 3),
        records: readLe(rest, 3, 3),
        current: readLe(rest, 6, 3),
      };
    case 5:
      if (rest.length < 2) return null;
      return { ...head, kind: 'transaction-mac', keyVersion: rest[1] ?? 0 };
    default:
      return null;
  }
}

export interface CardVersion {
  /** 1 is DESFire. */
  readonly kind: number;
  /** Of the hardware; 0x12 is EV2. */
  readonly major: number;
  readonly minor: number;
  /** In bytes, at least. */
  readonly storage: number;
  /** Seven bytes; zeros where the card answers with random ones. */
  readonly uid: Uint8Array;
}

/** All three frames joined, 28 bytes; `null` where it is shorter. */
export function readVersion(bytes: Uint8Array): CardVersion | null {
  if (bytes.length < 28) return null;
  return {
    kind: bytes[1] ?? 0,
    major: bytes[3] ?? 0,
    minor: bytes[4] ?? 0,
    storage: 2 ** ((bytes[5] ?? 0) >> 1),
    uid: bytes.slice(14, 21),
  };
}
