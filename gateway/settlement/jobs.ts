/**
 * What a card is to do: a load, a refund, a payment that the gateway drives. It is in the store before
 * anything is sent, and done once, whatever is repeated or lost: while nobody knows, it is `unknown`,
 * and the card or what it does next tells.
 */
import { mintOrderNumber } from '#device/codecs/order-number.ts';
import type { Currency } from '#device/messages/money.ts';
import type { CardRow, CardTransactionRow, JobRow } from '../store/tables-settlement.ts';
import type { Transaction } from '../store/writer.ts';
import { cardAccount, fundJob, postTransaction, takingsAccount } from './book.ts';
import type { AskJob, JobAnswer, JobView, Purchase, Purchased } from './gate.ts';
import { expectedMac, type SettlementParts, sameMac, tellPaid } from './parts.ts';

export const viewJob = (job: JobRow): JobView => ({
  id: job.id,
  kind: job.kind,
  card: job.card,
  amount_minor: job.amount_minor,
  currency: job.currency as Currency,
  state: job.state,
  ...(job.reason === null ? {} : { reason: job.reason }),
  ...(job.order_number === null ? {} : { order: job.order_number }),
  ...(job.ended_at === null ? {} : { ended_at: job.ended_at }),
});

const tell = (job: JobRow): JobAnswer => ({ said: 'job', job: viewJob(job) });
const refuse = (
  code: Extract<JobAnswer, { said: 'refused' }>['code'],
  left_minor?: number,
): JobAnswer => ({ said: 'refused', code, ...(left_minor === undefined ? {} : { left_minor }) });

/** Takes a job, or answers what became of the same one before. */
export function askJob(parts: SettlementParts, tx: Transaction, ask: AskJob): JobAnswer {
  const earlier = tx.settlement.job(ask.id);
  if (earlier !== undefined) return isSame(earlier, ask) ? tell(earlier) : { said: 'conflict' };
  switch (ask.kind) {
    case 'load':
      return askLoad(parts, tx, ask);
    case 'refund':
      return askRefund(parts, tx, ask);
  }
}

function isSame(job: JobRow, ask: AskJob): boolean {
  const amount = ask.amount_minor === undefined || ask.amount_minor === job.amount_minor;
  const whose = ask.kind === 'refund' ? ask.order === job.order_number : ask.card === job.card;
  return job.kind === ask.kind && amount && whose;
}

function askLoad(
  parts: SettlementParts,
  tx: Transaction,
  { id, card: name, amount_minor }: Extract<AskJob, { kind: 'load' }>,
): JobAnswer {
  const card = tx.settlement.card(name);
  if (card === undefined) return refuse('unknown_card');
  const refusal = unfit(card);
  if (refusal !== null) return refusal;
  const room = card.most_minor - expectedBalance(tx, card) - dueMinor(tx, card.id);
  if (amount_minor > room) return refuse('too_much', Math.max(0, room));
  const load = { id, kind: 'load', card: name, amount_minor, source: 'paid' } as const;
  return tell(addJob(parts, tx, { ...load, currency: card.currency, order: null, vendor: null }));
}

function unfit(card: CardRow): JobAnswer | null {
  if (card.state === 'new') return refuse('not_personalised');
  return card.state === 'active' ? null : refuse('blocked_card');
}

const OPEN = ['asked', 'sent', 'unknown'] as const;

const dueMinor = (tx: Transaction, card: string): number =>
  tx.settlement
    .jobsOf(card, OPEN)
    .reduce((total, job) => total + (job.kind === 'pay' ? 0 : job.amount_minor), 0);

/** What should be on the card by all that is known. */
export const expectedBalance = (tx: Pick<Transaction, 'ledger'>, card: CardRow): number =>
  tx.ledger.account(cardAccount(card.id))?.balance_minor ?? 0;

/** What of a payment has not been given back, nor is on its way back. */
export function leftOf(
  tx: Pick<Transaction, 'settlement'>,
  { reference, amount_minor }: Pick<CardTransactionRow, 'reference' | 'amount_minor'>,
): number {
  const given = tx.settlement
    .refundsOf(reference)
    .filter(({ state, source }) => state !== 'failed' && source === 'vendor')
    .reduce((total, each) => total + each.amount_minor, 0);
  return Math.max(0, amount_minor - given);
}

/** Gives an order that a card paid back to that card. */
function askRefund(
  parts: SettlementParts,
  tx: Transaction,
  { id, order, amount_minor }: Extract<AskJob, { kind: 'refund' }>,
): JobAnswer {
  const paid = tx.settlement.transactionsOf(order).find(({ purpose }) => purpose === 'sale');
  const card = paid === undefined ? undefined : tx.settlement.card(paid.card);
  if (paid === undefined || card === undefined) return refuse('not_paid_by_card');
  const left = leftOf(tx, paid);
  const amount = amount_minor ?? left;
  if (amount > left || left === 0) return refuse('too_much', left);
  const takings = tx.ledger.account(takingsAccount(paid.vendor ?? 'house', card.currency));
  if ((takings?.balance_minor ?? 0) < amount) return refuse('vendor_funds');
  const { vendor } = paid;
  const refund = { id, kind: 'refund', card: card.id, amount_minor: amount } as const;
  const from = { source: 'vendor', currency: card.currency, order, vendor } as const;
  return tell(addJob(parts, tx, { ...refund, ...from }));
}

/** A payment that the gateway drives; `null` where the order is paid, or may be, by whichever card. */
export function askPay(
  parts: SettlementParts,
  tx: Transaction,
  card: CardRow,
  { order, merchant, amount_minor }: Purchase,
): JobRow | null {
  const open = tx.settlement.paysOf(order).some(({ state }) => state !== 'failed');
  const sold = tx.settlement.transactionsOf(order).some(({ purpose }) => purpose === 'sale');
  if (open || sold) return null;
  const id = mintOrderNumber(parts.clock.now(), parts.chance.bytes(4));
  const pay = { id, kind: 'pay', card: card.id, amount_minor, currency: card.currency } as const;
  return addJob(parts, tx, { ...pay, vendor: merchant, order, source: 'card' });
}

/** What became of a payment that was asked for here; `none` where no card can have paid it. */
export function findPurchase(tx: Transaction, order: string): Purchased {
  const states = tx.settlement.paysOf(order).map(({ state }) => state);
  if (states.includes('done')) return { said: 'paid' };
  return { said: states.every((state) => state === 'failed') ? 'none' : 'in_doubt' };
}

type NewJob = Pick<
  JobRow,
  'id' | 'kind' | 'card' | 'amount_minor' | 'currency' | 'vendor' | 'source'
> & { readonly order: string | null };

export function addJob(parts: SettlementParts, tx: Transaction, wanted: NewJob): JobRow {
  const { order, ...rest } = wanted;
  const now = Math.floor(parts.clock.now());
  const job: JobRow = {
    ...rest,
    ...{ state: 'asked', order_number: order, record: null, counter_before: null },
    ...{
      balance_before_minor: null,
      mac_before: null,
      terminal: null,
      reason: null,
      asked_at: now,
      ended_at: null,
    },
  };
  tx.settlement.putJob(job);
  fundJob(tx, job, now);
  return job;
}

export function findJob(tx: Transaction, id: string): JobAnswer {
  const job = tx.settlement.job(id);
  return job === undefined ? refuse('unknown_job') : tell(job);
}

/** Ends what was never sent, or is known not to have happened. */
export function cancelJob(parts: SettlementParts, tx: Transaction, id: string): JobAnswer {
  const job = tx.settlement.job(id);
  if (job === undefined) return refuse('unknown_job');
  if (job.state === 'failed') return tell(job);
  // What was taken for nothing stays due: nobody but its card may have it.
  if (job.state !== 'asked' || job.source === 'owed') return refuse('under_way');
  return tell(failJob(parts, tx, job, 'cancelled'));
}

export function failJob(
  parts: SettlementParts,
  tx: Transaction,
  job: JobRow,
  reason: string,
): JobRow {
  const now = Math.floor(parts.clock.now());
  const failed: JobRow = { ...job, state: 'failed', reason, ended_at: now };
  tx.settlement.putJob(failed);
  fundJob(tx, job, now, true);
  if (job.kind === 'pay' && job.order_number !== null) {
    const event = { event: `undone:${job.id}`, order: job.order_number, card: job.card, at: now };
    parts.tell.event(tx, { kind: 'undone', ...event });
  }
  return failed;
}

/** What the card is about to be told; from then on the job is done, or known not to be, or unknown. */
export interface Intent {
  readonly record: string;
  readonly counterBefore: number;
  readonly balanceBeforeMinor: number;
  /** Base64url. */
  readonly macBefore: string;
  readonly terminal: string;
}

/** Writes down what is about to be sent; `false` where the job may no longer be. */
export function sendJob(
  parts: SettlementParts,
  tx: Transaction,
  id: string,
  intent: Intent,
): boolean {
  const job = tx.settlement.job(id);
  if (job?.state !== 'asked' || tx.settlement.card(job.card)?.state !== 'active') return false;
  if (tx.settlement.jobsOf(job.card, ['sent', 'unknown']).length > 0) return false;
  if (job.kind === 'pay' && !parts.tell.begun(tx, job.order_number ?? '', job.card)) return false;
  const { record, terminal } = intent;
  const before = {
    counter_before: intent.counterBefore,
    balance_before_minor: intent.balanceBeforeMinor,
    mac_before: intent.macBefore,
  };
  tx.settlement.putJob({ ...job, ...before, state: 'sent', record, terminal });
  return true;
}

/** The answer was lost. */
export function loseJob(tx: Transaction, id: string): void {
  const job = tx.settlement.job(id);
  if (job?.state === 'sent') tx.settlement.putJob({ ...job, state: 'unknown' });
}

/** The card has not done it, and will not by itself: it waits for the card again; a payment is over. */
export function renewJob(parts: SettlementParts, tx: Transaction, id: string): void {
  const job = tx.settlement.job(id);
  if (job?.state !== 'sent' && job?.state !== 'unknown') return;
  if (job.kind === 'pay') return void failJob(parts, tx, job, 'not_committed');
  const nothing = {
    ...{ record: null, counter_before: null, balance_before_minor: null, mac_before: null },
  };
  tx.settlement.putJob({ ...job, ...nothing, state: 'asked', terminal: null });
}

/** What stands in the card's log for it. */
export const referenceOf = (job: JobRow): string =>
  job.kind === 'pay' ? (job.order_number ?? job.id) : job.id;

export interface Outcome {
  readonly counter: number;
  readonly balanceBeforeMinor: number;
  /** Base64url; `null` where the card's log or its next transaction tells. */
  readonly mac: string | null;
  readonly proof: CardTransactionRow['proof'];
}

/** The card has done it: posted, once. `false` where its MAC is not the card's. */
export function finishJob(
  parts: SettlementParts,
  tx: Transaction,
  id: string,
  { counter, balanceBeforeMinor, mac, proof }: Outcome,
): boolean {
  const job = tx.settlement.job(id);
  const card = job === undefined ? undefined : tx.settlement.card(job.card);
  if (job === undefined || card === undefined) return false;
  const { record } = job;
  if (record === null || (job.state !== 'sent' && job.state !== 'unknown')) return false;
  const claim = { counter, balanceBeforeMinor, record };
  if (mac !== null && !sameMac(mac, expectedMac(parts.house, card, claim))) return false;
  if (tx.settlement.transaction(card.id, counter) !== undefined) return false;
  const now = Math.floor(parts.clock.now());
  const pays = job.kind === 'pay';
  const sign = pays ? -1 : 1;
  const done: CardTransactionRow = {
    ...{ card: card.id, counter, kind: job.kind === 'pay' ? 'debit' : job.kind },
    reference: referenceOf(job),
    ...{ terminal: job.terminal, vendor: job.vendor, amount_minor: job.amount_minor },
    balance_before_minor: balanceBeforeMinor,
    balance_after_minor: balanceBeforeMinor + sign * job.amount_minor,
    ...{
      record,
      mac,
      mac_before: job.mac_before,
      purpose: pays ? 'sale' : 'credit',
      proof,
      at: now,
    },
  };
  tx.settlement.addTransaction(done);
  postTransaction(tx, done, card.currency, now);
  tx.settlement.putJob({ ...job, state: 'done', ended_at: now });
  if (pays) {
    const { amount_minor } = job;
    const currency = card.currency as Currency;
    const paid = { order: referenceOf(job), card: card.id, counter, amount_minor, currency };
    tellPaid(parts, tx, { ...paid, terminal: null, balance_minor: done.balance_after_minor });
  }
  return true;
}
