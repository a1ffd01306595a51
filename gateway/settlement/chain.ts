/**
 * Takes what terminals tell of cards. Each transaction is proved by its Transaction MAC, which covers
 * the balance before it: so a card's transactions, in the order of its counter, tell what is missing.
 */
import { fromHex, hex } from '#device/codecs/bytes.ts';
import { type LogRecord, readLogRecord, terminalMark } from '#device/codecs/purse.ts';
import type { CardDebit, CardPayment } from '#device/messages/card.ts';
import type { CardRow, CardTransactionRow } from '../store/tables-settlement.ts';
import type { Transaction } from '../store/writer.ts';
import { postTransaction } from './book.ts';
import { blockCard } from './cards.ts';
import { settleMatters } from './doubt.ts';
import type { TakeAnswer, TakeCard } from './gate.ts';
import { expectedMac, find, type SettlementParts, sameMac } from './parts.ts';
import { addProved, namesOf } from './proved.ts';

type Payment = Extract<TakeCard, { kind: 'payment' }>;

/** Takes what a terminal told of a card; the same again changes nothing. */
export function takeCard(parts: SettlementParts, tx: Transaction, told: TakeCard): TakeAnswer {
  return told.kind === 'payment' ? takePayment(parts, tx, told) : takeUnknown(parts, tx, told);
}

const receipt = (
  { order, card }: Pick<CardDebit, 'order' | 'card'>,
  counter: number,
  said: TakeAnswer['said'],
): TakeAnswer => ({ order, card, counter, said });

/** What is wrong with what was told, in a word and a sentence; `null` where nothing is. */
function complaint(
  card: CardRow | undefined,
  told: CardDebit | CardPayment,
  terminal: string,
): { kind: 'unknown_card' | 'malformed' | 'replayed'; says: string } | null {
  if (card === undefined || card.uid === null) {
    return { kind: 'unknown_card', says: 'is no card of this house' };
  }
  if (card.uid !== told.uid) return { kind: 'malformed', says: 'has another UID than was told' };
  const record = readLogRecord(fromHex(told.record));
  if (record === null || !agrees(record, told) || card.currency !== told.currency) {
    return { kind: 'malformed', says: 'what was told does not agree with the record on the card' };
  }
  if (hex(record.terminal) !== hex(terminalMark(terminal))) {
    return { kind: 'replayed', says: `was written by another terminal than ${terminal}` };
  }
  return null;
}

function agrees(record: LogRecord, told: CardDebit | CardPayment): boolean {
  const after =
    'counter' in told ? told.balance_after_minor : told.balance_before_minor - told.amount_minor;
  const { kind, order, amountMinor, balanceMinor } = record;
  const same = kind === 'debit' && order === told.order && amountMinor === told.amount_minor;
  return same && balanceMinor === after && after >= 0;
}

function takePayment(parts: SettlementParts, tx: Transaction, told: Payment): TakeAnswer {
  const { payment, terminal } = told;
  const { counter, order } = payment;
  const refuse = (reason: string): TakeAnswer => ({
    ...receipt(payment, counter, 'refused'),
    reason,
  });
  const about = {
    ...{ card: payment.card, counter, terminal, order_number: order },
    amount_minor: payment.amount_minor,
  };
  const card = tx.settlement.card(payment.card);
  const wrong = complaint(card, payment, terminal);
  if (wrong !== null || card === undefined) {
    const { kind, says } = wrong ?? { kind: 'unknown_card', says: '' };
    find(parts, tx, { kind, ...about, says });
    return refuse(says);
  }
  const mac = payment.mac ?? null;
  const balanceBeforeMinor = payment.balance_after_minor + payment.amount_minor;
  const claim = { counter, balanceBeforeMinor, record: payment.record };
  if (mac !== null && !sameMac(mac, expectedMac(parts.house, card, claim))) {
    const says = 'its Transaction MAC is not the one of this card for these facts';
    find(parts, tx, { kind: 'forged', ...about, says });
    return refuse(says);
  }
  const earlier = tx.settlement.transaction(card.id, counter);
  if (earlier?.record === payment.record) return again(tx, card, earlier, payment);
  if (earlier !== undefined) {
    const stands = earlier.proof === 'mac' || mac === null;
    if (stands && mac !== null) return fork(parts, tx, card, about);
    const says = 'what was told of this counter is not what the card has done';
    find(parts, tx, { kind: 'forged', ...(stands ? about : namesOf(earlier)), says });
    if (stands) return refuse(says);
    takeBack(parts, tx, card, earlier);
  }
  addDebit(parts, tx, card, told, mac);
  settleMatters(parts, tx, card);
  return receipt(payment, counter, 'posted');
}

/** The same once more; now and then with the proof that was missing. */
function again(
  tx: Transaction,
  card: CardRow,
  earlier: CardTransactionRow,
  { mac, order, counter }: CardPayment,
): TakeAnswer {
  if (earlier.proof !== 'mac' && mac !== undefined) tx.settlement.prove(card.id, counter, mac);
  return receipt({ order, card: card.id }, counter, 'already_posted');
}

/** Two proved transactions of one counter: there are two cards, and nobody knows which is ours. */
function fork(
  parts: SettlementParts,
  tx: Transaction,
  card: CardRow,
  about: ReturnType<typeof namesOf>,
): TakeAnswer {
  const says = 'the card has proved two different transactions with the same counter';
  find(parts, tx, { kind: 'fork', ...about, says });
  blockCard(parts, tx, card.id, 'two cards have its counter');
  const { counter, order_number } = about;
  return { ...receipt({ order: order_number, card: card.id }, counter, 'refused'), reason: says };
}

/** What was believed on a terminal's word alone was not so. */
function takeBack(
  parts: SettlementParts,
  tx: Transaction,
  card: CardRow,
  row: CardTransactionRow,
): void {
  tx.settlement.disprove(card.id, row.counter);
  if (row.purpose === 'owed' && !dropOwed(tx, row, Math.floor(parts.clock.now()))) return;
  postTransaction(tx, row, card.currency, Math.floor(parts.clock.now()), -1);
}

/** What was due to the card for it; `false` where it is on the card already. */
function dropOwed(tx: Transaction, row: CardTransactionRow, now: number): boolean {
  const job = tx.settlement
    .refundsOf(row.reference)
    .find(({ source, amount_minor }) => source === 'owed' && amount_minor === row.amount_minor);
  if (job === undefined || job.state !== 'asked') return false;
  tx.settlement.putJob({ ...job, state: 'failed', reason: 'disproved', ended_at: now });
  return true;
}

function addDebit(
  parts: SettlementParts,
  tx: Transaction,
  card: CardRow,
  { payment, terminal, vendor }: Payment,
  mac: string | null,
): void {
  const { order, counter, amount_minor, record, mac_before } = payment;
  const after = payment.balance_after_minor;
  addProved(parts, tx, card, {
    ...{ card: card.id, counter, kind: 'debit', reference: order, terminal, vendor, amount_minor },
    ...{ balance_before_minor: after + amount_minor, balance_after_minor: after, record, mac },
    mac_before: mac_before ?? null,
    purpose: payment.sold ? 'sale' : 'owed',
    proof: mac === null ? 'log' : 'mac',
    at: Math.floor(parts.clock.now()),
  });
}

function takeUnknown(
  parts: SettlementParts,
  tx: Transaction,
  { unknown, terminal, vendor }: Extract<TakeCard, { kind: 'unknown' }>,
): TakeAnswer {
  const { order, counter_before, balance_before_minor, amount_minor, record } = unknown;
  const card = tx.settlement.card(unknown.card);
  const wrong = complaint(card, unknown, terminal);
  if (wrong !== null || card === undefined) {
    const { kind, says } = wrong ?? { kind: 'unknown_card', says: '' };
    const about = { card: unknown.card, counter: counter_before, terminal, order_number: order };
    find(parts, tx, { kind, ...about, amount_minor, says });
    return { ...receipt(unknown, counter_before, 'refused'), reason: says };
  }
  const at = Math.floor(parts.clock.now());
  if (tx.settlement.unknown(order, card.id, counter_before) === undefined) {
    tx.settlement.addUnknown({
      ...{ order_number: order, card: card.id, terminal, vendor, counter_before },
      ...{ balance_before_minor, amount_minor, record, at },
    });
    settleMatters(parts, tx, card);
  }
  return receipt(unknown, counter_before, 'noted');
}
