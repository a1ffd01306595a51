/**
 * Permissions to pay: asked for by a merchant's server, used or refused by an account holder on the
 * platform's own page. Each ends once, and with it are committed its posting and its result.
 */
import { writeOrderNumber } from '#device/codecs/order-number.ts';
import type { Currency } from '#device/messages/money.ts';
import type { AttemptReason } from '#device/messages/order.ts';
import { openAccount, post } from '../ledger/ledger.ts';
import type {
  PermissionRow,
  PlatformAccountRow,
  PlatformClientRow,
} from '../store/tables-platform.ts';
import type { Transaction } from '../store/writer.ts';
import { accountDigest, maskAccount } from './accounts.ts';
import { accountKey, holderAccount, merchantAccount, type PlatformParts } from './parts.ts';
import { addResult } from './results.ts';

export interface PermissionWish {
  /** The client's own name for it. */
  readonly id: string;
  readonly merchant: string;
  readonly order: string;
  readonly amount_minor: number;
  readonly currency: Currency;
  readonly return_url: string;
  /** ms since 1970, by the client's clock. */
  readonly expires_at?: number | undefined;
}

/** Longest and shortest time that a permission is open. */
const LONGEST_MS = 15 * 60_000;
const SHORTEST_MS = 5_000;

/** What the client is told of a permission, now and whenever it asks. */
export interface PermissionView {
  readonly id: string;
  readonly permission: string;
  readonly state: PermissionRow['state'];
  readonly reason?: AttemptReason;
  readonly amount_minor: number;
  readonly currency: string;
  readonly order: string;
  readonly expires_at: number;
  readonly ended_at?: number;
  readonly payment?: string;
  /** Masked. */
  readonly payer?: string;
  /** Digest of the account that paid, under the client's account key: always the same, and of no other. */
  readonly account?: string;
  readonly refunded_minor: number;
}

export type Granted =
  | { readonly ok: true; readonly row: PermissionRow }
  | { readonly ok: false; readonly code: 'reused' | 'withdrawn' | 'return_url_refused' };

/** Grants it once per id: the same again is the same permission, with another body it is refused. */
export function grant(
  tx: Transaction,
  parts: Pick<PlatformParts, 'chance' | 'keys'>,
  client: PlatformClientRow,
  wish: PermissionWish,
  now: number,
): Granted {
  const { id, merchant, order, amount_minor, currency, return_url } = wish;
  const fingerprint = JSON.stringify([merchant, order, amount_minor, currency, return_url]);
  const earlier = tx.platform.permissionOf(client.id, id);
  if (earlier !== undefined) {
    return earlier.fingerprint === fingerprint
      ? { ok: true, row: earlier }
      : { ok: false, code: 'reused' };
  }
  if (tx.platform.withdrawn(client.id, id)) return { ok: false, code: 'withdrawn' };
  // A page that would send payers anywhere would be a phisher's friend.
  if (client.return_url === null || !return_url.startsWith(client.return_url)) {
    return { ok: false, code: 'return_url_refused' };
  }
  const latest = now + LONGEST_MS;
  const row: PermissionRow = {
    permission: Buffer.from(parts.chance.bytes(18)).toString('base64url'),
    client: client.id,
    request: id,
    fingerprint,
    merchant,
    order_number: order,
    amount_minor,
    currency,
    return_url,
    state: 'requested',
    reason: null,
    account: null,
    payer: null,
    payment: null,
    made_at: now,
    expires_at: Math.min(latest, Math.max(now + SHORTEST_MS, wish.expires_at ?? latest)),
    ended_at: null,
  };
  tx.platform.addPermission(row);
  return { ok: true, row };
}

/** Debits the holder and ends the permission, or ends it as failed; ended already, it stays so. */
export function payPermission(
  tx: Transaction,
  parts: Pick<PlatformParts, 'chance' | 'keys'>,
  permission: string,
  account: PlatformAccountRow,
  now: number,
): PermissionRow {
  const row = requirePermission(tx, permission);
  if (row.state !== 'requested') return row;
  if (row.expires_at <= now) return endPermission(tx, parts, row, 'expired', now);
  if (account.state === 'blocked') return endPermission(tx, parts, row, 'account_blocked', now);
  if (!debit(tx, row, account, now))
    return endPermission(tx, parts, row, 'insufficient_funds', now);
  return end(tx, parts, {
    ...row,
    state: 'paid',
    account: account.id,
    payer: maskAccount(account.name),
    payment: `LP-${writeOrderNumber(parts.chance.bytes(10))}`,
    ended_at: now,
  });
}

/** Moves the money from the holder to what the merchant is owed; `false` where there is too little. */
function debit(
  tx: Transaction,
  row: PermissionRow,
  account: PlatformAccountRow,
  now: number,
): boolean {
  const currency = row.currency as Currency;
  const from = holderAccount(account.id, currency);
  const to = merchantAccount(row.client, currency);
  if (tx.ledger.account(from) === undefined) return false;
  openAccount(tx, to, 'liability', currency, 0);
  const posted = post(tx, {
    reference: `platform-payment:${row.permission}`,
    kind: 'payment',
    order_number: row.order_number,
    at: now,
    postings: [
      { account: from, amount_minor: -row.amount_minor },
      { account: to, amount_minor: row.amount_minor },
    ],
  });
  return posted.ok;
}

/** Ends an open permission without a debit. */
export function endPermission(
  tx: Transaction,
  parts: Pick<PlatformParts, 'chance' | 'keys'>,
  row: PermissionRow,
  reason: AttemptReason,
  now: number,
): PermissionRow {
  if (row.state !== 'requested') return row;
  return end(tx, parts, { ...row, state: 'failed', reason, ended_at: now });
}

function end(
  tx: Transaction,
  parts: Pick<PlatformParts, 'chance' | 'keys'>,
  row: PermissionRow,
): PermissionRow {
  tx.platform.endPermission(row);
  addResult(tx, parts, row, viewPermission(tx, parts.keys, row), row.ended_at ?? row.made_at);
  return row;
}

/**
 * The client does not want it any more: it ends as `withdrawn` unless it has ended. One that was
 * never asked for is remembered, so that a request that arrives later is refused.
 */
export function withdraw(
  tx: Transaction,
  parts: Pick<PlatformParts, 'chance' | 'keys'>,
  client: string,
  request: string,
  now: number,
): PermissionRow | null {
  const row = tx.platform.permissionOf(client, request);
  if (row !== undefined) return endPermission(tx, parts, row, 'withdrawn', now);
  tx.platform.addWithdrawn(client, request, now);
  return null;
}

export interface RefundWish {
  readonly id: string;
  /** The client's id of the permission that was paid. */
  readonly of: string;
  readonly amount_minor: number;
}

export type Refunded =
  | { readonly ok: true; readonly refund: string; readonly amount_minor: number }
  | { readonly ok: false; readonly code: 'reused' | 'unknown_permission' | 'not_paid' }
  | { readonly ok: false; readonly code: 'too_much'; readonly left_minor: number };

/** Gives money back to the account that paid, once per id, and never more than was paid. */
export function refund(
  tx: Transaction,
  parts: Pick<PlatformParts, 'chance' | 'keys'>,
  client: string,
  wish: RefundWish,
  now: number,
): Refunded {
  const { id, of, amount_minor } = wish;
  const fingerprint = JSON.stringify([of, amount_minor]);
  const earlier = tx.platform.refund(client, id);
  if (earlier !== undefined) {
    return earlier.fingerprint === fingerprint
      ? { ok: true, refund: earlier.refund, amount_minor }
      : { ok: false, code: 'reused' };
  }
  const row = tx.platform.permissionOf(client, of);
  if (row === undefined) return { ok: false, code: 'unknown_permission' };
  if (row.state !== 'paid' || row.account === null) return { ok: false, code: 'not_paid' };
  const left_minor = row.amount_minor - refundedMinor(tx, row.permission);
  if (amount_minor > left_minor) return { ok: false, code: 'too_much', left_minor };
  const currency = row.currency as Currency;
  const name = `LR-${writeOrderNumber(parts.chance.bytes(10))}`;
  post(tx, {
    reference: `platform-refund:${client}:${id}`,
    kind: 'refund',
    order_number: row.order_number,
    at: now,
    postings: [
      { account: merchantAccount(client, currency), amount_minor: -amount_minor },
      { account: holderAccount(row.account, currency), amount_minor },
    ],
  });
  const { permission } = row;
  tx.platform.addRefund({
    client,
    request: id,
    fingerprint,
    permission,
    amount_minor,
    refund: name,
    at: now,
  });
  return { ok: true, refund: name, amount_minor };
}

const refundedMinor = (tx: Pick<Transaction, 'platform'>, permission: string): number =>
  tx.platform.refundsOf(permission).reduce((total, each) => total + each.amount_minor, 0);

export function viewPermission(
  tx: Pick<Transaction, 'platform'>,
  keys: PlatformParts['keys'],
  row: PermissionRow,
): PermissionView {
  const account = row.account === null ? undefined : tx.platform.account(row.account);
  const key = accountKey(keys, row.client);
  return {
    id: row.request,
    permission: row.permission,
    state: row.state,
    ...(row.reason === null ? {} : { reason: row.reason }),
    amount_minor: row.amount_minor,
    currency: row.currency,
    order: row.order_number,
    expires_at: row.expires_at,
    ...(row.ended_at === null ? {} : { ended_at: row.ended_at }),
    ...(row.payment === null ? {} : { payment: row.payment }),
    ...(row.payer === null ? {} : { payer: row.payer }),
    ...(account === undefined ? {} : { account: accountDigest(key, account.name) }),
    refunded_minor: refundedMinor(tx, row.permission),
  };
}

function requirePermission(tx: Transaction, permission: string): PermissionRow {
  const row = tx.platform.permission(permission);
  if (row === undefined) throw new Error('a permission is gone');
  return row;
}
