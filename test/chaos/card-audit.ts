/** What must be so of cards when all has healed: by their own memory, the store and the journals. */
import type { DatabaseSync } from 'node:sqlite';
import type { JournalEntry } from '#device/messages/journal.ts';
import { cardAccount, floatAccount } from '#gateway/settlement/book.ts';
import { readPurse } from '#test/simulation/card-reader.ts';
import type { HeldCard } from './cards.ts';

export type Must = (holds: boolean, what: string) => void;

interface Done {
  readonly card: string;
  readonly counter: number;
  readonly kind: string;
  readonly reference: string;
  readonly amount_minor: number;
  readonly balance_after_minor: number;
  readonly purpose: string;
}

const DONE = `SELECT card, counter, kind, reference, amount_minor, balance_after_minor, purpose
  FROM settlement_transactions WHERE disproved = 0 ORDER BY card, counter`;

/** The id of an order's payment by card. */
export const paymentOf = ({ card, counter }: Pick<Done, 'card' | 'counter'>): string =>
  `CARD-${card}-${counter}`;

/** Holds cards, books and journals against each other. */
export function auditCards(
  database: DatabaseSync,
  cards: readonly HeldCard[],
  journals: readonly (readonly JournalEntry[])[],
  must: Must,
): void {
  const all = database.prepare(DONE).all() as unknown as Done[];
  let onCards = 0;
  for (const held of cards) onCards += agreesWithBook(database, held, all, must);
  const float = -sumOf(database, floatAccount('CNY'));
  must(Math.abs(float) === onCards, `the float is ${float}, on cards are ${onCards}`);
  onceAnOrder(database, all, must);
  const known = new Map(all.map((done) => [paymentOf(done), done]));
  for (const entries of journals) {
    for (const entry of entries) {
      if (entry.kind !== 'card_done') continue;
      const { payment } = entry;
      const done = known.get(paymentOf(payment));
      const same = done?.reference === payment.order && done.amount_minor === payment.amount_minor;
      must(
        same,
        `${payment.order}: a terminal says that ${paymentOf(payment)} paid, and it did not`,
      );
      if (payment.sold) must(done?.purpose === 'sale', `${payment.order}: sold, and not posted so`);
    }
  }
}

/** What one card holds by its own memory; all that it ever did is in the book, counter by counter. */
function agreesWithBook(
  database: DatabaseSync,
  { id, card }: HeldCard,
  all: readonly Done[],
  must: Must,
): number {
  const purse = readPurse(card);
  const did = all.filter((done) => done.card === id);
  const counters = did.map(({ counter }) => counter);
  must(
    counters.every((counter, at) => counter === at + 1) && counters.length === purse?.counter,
    `card ${id} did ${purse?.counter} things, settlement knows ${counters}`,
  );
  const holds = purse?.balanceMinor ?? -1;
  must(did.at(-1)?.balance_after_minor === holds, `card ${id} holds ${holds}, and did otherwise`);
  const book = Math.abs(sumOf(database, cardAccount(id)));
  must(book === holds, `card ${id} holds ${holds}, the book has ${book}`);
  return holds;
}

/** An order is debited once; what was debited for nothing, or twice, has come back to its card. */
function onceAnOrder(database: DatabaseSync, all: readonly Done[], must: Must): void {
  const paid = database
    .prepare("SELECT number, payment FROM orders WHERE payment LIKE 'CARD-%'")
    .all() as { number: string; payment: string }[];
  const byOrder = new Map(paid.map(({ number, payment }) => [number, payment]));
  const back = database.prepare(
    `SELECT coalesce(sum(amount_minor), 0) AS sum FROM settlement_jobs
     WHERE order_number = ? AND kind = 'refund' AND state = 'done'`,
  );
  const debited = new Map<string, number>();
  for (const done of all) {
    if (done.kind !== 'debit') continue;
    if (done.purpose === 'sale') {
      const payment = byOrder.get(done.reference);
      must(payment === paymentOf(done), `${done.reference}: ${paymentOf(done)} is not its payment`);
      byOrder.delete(done.reference);
    } else debited.set(done.reference, (debited.get(done.reference) ?? 0) + done.amount_minor);
  }
  for (const [order, payment] of byOrder) must(false, `${order}: no card did ${payment}`);
  for (const [order, amount] of debited) {
    const came = Number(back.get(order)?.sum);
    must(came === amount, `${order}: ${amount} was debited for nothing, and ${came} came back`);
  }
}

const sumOf = (database: DatabaseSync, account: string): number =>
  Number(
    database
      .prepare('SELECT coalesce(sum(amount_minor), 0) AS sum FROM postings WHERE account = ?')
      .get(account)?.sum,
  );
