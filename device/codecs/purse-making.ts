/** How a blank card becomes a purse of the house. */
import type { AccessRights, DesfireCommand } from './desfire.ts';
import { leBytes, readLe } from './desfire.ts';
import * as commands from './desfire-commands.ts';
import {
  type Authenticated,
  authenticateEv2First,
  type Exchange,
  exchange,
  PLAIN,
  type Refusal,
} from './desfire-exchange.ts';
import type { Ev2Session, Session } from './desfire-session.ts';
import {
  HOLDER_BYTES,
  type Holder,
  LOG_RECORD_BYTES,
  LOG_RECORDS,
  PURSE_AID,
  PURSE_FILES,
  PURSE_KEYS,
  writeHolder,
} from './purse.ts';
import { alone, exchangeAll, type Rounds } from './purse-rounds.ts';
import type { PurseRefusal } from './purse-talks.ts';

/** What a card gets; each key is 16 bytes and already this card's own. */
export interface NewPurse {
  readonly holder: Holder;
  /** Of the card itself: who has it may make and delete applications. */
  readonly cardKey: Uint8Array;
  readonly keys: Readonly<Record<keyof typeof PURSE_KEYS, Uint8Array>>;
  readonly transactionKey: Uint8Array;
  /** Of all its keys, 1 to 255. */
  readonly keyVersion: number;
  /** The card refuses a credit beyond it. */
  readonly mostMinor: number;
  /** Random bytes, fresh at each call. */
  readonly chance: (count: number) => Uint8Array;
}

const FACTORY_KEY = new Uint8Array(16);
/** The master key may be changed, and changes the others; nothing is listed or made without it. */
const SETTINGS = 0x09;

type Made = { readonly ok: true } | PurseRefusal;

const refuse = (at: PurseRefusal['at'], refusal: Refusal): PurseRefusal => ({
  ok: false,
  at,
  refusal,
});

const rights = (of: Partial<AccessRights>): AccessRights => ({
  read: 'never',
  write: 'never',
  readWrite: 'never',
  change: 'never',
  ...of,
});

/**
 * Makes the purse, from a blank card or from one where this was begun before: **what the application
 * held is gone**, so it is for cards that never had value. Refuses a card that is another house's at
 * `key`.
 */
export function* makePurse(purse: NewPurse): Rounds<Made> {
  const owned = yield* ownCard(purse);
  if (!owned.ok) return owned;
  const session = yield* alone(proveMaster(PURSE_AID, FACTORY_KEY, purse.chance));
  if (!session.ok) return refuse('key', session.refusal);
  const files = yield* exchangeAll(session.session, filesOf(purse));
  if (!files.ok) return refuse('change', files.refusal);
  const keys = yield* alone(changeKeys(files.session, purse));
  return keys === null ? { ok: true } : refuse('change', keys);
}

/** The card's own key, and a new application on it. */
function* ownCard(purse: NewPurse): Rounds<Made> {
  const blank = yield* alone(proveMaster(0, FACTORY_KEY, purse.chance));
  const proven = blank.ok ? blank : yield* alone(proveMaster(0, purse.cardKey, purse.chance));
  if (!proven.ok) return refuse('key', proven.refusal);
  const listed = yield* exchangeAll(proven.session, [commands.getApplicationIds()]);
  if (!listed.ok) return refuse('read', listed.refusal);
  const made = commands.createApplication({ aid: PURSE_AID, settings: SETTINGS, keys: 4 });
  const there = hasPurse(listed.data[0] ?? new Uint8Array(0));
  const wanted = there ? [commands.deleteApplication(PURSE_AID), made] : [made];
  const created = yield* exchangeAll(listed.session, wanted);
  if (!created.ok) return refuse('change', created.refusal);
  if (!blank.ok) return { ok: true };
  const own = { keyNo: 0, key: purse.cardKey, version: purse.keyVersion, onCard: true };
  const changed = yield* alone(exchange(created.session, commands.changeKey(own)));
  return changed.ok ? { ok: true } : refuse('change', changed.refusal);
}

function hasPurse(ids: Uint8Array): boolean {
  const wanted = readLe(leBytes(PURSE_AID, 3));
  for (let at = 0; at + 3 <= ids.length; at += 3) if (readLe(ids, at, 3) === wanted) return true;
  return false;
}

function* proveMaster(
  aid: number,
  key: Uint8Array,
  chance: NewPurse['chance'],
): Exchange<Authenticated<Ev2Session>> {
  const chosen = yield* exchange(PLAIN, commands.selectApplication(aid));
  if (!chosen.ok) return chosen;
  return yield* authenticateEv2First(PURSE_KEYS.master, key, chance(16));
}

function filesOf({ holder, transactionKey, keyVersion, mostMinor }: NewPurse): DesfireCommand[] {
  const { master, debit, load, read } = PURSE_KEYS;
  const value = { fileNo: PURSE_FILES.value, mode: 'full' } as const;
  const log = { fileNo: PURSE_FILES.log, mode: 'mac', cyclic: true } as const;
  const named = { mode: 'full', size: HOLDER_BYTES } as const;
  const proof = { fileNo: PURSE_FILES.proof, mode: 'plain', key: transactionKey } as const;
  const who = writeHolder(holder);
  return [
    commands.createValueFile({
      ...{ ...value, access: rights({ read: debit, readWrite: load }) },
      ...{ lower: 0, upper: mostMinor, value: 0, limitedCredit: false },
    }),
    commands.createRecordFile({
      ...{ ...log, access: rights({ read, write: debit, readWrite: load }) },
      ...{ recordSize: LOG_RECORD_BYTES, records: LOG_RECORDS + 1 },
    }),
    ...[['holder', debit] as const, ['label', read] as const].flatMap(([file, reader]) => [
      commands.createDataFile({
        ...{ ...named, fileNo: PURSE_FILES[file], access: rights({ read: reader, write: master }) },
      }),
      commands.writeData(PURSE_FILES[file], 0, who, 'full'),
    ]),
    // Last, so that what was written before is in no proof. It proves itself: anyone may read it.
    commands.createTransactionMacFile({
      ...{ ...proof, version: keyVersion, access: rights({ read: 'free' }) },
    }),
  ];
}

/** The master key last: until then a broken attempt can be begun anew. */
function* changeKeys(session: Session, purse: NewPurse): Exchange<Refusal | null> {
  let now = session;
  for (const purpose of ['debit', 'load', 'read', 'master'] as const) {
    const keyNo = PURSE_KEYS[purpose];
    const old = purpose === 'master' ? {} : { old: FACTORY_KEY };
    const wanted = { keyNo, key: purse.keys[purpose], version: purse.keyVersion, ...old };
    const changed = yield* exchange(now, commands.changeKey(wanted));
    if (!changed.ok) return changed.refusal;
    now = changed.session;
  }
  return null;
}
