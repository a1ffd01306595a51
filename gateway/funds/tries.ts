/**
 * Wrong passwords of parties, so that nobody guesses one, and no stranger keeps a party from its pages:
 * a few lock the name for the address that they come from, and only many lock it for all, but for
 * addresses that the party has logged in from.
 */
import type { PartyTriesRow } from '../store/tables-funds.ts';
import type { Transaction } from '../store/writer.ts';

/** Who asks for whom, as digests: a password that is typed as a name must not be kept. */
export interface Asking {
  /** Of the name that was typed, whether or not there is such a party. */
  readonly name: string;
  /** Of the address that it comes from. */
  readonly client: string;
}

/** Wrong ones from one address, and from all that the party never logged in from, in a window. */
const TRIES = 5;
const TRIES_OF_ALL = 50;
const WINDOW_MS = 15 * 60_000;
const LOCKED_MS = 15 * 60_000;
/** How long an address is the party's own after a log-in. */
const OWN_MS = 30 * 86_400_000;
/** Stands for all addresses: no digest is empty. */
const ALL = '';

type Tally = Omit<PartyTriesRow, 'name' | 'client'>;
type Tx = Pick<Transaction, 'funds'>;

/** Whether nobody is let in there just now, with whatever password. */
export function isLocked(tx: Tx, { name, client }: Asking, now: number): boolean {
  const here = tallyOf(tx, name, client);
  if (here.locked_until > now) return true;
  return here.own_until <= now && tallyOf(tx, name, ALL).locked_until > now;
}

/** One more that was wrong; whether that locks it there. */
export function countWrong(tx: Tx, { name, client }: Asking, now: number): boolean {
  const here = tallyOf(tx, name, client);
  const locks = count(tx, { name, client, ...here }, TRIES, now);
  const locksAll =
    here.own_until <= now &&
    count(tx, { name, client: ALL, ...tallyOf(tx, name, ALL) }, TRIES_OF_ALL, now);
  tx.funds.forgetPartyTries(now);
  return locks || locksAll;
}

/** The party came in: from now on nobody elsewhere can lock it here. */
export function takeForOwn(tx: Tx, { name, client }: Asking, now: number): void {
  const own_until = now + OWN_MS;
  tx.funds.putPartyTries({ name, client, ...NONE, own_until, until: own_until });
}

function count(tx: Tx, row: PartyTriesRow, tries: number, now: number): boolean {
  const begun = row.failures > 0 && now - row.since < WINDOW_MS;
  const failures = (begun ? row.failures : 0) + 1;
  const since = begun ? row.since : now;
  const locks = failures >= tries;
  const locked_until = locks ? now + LOCKED_MS : 0;
  const until = Math.max(since + WINDOW_MS, locked_until, row.own_until);
  tx.funds.putPartyTries({ ...row, failures: locks ? 0 : failures, since, locked_until, until });
  return locks;
}

const NONE: Tally = { failures: 0, since: 0, locked_until: 0, own_until: 0, until: 0 };

const tallyOf = (tx: Tx, name: string, client: string): Tally =>
  tx.funds.partyTries(name, client) ?? NONE;
