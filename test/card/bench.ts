/** A stored-value card for tests: personalised as a settlement server would, in memory. */
import assert from 'node:assert/strict';
import { utf8 } from '#device/codecs/bytes.ts';
import type { AccessRights, DesfireCommand } from '#device/codecs/desfire.ts';
import {
  changeKey,
  createApplication,
  createDataFile,
  createRecordFile,
  createTransactionMacFile,
  createValueFile,
  selectApplication,
} from '#device/codecs/desfire-commands.ts';
import {
  authenticateAes,
  authenticateEv2First,
  type Exchange,
  type Exchanged,
  exchange,
  PLAIN,
} from '#device/codecs/desfire-exchange.ts';
import type { Session } from '#device/codecs/desfire-session.ts';
import { Card, type CardOptions } from '#simulators/card/card.ts';

export const AID = 0xf51ce0;
export const NAME: Uint8Array = utf8('HAWKER.PURSE');
export const ZERO_KEY: Uint8Array = new Uint8Array(16);
export const UID: Uint8Array = Uint8Array.of(0x04, 0x78, 0x2e, 0x21, 0x80, 0x1d, 0x80);
export const TRANSACTION_KEY: Uint8Array = new Uint8Array(16).fill(0xa5);
export const FILES = { value: 1, log: 2, backup: 3, standard: 4, linear: 5, proof: 15 } as const;
export const KEYS = [0, 1, 2, 3].map((at) => new Uint8Array(16).fill(0x10 + at));
/** Key 1 debits and logs, key 2 loads. */
export const DEBIT = 1;
export const LOAD = 2;

/** Bytes that look random and are the same each time. */
export function repeatable(seed = 1): (count: number) => Uint8Array {
  let state = seed;
  return (count) =>
    Uint8Array.from({ length: count }, () => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return state >>> 24;
    });
}

/** Runs a talk to its end, at once. */
export function talk<Result>(card: Card, said: Exchange<Result>): Result {
  let step = said.next();
  while (!step.done) step = said.next(card.process(step.value).bytes);
  return step.value;
}

/** What a session of a reader needs; each command goes on from the one before. */
export class Talk {
  readonly card: Card;
  session: Session = PLAIN;
  readonly #chance = repeatable(99);

  constructor(card: Card) {
    this.card = card;
  }

  try(command: DesfireCommand): Exchanged {
    const done = talk(this.card, exchange(this.session, command));
    this.session = done.ok ? done.session : PLAIN;
    return done;
  }

  /** The data; fails the test where the card refuses. */
  must(command: DesfireCommand): Uint8Array {
    const done = this.try(command);
    assert.ok(done.ok, `refused: ${done.ok ? '' : JSON.stringify(done.refusal)}`);
    return done.data;
  }

  /** The name of the status that the card refuses with. */
  refusal(command: DesfireCommand): string {
    const done = this.try(command);
    assert.ok(!done.ok, 'the card took what it should refuse');
    return done.refusal.why === 'status' ? done.refusal.name : done.refusal.why;
  }

  authenticate(keyNo: number, key: Uint8Array, kind: 'ev1' | 'ev2' = 'ev2'): void {
    const rndA = this.#chance(16);
    const done =
      kind === 'ev2'
        ? talk(this.card, authenticateEv2First(keyNo, key, rndA))
        : talk(this.card, authenticateAes(keyNo, key, rndA));
    assert.ok(done.ok, 'the key was proven');
    this.session = done.session;
  }

  select(aid: number): void {
    this.session = PLAIN;
    this.must(selectApplication(aid));
  }
}

const rights = (of: Partial<AccessRights>): AccessRights => ({
  read: 'never',
  write: 'never',
  readWrite: 'never',
  change: 0,
  ...of,
});

/** A purse with 100.00 in it; `proof` gives it a Transaction MAC file. */
export function personalise(card: Card, proof = true, kind: 'ev1' | 'ev2' = 'ev2'): void {
  const to = new Talk(card);
  to.authenticate(0, ZERO_KEY, kind);
  to.must(createApplication({ aid: AID, settings: 0x0b, keys: 4, name: NAME }));
  to.select(AID);
  to.authenticate(0, ZERO_KEY, kind);
  const use = rights({ read: DEBIT, write: DEBIT, readWrite: LOAD });
  to.must(
    createValueFile({
      ...{ fileNo: FILES.value, mode: 'full', access: use },
      ...{ lower: 0, upper: 100_000, value: 10_000, limitedCredit: true },
    }),
  );
  const log = { mode: 'mac', access: use, recordSize: 16, records: 4 } as const;
  to.must(createRecordFile({ ...log, fileNo: FILES.log, cyclic: true }));
  to.must(createRecordFile({ ...log, fileNo: FILES.linear, cyclic: false }));
  const data = { mode: 'full', access: use, size: 200 } as const;
  to.must(createDataFile({ ...data, fileNo: FILES.backup, backup: true }));
  to.must(createDataFile({ ...data, fileNo: FILES.standard }));
  if (proof) {
    const access = rights({ read: 'free' });
    const file = { fileNo: FILES.proof, mode: 'plain', access } as const;
    to.must(createTransactionMacFile({ ...file, key: TRANSACTION_KEY, version: 1 }));
  }
  for (const keyNo of [1, 2, 3, 0]) {
    const key = KEYS[keyNo] ?? ZERO_KEY;
    to.must(changeKey({ keyNo, key, version: 7, ...(keyNo === 0 ? {} : { old: ZERO_KEY }) }));
  }
  card.powerDown();
}

export function purse(options: Partial<CardOptions> & { proof?: boolean } = {}): Card {
  const { proof, ...rest } = options;
  const card = new Card({ uid: UID, chance: repeatable(), ...rest });
  if (rest.eeprom === undefined) personalise(card, proof);
  return card;
}

/** A talk with a purse whose key `keyNo` was proven. */
export function opened(card: Card, keyNo: number, kind: 'ev1' | 'ev2' = 'ev2'): Talk {
  const to = new Talk(card);
  to.select(AID);
  to.authenticate(keyNo, KEYS[keyNo] ?? ZERO_KEY, kind);
  return to;
}
