/** The issuer keeps payers' accounts: it says who a payer is, and debits. */
import type { Currency } from '#device/messages/money.ts';
import type { DeclineReason } from '#device/messages/order.ts';
import type { GatewayKeys } from '../keys.ts';
import { openAccount, payerAccount, post, vendorAccount } from '../ledger/ledger.ts';
import type { PayerRow, Tables } from '../store/tables.ts';
import type { Transaction } from '../store/writer.ts';
import { hashPin, verifyPin } from './pin.ts';

/** Wrong PINs in a row after which an account is locked. */
const TRIES = 5;
const LOCKED_MS = 15 * 60_000;

export type Authenticated =
  | { readonly who: 'unknown' }
  | { readonly who: 'known'; readonly payer: string; readonly right: boolean };

/** `+86 138-0000-0001` → `+8613800000001`; without `+` the default calling code is put before it. */
export function readPhone(text: string, callingCode: string): string | null {
  const digits = text.replace(/[\s().-]/g, '');
  const whole = digits.startsWith('+') ? digits : `+${callingCode}${digits.replace(/^0/, '')}`;
  return /^\+[1-9]\d{6,14}$/.test(whole) ? whole : null;
}

/** Compares the PIN outside any transaction, because that is slow on purpose. */
export async function authenticate(
  tables: Pick<Tables, 'payers'>,
  keys: Pick<GatewayKeys, 'pin'>,
  phone: string,
  pin: string,
): Promise<Authenticated> {
  const payer = tables.payers.byPhone(phone);
  if (payer === undefined) {
    // As slow as a known number, so that nobody can find out who has an account.
    await hashPin(keys.pin, pin, new Uint8Array(16));
    return { who: 'unknown' };
  }
  return { who: 'known', payer: payer.id, right: await verifyPin(keys.pin, pin, payer.pin) };
}

export type Admitted =
  | { readonly ok: true; readonly payer: PayerRow }
  | { readonly ok: false; readonly code: 'wrong_pin'; readonly tries_left?: number }
  | { readonly ok: false; readonly code: 'account_locked'; readonly retry_at: number };

/** Counts wrong PINs and locks the account after {@link TRIES}; a right one clears the count. */
export function admit(tx: Transaction, authenticated: Authenticated, now: number): Admitted {
  if (authenticated.who === 'unknown') return { ok: false, code: 'wrong_pin' };
  const payer = tx.payers.find(authenticated.payer);
  if (payer === undefined) return { ok: false, code: 'wrong_pin' };
  if (payer.locked_until > now) {
    return { ok: false, code: 'account_locked', retry_at: payer.locked_until };
  }
  if (authenticated.right) {
    if (payer.failures > 0) tx.payers.setFailures(payer.id, 0, 0);
    return { ok: true, payer };
  }
  const failures = payer.failures + 1;
  if (failures < TRIES) {
    tx.payers.setFailures(payer.id, failures, 0);
    return { ok: false, code: 'wrong_pin', tries_left: TRIES - failures };
  }
  tx.payers.setFailures(payer.id, 0, now + LOCKED_MS);
  return { ok: false, code: 'account_locked', retry_at: now + LOCKED_MS };
}

export interface Debit {
  readonly order: string;
  readonly vendor: string;
  readonly amount_minor: number;
  readonly currency: Currency;
}

/** Moves the money from payer to vendor, or says why it stays; once per order, whatever is repeated. */
export function debit(
  tx: Transaction,
  payer: PayerRow,
  order: Debit,
  now: number,
): 'debited' | DeclineReason {
  if (payer.state === 'blocked') return 'account_blocked';
  const from = payerAccount(payer.id, order.currency);
  const to = vendorAccount(order.vendor, order.currency);
  if (tx.ledger.account(from) === undefined) return 'insufficient_funds';
  openAccount(tx, to, 'liability', order.currency, 0);
  const posted = post(tx, {
    reference: `payment:${order.order}`,
    kind: 'payment',
    order_number: order.order,
    at: now,
    postings: [
      { account: from, amount_minor: -order.amount_minor },
      { account: to, amount_minor: order.amount_minor },
    ],
  });
  return posted.ok ? 'debited' : 'insufficient_funds';
}
