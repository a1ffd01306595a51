/** Who may do what: key settings of card and applications, access rights of files (§8.2.3). */
import { type Access, type CommunicationMode, STATUS } from '#device/codecs/desfire.ts';
import type { Card } from './card.ts';
import { CardError } from './card-error.ts';
import type { CardFile } from './state.ts';

/** Bits of the key settings. */
export const SETTING = {
  masterChangeable: 0x01,
  freeListing: 0x02,
  freeCreation: 0x04,
  settingsChangeable: 0x08,
} as const;

export const settingsOf = (card: Card): number =>
  card.aid === 0 ? card.state.settings : card.application().settings;

const isMaster = (card: Card): boolean => card.session?.keyNo === 0;

/** Refuses unless the master key was proven or a setting makes it free. */
export function needMaster(card: Card, freeBy = 0): void {
  if (isMaster(card) || (settingsOf(card) & freeBy) !== 0) return;
  throw new CardError(STATUS.authenticationError);
}

export function needCardLevel(card: Card): void {
  if (card.aid !== 0) throw new CardError(STATUS.permissionDenied);
}

export function needSession(card: Card): void {
  if (card.session === null) throw new CardError(STATUS.authenticationError);
}

/**
 * The mode of a command on `file` that any of `rights` allows: the file's where a proven key gives
 * the right, plain where anybody has it. Refuses where neither does (§8.2.3.4).
 */
export function modeFor(card: Card, file: CardFile, rights: readonly Access[]): CommunicationMode {
  const keyNo = card.session?.keyNo;
  if (keyNo !== undefined && rights.includes(keyNo)) return file.mode;
  if (rights.includes('free')) return 'plain';
  const never = rights.every((right) => right === 'never');
  throw new CardError(never ? STATUS.permissionDenied : STATUS.authenticationError);
}

export function fileOf(card: Card, header: Uint8Array): CardFile {
  const file = card.application().files.get(header[0] ?? 0);
  if (file === undefined) throw new CardError(STATUS.fileNotFound);
  return file;
}
