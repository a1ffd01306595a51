/**
 * What is in doubt, loads and payments whose answer was lost, and what decides it: the transactions that
 * came since, and the card's own log.
 */
import { base64url, fromHex } from '#device/codecs/bytes.ts';
import { LOG_RECORDS, readLogRecord } from '#device/codecs/purse.ts';
import type { CardRow, UnknownRow } from '../store/tables-settlement.ts';
import type { Transaction } from '../store/writer.ts';
import { finishJob, renewJob } from './jobs.ts';
import { expectedMac, type SettlementParts, sameMac, tellVerdict } from './parts.ts';
import { addProved } from './proved.ts';

/** Decides what was in doubt, as far as the card's transactions tell. */
export function settleMatters(parts: SettlementParts, tx: Transaction, card: CardRow): void {
  for (const job of tx.settlement.jobsOf(card.id, ['sent', 'unknown'])) {
    const { counter_before, balance_before_minor, kind, amount_minor } = job;
    if (counter_before === null || balance_before_minor === null) continue;
    const same = tx.settlement.transaction(card.id, counter_before + 1);
    if (same?.proof === 'mac' && same.record !== job.record) {
      // The card did something else with that counter: not this.
      renewJob(parts, tx, job.id);
      continue;
    }
    if (kind === 'pay') continue;
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
function endUnknown(
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
    records.length < LOG_RECORDS ||
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
