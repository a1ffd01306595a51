/**
 * How a purse gets keys of another version. What it holds stays; each key is changed by itself, so that
 * a card which is pulled away has the old or the new one of each, and tells which.
 */
import { type DesfireCommand, INS, STATUS, unwrap, wrap } from './desfire.ts';
import * as commands from './desfire-commands.ts';
import { authenticateEv2First, exchange, type Refusal } from './desfire-exchange.ts';
import type { Session } from './desfire-session.ts';
import { PURSE_AID, PURSE_KEYS } from './purse.ts';
import { alone, exchangeAll, type Rounds, refuseStatus } from './purse-rounds.ts';
import { finishProof, malformed, type PurseRefusal, plain, refuse } from './purse-talks.ts';

export type PurseKeys = Readonly<Record<keyof typeof PURSE_KEYS, Uint8Array>>;

export interface Rekeying {
  /** This card's own keys of a version, 16 bytes each; `null` where there are none of it. */
  readonly keysOf: (version: number) => PurseKeys | null;
  /** 1 to 255. */
  readonly version: number;
  /** 16 fresh random bytes. */
  readonly rndA: Uint8Array;
}

/** One byte of an answer that no key protects: what it says must be proven by what follows. */
function toldVersion(answer: Uint8Array | undefined): number | Refusal {
  const told = answer === undefined ? null : unwrap(answer);
  if (told === null) return malformed;
  if (told.status !== STATUS.done) return refuseStatus(told.status).refusal;
  return told.data.length === 1 ? (told.data[0] ?? 0) : malformed;
}

/**
 * Which version of a key the card says it has (MF2DL(H)x0 §11.6.4); whether it does, only an
 * authentication proves. One round.
 */
export function* askKeyVersion(keyNo: number): Rounds<number | PurseRefusal> {
  const chosen = commands.selectApplication(PURSE_AID);
  const [selected, version] = yield [plain(chosen), plain(commands.getKeyVersion(keyNo))];
  const first = selected === undefined ? null : unwrap(selected);
  if (first === null) return refuse('select', malformed);
  if (first.status !== STATUS.done) return refuse('select', refuseStatus(first.status).refusal);
  const told = toldVersion(version);
  return typeof told === 'number' ? told : refuse('read', told);
}

const CHANGED = ['debit', 'load', 'read'] as const;

/**
 * Gives the card the keys of `version`, from whichever state an earlier attempt left it in: a key that
 * has that version already stays. The three that are used are changed first and told by the card in its
 * secure channel; the master key, which changes them, last. Four rounds.
 */
export function* rekeyPurse(wanted: Rekeying): Rounds<{ readonly ok: true } | PurseRefusal> {
  const told = yield* proveMaster(wanted);
  if (!told.ok) return told;
  const { keysOf, version } = wanted;
  const fresh = keysOf(version);
  if (fresh === null) throw new RangeError(`there are no keys of version ${version}`);
  const changes: DesfireCommand[] = [];
  for (const purpose of CHANGED) {
    const keyNo = PURSE_KEYS[purpose];
    const has = told.versions.get(keyNo) ?? 0;
    const old = keysOf(has)?.[purpose];
    if (has === version) continue;
    if (old === undefined) return refuse('key', malformed);
    changes.push(commands.changeKey({ keyNo, key: fresh[purpose], version, old }));
  }
  const proofs = CHANGED.map((purpose) => commands.getKeyVersion(PURSE_KEYS[purpose]));
  const changed = yield* exchangeAll(told.session, [...changes, ...proofs]);
  if (!changed.ok) return refuse('change', changed.refusal);
  const proven = changed.data.slice(-CHANGED.length).every(([has]) => has === version);
  if (!proven) return refuse('read', malformed);
  if (told.master === version) return { ok: true };
  const own = commands.changeKey({ keyNo: PURSE_KEYS.master, key: fresh.master, version });
  const last = yield* alone(exchange(changed.session, own));
  return last.ok ? { ok: true } : refuse('change', last.refusal);
}

interface Proven {
  readonly ok: true;
  readonly session: Session;
  /** By key number. */
  readonly versions: ReadonlyMap<number, number>;
  readonly master: number;
}

/** Which keys the card says it has, and a session with its master key. */
function* proveMaster({ keysOf, rndA }: Rekeying): Rounds<Proven | PurseRefusal> {
  const numbers = Object.values(PURSE_KEYS);
  const start = wrap(INS.authenticateEv2First, Uint8Array.of(PURSE_KEYS.master, 0x00));
  const [selected, ...rest] = yield [
    plain(commands.selectApplication(PURSE_AID)),
    ...numbers.map((keyNo) => plain(commands.getKeyVersion(keyNo))),
    start,
  ];
  const first = selected === undefined ? null : unwrap(selected);
  if (first === null) return refuse('select', malformed);
  if (first.status !== STATUS.done) return refuse('select', refuseStatus(first.status).refusal);
  const versions = new Map<number, number>();
  for (const [at, keyNo] of numbers.entries()) {
    const told = toldVersion(rest[at]);
    if (typeof told !== 'number') return refuse('read', told);
    versions.set(keyNo, told);
  }
  const master = versions.get(PURSE_KEYS.master) ?? 0;
  const key = keysOf(master)?.master;
  const challenge = rest[numbers.length];
  if (key === undefined || challenge === undefined) return refuse('key', malformed);
  const proving = authenticateEv2First(PURSE_KEYS.master, key, rndA);
  proving.next();
  const proven = yield* finishProof(proving, challenge);
  return proven.ok ? { ok: true, session: proven.session, versions, master } : proven;
}
