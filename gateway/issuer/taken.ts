/** What can be done about money that was frozen or taken: each exactly once, never more than it was. */
import { captureHold, type HoldEnded, placeHold, releaseHold } from '../ledger/holds.ts';
import { post, type TransferKind } from '../ledger/ledger.ts';
import type { IssuedRow } from '../store/tables-money.ts';
import type { Transaction } from '../store/writer.ts';
import { currencyOf, duePosting, holdOf } from './accounts.ts';
import type {
  CaptureAnswer,
  IssuerRefundAnswer,
  IssuerRefundRequest,
  ReleaseAnswer,
  ReverseAnswer,
} from './gate.ts';

/** What was decided, and what of it is kept. */
export interface Decision<A> {
  readonly answer: A;
  readonly account?: string;
  /** What the request moved or froze: 0 where it did nothing. */
  readonly amount_minor: number;
  readonly reference?: string | null;
}

/** What became of a request that froze or took, read from all that was asked about it. */
interface Taken {
  readonly kind: 'authorise' | 'debit';
  readonly account: string;
  readonly reference: string | null;
  /** Frozen and neither captured nor let go. */
  readonly held: boolean;
  readonly released: boolean;
  readonly reversed: boolean;
  readonly captured: boolean;
  /** What the payer was debited, before refunds. */
  readonly debited_minor: number;
  readonly refunded_minor: number;
  readonly held_minor: number;
}

function readTaken(tx: Transaction, caller: string, id: string): Taken | null {
  const row = tx.issued.find(caller, id);
  if (row === undefined || row.account === null) return null;
  if (row.kind !== 'authorise' && row.kind !== 'debit') return null;
  const about = tx.issued.about(caller, id);
  const amount = (kind: IssuedRow['kind'], said: string): number =>
    about
      .filter((each) => each.kind === kind && each.said === said)
      .reduce((total, each) => total + each.amount_minor, 0);
  const did = (kind: IssuedRow['kind'], said: string): boolean =>
    about.some((each) => each.kind === kind && each.said === said);
  const captured = did('capture', 'captured');
  const released = did('release', 'released');
  const reversed = did('reverse', 'reversed');
  return {
    kind: row.kind,
    account: row.account,
    reference: row.reference,
    held: row.kind === 'authorise' && !captured && !released && !reversed,
    released,
    reversed,
    captured,
    debited_minor: row.kind === 'debit' ? row.amount_minor : amount('capture', 'captured'),
    refunded_minor: amount('refund', 'refunded'),
    held_minor: row.amount_minor,
  };
}

type Refused = { readonly said: 'refused' } & Extract<CaptureAnswer, { said: 'refused' }>;
const refuse = (code: Refused['code'], leftMinor?: number): Decision<Refused> => ({
  answer: { said: 'refused', code, ...(leftMinor === undefined ? {} : { left_minor: leftMinor }) },
  amount_minor: 0,
});

export interface Capture {
  readonly of: string;
  readonly id: string;
  readonly amountMinor: number;
  /** Id of the authorisation that the rest becomes; without it the rest is let go. */
  readonly rest: string | undefined;
}

export function captureTaken(
  tx: Transaction,
  caller: string,
  { of, id, amountMinor, rest }: Capture,
  now: number,
): Decision<CaptureAnswer> {
  const taken = readTaken(tx, caller, of);
  if (taken === null || taken.kind !== 'authorise') return refuse('unknown_request');
  if (taken.reversed) return refuse('reversed');
  if (taken.released) return refuse('released');
  if (taken.captured) return refuse('captured');
  if (amountMinor > taken.held_minor) return refuse('too_much', taken.held_minor);
  const { account, reference } = taken;
  const ended = captureHold(tx, holdOf(caller, of), {
    reference: `issuer:capture:${caller}:${id}`,
    kind: 'capture',
    order_number: reference,
    at: now,
    postings: [
      { account, amount_minor: -amountMinor },
      duePosting(caller, currencyOf(account), amountMinor),
    ],
  });
  requireEnded(ended, of);
  const left = taken.held_minor - amountMinor;
  if (rest !== undefined && left > 0) holdRest(tx, caller, taken, rest, left, now);
  const answer = { said: 'captured', amount_minor: amountMinor, at: now } as const;
  return { answer, account, amount_minor: amountMinor, reference };
}

/** In the unit that let it go: nobody can have spent it between. */
function holdRest(
  tx: Transaction,
  caller: string,
  { account, reference }: Taken,
  id: string,
  amountMinor: number,
  now: number,
): void {
  if (tx.issued.find(caller, id) !== undefined) throw new Error(`${id} was used before`);
  const held = placeHold(tx, {
    id: holdOf(caller, id),
    ...{ account, amount_minor: amountMinor, purpose: 'voucher', order_number: reference, at: now },
  });
  if (!held.ok) throw new Error(`${id}: what was just let go can't be held`);
  const answer = { said: 'authorised', authorisation: id, payer: '', at: now };
  tx.issued.add({
    ...{ caller, id, kind: 'authorise', of_request: null, fingerprint: 'rest', account, reference },
    ...{ said: answer.said, answer: JSON.stringify(answer), amount_minor: amountMinor, at: now },
  });
}

export function releaseTaken(
  tx: Transaction,
  caller: string,
  of: string,
  now: number,
): Decision<ReleaseAnswer> {
  const taken = readTaken(tx, caller, of);
  if (taken === null || taken.kind !== 'authorise') return refuse('unknown_request');
  if (taken.reversed) return refuse('reversed');
  if (taken.captured) return refuse('captured');
  if (taken.released) return refuse('released');
  requireEnded(releaseHold(tx, holdOf(caller, of), now), of);
  const { account, reference, held_minor: amount } = taken;
  const answer = { said: 'released', amount_minor: amount, at: now } as const;
  return { answer, account, amount_minor: amount, reference };
}

/** Also for a request that has not come yet: its record is what refuses it then. */
export function reverseTaken(
  tx: Transaction,
  caller: string,
  of: string,
  id: string,
  now: number,
): Decision<ReverseAnswer> {
  const done = (amount: number, about?: Taken): Decision<ReverseAnswer> => ({
    answer: { said: 'reversed', amount_minor: amount, at: now },
    amount_minor: amount,
    ...(about === undefined ? {} : { account: about.account, reference: about.reference }),
  });
  const taken = readTaken(tx, caller, of);
  if (taken === null || taken.reversed) return done(0);
  if (taken.held) {
    requireEnded(releaseHold(tx, holdOf(caller, of), now), of);
    return done(taken.held_minor, taken);
  }
  const left = taken.debited_minor - taken.refunded_minor;
  if (left === 0) return done(0, taken);
  giveBack(tx, caller, taken, 'reversal', `issuer:reverse:${caller}:${id}`, left, now);
  return done(left, taken);
}

export interface Refund {
  readonly of: string;
  readonly id: string;
  readonly amountMinor: number;
  readonly frozen: IssuerRefundRequest['frozen'];
}

export function refundTaken(
  tx: Transaction,
  caller: string,
  { of, id, amountMinor, frozen }: Refund,
  now: number,
): Decision<IssuerRefundAnswer> {
  const taken = readTaken(tx, caller, of);
  if (taken === null || taken.debited_minor === 0) return refuse('unknown_request');
  if (taken.reversed) return refuse('reversed');
  const left = taken.debited_minor - taken.refunded_minor;
  if (amountMinor > left) return refuse('too_much', left);
  const payer = taken.account.split(':')[2] ?? '';
  if (tx.payers.find(payer)?.state === 'closed') return refuse('account_closed');
  const held = frozen === undefined ? 0 : takePlace(tx, caller, taken, frozen, now);
  if (typeof held !== 'number') return held;
  giveBack(tx, caller, taken, 'refund', `issuer:refund:${caller}:${id}`, amountMinor, now);
  if (frozen !== undefined) holdRest(tx, caller, taken, frozen.id, held + amountMinor, now);
  const answer = { said: 'refunded', amount_minor: amountMinor, at: now } as const;
  return { answer, account: taken.account, amount_minor: amountMinor, reference: taken.reference };
}

/** Ends the hold that a new one takes the place of, in this unit; how much it held, or why not. */
function takePlace(
  tx: Transaction,
  caller: string,
  { account }: Taken,
  { id, instead_of: of }: NonNullable<IssuerRefundRequest['frozen']>,
  now: number,
): number | Decision<Refused> {
  if (of === undefined) return 0;
  const earlier = readTaken(tx, caller, of);
  if (earlier?.account !== account) return refuse('unknown_request');
  const released = releaseTaken(tx, caller, of, now);
  const { answer } = released;
  if (answer.said === 'refused') return { answer, amount_minor: 0 };
  tx.issued.add({
    ...{ caller, id: `of:${id}`, kind: 'release', of_request: of, fingerprint: 'place', account },
    ...{ said: answer.said, answer: JSON.stringify(answer), at: now },
    ...{ amount_minor: released.amount_minor, reference: earlier.reference },
  });
  return released.amount_minor;
}

function giveBack(
  tx: Transaction,
  caller: string,
  { account, reference: order_number }: Taken,
  kind: TransferKind,
  reference: string,
  amountMinor: number,
  now: number,
): void {
  const posted = post(tx, {
    reference,
    kind,
    order_number,
    at: now,
    postings: [
      duePosting(caller, currencyOf(account), -amountMinor),
      { account, amount_minor: amountMinor },
    ],
  });
  if (!posted.ok) throw new Error(`${reference}: ${caller} is not owed ${amountMinor}`);
}

function requireEnded(ended: HoldEnded, of: string): void {
  if (!ended.ok) throw new Error(`hold of ${of} is ${ended.why}: its requests say otherwise`);
}
