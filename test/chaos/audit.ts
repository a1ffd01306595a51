/** What must be so when everything has healed, read from the gateway's store and the journals. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { resultOf } from '#device/flows/debit.ts';
import { isSettled } from '#device/flows/sale.ts';
import { recallSales } from '#device/flows/sale-recall.ts';
import type { JournalEntry } from '#device/messages/journal.ts';
import type { Order, Result } from '#device/messages/order.ts';
import { orderSchema } from '#device/messages/order.ts';
import { auditCards, type Must, paymentOf } from './card-audit.ts';
import type { HeldCard } from './cards.ts';
import type { ToldPayer } from './people.ts';
import { BALANCE_MINOR } from './street.ts';

/** One terminal's sales as its journal tells them. */
export interface Told {
  readonly order: Order;
  readonly receipts: number;
  readonly results: readonly Result[];
  readonly announced: number;
  /** What a card did for it, and the sale was over with it. */
  readonly byCard: Result | null;
}

export function readSales(entries: readonly JournalEntry[]): Map<string, Told> {
  const sales = new Map<string, Told>();
  const change = (number: string, by: (told: Told) => Partial<Told>): void => {
    const told = sales.get(number);
    if (told !== undefined) sales.set(number, { ...told, ...by(told) });
  };
  for (const entry of entries) {
    if (entry.kind === 'order') {
      const fresh = { order: entry.order, receipts: 0, results: [], announced: 0, byCard: null };
      sales.set(entry.order.number, fresh);
    } else if (entry.kind === 'receipt') {
      change(entry.receipt.order, ({ receipts }) => ({ receipts: receipts + 1 }));
    } else if (entry.kind === 'result') {
      const { result } = entry;
      change(result.order, ({ results }) => ({ results: [...results, result] }));
    } else if (entry.kind === 'card_done' && entry.payment.sold) {
      const { payment } = entry;
      change(payment.order, () => ({
        byCard: { ...resultOf(payment), payment: paymentOf(payment) },
      }));
    } else if (entry.kind === 'announced') {
      change(entry.order, ({ announced }) => ({ announced: announced + 1 }));
    }
  }
  return sales;
}

/** Whether nothing more is to come of any sale in this journal. */
export const isQuiet = (entries: readonly JournalEntry[]): boolean =>
  [...recallSales(entries, Date.now(), 0).values()].every(isSettled);

interface OrderRow {
  readonly number: string;
  readonly body: string;
  readonly state: string;
  readonly payment: string | null;
  readonly amount_minor: number;
  /** By phone; less what went back because a card had paid it, too. */
  readonly debits: number;
  readonly payments: number;
}

/** Every broken promise in words; none where all is well. */
export function audit(
  store: string,
  written: readonly (readonly JournalEntry[])[],
  cards: readonly HeldCard[],
  told: readonly ToldPayer[],
  payers: number,
): { readonly complaints: string[]; readonly paid: number; readonly byPhone: number } {
  const database = new DatabaseSync(join(store, 'gateway.sqlite'), { readOnly: true });
  const complaints: string[] = [];
  const must: Must = (holds, what) => void (holds || complaints.push(what));
  const journals = written.map(readSales);
  try {
    const rows = database
      .prepare(
        `SELECT number, body, state, payment, amount_minor,
           (SELECT count(*) FROM transfers WHERE order_number = number AND kind = 'debit')
             - (SELECT count(*) FROM transfers WHERE reference = 'issuer:refund:acquirer:' || twice)
             AS debits,
           (SELECT count(*) FROM transfers WHERE order_number = number AND kind = 'payment'
             AND reference NOT LIKE 'settlement:%')
             - (SELECT count(*) FROM transfers WHERE reference = 'acquirer:refund:' || twice)
             AS payments
         FROM (SELECT *, 'TWICE-' || number AS twice FROM orders)`,
      )
      .all() as unknown as OrderRow[];
    const orders = new Map(rows.map((row) => [row.number, row]));
    for (const sales of journals) for (const sale of sales.values()) agree(sale, orders, must);
    for (const { number, state, payment, debits, payments } of rows) {
      const paid = isPaidByPhone({ state, payment }) ? 1 : 0;
      must(debits === paid && payments === paid, `${number}: ${state}, ${debits} debits`);
      const known = journals.some((sales) => sales.has(number));
      must(known, `${number} is recorded, and no terminal made it`);
    }
    for (const { order, outcome } of told) {
      const state = orders.get(order)?.state;
      must(state === outcome, `${order}: the payer was told ${outcome}, it is ${state}`);
    }
    checkBooks(database, rows, payers, must);
    auditCards(database, cards, written, must);
    const { left } = database.prepare('SELECT count(*) AS left FROM undelivered').get() ?? {};
    must(left === 0, `${left} messages are not delivered`);
    const paid = rows.filter(({ state }) => state === 'paid').length;
    return { complaints, paid, byPhone: rows.filter(isPaidByPhone).length };
  } finally {
    database.close();
  }
}

const isPaidByPhone = ({ state, payment }: Pick<OrderRow, 'state' | 'payment'>): boolean =>
  state === 'paid' && payment?.startsWith('CARD-') === false;

/** Both sides tell the same of one sale, and what was announced is posted. */
function agree(sale: Told, orders: ReadonlyMap<string, OrderRow>, must: Must): void {
  const { order, results, announced, byCard } = sale;
  const row = orders.get(order.number);
  must(row !== undefined, `${order.number} is lost`);
  if (row === undefined) return;
  const recorded = JSON.stringify(orderSchema.parse(JSON.parse(row.body)));
  must(recorded === JSON.stringify(orderSchema.parse(order)), `${order.number} differs`);
  const result = byCard ?? results[0];
  const ends = results.length + (byCard === null ? 0 : 1);
  must(ends === 1, `${order.number} has ${ends} results`);
  must(announced === 1, `${order.number} was announced ${announced} times`);
  if (result === undefined) return;
  must(result.outcome === row.state, `${order.number}: ${result.outcome} there, ${row.state} here`);
  must((result.payment ?? null) === row.payment, `${order.number}: another payment`);
  must(result.amount_minor === row.amount_minor, `${order.number}: another amount`);
}

function checkBooks(
  database: DatabaseSync,
  rows: readonly OrderRow[],
  payers: number,
  must: Must,
): void {
  const uneven = database
    .prepare('SELECT transfer FROM postings GROUP BY transfer HAVING sum(amount_minor) <> 0')
    .all();
  must(uneven.length === 0, `${uneven.length} transfers do not balance`);
  const sum = (like: string): number =>
    Math.abs(
      Number(
        database
          .prepare(
            'SELECT coalesce(sum(amount_minor), 0) AS sum FROM postings WHERE account LIKE ?',
          )
          .get(like)?.sum,
      ),
    );
  const paid = rows.reduce((total, row) => total + (isPaidByPhone(row) ? row.amount_minor : 0), 0);
  must(
    sum('acquirer:merchant:%') === paid,
    `the vendor has ${sum('acquirer:merchant:%')}, not ${paid}`,
  );
  const left = payers * BALANCE_MINOR - paid;
  must(sum('issuer:payer:%') === left, `the payers have ${sum('issuer:payer:%')}, not ${left}`);
}
