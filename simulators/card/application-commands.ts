/** The card as a whole, and its applications (DESFire EV1 functional specification; §11.5). */
import { concat } from '#device/codecs/bytes.ts';
import { INS, leBytes, readLe, STATUS } from '#device/codecs/desfire.ts';
import { needCardLevel, needMaster, needSession, SETTING } from './access.ts';
import type { Card } from './card.ts';
import { CardError } from './card-error.ts';
import type { Command } from './commands.ts';
import { type Application, blankState, freeBytes } from './state.ts';

const NONE = new Uint8Array(0);

const MOST_APPLICATIONS = 28;

/** A command without data whose parameters have exactly `length` bytes and that goes in MAC mode. */
export function simple(
  length: number,
  run: (card: Card, header: Uint8Array) => Uint8Array | readonly Uint8Array[],
): Command {
  return {
    header: () => length,
    writes: false,
    mode: () => 'mac',
    run(card, header, data) {
      if (data.length > 0) throw new CardError(STATUS.lengthError);
      return run(card, header);
    },
  };
}

/** Hardware, software, and who it is (§11.3.1): DESFire EV2 with 8 kB. */
function version(card: Card): Uint8Array[] {
  const production = Uint8Array.of(0xba, 0x54, 0x2a, 0x10, 0x30, 0x12, 0x23);
  return [
    Uint8Array.of(0x04, 0x01, 0x01, 0x12, 0x00, 0x1a, 0x05),
    Uint8Array.of(0x04, 0x01, 0x01, 0x02, 0x01, 0x1a, 0x05),
    concat(card.uid, production),
  ];
}

function createApplication(card: Card, payload: Uint8Array): Uint8Array {
  needCardLevel(card);
  needMaster(card, SETTING.freeCreation);
  const aid = readLe(payload, 0, 3);
  const [settings = 0, kind = 0] = payload.slice(3);
  const named = (kind & 0x20) !== 0;
  const name = payload.slice(7);
  const wrongLength = named ? payload.length < 7 || name.length > 16 : payload.length !== 5;
  if (wrongLength) throw new CardError(STATUS.lengthError);
  const keys = kind & 0x0f;
  // Only AES, and no key sets.
  if (aid === 0 || keys === 0 || keys > 14 || (kind & 0xd0) !== 0x80) {
    throw new CardError(STATUS.parameterError);
  }
  if (card.state.applications.some((each) => each.aid === aid)) {
    throw new CardError(STATUS.duplicate);
  }
  const application: Application = {
    aid,
    settings,
    keys: Array.from({ length: keys }, () => ({ key: new Uint8Array(16), version: 0 })),
    name: named && name.length > 0 ? name : null,
    fileId: named ? readLe(payload, 5, 2) : null,
    files: new Map(),
  };
  const applications = [...card.state.applications, application];
  const full = applications.length > MOST_APPLICATIONS;
  if (full || freeBytes({ ...card.state, applications }) < 0) {
    throw new CardError(STATUS.outOfMemory);
  }
  card.state.applications = applications;
  card.save(3);
  return NONE;
}

function deleteApplication(card: Card, header: Uint8Array): Uint8Array {
  const aid = readLe(header);
  const found = card.state.applications.find((each) => each.aid === aid);
  if (found === undefined) throw new CardError(STATUS.applicationNotFound);
  if (card.aid !== 0 && card.aid !== aid) throw new CardError(STATUS.permissionDenied);
  // The card's master key, or the application's own where the card's owner allows it.
  if (card.aid === 0) needMaster(card);
  else needMaster(card, 0);
  if (card.aid !== 0 && (card.state.settings & SETTING.freeCreation) === 0) {
    throw new CardError(STATUS.permissionDenied);
  }
  card.state.applications = card.state.applications.filter((each) => each !== found);
  if (card.aid === aid) leave(card, 0);
  card.save(2);
  return NONE;
}

function leave(card: Card, aid: number): void {
  card.aid = aid;
  card.session = null;
  card.transaction = null;
}

function selectApplication(card: Card, header: Uint8Array): Uint8Array {
  const aid = readLe(header, 0, 3);
  if (aid !== 0 && !card.state.applications.some((each) => each.aid === aid)) {
    throw new CardError(STATUS.applicationNotFound);
  }
  leave(card, aid);
  return NONE;
}

function applicationIds(card: Card): Uint8Array {
  needCardLevel(card);
  needMaster(card, SETTING.freeListing);
  return concat(...card.state.applications.map(({ aid }) => leBytes(aid, 3)));
}

/** One frame an application: its number, its ISO file number and its name. */
function dfNames(card: Card): Uint8Array[] {
  needCardLevel(card);
  needMaster(card, SETTING.freeListing);
  return card.state.applications.flatMap(({ aid, fileId, name }) =>
    fileId === null ? [] : [concat(leBytes(aid, 3), leBytes(fileId, 2), name ?? NONE)],
  );
}

function format(card: Card): Uint8Array {
  needCardLevel(card);
  needMaster(card);
  const { uid, settings, master } = card.state;
  card.state = { ...blankState(uid), settings, master };
  card.save(16);
  return NONE;
}

export const APPLICATION_COMMANDS: readonly (readonly [number, Command])[] = [
  [INS.getVersion, simple(0, version)],
  [INS.freeMemory, simple(0, (card) => leBytes(Math.max(0, freeBytes(card.state)), 3))],
  [
    INS.getCardUid,
    {
      header: () => 0,
      writes: false,
      mode(card) {
        needSession(card);
        return 'full';
      },
      run: (card) => card.uid.slice(),
    },
  ],
  [
    INS.createApplication,
    {
      // A MAC may follow: the name ends where it begins.
      header: (payload) => Math.min(payload.length, 5),
      writes: false,
      mode: () => 'mac',
      run: (card, header, data) => createApplication(card, concat(header, data)),
    },
  ],
  [INS.deleteApplication, simple(3, deleteApplication)],
  [INS.selectApplication, { ...simple(3, selectApplication), mode: () => 'plain' }],
  [INS.getApplicationIds, simple(0, applicationIds)],
  [INS.getDfNames, simple(0, dfNames)],
  [INS.formatPicc, simple(0, format)],
];
