/**
 * Attempts to pay an order through a platform. Each function is one decision inside the store's
 * transaction; the platform is asked between them. What the platform says last is what counts: money
 * that it took for an order that has ended otherwise goes back.
 */
import type { AttemptReason } from '#device/messages/order.ts';
import { openAccount, post } from '../ledger/ledger.ts';
import { addEvent, endOrder } from '../orders/orders.ts';
import type { OrderRow, OrderState } from '../store/tables.ts';
import type { AttemptRow, PairingRow } from '../store/tables-pairing.ts';
import type { Transaction } from '../store/writer.ts';
import type { Permission, PlatformStatus } from './platforms/platform.ts';
import { accountsOf } from './refunds.ts';

/** More attempts for one order are hardly a payer's. */
const MOST = 20;
/** When a request that nobody answers for is taken up again, such as after a crash. */
const TAKE_UP_MS = 6000;
const FIRST_LOOK_MS = 2000;

export type Begun =
  | { readonly said: 'begun' | 'already'; readonly attempt: AttemptRow }
  | { readonly said: 'closed'; readonly state: OrderState }
  | { readonly said: 'unknown_order' | 'too_many_tries' | 'reused' };

export interface AttemptWish {
  readonly id: string;
  readonly order: string;
  readonly platform: string;
  /** `no` is an attempt, too: it has failed from the start. */
  readonly answer: 'yes' | 'no';
}

/** The phone said yes or no: an attempt begins, unless one is under way. */
export function beginAttempt(
  tx: Transaction,
  pairing: PairingRow,
  wish: AttemptWish,
  now: number,
): Begun {
  const known = tx.pairings.attempt(wish.id);
  if (known !== undefined) {
    const same = known.order_number === wish.order && known.platform === wish.platform;
    return same ? { said: 'already', attempt: known } : { said: 'reused' };
  }
  const order = tx.orders.find(wish.order);
  if (order === undefined || order.terminal !== pairing.terminal) return { said: 'unknown_order' };
  if (order.state !== 'offered') return { said: 'closed', state: order.state };
  if (order.expires_at <= now) return { said: 'closed', state: 'expired' };
  const earlier = tx.pairings.attemptsOf(order.number);
  const live = earlier.find(isLive);
  if (live !== undefined) return { said: 'already', attempt: live };
  if (earlier.length >= MOST) return { said: 'too_many_tries' };
  const no = wish.answer === 'no';
  const attempt: AttemptRow = {
    id: wish.id,
    pairing: pairing.id,
    terminal: pairing.terminal,
    order_number: order.number,
    nth: earlier.length + 1,
    platform: wish.platform,
    state: no ? 'failed' : 'requesting',
    reason: no ? 'payer_refused' : null,
    page_url: null,
    payment: null,
    payer: pairing.payer,
    withdraw: 0,
    made_at: now,
    next_at: no ? null : now + TAKE_UP_MS,
    tries: 0,
  };
  tx.pairings.addAttempt(attempt);
  record(tx, attempt, no ? 'attempt_failed' : 'attempt_begun', now);
  return { said: 'begun', attempt };
}

/** Under way: the phone is, or may soon be, at the platform's page. */
export const isLive = ({ state, withdraw }: AttemptRow): boolean =>
  (state === 'requesting' || state === 'permitted') && withdraw === 0;

/** The platform has answered the request for permission. */
export function takePermission(
  tx: Transaction,
  id: string,
  permission: Permission,
  now: number,
): void {
  const row = tx.pairings.attempt(id);
  if (row === undefined || row.state !== 'requesting') return;
  if (permission.said === 'refused') {
    fail(tx, row, permission.reason, now);
    return;
  }
  const { page_url } = permission;
  // Called off meanwhile: the platform is told, and the phone is not sent there.
  const next_at = row.withdraw === 1 ? now : now + FIRST_LOOK_MS;
  const next: AttemptRow = { ...row, state: 'permitted', page_url, next_at, tries: 0 };
  put(tx, next);
  record(tx, next, 'attempt_permitted', now);
}

/** What the platform says of an attempt, by webhook, by return or by status; said twice, it changes nothing. */
export function takeStatus(
  tx: Transaction,
  id: string,
  status: PlatformStatus,
  now: number,
  again: number,
): void {
  const row = tx.pairings.attempt(id);
  if (row === undefined) return;
  switch (status.state) {
    case 'requested':
      if (isOpen(row)) put(tx, { ...row, tries: row.tries + 1, next_at: again });
      break;
    case 'unknown':
      // The request for permission is repeated first; once permitted, it must be known.
      if (row.state === 'permitted' || row.withdraw === 1) fail(tx, row, 'platform_refused', now);
      break;
    case 'failed':
      fail(tx, row, status.reason, now);
      break;
    case 'paid':
      takePaid(tx, row, status, now);
  }
}

const isOpen = ({ state, withdraw }: AttemptRow): boolean =>
  state === 'requesting' || state === 'permitted' || withdraw === 1;

/** The platform can't be reached: later again; a phone that waits for its page is told. */
export function takeSilence(
  tx: Transaction,
  id: string,
  now: number,
  again: number,
  patience: number,
): void {
  const row = tx.pairings.attempt(id);
  if (row === undefined || row.next_at === null) return;
  const tries = row.tries + 1;
  if (row.state === 'requesting' && row.withdraw === 0 && now - row.made_at >= patience) {
    // Nobody was sent to its page, so nobody can pay it; it is called off all the same.
    const next: AttemptRow = {
      ...row,
      state: 'failed',
      reason: 'platform_unreachable',
      withdraw: 1,
      tries,
      next_at: again,
    };
    put(tx, next);
    record(tx, next, 'attempt_failed', now);
  } else put(tx, { ...row, tries, next_at: again });
}

/** Calls off what is under way for an order, of one pairing or of all. */
export function withdrawAttempts(
  tx: Transaction,
  order: string,
  now: number,
  pairing?: string,
): void {
  for (const row of tx.pairings.attemptsOf(order)) {
    if (!isLive(row) || (pairing !== undefined && row.pairing !== pairing)) continue;
    put(tx, { ...row, withdraw: 1, tries: 0, next_at: now });
  }
}

/** The money is back where it came from. */
export function takeRefund(tx: Transaction, id: string, now: number): void {
  const row = tx.pairings.attempt(id);
  if (row?.state !== 'refund_due') return;
  const next: AttemptRow = { ...row, state: 'refunded', next_at: null };
  put(tx, next);
  record(tx, next, 'attempt_refunded', now);
}

function fail(tx: Transaction, row: AttemptRow, reason: AttemptReason, now: number): void {
  if (row.state !== 'requesting' && row.state !== 'permitted') {
    if (row.withdraw === 1) put(tx, { ...row, withdraw: 0, next_at: null });
    return;
  }
  const next: AttemptRow = { ...row, state: 'failed', reason, withdraw: 0, next_at: null };
  put(tx, next);
  record(tx, next, 'attempt_failed', now);
}

type PaidStatus = Extract<PlatformStatus, { state: 'paid' }>;

function takePaid(tx: Transaction, row: AttemptRow, paid: PaidStatus, now: number): void {
  if (row.state === 'paid' || row.state === 'refund_due' || row.state === 'refunded') return;
  const order = tx.orders.find(row.order_number);
  if (order === undefined) throw new Error(`order ${row.order_number} is gone`);
  const payer = paid.payer ?? row.payer;
  const known = { ...row, payment: paid.payment, payer, reason: null, withdraw: 0 } as const;
  const right = paid.amount_minor === order.amount_minor && paid.currency === order.currency;
  if (order.state !== 'offered' || !right) {
    const next: AttemptRow = { ...known, state: 'refund_due', tries: 0, next_at: now };
    put(tx, next);
    record(tx, next, right ? 'paid_too_late' : 'paid_another_amount', now);
    return;
  }
  takeIn(tx, order, row, now);
  put(tx, { ...known, state: 'paid', next_at: null });
  endOrder(tx, order.number, { state: 'paid', payment: paid.payment, payer }, now);
}

/** What the platform owes us from now on, and we the vendor. */
function takeIn(tx: Transaction, order: OrderRow, row: AttemptRow, now: number): void {
  const { due, vendor, currency } = accountsOf(tx, row);
  openAccount(tx, due, 'asset', currency, null);
  openAccount(tx, vendor, 'liability', currency, 0);
  post(tx, {
    reference: `platform:${row.id}`,
    kind: 'payment',
    order_number: order.number,
    at: now,
    postings: [
      { account: due, amount_minor: -order.amount_minor },
      { account: vendor, amount_minor: order.amount_minor },
    ],
  });
}

function put(tx: Transaction, row: AttemptRow): void {
  tx.pairings.putAttempt(row);
  tx.note({ about: 'pairing', terminal: row.terminal });
  if (row.next_at !== null) tx.note({ about: 'open' });
}

function record(tx: Transaction, row: AttemptRow, kind: string, now: number): void {
  const { nth: attempt, platform, reason, payment } = row;
  addEvent(tx, row.order_number, kind, now, {
    attempt,
    platform,
    ...(reason === null ? {} : { reason }),
    ...(payment === null ? {} : { payment }),
  });
  tx.note({ about: 'pairing', terminal: row.terminal });
  if (row.next_at !== null) tx.note({ about: 'open' });
}
