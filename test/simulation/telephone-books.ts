/**
 * The auditor's books of telephone orders and of the stock that they take: kept from what the order
 * centre committed, and compared with what was debited for them.
 */
import { linesOf } from '#gateway/catalogue/catalogue.ts';
import type { Tables } from '#gateway/store/tables.ts';
import type { MovementRow, TelephoneOrderRow } from '#gateway/store/tables-centre.ts';
import type { OrderBooks } from './order-books.ts';
import { phoneOfParty } from './street-stock.ts';
import type { Trace } from './trace.ts';
import { PARTY } from './voucher-books.ts';
import type { Write } from './watched-engine.ts';

export interface TelephoneBooksParts {
  readonly trace: Trace;
  readonly report: (what: string) => void;
  readonly counts: { links: number };
  readonly orders: () => OrderBooks;
}

/** Each organisation knows the products; the order centre's stock alone is what is sold. */
const CENTRES = ['gateway', 'centre', 'order-centre'];

export class TelephoneBooks {
  readonly #parts: TelephoneBooksParts;
  readonly #rows = new Map<string, TelephoneOrderRow>();
  readonly #stock = new Map<string, number>();
  /** By order and product: what it has taken and not given back, below zero. */
  readonly #taken = new Map<string, Map<string, number>>();
  /** By payment: the account that was debited. */
  readonly #accounts = new Map<string, string>();
  /** Called once for each order that is paid. */
  onPaid: (row: TelephoneOrderRow) => void = () => undefined;

  constructor(parts: TelephoneBooksParts) {
    this.#parts = parts;
  }

  /** Enters one commit, after the books of payments have it. */
  committed(house: string, writes: readonly Write[]): void {
    const touched = new Set<string>();
    const paid: TelephoneOrderRow[] = [];
    for (const write of writes) {
      if (write.is === 'telephone') {
        touched.add(write.row.number);
        if (this.#change(house, write.row)) paid.push(write.row);
      } else if (write.is === 'movement' && CENTRES.includes(house)) {
        touched.add(write.row.order_number ?? '');
        this.#move(write.row);
      } else if (write.is === 'issued' && write.row.said === 'debited') {
        this.#accounts.set(write.row.id, write.row.account ?? '');
      }
    }
    for (const number of touched) this.#checkStock(number);
    for (const row of paid) {
      this.#checkPosted('the desk', row.number, row.payment ?? '');
      this.onPaid(row);
    }
  }

  /** Whether it is paid from now on. */
  #change(house: string, row: TelephoneOrderRow): boolean {
    const { number, state } = row;
    const known = this.#rows.get(number);
    if (known?.state !== state) this.#parts.trace.say(house, `telephone order ${number}: ${state}`);
    if (known?.link === null && row.link !== null) this.#parts.counts.links += 1;
    if (known !== undefined && known.ended_at !== null && known.state !== state) {
      this.#parts.report(`debit: telephone order ${number} was ${known.state}, and is ${state}`);
    }
    this.#rows.set(number, row);
    return state === 'paid' && known?.state !== 'paid';
  }

  #move({ merchant, code, quantity, stock_after, order_number }: MovementRow): void {
    const product = `${merchant} ${code}`;
    const stock = (this.#stock.get(product) ?? 0) + quantity;
    this.#stock.set(product, stock);
    if (stock !== stock_after || stock < 0) {
      this.#parts.report(`stock: of ${product} there are ${stock}, not ${stock_after}`);
    }
    if (order_number === null) return;
    const taken = this.#taken.get(order_number) ?? new Map<string, number>();
    this.#taken.set(order_number, taken.set(code, (taken.get(code) ?? 0) + quantity));
  }

  /** An order has its stock while it may be paid and once it is; one that ended otherwise has none. */
  #checkStock(number: string): void {
    const row = this.#rows.get(number);
    if (row === undefined) return;
    const wanted = new Map<string, number>();
    for (const { code, quantity } of linesOf(row)) {
      wanted.set(code, (wanted.get(code) ?? 0) - quantity);
    }
    const has = ['unpaid', 'paying', 'paid'].includes(row.state);
    // Goods may go back on the shelf once all of the money has.
    const back = row.state === 'paid' && row.refunded_minor === row.amount_minor;
    for (const [code, quantity] of wanted) {
      const taken = this.#taken.get(number)?.get(code) ?? 0;
      if (taken === (has ? quantity : 0) || (back && taken === 0)) continue;
      this.#parts.report(`stock: telephone order ${number} is ${row.state} and has ${-taken}`);
    }
  }

  #checkPosted(who: string, number: string, payment: string): void {
    if (this.#parts.orders().hasPosted(payment)) return;
    this.#parts.report(`announced: ${who} is told ${number} is paid by ${payment}; it is not`);
  }

  /** A phone shows the page of a link that is paid. */
  told(phone: string, order: string, payment: string): void {
    this.#checkPosted(phone, order, payment);
  }

  /** After healing, with the order centre's tables and those that the issuer knows payers by. */
  judge({ telephone, products }: Tables, { payers }: Tables): void {
    for (const [product, stock] of this.#stock) {
      const [merchant = '', code = ''] = product.split(' ');
      const there = products.find(merchant, code)?.stock;
      if (there !== stock) this.#parts.report(`stock: of ${product} were ${stock}, are ${there}`);
    }
    for (const row of this.#rows.values()) {
      const there = telephone.find(row.number);
      if (there?.state !== row.state || there.payment !== row.payment) {
        this.#parts.report(`lost: telephone order ${row.number} was ${row.state}`);
      }
      this.#judgeMoney(row, (account) =>
        account.startsWith(PARTY)
          ? phoneOfParty(account.slice(PARTY.length))
          : payers.find(account.split(':')[2] ?? '')?.phone,
      );
    }
  }

  #judgeMoney(row: TelephoneOrderRow, phoneOf: (account: string) => string | undefined): void {
    const { number, state, payment, amount_minor, refunded_minor } = row;
    const taken = this.#parts.orders().taken(number);
    const left = taken.reduce((sum, debit) => sum + debit.amount_minor, 0);
    const wanted = state === 'paid' ? amount_minor - refunded_minor : 0;
    if (left !== wanted) {
      this.#parts.report(`debit: telephone order ${number} is ${state}, and ${left} were taken`);
    }
    for (const { id } of taken) {
      if (id !== payment)
        this.#parts.report(`debit: ${id} was taken for ${number}, not ${payment}`);
      const phone = phoneOf(this.#accounts.get(id) ?? '');
      if (phone !== row.phone) {
        this.#parts.report(`owner: ${phone} has paid ${number}, which ${row.phone} ordered`);
      }
    }
  }
}
