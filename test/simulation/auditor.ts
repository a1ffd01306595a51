/**
 * Sees everything and trusts nobody: what terminals wrote down and said, what gateways committed, what
 * payers were told. Each promise of the system is compared with that at each step, and at the end.
 */

import type { LogRecord } from '#device/codecs/purse.ts';
import type { Hotlist } from '#device/messages/card.ts';
import type { JournalEntry } from '#device/messages/journal.ts';
import type { Settlement } from '#gateway/settlement/settlement.ts';
import type { Tables } from '#gateway/store/tables.ts';
import { CardBooks } from './card-books.ts';
import type { Purse } from './card-reader.ts';
import { DayBooks } from './day-books.ts';
import { JournalBooks } from './journal-books.ts';
import { OrderBooks } from './order-books.ts';
import { PlatformBooks } from './platform-books.ts';
import { TelephoneBooks } from './telephone-books.ts';
import type { Trace } from './trace.ts';
import { VoucherBooks } from './voucher-books.ts';
import type { Write } from './watched-engine.ts';
import { WireBooks } from './wire-books.ts';

/** Its books are by subject: a new actor brings its own, and is told what it has to know from here. */
export class Auditor {
  /** What was found, a sentence each; the first names the fault. */
  readonly violations: string[] = [];
  readonly counts = {
    sales: 0,
    paid: 0,
    spoken: 0,
    commits: 0,
    cards: 0,
    vouchers: 0,
    links: 0,
    platform: 0,
    days: 0,
    faults: 0,
  };
  readonly cards = new CardBooks();
  readonly orders: OrderBooks;
  readonly days: DayBooks;
  readonly wire: WireBooks;
  readonly journals: JournalBooks;
  readonly vouchers: VoucherBooks;
  readonly telephone: TelephoneBooks;
  readonly platform: PlatformBooks;
  readonly #trace: Trace;

  /** Called once for each order that is paid. */
  onPaid: (order: string, amountMinor: number) => void = () => undefined;
  /** The same where a card paid it. */
  onPaidByCard: (order: string) => void = () => undefined;

  constructor(trace: Trace) {
    this.#trace = trace;
    const { cards, counts } = this;
    const report = (what: string): void => this.report(what);
    this.wire = new WireBooks(report);
    this.days = new DayBooks({ orders: () => this.orders, report, counts });
    this.journals = new JournalBooks({ trace, cards, report, counts, orders: () => this.orders });
    this.vouchers = new VoucherBooks({ trace, report, counts });
    this.telephone = new TelephoneBooks({ trace, report, counts, orders: () => this.orders });
    this.platform = new PlatformBooks({ trace, report, counts, orders: () => this.orders });
    this.orders = new OrderBooks({
      ...{ trace, cards, report, platform: this.platform },
      made: (order) => this.journals.made(order),
      paid: (order, amountMinor, byCard) => {
        counts.paid += 1;
        if (byCard) this.onPaidByCard(order);
        else this.onPaid(order, amountMinor);
      },
    });
  }

  /** A promise is broken. */
  report(what: string): void {
    this.violations.push(what);
    this.#trace.say('AUDITOR', what);
  }

  committed(house: string, writes: readonly Write[]): void {
    this.counts.commits += 1;
    // What a till took of a voucher is a debit like the issuer's.
    this.platform.committed(house, writes);
    const taken = this.vouchers.committed(house, writes);
    this.orders.committed(house, [...writes, ...taken]);
    this.telephone.committed(house, [...writes, ...taken]);
    this.days.committed(writes);
  }

  /** A card has committed something, by its own memory. */
  cardDid(purse: Purse, record: LogRecord): void {
    const { kind, order, amountMinor } = record;
    this.counts.cards += 1;
    this.#trace.say(`card ${purse.id.slice(-4)}`, `commits ${kind} ${amountMinor} for ${order}`);
    for (const wrong of this.cards.did(purse, record)) this.report(wrong);
  }

  toldHotlist(terminal: string, hotlist: Hotlist, now: number): void {
    this.cards.told(terminal, hotlist, now);
  }

  /** The journal said that it has them. */
  journalled(terminal: string, entries: readonly JournalEntry[]): void {
    this.journals.journalled(terminal, entries);
    this.days.journalled(terminal, entries);
  }

  /** It started, and this is what its journal holds. */
  booted(terminal: string, entries: readonly JournalEntry[]): void {
    this.journals.booted(terminal, entries);
    this.days.journalled(terminal, entries);
  }

  /** All that cards did has arrived where it belongs. */
  judgeCards(settlement: Settlement, tables: Tables): void {
    const payments = new Set([...this.orders.all()].map(({ payment }) => payment ?? ''));
    const wrong = this.cards.judge(tables, settlement.reconcile(), payments);
    for (const each of wrong) this.report(each);
  }

  /** Both sides agree on every order, and every amount is where it belongs. */
  judge(): void {
    this.journals.judge();
    this.orders.judgeMoney();
  }
}
