/**
 * A card's transactions, in the order of its counter. Each is proved by its Transaction MAC, which
 * covers the balance before it: so a chain tells what is missing, and what was in doubt.
 */
import { base64url, fromHex, hex } from '#device/codecs/bytes.ts';
import { mintOrderNumber } from '#device/codecs/order-number.ts';
import { type LogRecord, readLogRecord, terminalMark } from '#device/codecs/purse.ts';
import type { CardDebit, CardPayment } from '#device/messages/card.ts';
import type { CardRow, CardTransactionRow, UnknownRow } from '../store/tables-settlement.ts';
import type { Transaction } from '../store/writer.ts';
import { postTransaction } from './book.ts';
import { blockCard } from './cards.ts';
import type { TakeAnswer, TakeCard } from './gate.ts';
import { addJob, finishJob, renewJob } from './jobs.ts';
import {
  expectedMac,
  find,
  type SettlementParts,
  sameMac,
  tellPaid,
  tellVerdict,
} from './parts.ts';

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

const namesOf = (row: CardTransactionRow) => ({
  ...{ card: row.card, counter: row.counter, terminal: row.terminal },
  ...{ order_number: row.reference, amount_minor: row.amount_minor },
});

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

/** Adds a debit and posts it; a second one for the same order is due to its card. */
function addProved(
  parts: SettlementParts,
  tx: Transaction,
  card: CardRow,
  told: CardTransactionRow,
): void {
  const { reference, amount_minor, counter, terminal, vendor } = told;
  const sold = tx.settlement.transactionsOf(reference).some(({ purpose }) => purpose === 'sale');
  const row: CardTransactionRow = sold ? { ...told, purpose: 'owed' } : told;
  tx.settlement.addTransaction(row);
  postTransaction(tx, row, card.currency, row.at);
  if (sold && told.purpose === 'sale') {
    const says = 'the order was paid by a card before; this debit is due to its card';
    find(parts, tx, { kind: 'double', ...namesOf(row), says });
  }
  const currency = card.currency as CardPayment['currency'];
  if (row.purpose === 'sale') {
    const paid = { order: reference, card: card.id, counter, amount_minor, currency };
    tellPaid(parts, tx, { ...paid, terminal, balance_minor: row.balance_after_minor });
  } else {
    const id = mintOrderNumber(row.at, parts.chance.bytes(4));
    const owed = { id, kind: 'refund', card: card.id, amount_minor, source: 'owed' } as const;
    addJob(parts, tx, { ...owed, currency, vendor, order: reference });
  }
  checkChain(parts, tx, card, row);
}

/** Both neighbours must go on from one another; where they are proved and do not, it is named. */
function checkChain(
  parts: SettlementParts,
  tx: Transaction,
  card: CardRow,
  row: CardTransactionRow,
): void {
  const before = tx.settlement.transaction(card.id, row.counter - 1);
  const after = tx.settlement.transaction(card.id, row.counter + 1);
  const starts = row.counter === 1 ? 0 : before?.balance_after_minor;
  const goesOn = starts === undefined || starts === row.balance_before_minor;
  const isMet = after === undefined || after.balance_before_minor === row.balance_after_minor;
  if (goesOn && isMet) return;
  const says = 'its balance does not go on from the one beside it';
  find(parts, tx, { kind: 'broken_chain', ...namesOf(row), says });
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

/** Decides what was in doubt, as far as the card's transactions tell. */
export function settleMatters(parts: SettlementParts, tx: Transaction, card: CardRow): void {
  for (const job of tx.settlement.jobsOf(card.id, ['sent', 'unknown'])) {
    const { counter_before, balance_before_minor, kind, amount_minor } = job;
    if (kind === 'pay' || counter_before === null || balance_before_minor === null) continue;
    const next = tx.settlement.transaction(card.id, counter_before + 2);
    const before = tx.settlement.transaction(card.id, counter_before);
    const starts = counter_before === 0 ? 0 : before?.balance_after_minor;
    // Nothing but this could have made the balance grow: loads of one card go one after another.
    const grown = next?.balance_before_minor === balance_before_minor + amount_minor;
    if (next?.proof !== 'mac' || !grown || starts !== balance_before_minor) continue;
    const outcome = { counter: counter_before + 1, balanceBeforeMinor: balance_before_minor };
    finishJob(parts, tx, job.id, { ...outcome, mac: null, proof: 'next' });
  }
  for (const unknown of tx.settlement.openUnknowns(card.id)) {
    const committed = decideUnknown(parts, tx, card, unknown);
    if (committed !== null) endUnknown(parts, tx, card, unknown, committed);
  }
}

interface Decided {
  readonly committed: boolean;
  readonly mac?: string;
}

function decideUnknown(
  parts: SettlementParts,
  tx: Transaction,
  card: CardRow,
  row: UnknownRow,
): Decided | null {
  const counter = row.counter_before + 1;
  const same = tx.settlement.transaction(card.id, counter);
  if (same?.record === row.record) return { committed: true };
  if (same?.proof === 'mac') return { committed: false };
  const next = tx.settlement.transaction(card.id, counter + 1);
  if (next?.proof !== 'mac') return null;
  const { balance_before_minor, amount_minor, record } = row;
  if (next.balance_before_minor !== balance_before_minor - amount_minor) {
    return { committed: false };
  }
  const claim = { counter, balanceBeforeMinor: balance_before_minor, record };
  const mac = expectedMac(parts.house, card, claim);
  // Another terminal may have taken the same amount: only the card's own word decides it.
  const seen = next.mac_before;
  return seen !== null && sameMac(seen, mac) ? { committed: true, mac } : null;
}

/** Writes down what became of a debit in doubt, and tells its terminal. */
export function endUnknown(
  parts: SettlementParts,
  tx: Transaction,
  card: CardRow,
  row: UnknownRow,
  { committed, mac }: Decided,
): void {
  tx.settlement.endUnknown(row.id, committed ? 'committed' : 'not_committed');
  const counter = row.counter_before + 1;
  if (committed && tx.settlement.transaction(card.id, counter) === undefined) {
    const { amount_minor, balance_before_minor, record, terminal, vendor } = row;
    addProved(parts, tx, card, {
      ...{ card: card.id, counter, kind: 'debit', reference: row.order_number, terminal, vendor },
      ...{ amount_minor, balance_before_minor, record, mac: mac ?? null, mac_before: null },
      balance_after_minor: balance_before_minor - amount_minor,
      // Its order was closed before it was told: the goods are not gone.
      purpose: 'owed',
      proof: mac === undefined ? 'log' : 'mac',
      at: Math.floor(parts.clock.now()),
    });
  }
  const { order_number: order, counter_before, terminal } = row;
  tellVerdict(parts, tx, { terminal, order, card: card.id, counter_before, committed });
}

/** What the card's own log, read in its secure channel, tells of everything in doubt. */
export function readLog(
  parts: SettlementParts,
  tx: Transaction,
  card: CardRow,
  log: { readonly records: readonly string[]; readonly counter: number; readonly mac: Uint8Array },
): void {
  const { records } = log;
  const counterOf = (at: number): number => {
    for (const [index, record] of records.entries()) {
      const known = tx.settlement
        .transactionsOf(readLogRecord(fromHex(record))?.order ?? '')
        .find((row) => row.card === card.id && row.record === record);
      if (known !== undefined) return known.counter + index - at;
    }
    return log.counter - at;
  };
  // A log that is not full, or shows the last transaction that was known before, has no gap.
  const tellsAll = (counterBefore: number): boolean =>
    records.length < 10 ||
    records.includes(tx.settlement.transaction(card.id, counterBefore)?.record ?? '');
  for (const job of tx.settlement.jobsOf(card.id, ['sent', 'unknown'])) {
    const { record, counter_before, balance_before_minor } = job;
    if (record === null || counter_before === null || balance_before_minor === null) continue;
    const at = records.indexOf(record);
    if (at < 0) {
      if (tellsAll(counter_before)) renewJob(parts, tx, job.id);
      continue;
    }
    const counter = counterOf(at);
    const claim = { counter, balanceBeforeMinor: balance_before_minor, record };
    const mac = base64url(log.mac);
    const proved = at === 0 && sameMac(mac, expectedMac(parts.house, card, claim));
    const how = proved ? ({ mac, proof: 'mac' } as const) : ({ mac: null, proof: 'log' } as const);
    finishJob(parts, tx, job.id, { counter, balanceBeforeMinor: balance_before_minor, ...how });
  }
  for (const unknown of tx.settlement.openUnknowns(card.id)) {
    const at = records.indexOf(unknown.record);
    if (at >= 0) endUnknown(parts, tx, card, unknown, { committed: true });
    else if (tellsAll(unknown.counter_before)) {
      endUnknown(parts, tx, card, unknown, { committed: false });
    }
  }
}
