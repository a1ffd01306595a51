/**
 * The auditor's books of orders and payments: kept from what gateways committed, and compared with
 * what terminals wrote down and cards did.
 */
import { trialBalance } from '#gateway/ledger/trial-balance.ts';
import type { Ending, OrderRow, Tables } from '#gateway/store/tables.ts';
import type { IssuedRow, PaymentRow } from '#gateway/store/tables-money.ts';
import { Books } from './books.ts';
import type { CardBooks } from './card-books.ts';
import { PLATFORM_PAYMENT, type PlatformBooks } from './platform-books.ts';
import type { Trace } from './trace.ts';
import type { Write } from './watched-engine.ts';

interface Debit {
  readonly id: string;
  readonly order: string;
  amount_minor: number;
}

export interface OrderBooksParts {
  readonly trace: Trace;
  readonly cards: CardBooks;
  readonly platform: Pick<PlatformBooks, 'attemptOf'>;
  readonly report: (what: string) => void;
  /** An order as a journal has it, as JSON. */
  readonly made: (order: string) => string | undefined;
  readonly paid: (order: string, amountMinor: number, byCard: boolean) => void;
}

export class OrderBooks {
  readonly #parts: OrderBooksParts;
  readonly #books = new Books();
  readonly #orders = new Map<string, OrderRow>();
  readonly #payments = new Map<string, PaymentRow>();
  /** By request id: what the issuer has taken and not given back. */
  readonly #debits = new Map<string, Debit>();
  /** Ids of all that were ever taken for an order. */
  readonly #debitsOf = new Map<string, Set<string>>();
  readonly #told: { readonly order: string; readonly payment: string }[] = [];

  constructor(parts: OrderBooksParts) {
    this.#parts = parts;
  }

  /** Enters one commit, and compares. */
  committed(house: string, writes: readonly Write[]): void {
    for (const wrong of this.#books.enter(writes)) this.#parts.report(wrong);
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
          this.#parts.trace.say(house, `payment ${write.row.id} is ${write.row.state}`);
          break;
        case 'issued':
          // What the fund server freezes and captures is no order's.
          if (write.row.caller === 'fund-server') break;
          touched.add(this.#orderOf(write.row));
          this.#issue(house, write.row);
          break;
      }
    }
    for (const order of touched) this.#checkDebits(order);
    for (const write of writes) {
      if (write.is !== 'ended' && write.is !== 'ended_by_card') continue;
      if (write.ending.state !== 'paid') continue;
      if (!this.isPosted(write.number)) {
        this.#parts.report(`announced: ${write.number} is called paid, and nothing was posted`);
      }
    }
  }

  #record(house: string, row: OrderRow): void {
    this.#orders.set(row.number, row);
    this.#parts.trace.say(house, `recorded ${row.number}`);
    if (this.#parts.made(row.number) !== row.body) {
      this.#parts.report(`lost: ${row.terminal} has no order ${row.number} like the one recorded`);
    }
  }

  #end(house: string, number: string, ending: Extract<Write, { is: 'ended' }>['ending']): void {
    const row = this.#orders.get(number);
    this.#parts.trace.say(house, `order ${number} is ${ending.state}`);
    if (row === undefined) {
      this.#parts.report(`lost: ${number} ended and was never recorded`);
      return;
    }
    if (row.state !== 'offered') this.#parts.report(`debit: ${number} ended twice`);
    if (ending.state === 'paid') {
      this.#parts.paid(number, row.amount_minor, false);
    }
    this.#orders.set(number, { ...row, ...ending });
  }

  /** Whatever its end was: the goods are gone. */
  #endByCard(house: string, number: string, ending: Ending): void {
    const row = this.#orders.get(number);
    this.#parts.trace.say(house, `order ${number} is paid by ${ending.payment}`);
    if (row === undefined) {
      this.#parts.report(`lost: ${number} was paid by a card and was never recorded`);
      return;
    }
    if (row.payment?.startsWith('CARD-'))
      this.#parts.report(`debit: ${number} was paid by two cards`);
    this.#parts.paid(number, row.amount_minor, true);
    this.#orders.set(number, { ...row, ...ending });
  }

  /** A till that takes of a voucher names its payment alone. */
  #orderOf({ id, reference }: IssuedRow): string {
    return reference ?? this.#payments.get(id)?.order_number ?? '';
  }

  #issue(house: string, row: IssuedRow): void {
    const { kind, said, id, of_request, amount_minor } = row;
    this.#parts.trace.say(house, `${kind} ${id}: ${said}`);
    const about = this.#debits.get(of_request ?? '');
    if (said === 'debited') {
      this.#debit({ id, order: this.#orderOf(row), amount_minor });
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
        this.#parts.report(`debit: ${id} was taken for ${order}, and no payment asked for it`);
      }
    }
    if (live.length > 1) {
      this.#parts.report(
        `debit: ${order} was debited ${live.length} times, ${live.map(({ id }) => id)}`,
      );
    }
  }

  /** Whether it is paid, and its money is where it belongs. */
  isPosted(number: string): boolean {
    const order = this.#orders.get(number);
    if (order?.state !== 'paid' || order.payment === null) return false;
    const { terminal, amount_minor } = order;
    if (order.payment.startsWith('CARD-')) {
      const [, card, counter] = order.payment.split('-');
      const posted = this.#books.has(`settlement:debit:${card}:${counter}`);
      return posted && this.#parts.cards.hasPaid(number, amount_minor, terminal);
    }
    if (order.payment.startsWith(PLATFORM_PAYMENT)) {
      const attempt = this.#parts.platform.attemptOf(order.payment);
      return attempt?.order_number === number && this.#books.has(`platform:${attempt.id}`);
    }
    const payment = this.#payments.get(order.payment);
    return (
      payment?.state === 'paid' &&
      payment.amount_minor === order.amount_minor &&
      this.#books.has(`acquirer:pay:${order.payment}`)
    );
  }

  /** Whether a payment was made, and its money the merchant's; it may have gone back since. */
  hasPosted(payment: string): boolean {
    return this.#books.has(`acquirer:pay:${payment}`);
  }

  /** What was taken for an order and has not gone back. */
  taken(order: string): Readonly<Debit>[] {
    return [...this.#debits.values()].filter((debit) => debit.order === order);
  }

  balanceMinor(account: string): number {
    return this.#books.balanceMinor(account);
  }

  find(number: string): OrderRow | undefined {
    return this.#orders.get(number);
  }

  all(): IterableIterator<OrderRow> {
    return this.#orders.values();
  }

  /** A phone shows that it has paid. */
  told(phone: string, order: string, payment: string): void {
    this.#told.push({ order, payment });
    if (!this.isPosted(order))
      this.#parts.report(`announced: ${phone} is told ${order} is paid; it is not`);
  }

  #judgeTold(): void {
    for (const { order, payment } of this.#told) {
      const now = this.#orders.get(order)?.payment;
      // A card that paid it, too, prevails; what the phone paid has gone back.
      if (now === payment || now?.startsWith('CARD-')) continue;
      this.#parts.report(`value: ${payment} is gone`);
    }
  }

  /** A store holds what it had committed, and nothing that it had not. */
  judgeStore(house: string, tables: Tables, keepsOrders: boolean): void {
    for (const { number, state } of keepsOrders ? this.#orders.values() : []) {
      const row = tables.orders.find(number);
      if (row?.state !== state)
        this.#parts.report(`lost: ${number} was ${state}, is ${row?.state}`);
    }
    for (const { id, balance_minor } of tables.ledger.accounts()) {
      const known = this.#books.balanceMinor(id);
      if (balance_minor !== known) {
        this.#parts.report(`value: ${house}: ${id} was ${known}, is ${balance_minor}`);
      }
    }
    for (const complaint of trialBalance(tables).complaints) {
      this.#parts.report(`value: ${house}: ${complaint}`);
    }
  }

  /** At the end each order was debited as its state says, and organisations agree on what they owe. */
  judgeMoney(): void {
    this.#judgeTold();
    const debits = Map.groupBy(this.#debits.values(), ({ order }) => order);
    for (const { number, state, payment } of this.#orders.values()) {
      const taken = debits.get(number) ?? [];
      if (payment?.startsWith('CARD-') || payment?.startsWith(PLATFORM_PAYMENT)) {
        const left = taken.filter(({ amount_minor }) => amount_minor > 0);
        if (left.length > 0)
          this.#parts.report(`debit: ${number} is paid by ${payment}, and by ${ids(left)}`);
      } else if (state === 'paid') {
        if (taken.length !== 1 || taken[0]?.id !== payment) {
          this.#parts.report(`debit: ${number} is paid by ${payment}, taken was ${ids(taken)}`);
        }
      } else if (taken.length > 0)
        this.#parts.report(`debit: ${number} is ${state}, yet ${ids(taken)}`);
    }
    for (const debit of this.#debits.values()) {
      const row = this.#payments.get(debit.id);
      if (row?.state !== 'paid')
        this.#parts.report(`debit: ${debit.id} is ${row?.state ?? 'unknown'}`);
    }
    const [owed, due] = ['issuer:due:acquirer:CNY', 'acquirer:due:issuer:CNY'].map((account) =>
      this.#books.balanceMinor(account),
    );
    if ((owed ?? 0) + (due ?? 0) !== 0) {
      this.#parts.report(`value: the issuer owes ${owed}, the acquirer counts on ${-(due ?? 0)}`);
    }
  }
}

const ids = (debits: readonly Debit[]): string => debits.map(({ id }) => id).join(', ') || 'none';
