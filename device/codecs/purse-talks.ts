/** What is said to a purse: reading, debiting, loading. Each talk is in rounds; see `oneByOne`. */
import { concat, sameBytes } from './bytes.ts';
import {
  type DesfireCommand,
  INS,
  leBytes,
  readLe,
  readLeSigned,
  unwrap,
  wrap,
} from './desfire.ts';
import * as commands from './desfire-commands.ts';
import {
  type Authenticated,
  authenticateEv2First,
  type Exchange,
  type Refusal,
} from './desfire-exchange.ts';
import type { Ev2Session, Session } from './desfire-session.ts';
import {
  HOLDER_BYTES,
  type Holder,
  LOG_RECORD_BYTES,
  type LogRecord,
  PURSE_AID,
  PURSE_FILES,
  PURSE_KEYS,
  readHolder,
  readLogRecord,
  writeLogRecord,
} from './purse.ts';
import { exchangeAll, type Rounds, refuseStatus } from './purse-rounds.ts';

/**
 * Where the card refused. `select`: it has no purse of this house (or none at all). `key`: it has one
 * but not the key, as a copy would. `read`: what it holds is not a purse. `change`: it would not do
 * it; nothing has happened. `commit`: whether it did is not known.
 */
export type PurseRefusal = {
  readonly ok: false;
  readonly at: 'select' | 'key' | 'read' | 'change' | 'commit';
  readonly refusal: Refusal;
};

/** Counter and Transaction MAC of the last transaction; zeros before the first. */
export interface Proof {
  readonly counter: number;
  readonly mac: Uint8Array;
}

const readProof = (bytes: Uint8Array): Proof | null =>
  bytes.length === 12 ? { counter: readLe(bytes, 0, 4), mac: bytes.slice(4) } : null;

/** A card's key of one purpose, and 16 fresh random bytes. */
export interface PurseOpening {
  readonly keyNo: number;
  readonly key: Uint8Array;
  readonly rndA: Uint8Array;
}

interface Opened {
  readonly ok: true;
  readonly session: Ev2Session;
  readonly last: Proof;
}

/** A talk that ends here. */
export const refuse = (at: PurseRefusal['at'], refusal: Refusal): PurseRefusal => ({
  ok: false,
  at,
  refusal,
});
/** An answer that no card gives. */
export const malformed: Refusal = { why: 'malformed' };
const done = (answer: Uint8Array | undefined): Uint8Array | Refusal => {
  const told = answer === undefined ? null : unwrap(answer);
  if (told === null) return malformed;
  return told.status === 0 ? told.data : refuseStatus(told.status).refusal;
};

/** A command as it is sent outside a session. */
export const plain = ({ ins, header }: DesfireCommand): Uint8Array => wrap(ins, header);
const PROOF = commands.readData(PURSE_FILES.proof, 0, 12, 'plain');

/**
 * The first round of {@link openPurse} with that key: it holds nothing secret or fresh, so that a
 * terminal can have a card do it before anybody asks.
 */
export const openingOf = (use: Exclude<keyof typeof PURSE_KEYS, 'master'>): Uint8Array[] => [
  plain(commands.selectApplication(PURSE_AID)),
  plain(PROOF),
  wrap(INS.authenticateEv2First, Uint8Array.of(PURSE_KEYS[use], 0x00)),
];

/** Chooses the purse, reads its proof and proves the key: two rounds. */
export function* openPurse(opening: PurseOpening): Rounds<Opened | PurseRefusal> {
  const proving = authenticateEv2First(opening.keyNo, opening.key, opening.rndA);
  const start = proving.next();
  if (start.done) throw new Error('an authentication begins with a command');
  const chosen = commands.selectApplication(PURSE_AID);
  const [selected, proof, challenge] = yield [plain(chosen), plain(PROOF), start.value];
  const first = done(selected);
  if (!(first instanceof Uint8Array)) return refuse('select', first);
  const second = done(proof);
  if (!(second instanceof Uint8Array)) return refuse('read', second);
  const last = readProof(second);
  if (last === null || challenge === undefined) return refuse('read', malformed);
  const proven = yield* finishProof(proving, challenge);
  return proven.ok ? { ok: true, session: proven.session, last } : proven;
}

/** The rest of the proof of a key, whose challenge came in the same round as other answers. */
export function* finishProof<Kind extends Session>(
  proving: Exchange<Authenticated<Kind>>,
  challenge: Uint8Array,
): Rounds<{ readonly ok: true; readonly session: Kind } | PurseRefusal> {
  let step = proving.next(challenge);
  while (!step.done) {
    const [answer] = yield [step.value];
    if (answer === undefined) return refuse('key', malformed);
    step = proving.next(answer);
  }
  return step.value.ok ? step.value : refuse('key', step.value.refusal);
}

/** What a purse told; `session` goes on to {@link commitDebit}. */
export interface OpenPurse {
  readonly ok: true;
  readonly session: Session;
  readonly holder: Holder;
  /** As it stands on the card: the proof of a debit covers it. */
  readonly holderBytes: Uint8Array;
  readonly balanceMinor: number;
  readonly last: Proof;
}

/**
 * Who the card is, its balance and its last proof, with the debit key: nothing is changed. Three
 * rounds. The counter is not secret and not proven; balance and holder are.
 */
export function* prepareDebit(opening: {
  readonly key: Uint8Array;
  readonly rndA: Uint8Array;
}): Rounds<OpenPurse | PurseRefusal> {
  const opened = yield* openPurse({ ...opening, keyNo: PURSE_KEYS.debit });
  if (!opened.ok) return opened;
  const told = yield* exchangeAll(opened.session, [
    commands.readData(PURSE_FILES.holder, 0, HOLDER_BYTES, 'full'),
    commands.getValue(PURSE_FILES.value, 'full'),
  ]);
  if (!told.ok) return refuse('read', told.refusal);
  const [holderBytes = new Uint8Array(0), value = new Uint8Array(0)] = told.data;
  const holder = readHolder(holderBytes);
  if (holder === null || value.length !== 4) return refuse('read', malformed);
  const balanceMinor = readLeSigned(value);
  const { last } = opened;
  return { ok: true, session: told.session, holder, holderBytes, balanceMinor, last };
}

export interface Committed {
  readonly ok: true;
  /** The counter after it, and the MAC over it. */
  readonly proof: Proof;
  /** Where it was read in the same round. */
  readonly balanceBeforeMinor?: number;
}

/**
 * Debits what `record` says, writes it into the log and commits: one round, right after
 * {@link prepareDebit} and nothing else. Not before `commit` has anything happened on the card.
 */
export const commitDebit = (
  purse: Pick<OpenPurse, 'session'>,
  record: LogRecord,
): Rounds<Committed | PurseRefusal> =>
  commitChange(purse.session, record, commands.debit, { ahead: false });

/**
 * The change, its record and the commit. `ahead` reads the value in the same round, as the proof of a
 * load covers it.
 */
function* commitChange(
  session: Session,
  record: LogRecord,
  change: typeof commands.credit,
  { ahead }: { readonly ahead: boolean },
): Rounds<Committed | PurseRefusal> {
  const sent = [
    ...(ahead ? [commands.getValue(PURSE_FILES.value, 'full')] : []),
    change(PURSE_FILES.value, record.amountMinor, 'full'),
    commands.writeRecord(PURSE_FILES.log, 0, writeLogRecord(record), 'mac'),
    commands.commitTransaction(true),
  ];
  let answered = 0;
  const talk = exchangeAll(session, sent);
  let step = talk.next();
  while (!step.done) {
    const answers = yield step.value;
    answered += answers.length;
    step = talk.next(answers);
  }
  if (step.value.ok) {
    const { data } = step.value;
    const proof = readProof(data.at(-1) ?? new Uint8Array(0));
    const balance = ahead ? { balanceBeforeMinor: readLeSigned(data[0] ?? leBytes(0, 4)) } : {};
    return proof === null ? refuse('commit', malformed) : { ok: true, proof, ...balance };
  }
  const { refusal } = step.value;
  // Errors carry no MAC: whatever was answered to the commit itself proves nothing.
  return refuse(answered < sent.length ? 'change' : 'commit', refusal);
}

/** What the load key sees of a purse. */
export interface Seen {
  readonly ok: true;
  readonly session: Session;
  readonly balanceMinor: number;
  readonly last: Proof;
}

/** Balance and proof with the load key: nothing is changed. Three rounds. */
export function* inspectPurse(opening: {
  readonly key: Uint8Array;
  readonly rndA: Uint8Array;
}): Rounds<Seen | PurseRefusal> {
  const opened = yield* openPurse({ ...opening, keyNo: PURSE_KEYS.load });
  return opened.ok ? yield* readBalance(opened) : opened;
}

function* readBalance({ session, last }: Opened): Rounds<Seen | PurseRefusal> {
  const told = yield* exchangeAll(session, [commands.getValue(PURSE_FILES.value, 'full')]);
  if (!told.ok) return refuse('read', told.refusal);
  const [value = new Uint8Array(0)] = told.data;
  if (value.length !== 4) return refuse('read', malformed);
  return { ok: true, session: told.session, balanceMinor: readLeSigned(value), last };
}

export interface Credit {
  readonly key: Uint8Array;
  readonly rndA: Uint8Array;
  /** What the last transaction is known to have left; absent where it is not known. */
  readonly known?: { readonly counter: number; readonly mac: Uint8Array; balanceMinor: number };
  /**
   * Asked once the card has told its counter, and its balance where it was not known: the record to
   * write, or `null` to change nothing (this load was done before, or is not to be done).
   */
  readonly decide: (seen: {
    readonly last: Proof;
    readonly balanceMinor: number;
  }) => LogRecord | null;
}

export type Credited =
  | (Committed & { readonly record: LogRecord; readonly balanceBeforeMinor: number })
  | { readonly ok: true; readonly declined: true; last: Proof; balanceMinor: number }
  | PurseRefusal;

/**
 * Puts value on the card with the load key: three rounds where the card's last proof is the one that
 * is known, four where the balance must be read first. The record is made before the commit is sent.
 */
export function* creditPurse(wanted: Credit): Rounds<Credited> {
  const opened = yield* openPurse({ ...wanted, keyNo: PURSE_KEYS.load });
  if (!opened.ok) return opened;
  const { known } = wanted;
  const same =
    known !== undefined &&
    known.counter === opened.last.counter &&
    sameBytes(known.mac, opened.last.mac);
  const seen: Seen | PurseRefusal = same
    ? { ok: true, session: opened.session, last: opened.last, balanceMinor: known.balanceMinor }
    : yield* readBalance(opened);
  if (!seen.ok) return seen;
  const { last, balanceMinor } = seen;
  const record = wanted.decide({ last, balanceMinor });
  if (record === null) return { ok: true, declined: true, last, balanceMinor };
  const committed = yield* commitChange(seen.session, record, commands.credit, { ahead: same });
  if (!committed.ok) return committed;
  const { proof, balanceBeforeMinor = balanceMinor } = committed;
  return { ok: true, proof, record, balanceBeforeMinor };
}

export interface PurseHistory {
  readonly ok: true;
  readonly holder: Holder;
  /** Newest first; records of another format are left out. */
  readonly records: readonly LogRecord[];
  readonly last: Proof;
}

/** Who the card is and what its log holds, with the read key, which can change nothing. */
export function* readHistory(opening: {
  readonly key: Uint8Array;
  readonly rndA: Uint8Array;
}): Rounds<PurseHistory | PurseRefusal> {
  const opened = yield* openPurse({ ...opening, keyNo: PURSE_KEYS.read });
  if (!opened.ok) return opened;
  const label = commands.readData(PURSE_FILES.label, 0, HOLDER_BYTES, 'full');
  const who = yield* exchangeAll(opened.session, [label]);
  if (!who.ok) return refuse('read', who.refusal);
  const holder = readHolder(who.data[0] ?? new Uint8Array(0));
  if (holder === null) return refuse('read', malformed);
  const log = commands.readRecords(PURSE_FILES.log, 0, 0, 'mac');
  const told = opened.last.counter === 0 ? null : yield* exchangeAll(who.session, [log]);
  if (told !== null && !told.ok) return refuse('read', told.refusal);
  const bytes = told === null ? new Uint8Array(0) : concat(...told.data);
  return { ok: true, holder, records: newestFirst(bytes), last: opened.last };
}

function newestFirst(bytes: Uint8Array): LogRecord[] {
  const records: LogRecord[] = [];
  for (let at = bytes.length - LOG_RECORD_BYTES; at >= 0; at -= LOG_RECORD_BYTES) {
    const record = readLogRecord(bytes.slice(at, at + LOG_RECORD_BYTES));
    if (record !== null) records.push(record);
  }
  return records;
}
