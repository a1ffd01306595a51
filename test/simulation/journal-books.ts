/** What the auditor knows of terminals: what their journals said they have, and what was heard of them. */
import { recallSales } from '#device/flows/sale-recall.ts';
import { isOfNoSale, numberOf } from '#device/flows/sale-state.ts';
import type { JournalEntry } from '#device/messages/journal.ts';
import type { Order, Result } from '#device/messages/order.ts';
import { sayResult } from '#device/words/clips.ts';
import type { OrderRow } from '#gateway/store/tables.ts';
import type { CardBooks } from './card-books.ts';
import type { OrderBooks } from './order-books.ts';
import type { Trace } from './trace.ts';

export interface JournalBooksParts {
  readonly trace: Trace;
  readonly cards: CardBooks;
  readonly orders: () => OrderBooks;
  readonly report: (what: string) => void;
  /** An order is in a journal; a sentence that calls one paid was heard. */
  readonly counts: { sales: number; spoken: number };
}

export class JournalBooks {
  readonly #parts: JournalBooksParts;
  readonly #journals = new Map<string, JournalEntry[]>();
  /** By number, each order that a journal has, as JSON. */
  readonly #made = new Map<string, string>();
  readonly #offered = new Map<string, string>();
  readonly #heard = new Map<string, number>();

  constructor(parts: JournalBooksParts) {
    this.#parts = parts;
  }

  /** The journal said that it has them. */
  journalled(terminal: string, entries: readonly JournalEntry[]): void {
    const known = this.#journals.get(terminal) ?? [];
    known.push(...entries);
    this.#journals.set(terminal, known);
    for (const entry of entries) {
      if (entry.kind === 'order') this.#parts.counts.sales += 1;
      this.#keep(entry);
      if (entry.kind === 'card_begun') {
        for (const wrong of this.#parts.cards.begun(terminal, entry.debit))
          this.#parts.report(wrong);
      }
      this.#parts.trace.say(terminal, `journal has ${describe(entry)}`);
    }
  }

  /** It started, and this is what its journal holds. */
  booted(terminal: string, entries: readonly JournalEntry[]): void {
    const known = this.#journals.get(terminal) ?? [];
    const over = this.#over(known);
    let at = 0;
    for (const entry of known) {
      if (JSON.stringify(entry) === JSON.stringify(entries[at])) at += 1;
      else if (!over(entry)) this.#parts.report(`journal: ${terminal} has lost ${describe(entry)}`);
    }
    // What it wrote last and did not say, and what the auditor remembers for it.
    this.#journals.set(terminal, [...known, ...entries.slice(at)]);
    this.#parts.cards.booted(terminal, entries);
    for (const entry of entries) this.#keep(entry);
  }

  /** What of a journal may be gone: it was ended, told and answered, or has been said anew. */
  #over(known: readonly JournalEntry[]): (entry: JournalEntry) => boolean {
    const open = new Set(this.#unsettledIn(known));
    const told = new Set(known.map((each) => each.kind === 'refund_announced' && each.refund));
    const last = known.findLast(({ kind }) => kind === 'day_closed');
    const lastDay = last?.kind === 'day_closed' ? last.day.head.digest : '';
    const agreed = new Set(
      known.flatMap((each) =>
        each.kind === 'day_receipt' && each.receipt.agreed ? [each.receipt.digest] : [],
      ),
    );
    const isDayOver = (digest: string): boolean => agreed.has(digest) && digest !== lastDay;
    return (entry) => {
      switch (entry.kind) {
        case 'hotlist':
        case 'card_limits':
        case 'voucher_key':
          return known.findLast(({ kind }) => kind === entry.kind) !== entry;
        case 'refund':
          return told.has(entry.refund.refund) && !open.has(entry.refund.order);
        case 'refund_announced':
          return !open.has(entry.order);
        case 'day_closed':
          return isDayOver(entry.day.head.digest);
        case 'day_receipt':
          return isDayOver(entry.receipt.digest);
        default:
          return !isOfNoSale(entry) && !open.has(numberOf(entry) ?? '');
      }
    };
  }

  /** A screen offers it. */
  offered(terminal: string, order: string): void {
    if (this.#offered.has(order)) return;
    this.#offered.set(order, terminal);
    this.#parts.trace.say(terminal, `offers ${order}`);
    if (!this.#made.has(order)) {
      this.#parts.report(`lost: ${terminal} offers ${order}, which is not in its journal`);
    }
  }

  /** Somebody heard it. */
  spoken(
    terminal: string,
    clips: readonly string[],
    order: string,
    language: 'en' | 'zh-CN',
  ): void {
    this.#parts.trace.say(terminal, `speaks: ${clips.join(' ')} (${order})`);
    if (!clips.some((clip) => clip.endsWith('.received'))) return;
    this.#parts.counts.spoken += 1;
    const times = (this.#heard.get(order) ?? 0) + 1;
    this.#heard.set(order, times);
    if (times > 1) this.#parts.report(`announced: ${order} was called paid ${times} times`);
    this.#checkPaid(terminal, order);
    const made = this.#madeOrder(order);
    if (made === null) return;
    const said = { outcome: 'paid', amount_minor: made.amount_minor, currency: 'CNY' } as const;
    const right = [false, true].flatMap((earlier) =>
      [false, true].map((offline) => sayResult(said, language, { earlier, offline }).join()),
    );
    if (!right.includes(clips.join()))
      this.#parts.report(`announced: ${order} with a wrong amount`);
  }

  /** The screen or the printer says that it was paid. */
  shownPaid(terminal: string, order: string): void {
    this.#checkPaid(terminal, order);
  }

  #checkPaid(terminal: string, order: string): void {
    const made = this.#madeOrder(order);
    const amount = made?.amount_minor ?? -1;
    if (made?.terminal === terminal && this.#parts.cards.hasPaid(order, amount, terminal)) return;
    if (!this.#parts.orders().isPosted(order)) {
      this.#parts.report(`announced: ${terminal} calls ${order} paid, and nothing was posted`);
    } else if (this.#parts.orders().find(order)?.terminal !== terminal) {
      this.#parts.report(`announced: ${terminal} calls ${order} paid, which is not its own`);
    }
  }

  /** Sales of a terminal that are not settled, by its journal. */
  unsettled(terminal: string): string[] {
    return this.#unsettledIn(this.#journals.get(terminal) ?? []);
  }

  #unsettledIn(entries: readonly JournalEntry[]): string[] {
    return [...recallSales(entries, 0, 0).values()]
      .filter(
        ({ stage, announced, conflict, debit, received }) =>
          (conflict === undefined && (stage !== 'ended' || !announced)) ||
          (conflict === undefined && debit?.payment?.sold === true && !received) ||
          (debit !== undefined && !(debit.stage === 'done' && debit.told)),
      )
      .map(({ order }) => order.number);
  }

  /** Whether only this card can tell its terminal what became of a debit. */
  inDoubt(terminal: string, card: string): boolean {
    const sales = recallSales(this.#journals.get(terminal) ?? [], 0, 0);
    return [...sales.values()].some(
      ({ debit }) => debit !== undefined && debit.debit.card === card && !debit.told,
    );
  }

  /** At the end both sides know the same orders, with the same end. */
  judge(): void {
    const orders = this.#parts.orders();
    const journalled = this.#judgeTerminals();
    for (const { number, terminal, body } of orders.all()) {
      const order = journalled.get(number);
      if (order === undefined) {
        this.#parts.report(`lost: ${terminal} knows nothing of order ${number}`);
      } else if (JSON.stringify(order) !== body) {
        this.#parts.report(`lost: ${number} differs in its body`);
      }
    }
    for (const [order, terminal] of this.#offered) {
      if (orders.find(order) === undefined) {
        this.#parts.report(`lost: ${order} of ${terminal} never arrived`);
      }
    }
  }

  #judgeTerminals(): Map<string, Order> {
    const known = new Map<string, Order>();
    for (const [terminal, entries] of this.#journals) {
      const sales = recallSales(entries, 0, 0);
      for (const { order, result, conflict } of sales.values()) {
        known.set(order.number, order);
        const row = this.#parts.orders().find(order.number);
        if (conflict !== undefined)
          this.#parts.report(`lost: ${order.number} conflicts in ${conflict}`);
        else if (row === undefined)
          this.#parts.report(`lost: ${order.number} of ${terminal} never arrived`);
        else if (!agrees(row, result)) {
          const says = result?.outcome ?? 'nothing';
          this.#parts.report(`disagree: ${order.number} is ${row.state}, ${terminal} has ${says}`);
        }
      }
    }
    return known;
  }

  /** An order as a journal has it, as JSON. */
  made(number: string): string | undefined {
    return this.#made.get(number);
  }

  #madeOrder(number: string): Order | null {
    const made = this.#made.get(number);
    return made === undefined ? null : JSON.parse(made);
  }

  #keep(entry: JournalEntry): void {
    if (entry.kind === 'order') this.#made.set(entry.order.number, JSON.stringify(entry.order));
  }
}

/** Where a card paid what a phone had paid before, the terminal has called it paid once already. */
const agrees = (row: OrderRow, result: Result | undefined): boolean =>
  result?.outcome === row.state &&
  result.amount_minor === row.amount_minor &&
  ((result.payment ?? null) === row.payment || row.payment?.startsWith('CARD-') === true);

function describe(entry: JournalEntry): string {
  switch (entry.kind) {
    case 'order':
      return `order ${entry.order.number} of ${entry.order.amount_minor}`;
    case 'receipt':
      return `receipt ${entry.receipt.order} ${entry.receipt.said}`;
    case 'close':
      return `close ${entry.close.order} ${entry.close.because}`;
    case 'result':
      return `result ${entry.result.order} ${entry.result.outcome}`;
    case 'announced':
      return `announced ${entry.order}`;
    case 'card_begun':
      return `card_begun ${entry.debit.order} by ${entry.debit.card.slice(-4)}`;
    case 'card_done':
      return `card_done ${entry.payment.order}${entry.payment.sold ? '' : ', owed'}`;
    case 'card_undone':
      return `card_undone ${entry.order}`;
    default:
      return entry.kind;
  }
}
