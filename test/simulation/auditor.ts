/**
 * Sees everything and trusts nobody: what terminals wrote down and said, what gateways committed, what
 * payers were told. Each promise of the system is compared with that at each step, and at the end.
 */

import type { LogRecord } from '#device/codecs/purse.ts';
import { isOfNoSale, numberOf, recallSales } from '#device/flows/sale.ts';
import type { Hotlist } from '#device/messages/card.ts';
import type { JournalEntry } from '#device/messages/journal.ts';
import type { Order, Result } from '#device/messages/order.ts';
import { sayResult } from '#device/words/clips.ts';
import { trialBalance } from '#gateway/ledger/trial-balance.ts';
import type { Settlement } from '#gateway/settlement/settlement.ts';
import type { Ending, OrderRow, Tables } from '#gateway/store/tables.ts';
import type { IssuedRow, PaymentRow } from '#gateway/store/tables-money.ts';
import { Books } from './books.ts';
import { CardBooks } from './card-books.ts';
import type { Purse } from './card-reader.ts';
import type { Trace } from './trace.ts';
import type { Write } from './watched-engine.ts';

interface Debit {
  readonly id: string;
  readonly order: string;
  amount_minor: number;
}

export class Auditor {
  /** What was found, a sentence each; the first names the fault. */
  readonly violations: string[] = [];
  readonly counts = { sales: 0, paid: 0, spoken: 0, commits: 0, cards: 0 };
  readonly cards = new CardBooks();
  readonly #trace: Trace;
  readonly #books = new Books();
  readonly #orders = new Map<string, OrderRow>();
  readonly #payments = new Map<string, PaymentRow>();
  /** By request id: what the issuer has taken and not given back. */
  readonly #debits = new Map<string, Debit>();
  /** Ids of all that were ever taken for an order. */
  readonly #debitsOf = new Map<string, Set<string>>();
  readonly #journals = new Map<string, JournalEntry[]>();
  /** By number, each order that a journal has, as JSON. */
  readonly #made = new Map<string, string>();
  readonly #offered = new Map<string, string>();
  readonly #heard = new Map<string, number>();
  readonly #told: { readonly order: string; readonly payment: string }[] = [];

  /** Called once for each order that is paid. */
  onPaid: (order: string, amountMinor: number) => void = () => undefined;
  /** The same where a card paid it. */
  onPaidByCard: (order: string) => void = () => undefined;

  constructor(trace: Trace) {
    this.#trace = trace;
  }

  /** A promise is broken. */
  report(what: string): void {
    this.violations.push(what);
    this.#trace.say('AUDITOR', what);
  }

  // ── Gateways ──────────────────────────────────────────────────────────────────────────────────

  committed(house: string, writes: readonly Write[]): void {
    this.counts.commits += 1;
    for (const wrong of this.#books.enter(writes)) this.report(wrong);
    const touched = new Set<string>();
    for (const write of writes) {
      switch (write.is) {
        case 'order':
          this.#record(house, write.row);
          break;
        case 'ended':
          touched.add(write.number);
          this.#end(house, write.number, write.ending);
          break;
        case 'ended_by_card':
          touched.add(write.number);
          this.#endByCard(house, write.number, write.ending);
          break;
        case 'payment':
          this.#payments.set(write.row.id, write.row);
          touched.add(write.row.order_number);
          this.#trace.say(house, `payment ${write.row.id} is ${write.row.state}`);
          break;
        case 'issued':
          touched.add(write.row.reference ?? '');
          this.#issue(house, write.row);
          break;
      }
    }
    for (const order of touched) this.#checkDebits(order);
    for (const write of writes) {
      if (write.is !== 'ended' && write.is !== 'ended_by_card') continue;
      if (write.ending.state !== 'paid') continue;
      if (!this.#isPosted(write.number)) {
        this.report(`announced: ${write.number} is called paid, and nothing was posted`);
      }
    }
  }

  #record(house: string, row: OrderRow): void {
    this.#orders.set(row.number, row);
    this.#trace.say(house, `recorded ${row.number}`);
    if (this.#made.get(row.number) !== row.body) {
      this.report(`lost: ${row.terminal} has no order ${row.number} like the one recorded`);
    }
  }

  #end(house: string, number: string, ending: Extract<Write, { is: 'ended' }>['ending']): void {
    const row = this.#orders.get(number);
    this.#trace.say(house, `order ${number} is ${ending.state}`);
    if (row === undefined) {
      this.report(`lost: ${number} ended and was never recorded`);
      return;
    }
    if (row.state !== 'offered') this.report(`debit: ${number} ended twice`);
    if (ending.state === 'paid') {
      this.counts.paid += 1;
      this.onPaid(number, row.amount_minor);
    }
    this.#orders.set(number, { ...row, ...ending });
  }

  /** Whatever its end was: the goods are gone. */
  #endByCard(house: string, number: string, ending: Ending): void {
    const row = this.#orders.get(number);
    this.#trace.say(house, `order ${number} is paid by ${ending.payment}`);
    if (row === undefined) {
      this.report(`lost: ${number} was paid by a card and was never recorded`);
      return;
    }
    if (row.payment?.startsWith('CARD-')) this.report(`debit: ${number} was paid by two cards`);
    this.counts.paid += 1;
    this.onPaidByCard(number);
    this.#orders.set(number, { ...row, ...ending });
  }

  #issue(house: string, { kind, said, id, of_request, amount_minor, reference }: IssuedRow): void {
    this.#trace.say(house, `${kind} ${id}: ${said}`);
    const about = this.#debits.get(of_request ?? '');
    if (said === 'debited') {
      this.#debit({ id, order: reference ?? '', amount_minor });
    } else if (said === 'captured') {
      const order = this.#payments.get(of_request ?? '')?.order_number ?? '';
      this.#debit({ id: of_request ?? '', order, amount_minor });
    } else if (said === 'reversed') this.#debits.delete(of_request ?? '');
    else if (said === 'refunded' && about !== undefined) about.amount_minor -= amount_minor;
  }

  #debit(debit: Debit): void {
    this.#debits.set(debit.id, debit);
    const known = this.#debitsOf.get(debit.order) ?? new Set();
    this.#debitsOf.set(debit.order, known.add(debit.id));
  }

  /** Those that the acquirer does not want any more are on their way back. */
  #checkDebits(order: string): void {
    const taken = [...(this.#debitsOf.get(order) ?? [])].flatMap((id) => {
      const debit = this.#debits.get(id);
      return debit === undefined ? [] : [debit];
    });
    const live = taken.filter((debit) => {
      const state = this.#payments.get(debit.id)?.state;
      return state === undefined || ['asking', 'authorised', 'paid'].includes(state);
    });
    for (const { id } of live) {
      if (!this.#payments.has(id)) {
        this.report(`debit: ${id} was taken for ${order}, and no payment asked for it`);
      }
    }
    if (live.length > 1) {
      this.report(`debit: ${order} was debited ${live.length} times, ${live.map(({ id }) => id)}`);
    }
  }

  #isPosted(number: string): boolean {
    const order = this.#orders.get(number);
    if (order?.state !== 'paid' || order.payment === null) return false;
    const { terminal, amount_minor } = order;
    if (order.payment.startsWith('CARD-')) {
      const [, card, counter] = order.payment.split('-');
      const posted = this.#books.has(`settlement:debit:${card}:${counter}`);
      return posted && this.cards.hasPaid(number, amount_minor, terminal);
    }
    const payment = this.#payments.get(order.payment);
    return (
      payment?.state === 'paid' &&
      payment.amount_minor === order.amount_minor &&
      this.#books.has(`acquirer:pay:${order.payment}`)
    );
  }

  // ── Cards ─────────────────────────────────────────────────────────────────────────────────────

  /** A card has committed something, by its own memory. */
  cardDid(purse: Purse, record: LogRecord): void {
    const { kind, order, amountMinor } = record;
    this.counts.cards += 1;
    this.#trace.say(`card ${purse.id.slice(-4)}`, `commits ${kind} ${amountMinor} for ${order}`);
    for (const wrong of this.cards.did(purse, record)) this.report(wrong);
  }

  toldHotlist(terminal: string, hotlist: Hotlist): void {
    this.cards.told(terminal, hotlist);
  }

  /** All that cards did has arrived where it belongs. */
  judgeCards(settlement: Settlement, tables: Tables): void {
    const payments = new Set([...this.#orders.values()].map(({ payment }) => payment ?? ''));
    const wrong = this.cards.judge(tables, settlement.reconcile(), payments);
    for (const each of wrong) this.report(each);
  }

  // ── Terminals ─────────────────────────────────────────────────────────────────────────────────

  /** The journal said that it has them. */
  journalled(terminal: string, entries: readonly JournalEntry[]): void {
    const known = this.#journals.get(terminal) ?? [];
    known.push(...entries);
    this.#journals.set(terminal, known);
    for (const entry of entries) {
      if (entry.kind === 'order') this.counts.sales += 1;
      this.#keep(entry);
      if (entry.kind === 'card_begun') {
        for (const wrong of this.cards.begun(terminal, entry.debit)) this.report(wrong);
      }
      this.#trace.say(terminal, `journal has ${describe(entry)}`);
    }
  }

  /** It started, and this is what its journal holds. */
  booted(terminal: string, entries: readonly JournalEntry[]): void {
    const known = this.#journals.get(terminal) ?? [];
    const over = this.#over(known);
    let at = 0;
    for (const entry of known) {
      if (JSON.stringify(entry) === JSON.stringify(entries[at])) at += 1;
      else if (!over(entry)) this.report(`journal: ${terminal} has lost ${describe(entry)}`);
    }
    // What it wrote last and did not say, and what the auditor remembers for it.
    this.#journals.set(terminal, [...known, ...entries.slice(at)]);
    this.cards.booted(terminal, entries);
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

  offered(terminal: string, order: string): void {
    if (this.#offered.has(order)) return;
    this.#offered.set(order, terminal);
    this.#trace.say(terminal, `offers ${order}`);
    if (!this.#made.has(order)) {
      this.report(`lost: ${terminal} offers ${order}, which is not in its journal`);
    }
  }

  /** Somebody heard it. */
  spoken(
    terminal: string,
    clips: readonly string[],
    order: string,
    language: 'en' | 'zh-CN',
  ): void {
    this.#trace.say(terminal, `speaks: ${clips.join(' ')} (${order})`);
    if (!clips.some((clip) => clip.endsWith('.received'))) return;
    this.counts.spoken += 1;
    const times = (this.#heard.get(order) ?? 0) + 1;
    this.#heard.set(order, times);
    if (times > 1) this.report(`announced: ${order} was called paid ${times} times`);
    this.#checkPaid(terminal, order);
    const made = this.#madeOrder(order);
    if (made === null) return;
    const said = { outcome: 'paid', amount_minor: made.amount_minor, currency: 'CNY' } as const;
    const right = [false, true].flatMap((earlier) =>
      [false, true].map((offline) => sayResult(said, language, { earlier, offline }).join()),
    );
    if (!right.includes(clips.join())) this.report(`announced: ${order} with a wrong amount`);
  }

  /** The screen or the printer says that it was paid. */
  shownPaid(terminal: string, order: string): void {
    this.#checkPaid(terminal, order);
  }

  #checkPaid(terminal: string, order: string): void {
    const made = this.#madeOrder(order);
    const amount = made?.amount_minor ?? -1;
    if (made?.terminal === terminal && this.cards.hasPaid(order, amount, terminal)) return;
    if (!this.#isPosted(order)) {
      this.report(`announced: ${terminal} calls ${order} paid, and nothing was posted`);
    } else if (this.#orders.get(order)?.terminal !== terminal) {
      this.report(`announced: ${terminal} calls ${order} paid, which is not its own`);
    }
  }

  // ── Payers ────────────────────────────────────────────────────────────────────────────────────

  /** A phone shows that it has paid. */
  told(phone: string, order: string, payment: string): void {
    this.#told.push({ order, payment });
    if (!this.#isPosted(order))
      this.report(`announced: ${phone} is told ${order} is paid; it is not`);
  }

  // ── The end ───────────────────────────────────────────────────────────────────────────────────

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

  /** Both sides agree on every order, and every amount is where it belongs. */
  judge(): void {
    const journalled = this.#judgeTerminals();
    for (const { number, terminal, body } of this.#orders.values()) {
      const order = journalled.get(number);
      if (order === undefined) this.report(`lost: ${terminal} knows nothing of order ${number}`);
      else if (JSON.stringify(order) !== body) this.report(`lost: ${number} differs in its body`);
    }
    for (const [order, terminal] of this.#offered) {
      if (!this.#orders.has(order)) this.report(`lost: ${order} of ${terminal} never arrived`);
    }
    for (const { order, payment } of this.#told) {
      const now = this.#orders.get(order)?.payment;
      // A card that paid it, too, prevails; what the phone paid has gone back ({@link #judgeMoney}).
      if (now === payment || now?.startsWith('CARD-')) continue;
      this.report(`value: ${payment} is gone`);
    }
    this.#judgeMoney();
  }

  /** A store holds what it had committed, and nothing that it had not. */
  judgeStore(house: string, tables: Tables, keepsOrders: boolean): void {
    for (const { number, state } of keepsOrders ? this.#orders.values() : []) {
      const row = tables.orders.find(number);
      if (row?.state !== state) this.report(`lost: ${number} was ${state}, is ${row?.state}`);
    }
    for (const { id, balance_minor } of tables.ledger.accounts()) {
      const known = this.#books.balanceMinor(id);
      if (balance_minor !== known) {
        this.report(`value: ${house}: ${id} was ${known}, is ${balance_minor}`);
      }
    }
    for (const complaint of trialBalance(tables).complaints) {
      this.report(`value: ${house}: ${complaint}`);
    }
  }

  #judgeTerminals(): Map<string, Order> {
    const known = new Map<string, Order>();
    for (const [terminal, entries] of this.#journals) {
      const sales = recallSales(entries, 0, 0);
      for (const { order, result, conflict } of sales.values()) {
        known.set(order.number, order);
        const row = this.#orders.get(order.number);
        if (conflict !== undefined) this.report(`lost: ${order.number} conflicts in ${conflict}`);
        else if (row === undefined)
          this.report(`lost: ${order.number} of ${terminal} never arrived`);
        else if (!agrees(row, result)) {
          const says = result?.outcome ?? 'nothing';
          this.report(`disagree: ${order.number} is ${row.state}, ${terminal} has ${says}`);
        }
      }
    }
    return known;
  }

  #judgeMoney(): void {
    const debits = Map.groupBy(this.#debits.values(), ({ order }) => order);
    for (const { number, state, payment } of this.#orders.values()) {
      const taken = debits.get(number) ?? [];
      if (payment?.startsWith('CARD-')) {
        const left = taken.filter(({ amount_minor }) => amount_minor > 0);
        if (left.length > 0) this.report(`debit: ${number} is paid by card, and by ${ids(left)}`);
      } else if (state === 'paid') {
        if (taken.length !== 1 || taken[0]?.id !== payment) {
          this.report(`debit: ${number} is paid by ${payment}, taken was ${ids(taken)}`);
        }
      } else if (taken.length > 0) this.report(`debit: ${number} is ${state}, yet ${ids(taken)}`);
    }
    for (const debit of this.#debits.values()) {
      const row = this.#payments.get(debit.id);
      if (row?.state !== 'paid') this.report(`debit: ${debit.id} is ${row?.state ?? 'unknown'}`);
    }
    const [owed, due] = ['issuer:due:acquirer:CNY', 'acquirer:due:issuer:CNY'].map((account) =>
      this.#books.balanceMinor(account),
    );
    if ((owed ?? 0) + (due ?? 0) !== 0) {
      this.report(`value: the issuer owes ${owed}, the acquirer counts on ${-(due ?? 0)}`);
    }
  }

  #madeOrder(number: string): Order | null {
    const made = this.#made.get(number);
    return made === undefined ? null : JSON.parse(made);
  }

  #keep(entry: JournalEntry): void {
    if (entry.kind === 'order') this.#made.set(entry.order.number, JSON.stringify(entry.order));
  }
}

const ids = (debits: readonly Debit[]): string => debits.map(({ id }) => id).join(', ') || 'none';

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
