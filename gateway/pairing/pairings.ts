/**
 * Who is paired with what: one phone to a terminal and one terminal to a phone. Each function is one
 * decision inside the store's transaction.
 */
import { base64url } from '#device/codecs/bytes.ts';
import type { Chance } from '../clock.ts';
import type { OrderRow } from '../store/tables.ts';
import type { PairingEnd, PairingRow, PairingSessionRow } from '../store/tables-pairing.ts';
import type { Transaction } from '../store/writer.ts';
import { withdrawAttempts } from './attempts.ts';

/** How long a phone waits for an order, and stays after one. */
const IDLE_MS = 10 * 60_000;
/** How long after an order's time a pairing still lasts. */
const AFTER_MS = 2 * 60_000;

export type Paired =
  | { readonly ok: true; readonly pairing: PairingRow }
  | { readonly ok: false; readonly code: 'unknown_terminal' | 'terminal_taken' };

/**
 * Pairs a phone with a terminal. Another phone keeps its place until its order has ended, it leaves,
 * its time is over, or the vendor sends it away; then the next one takes it without asking.
 */
export function pair(
  tx: Transaction,
  chance: Chance,
  session: PairingSessionRow,
  number: string,
  now: number,
): Paired {
  const terminal = tx.pairings.terminalOf(number);
  if (terminal === undefined) return { ok: false, code: 'unknown_terminal' };
  const there = tx.pairings.ofTerminal(terminal);
  if (there?.session === session.digest) return { ok: true, pairing: there };
  if (there !== undefined && there.done === 0 && there.until > now) {
    return { ok: false, code: 'terminal_taken' };
  }
  if (there !== undefined) unpair(tx, there, there.done === 1 ? 'next_phone' : 'time', now);
  const elsewhere = tx.pairings.ofSession(session.digest);
  if (elsewhere !== undefined) unpair(tx, elsewhere, 'elsewhere', now);
  const id = base64url(chance.bytes(12));
  tx.pairings.add({
    id,
    terminal,
    session: session.digest,
    payer: session.masked,
    began_at: now,
    until: now + IDLE_MS,
  });
  tx.note({ about: 'pairing', terminal });
  const open = tx.pairings.openOrder(terminal);
  const order = open === undefined ? undefined : tx.orders.find(open);
  if (order !== undefined) askFor(tx, id, order);
  const pairing = tx.pairings.find(id);
  if (pairing === undefined) throw new Error('a pairing is gone');
  return { ok: true, pairing };
}

/** Ends a pairing, and calls off what its phone was paying. */
export function unpair(
  tx: Transaction,
  pairing: PairingRow,
  because: PairingEnd,
  now: number,
): void {
  if (pairing.ended_at !== null) return;
  tx.pairings.end(pairing.id, now, because);
  if (pairing.order_number !== null) withdrawAttempts(tx, pairing.order_number, now, pairing.id);
  tx.note({ about: 'pairing', terminal: pairing.terminal });
}

/** The terminal has a new order: its phone is asked for it. */
export function askFor(tx: Transaction, pairing: string, order: OrderRow): void {
  const row = tx.pairings.find(pairing);
  if (row === undefined || row.ended_at !== null || row.order_number === order.number) return;
  if (order.state !== 'offered') return;
  tx.pairings.setOrder(pairing, order.number, order.expires_at + AFTER_MS);
  tx.note({ about: 'pairing', terminal: row.terminal });
}

/** Its order has ended: the phone may stay, and the next one may take the place. */
export function orderEnded(tx: Transaction, order: OrderRow, now: number): void {
  withdrawAttempts(tx, order.number, now);
  const pairing = tx.pairings.ofTerminal(order.terminal);
  if (pairing?.order_number === order.number) tx.pairings.setDone(pairing.id, now + IDLE_MS);
  tx.note({ about: 'pairing', terminal: order.terminal });
}
