/** One house and one terminal that sells, keeps a journal, and closes days: what a day is compared on. */

import { digestLines, sumLines } from '#device/codecs/day-digest.ts';
import { mintOrderNumber } from '#device/codecs/order-number.ts';
import { type Close, type DayBook, NO_BOOK, noteEntry, stateDay } from '#device/flows/day-book.ts';
import {
  DAY_PAGE,
  type DayDifference,
  type DayLine,
  type DayReceipt,
  type DayStatement,
} from '#device/messages/day.ts';
import type { JournalEntry } from '#device/messages/journal.ts';
import type { Order } from '#device/messages/order.ts';
import { Days } from '#gateway/days/days.ts';
import { endOrder } from '#gateway/orders/orders.ts';
import type { SettlementGate } from '#gateway/settlement/gate.ts';
import { makeOrder, RICH } from './harness.ts';
import { openStand, type Stand, type StandTerminal, settle } from './stand.ts';

const CHANCE = Uint8Array.of(9, 9, 9, 9);
export const CARD = 'HC06D2A8Y1Z5W3KQ7M';

/** What the settlement of the stand has: a list that the test may change. */
export interface Debit {
  readonly card: string;
  readonly counter: number;
  readonly order: string;
  readonly amount_minor: number;
}

export class DayStand {
  readonly stand: Stand;
  readonly terminal: StandTerminal;
  readonly days: Days;
  /** What the terminal journalled: a test loses, changes or doubles entries of it. */
  entries: JournalEntry[] = [];
  debits: Debit[];
  #made = 0;
  #book: DayBook = NO_BOOK;

  private constructor(stand: Stand, days: Days, debits: Debit[]) {
    this.stand = stand;
    this.days = days;
    this.terminal = stand.terminals[0];
    this.debits = debits;
  }

  static async open(): Promise<DayStand> {
    const debits: Debit[] = [];
    const made: { stand: DayStand | null } = { stand: null };
    const settlement = debitsOf(() => made.stand?.debits ?? debits);
    const stand = await openStand({ stretch: async (secret) => secret.slice(0, 32) });
    const { tables, writer, clock, log, downlinks } = stand.core;
    const days = new Days({ tables, writer, clock, log, downlinks, settlement });
    made.stand = new DayStand(stand, days, debits);
    return made.stand;
  }

  close(): void {
    this.days.close();
    this.stand.core.close();
  }

  get tables() {
    return this.stand.core.tables;
  }

  /** An order as the terminal makes it, of which the gateway has not heard. */
  make(amount_minor = 1250): Order {
    this.#made += 1;
    const { clock } = this.stand;
    const made_at = clock.now();
    const chance = Uint8Array.of(1, 2, this.#made >> 8, this.#made & 255);
    const number = mintOrderNumber(made_at, chance);
    const lines = [{ quantity: 1, unit_minor: amount_minor }];
    const order: Order = {
      ...makeOrder(this.terminal.identity, lines),
      ...{ number, made_at },
    };
    this.entries.push({ kind: 'order', order });
    return order;
  }

  send = (order: Order) => this.terminal.say({ kind: 'order', order });

  /** Sold to a phone; both sides know. */
  async sell(amount_minor = 1250): Promise<Order> {
    const order = this.make(amount_minor);
    await this.send(order);
    const paid = await this.stand.core.payments.pay({
      ...{ order: order.number, key: order.number, ...RICH },
    });
    if (!paid.ok || paid.answer.kind !== 'paid') throw new Error(JSON.stringify(paid));
    await this.#heard(order);
    return order;
  }

  async cancel(): Promise<Order> {
    const order = this.make(900);
    await this.send(order);
    const close = { order: order.number, because: 'cancelled' } as const;
    await this.terminal.say({ kind: 'close', close });
    await this.#heard(order);
    return order;
  }

  /** Paid by voucher; both sides know. */
  async redeem(amount_minor = 600): Promise<Order> {
    const order = this.make(amount_minor);
    await this.send(order);
    const now = this.stand.clock.now();
    const paid = { state: 'paid', payment: 'VCH-06D2A8Y1Z5W3KQ7M', payer: '•••• 9015' } as const;
    await this.stand.core.writer.run((tx) => endOrder(tx, order.number, paid, now));
    await this.#heard(order);
    return order;
  }

  /** Taken from a card; both sides know, as `late` has it later. */
  async tap(counter: number, amount_minor = 700): Promise<Order> {
    const order = this.make(amount_minor);
    await this.send(order);
    this.debit({ card: CARD, counter, order: order.number, amount_minor });
    await this.stand.core.writer.run((tx) => {
      const [known, now] = [tx.orders.find(order.number), this.stand.clock.now()];
      if (known === undefined) throw new Error('not recorded');
      const payment = `CARD-${CARD}-${counter}`;
      const end = { state: 'paid', ended_at: now, reason: null, payment, payer: null } as const;
      tx.orders.endByCard(order.number, end);
    });
    this.entries.push({
      kind: 'card_done',
      payment: {
        ...{ order: order.number, card: CARD, uid: '04112233445566', amount_minor },
        ...{ currency: 'CNY', record: '01'.repeat(32), at: order.made_at, offline: false },
        ...{ counter, balance_after_minor: 5000, sold: true },
      },
    });
    return order;
  }

  debit(debit: Debit): void {
    this.debits.push(debit);
  }

  async refund(order: Order, amount_minor = 300): Promise<string> {
    const id = `06D2A8Y1Z5W3K${String(this.#made).padStart(3, '0')}`;
    const wish = { id, order: order.number, kind: 'refund', amount_minor } as const;
    await this.stand.core.refunds.refund({ ...wish, restock: false, by: 'operator' });
    await settle();
    const told = this.terminal.heard.findLast((each) => each.kind === 'refund');
    if (told?.kind !== 'refund') throw new Error('the terminal was told of no refund');
    this.entries.push({ kind: 'refund', refund: told.refund });
    const seen = { order: order.number, refund: id };
    await this.terminal.say({ kind: 'refund_seen', seen });
    return id;
  }

  async #heard(order: Order): Promise<void> {
    await settle();
    const told = this.terminal.heard.find(
      (each) => each.kind === 'result' && each.result.order === order.number,
    );
    if (told?.kind !== 'result') throw new Error('the terminal was told of no result');
    this.entries.push({ kind: 'result', result: told.result });
    await this.terminal.say({ kind: 'seen', seen: { order: order.number } });
  }

  /** What the terminal states of its journal as it is now; the next day begins. */
  state(open: readonly string[] = []): DayStatement {
    const { clock } = this.stand;
    const now = clock.now();
    const close: Close = {
      ...{
        currency: 'CNY',
        book: mintOrderNumber(now, CHANCE),
        now,
        gatewayNow: now,
        head: 'x',
        open,
      },
    };
    const day = stateDay(this.entries.reduce(noteEntry, this.#book), close);
    this.#book = noteEntry(this.entries.reduce(noteEntry, this.#book), { kind: 'day_closed', day });
    this.entries = [];
    return day;
  }

  /** The terminal's journal is gone. */
  lose(): void {
    this.entries = [];
    this.#book = NO_BOOK;
  }

  /** Sends it until it is answered. */
  async submit(day: DayStatement): Promise<DayReceipt> {
    const { head, lines } = day;
    for (let page = 0; page * DAY_PAGE < Math.max(1, lines.length); page += 1) {
      const part = lines.slice(page * DAY_PAGE, (page + 1) * DAY_PAGE);
      await this.days.take(this.terminal.identity.terminal, { head, page, lines: part });
    }
    await this.stand.clock.pass(16_000);
    const first = lines.slice(0, DAY_PAGE);
    await this.days.take(this.terminal.identity.terminal, { head, page: 0, lines: first });
    return this.receipt();
  }

  /** A minute and more after the last sale, the day is closed, sent, and compared. */
  async closeDay(open: readonly string[] = []): Promise<DayReceipt> {
    await this.stand.clock.pass(120_000);
    const day = this.state(open);
    const receipt = await this.submit(day);
    await this.stand.clock.pass(90_000);
    return receipt;
  }

  receipt(): DayReceipt {
    const last = this.terminal.heard.findLast((each) => each.kind === 'day_receipt');
    if (last?.kind !== 'day_receipt') throw new Error('the day was not answered');
    return last.receipt;
  }
}

/** The one verb of a settlement that days need. */
function debitsOf(all: () => readonly Debit[]): Pick<SettlementGate, 'debits'> {
  return {
    debits: {
      where: 'there',
      ask: async ({ after, named }) => {
        const placed = all().map((each, at) => ({ place: at + 1, ...each }));
        const isNamed = ({ card, counter }: Debit): boolean =>
          named.some((each) => each.card === card && each.counter === counter);
        return {
          debits: placed.filter(({ place }) => place > after),
          named: placed.filter(isNamed),
        };
      },
    },
  };
}

/** A first day of these lines. */
export const stateLines = (now: number, lines: readonly DayLine[]): DayStatement => {
  const close = { currency: 'CNY', book: '06D2A8Y1Z5W3KQ7M', now, gatewayNow: now } as const;
  return restate(stateDay(NO_BOOK, { ...close, head: 'x', open: [] }), lines);
};

/** A statement with other lines, bound together anew, as a terminal with such a journal makes it. */
export function restate({ head }: DayStatement, lines: readonly DayLine[]): DayStatement {
  const digest = digestLines(head.before, lines);
  return {
    head: { ...head, ...sumLines(lines), lines: lines.length, digest },
    lines: [...lines],
  };
}

export const words = ({ kind, of, name }: DayDifference): string => `${of} ${name} ${kind}`;
