/**
 * What becomes of a link, each function one decision inside a unit: a payer is verified, an attempt
 * begins, and ends. There is one attempt at a time, and one debit whatever is pressed twice.
 */
import { writeOrderNumber } from '#device/codecs/order-number.ts';
import type { Currency } from '#device/messages/money.ts';
import type { Chance } from '../../clock.ts';
import type { PayerProof } from '../../issuer/gate.ts';
import type { ContractRow, LinkRow } from '../../store/tables-links.ts';
import type { Transaction } from '../../store/writer.ts';
import { ON_ITS_WAY_MS, type PayAnswer, type PayRequest, type TellResult } from '../gate.ts';
import type { CheckedPassword } from './contracts.ts';
import { enterContract } from './contracts.ts';

export interface Deciding {
  readonly chance: Chance;
  readonly tell: TellResult;
}

/** Wrong passwords, and attempts to pay, that one link bears. */
export const WRONG = 5;
export const ATTEMPTS = 5;

/** A voucher that the fund server would take for the order. */
export type VoucherProof = Extract<PayerProof, { by: 'voucher' }>;

export type Verified =
  /** The payer is who the order names: this payment is to be made. */
  | { readonly said: 'pay'; readonly payment: string; readonly by: ContractRow | VoucherProof }
  /** Under way or paid already, by this device. */
  | { readonly said: 'already' }
  | { readonly said: 'wrong_password'; readonly tries_left: number }
  | { readonly said: 'account_locked' }
  /** Somebody else is on it, on another device. */
  | { readonly said: 'elsewhere' }
  /** Over: as the page of the link tells. */
  | { readonly said: 'ended' };

/** Whether a device may go on; `null` where it may. */
export function stands(row: LinkRow, device: string, now: number): Verified | null {
  if (row.device !== null && row.device !== device) return { said: 'elsewhere' };
  if (row.state === 'paying' || row.state === 'paid') return { said: 'already' };
  return row.state !== 'open' || row.expires_at <= now ? { said: 'ended' } : null;
}

export function requireLink(tx: Pick<Transaction, 'links'>, id: string): LinkRow {
  const row = tx.links.find(id);
  if (row === undefined) throw new Error(`link ${id} is gone`);
  return row;
}

/** A password was typed. */
export function takePassword(
  tx: Transaction,
  deciding: Deciding,
  id: string,
  device: string,
  checked: CheckedPassword,
  now: number,
): Verified {
  const row = requireLink(tx, id);
  const end = stands(row, device, now);
  if (end !== null) return end;
  const entered = enterContract(tx, checked, now);
  if (entered.ok) return admitPayer(tx, deciding, row, device, entered.contract, now);
  if (entered.code === 'account_locked') return { said: 'account_locked' };
  return countWrong(tx, deciding, row, now);
}

/** A proof that was none: after {@link WRONG} of them the link is worth nothing. */
export function countWrong(
  tx: Transaction,
  deciding: Deciding,
  row: LinkRow,
  now: number,
): Verified {
  const wrong = row.wrong + 1;
  tx.links.change(row.id, { wrong });
  if (wrong < WRONG) return { said: 'wrong_password', tries_left: WRONG - wrong };
  failLink(tx, deciding, requireLink(tx, row.id), 'too_many_tries', now);
  return { said: 'ended' };
}

/**
 * A payer was verified by a contract. The phone number of the order has to be the one that was
 * registered; if so, the link is this device's from now on, and a payment begins.
 */
export function admitPayer(
  tx: Transaction,
  deciding: Deciding,
  row: LinkRow,
  device: string,
  contract: ContractRow,
  now: number,
): Verified {
  if (contract.phone !== row.phone || contract.state !== 'active') {
    failLink(tx, deciding, row, 'other_phone', now);
    return { said: 'ended' };
  }
  return beginPaying(tx, deciding, row, { device, by: contract, now });
}

interface Paying {
  readonly device: string;
  readonly by: ContractRow | VoucherProof;
  readonly now: number;
}

/** The link is that device's from now on, and its payment begins. */
export function beginPaying(
  tx: Transaction,
  deciding: Deciding,
  row: LinkRow,
  { device, by, now }: Paying,
): Verified {
  const payment = `PAY-${writeOrderNumber(deciding.chance.bytes(10))}`;
  const [payer, method] = 'method' in by ? [by.payer, by.method] : [null, 'voucher'];
  tx.links.change(row.id, {
    ...{ state: 'paying', reason: null, device, payer },
    ...{ verified_by: method, verified_at: now, attempt: payment },
    ...{ attempts: row.attempts + 1, next_at: now + ON_ITS_WAY_MS },
  });
  tellAttempt(tx, deciding, row, payment, { said: 'pending' }, now);
  tx.links.hurryPlatforms(row.id, now);
  tx.note({ about: 'link', id: row.id });
  tx.note({ about: 'open' });
  return { said: 'pay', payment, by };
}

/** Ends the link for good; the order centre is told of an attempt that failed. */
export function failLink(
  tx: Transaction,
  deciding: Deciding,
  row: LinkRow,
  reason: 'other_phone' | 'too_many_tries',
  now: number,
): void {
  tx.links.change(row.id, { state: 'failed', reason, ended_at: now, next_at: null });
  const attempt = `PAY-${writeOrderNumber(deciding.chance.bytes(10))}`;
  const answer = { said: 'declined', reason: 'payer_not_verified' } as const;
  tellAttempt(tx, deciding, row, attempt, answer, now);
  tx.links.hurryPlatforms(row.id, now);
  tx.note({ about: 'link', id: row.id });
  tx.note({ about: 'open' });
}

export function tellAttempt(
  tx: Transaction,
  deciding: Deciding,
  row: LinkRow,
  id: string,
  answer: PayAnswer,
  at: number,
): void {
  deciding.tell(tx, {
    ...{ kind: 'payment', event: `payment.${id}.${answer.said}`, id, answer, at },
    ...{ merchant: row.merchant, order: row.order_number, amount_minor: row.amount_minor },
    currency: row.currency as Currency,
  });
}

/** What is asked of the issuer for an attempt. */
export const payRequest = (row: LinkRow, id: string, payer: PayRequest['payer']): PayRequest => ({
  ...{ id, merchant: row.merchant, order: row.order_number, amount_minor: row.amount_minor },
  ...{ currency: row.currency as Currency, capture: 'now', payer },
});

/** The payment of a link has ended: so has the attempt, and where it was paid, the link. */
export function takeAnswer(tx: Transaction, payment: string, answer: PayAnswer, now: number): void {
  const row = tx.links.byAttempt(payment);
  if (row === undefined || row.state !== 'paying' || answer.said === 'pending') return;
  tx.note({ about: 'link', id: row.id });
  const ended_at = now;
  if (answer.said === 'paid') {
    const paid_from = answer.payer;
    tx.links.change(row.id, { state: 'paid', paid_from, reason: null, ended_at, next_at: null });
    return;
  }
  const reason = reasonOf(answer);
  const over = answer.said === 'closed' || answer.said === 'voided' || row.attempts >= ATTEMPTS;
  if (over) tx.links.change(row.id, { state: 'failed', reason, ended_at, next_at: null });
  else tx.links.change(row.id, { state: 'open', reason, next_at: null });
}

function reasonOf(answer: Exclude<PayAnswer, { said: 'pending' | 'paid' }>): string {
  if (answer.said === 'declined') return answer.reason;
  if (answer.said === 'voucher_refused') return `v_${answer.reason}`;
  return answer.said === 'voided' || answer.said === 'closed' ? answer.said : 'not_made';
}
