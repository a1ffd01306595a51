/**
 * One debit of a stored-value card, rows B1 and B7, as a part of its sale:
 *
 *   saving ──on disk──▶ sent ──committed──▶ proven ──on disk──▶ done ──receipt──▶ posted
 *                        │  └─not committed: as if it had never been
 *                        └─answer lost, power cut──▶ unknown ──the same card, settlement──▶ either
 *
 * It is on disk before it is sent to the card, and again before "paid" is announced. Nobody guesses
 * what became of one whose answer was lost.
 */
import { base64url } from '../codecs/bytes.ts';
import type { Proof } from '../codecs/purse-talks.ts';
import type { CardDebit, CardPayment, CardReceipt, CardVerdict } from '../messages/card.ts';
import type { JournalEntry } from '../messages/journal.ts';
import type { Result, Uplink } from '../messages/order.ts';
import { type Sale, type SaleEffect, type SaleStep, withoutUnsaved } from './sale-state.ts';

export type DebitStage = 'saving' | 'sent' | 'unknown' | 'proven' | 'done';

export interface Debit {
  readonly debit: CardDebit;
  readonly stage: DebitStage;
  /** Only where it is `proven` or `done`. */
  readonly payment?: CardPayment;
  /** Settlement has the payment, or knows of the unknown. */
  readonly told: boolean;
  /** Settlement does not believe the card: nothing was posted to the vendor. */
  readonly refused?: boolean;
}

export type DebitEvent =
  /** The card is open and may be debited: write it down. */
  | { readonly is: 'debit'; readonly debit: CardDebit }
  /** The card committed it, now or as its log shows; without a proof where the card has a later one. */
  | { readonly is: 'debited'; readonly proof?: Proof }
  | { readonly is: 'not_debited' }
  /** The answer was lost. */
  | { readonly is: 'torn' }
  | { readonly is: 'card_receipt'; readonly receipt: CardReceipt }
  | { readonly is: 'card_verdict'; readonly verdict: CardVerdict };

const stay = (sale: Sale): SaleStep => ({ sale, effects: [] });

/** Takes the debit of a sale one event further. */
export function stepDebit(sale: Sale, event: DebitEvent): SaleStep {
  const { debit } = sale;
  switch (event.is) {
    case 'debit': {
      if (sale.stage !== 'open' || debit !== undefined) return stay(sale);
      const begun: Debit = { debit: event.debit, stage: 'saving', told: false };
      // That an earlier one was undone must not be written behind this one.
      const free = withoutUnsaved(sale, 'card_undone');
      return keep({ ...free, debit: begun }, { kind: 'card_begun', debit: event.debit });
    }
    case 'debited':
      return prove(sale, event.proof);
    case 'not_debited': {
      if (debit === undefined || debit.payment !== undefined) return stay(sale);
      const { order, counter_before } = debit.debit;
      return keep(withoutDebit(sale), { kind: 'card_undone', order, counter_before });
    }
    case 'torn':
      if (debit?.stage !== 'sent') return stay(sale);
      return stay({ ...sale, debit: { ...debit, stage: 'unknown' } });
    case 'card_receipt':
      return stepReceipt(sale, event.receipt);
    case 'card_verdict':
      return stepVerdict(sale, event.verdict);
  }
}

const keep = (sale: Sale, entry: JournalEntry): SaleStep => ({
  sale,
  effects: [{ do: 'journal', entry }],
});

function prove(sale: Sale, proof: Proof | undefined): SaleStep {
  const { debit } = sale;
  if (debit === undefined || debit.payment !== undefined || debit.stage === 'saving') {
    return stay(sale);
  }
  const { counter_before, balance_before_minor, ...facts } = debit.debit;
  const payment: CardPayment = {
    ...facts,
    counter: proof?.counter ?? counter_before + 1,
    ...(proof === undefined ? {} : { mac: base64url(proof.mac) }),
    balance_after_minor: balance_before_minor - facts.amount_minor,
    sold: !isGivenUp(sale),
  };
  const proven: Debit = { ...debit, stage: 'proven', payment, told: false };
  return keep({ ...sale, debit: proven }, { kind: 'card_done', payment });
}

/** The journal has the payment, or could not take it, which does not make it untrue: tell it. */
export function settleDebit(sale: Sale, payment: CardPayment): SaleStep {
  const { debit } = sale;
  if (debit === undefined || debit.stage === 'done') return stay(sale);
  const done: Sale = { ...sale, debit: { ...debit, stage: 'done', payment }, tries: 0 };
  if (!payment.sold || sale.result?.outcome === 'paid') return stay(done);
  const result = resultOf(payment);
  const announce: SaleEffect = { do: 'announce', result };
  return { sale: { ...done, stage: 'ended', result }, effects: [announce] };
}

function stepReceipt(sale: Sale, receipt: CardReceipt): SaleStep {
  const { debit } = sale;
  if (debit === undefined || debit.debit.card !== receipt.card || debit.told) return stay(sale);
  // In the journal a receipt stands behind what it is of: until that is written, it is asked for again.
  if (sale.unsaved?.some(({ kind }) => kind === 'card_done')) return stay(sale);
  const { payment } = debit;
  const counter = payment === undefined ? debit.debit.counter_before : payment.counter;
  if (counter !== receipt.counter || (receipt.said === 'noted') !== (payment === undefined)) {
    return stay(sale);
  }
  const journal: SaleEffect = { do: 'journal', entry: { kind: 'card_receipt', receipt } };
  const why = receipt.reason ?? 'no reason given';
  const what = `settlement refused card ${receipt.card} for order ${receipt.order}: ${why}`;
  const log: SaleEffect[] = receipt.said === 'refused' ? [{ do: 'log', what }] : [];
  return { sale: { ...sale, debit: receive(debit, receipt) }, effects: [journal, ...log] };
}

const receive = (debit: Debit, { said }: CardReceipt): Debit => ({
  ...debit,
  told: true,
  ...(said === 'refused' ? { refused: true } : {}),
});

function stepVerdict(sale: Sale, verdict: CardVerdict): SaleStep {
  const { debit } = sale;
  if (debit?.stage !== 'unknown' || !isAbout(verdict, debit.debit)) return stay(sale);
  return keep(withoutDebit(sale), { kind: 'card_verdict', verdict });
}

const isAbout = (verdict: CardVerdict, { card, counter_before }: CardDebit): boolean =>
  verdict.card === card && verdict.counter_before === counter_before;

export function withoutDebit({ debit: _, ...sale }: Sale): Sale {
  return sale;
}

/** The order was cancelled, has expired, or was paid otherwise: a debit proven now is owed back. */
export const isGivenUp = (sale: Sale): boolean =>
  sale.stage === 'closing' || (sale.result !== undefined && sale.debit?.stage !== 'sent');

/** The card is at it just now: nothing may end the order meanwhile. */
export const isDebiting = (sale: Sale): boolean =>
  sale.debit?.stage === 'saving' || sale.debit?.stage === 'sent' || sale.debit?.stage === 'proven';

/** What settlement must still be told. */
export function untold(sale: Sale): Uplink[] {
  const { debit } = sale;
  if (debit === undefined || debit.told) return [];
  if (debit.stage === 'done' && debit.payment !== undefined) {
    return [{ kind: 'card_payment', payment: debit.payment }];
  }
  return debit.stage === 'unknown' && (sale.close !== undefined || sale.result !== undefined)
    ? [{ kind: 'card_unknown', unknown: debit.debit }]
    : [];
}

/** What a card's payment says as the result of its order. */
export const resultOf = (payment: CardPayment): Result => ({
  order: payment.order,
  outcome: 'paid',
  amount_minor: payment.amount_minor,
  currency: payment.currency,
  at: payment.at,
  payment: `${payment.card}-${payment.counter}`,
  payer: maskCard(payment.card),
});

/** `•••• 4FZK` for a screen or a bill. */
export const maskCard = (card: string): string => `•••• ${card.slice(-4)}`;

/** What a journal says of the debit; of one that was begun and not ended nobody knows. */
export function recallDebit(sale: Sale, entry: JournalEntry): Sale {
  const { debit } = sale;
  switch (entry.kind) {
    case 'card_begun':
      return { ...sale, debit: { debit: entry.debit, stage: 'unknown', told: false } };
    case 'card_done':
      return debit === undefined
        ? sale
        : settleDebit({ ...sale, debit: { ...debit, told: false } }, entry.payment).sale;
    case 'card_undone':
      return debit?.debit.counter_before === entry.counter_before ? withoutDebit(sale) : sale;
    case 'card_receipt':
      return debit === undefined ? sale : { ...sale, debit: receive(debit, entry.receipt) };
    case 'card_verdict':
      return withoutDebit(sale);
    default:
      return sale;
  }
}
