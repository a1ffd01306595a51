/**
 * Card payments as the order centre sees them: what terminals tell goes to the settlement, and what
 * that tells ends orders. A debit that a card has proved outlives every other ending of its order;
 * whoever paid it by phone meanwhile has the money back, once.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8 } from '#device/codecs/bytes.ts';
import { writeOrderNumber } from '#device/codecs/order-number.ts';
import { openingOf } from '#device/codecs/purse-talks.ts';
import type { CardReceipt, CardVerdict, Hotlist } from '#device/messages/card.ts';
import { CARD_PAYMENT } from '#device/messages/day.ts';
import type { Uplink } from '#device/messages/order.ts';
import type { Clock } from '../clock.ts';
import { askGate } from '../gate.ts';
import type { Log } from '../log.ts';
import type { Downlinks } from '../notify/downlinks.ts';
import type { RelayedCard, RelayOutcome } from '../relay/relayed-card.ts';
import {
  type CardEvent,
  type HotlistState,
  hotlistStateSchema,
  type Purchase,
  type SettlementGate,
} from '../settlement/gate.ts';
import type { PurchaseGate, TellPurchase } from '../shop/purchase.ts';
import type { Tables, TerminalRow } from '../store/tables.ts';
import type { CentreCardRow } from '../store/tables-settlement.ts';
import type { Transaction, Writer } from '../store/writer.ts';
import { addEvent, endByCard } from './orders.ts';

export interface OrderCardsParts {
  readonly tables: Tables;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly log: Log;
  readonly downlinks: Pick<Downlinks, 'tell' | 'onArrival'>;
  readonly settlement: SettlementGate;
  /** What the web shop is told; `false` where it has no such order open. */
  readonly shop: TellPurchase;
  /** Told of all cards that no terminal takes. */
  readonly blocked: (tx: Transaction, cards: readonly string[]) => void;
}

type CardUplink = Extract<Uplink, { kind: 'card_payment' | 'card_unknown' }>;

const HOTLIST = 'centre_hotlist';
/** How often what is left open is looked after. */
const ROUND_MS = 60_000;
/** A list's age counts at the terminals: one that nothing was added to is told anew, each hour. */
const HOTLIST_ROUNDS = 60;
/** A refund that was asked for stands: after so long there is nothing to ask again. */
const REFUSED_MS = 7 * 86_400_000;
/**
 * A terminal that lost a verdict hears it at each connection, while it is among so many newest: by
 * number and not by age, as the settlement that dated it may have had a clock that was years behind.
 */
const VERDICTS = 200;

/** What an order that a card paid has as its payment. */
export const cardPaymentId = (card: string, counter: number): string =>
  `${CARD_PAYMENT}${card}-${counter}`;
/** A card as a bill may show it. */
export const maskCard = (card: string): string => `card ···${card.slice(-4)}`;

export class OrderCards {
  readonly #parts: OrderCardsParts;
  readonly #unlisten: (() => void)[];
  /** Orders whose card lies at a reader just now. */
  readonly #driven = new Set<string>();
  #rounds = 0;
  #cancel: () => void = () => undefined;

  constructor(parts: OrderCardsParts) {
    this.#parts = parts;
    this.#unlisten = [
      parts.downlinks.onArrival((terminal) => this.#arrived(terminal)),
      parts.writer.listen((note) => {
        if (note.about === 'hotlist') this.#tellAll();
        if (note.about === 'verdict') this.#tellVerdicts(note.terminal);
        if (note.about === 'card_refused') this.#look();
      }),
    ];
    this.#arm();
    this.#look();
  }

  close(): void {
    this.#cancel();
    for (const unlisten of this.#unlisten) unlisten();
  }

  /** Resolves after the commit; rejects where nobody knows, and the terminal tells it again. */
  async take(terminal: TerminalRow, uplink: CardUplink): Promise<void> {
    const { writer, settlement, downlinks } = this.#parts;
    const who = { terminal: terminal.id, vendor: terminal.vendor };
    const told =
      uplink.kind === 'card_payment'
        ? ({ kind: 'payment', ...who, payment: uplink.payment } as const)
        : ({ kind: 'unknown', ...who, unknown: uplink.unknown } as const);
    const receipt: CardReceipt = await askGate(writer, settlement.take, told);
    downlinks.tell(terminal.id, { kind: 'card_receipt', receipt });
  }

  /** Takes what the settlement tells, in the unit that knows it. */
  readonly event = (tx: Transaction, event: CardEvent): void => {
    switch (event.kind) {
      case 'paid':
        this.#paid(tx, event);
        return;
      case 'undone':
        this.#parts.shop(tx, { said: 'undone', order: event.order });
        return;
      case 'verdict': {
        const { order: order_number, card, counter_before, terminal, committed, at } = event;
        tx.cardPayments.addVerdict({
          ...{ order_number, card, counter_before, terminal, committed, at },
        });
        tx.note({ about: 'verdict', terminal });
        return;
      }
      case 'keys':
        tx.note({ about: 'card_keys' });
        return;
      case 'hotlist': {
        // An older one may come late.
        if (readHotlist(tx).version >= event.hotlist.version) return;
        tx.settings.set(HOTLIST, JSON.stringify(event.hotlist));
        tx.note({ about: 'hotlist' });
        this.#parts.blocked(tx, event.hotlist.entries);
        return;
      }
    }
  };

  /** Whether the shop lets a debit of this order begin. */
  readonly begun = (tx: Transaction, order: string, card: string): boolean =>
    this.#parts.shop(tx, { said: 'begun', order, card: maskCard(card) });

  /** A card paid this order before it arrived. */
  concludeWaiting(tx: Transaction, order: string): void {
    const row = tx.cardPayments.payment(order);
    if (row?.state === 'waiting') this.#conclude(tx, row);
  }

  /** What the shop takes amounts from cards with. */
  purchases(): PurchaseGate {
    return {
      opening: openingOf('debit'),
      take: (purchase, card) => this.#purchase(purchase, card),
    };
  }

  async #purchase(purchase: Purchase, card: RelayedCard): Promise<RelayOutcome> {
    const { settlement, writer, shop } = this.#parts;
    if (settlement.take.where === 'here') return settlement.purchase(purchase, card);
    const { order } = purchase;
    // What is asked elsewhere may be begun from now on, and is in doubt until it is told.
    const open = await writer.run((tx) => shop(tx, { said: 'begun', order, card: 'card' }));
    if (!open) return { said: 'failed' };
    this.#driven.add(order);
    const outcome = await settlement
      .purchase(purchase, card)
      .finally(() => this.#driven.delete(order));
    const sure = outcome.said !== 'done' && outcome.said !== 'again';
    if (sure) await writer.run((tx) => shop(tx, { said: 'undone', order }));
    return outcome;
  }

  #paid(tx: Transaction, event: Extract<CardEvent, { kind: 'paid' }>): void {
    const { order, card, counter, amount_minor, currency, balance_minor, at } = event;
    const payment = cardPaymentId(card, counter);
    const row: CentreCardRow = {
      ...{ order_number: order, card, counter, payment, amount_minor, currency, at },
      ...{ terminal: event.terminal ?? '', state: 'waiting' },
    };
    if (tx.shop.find(order) !== undefined) {
      const masked = { card: maskCard(card), payment, balance_minor };
      if (this.#parts.shop(tx, { said: 'paid', order, ...masked })) return;
      // Told twice, or of an order that is over.
      if (tx.shop.find(order)?.payment !== payment) this.#refuse(tx, row);
      return;
    }
    if (tx.cardPayments.payment(order) !== undefined) return;
    tx.cardPayments.putPayment(row);
    if (tx.orders.find(order) !== undefined) this.#conclude(tx, row);
  }

  #conclude(tx: Transaction, row: CentreCardRow): void {
    const { order_number: number, payment, card } = row;
    const order = tx.orders.find(number);
    if (order === undefined) return;
    const now = Math.floor(this.#parts.clock.now());
    const { amount_minor, currency, terminal } = order;
    const same =
      amount_minor === row.amount_minor && currency === row.currency && terminal === row.terminal;
    if (!same) {
      addEvent(tx, number, 'card_payment_differs', now, { payment, amount: row.amount_minor });
      this.#refuse(tx, row);
      return;
    }
    tx.cardPayments.putPayment({ ...row, state: 'paid' });
    endByCard(tx, order, { payment, payer: maskCard(card) }, now);
  }

  /** A card has paid for nothing: it has it back, as a refund that waits for it. */
  #refuse(tx: Transaction, row: CentreCardRow): void {
    tx.cardPayments.putPayment({ ...row, state: 'refused' });
    const says = `order ${row.order_number}: ${row.amount_minor} goes back to card ${row.card}`;
    this.#parts.log({ level: 'warn', place: 'orders/cards', says });
    tx.note({ about: 'card_refused' });
  }

  /** Looks after what an earlier process, or an answer that did not come, has left. */
  #look(): void {
    const { log } = this.#parts;
    const late = (error: unknown): void =>
      log({ level: 'warn', place: 'orders/cards', says: `not yet: ${String(error)}` });
    this.#giveBack().catch(late);
    this.#makeSure().catch(late);
  }

  async #giveBack(): Promise<void> {
    const { tables, writer, settlement, clock } = this.#parts;
    for (const { order_number: order } of tables.cardPayments.refused(clock.now() - REFUSED_MS)) {
      const name = utf8(`paid for nothing\n${order}`);
      const id = writeOrderNumber(sha256(name).slice(0, 10));
      await askGate(writer, settlement.ask, { kind: 'refund', id, order });
    }
  }

  /** Orders of the shop that were begun with, and of which the settlement has never heard. */
  async #makeSure(): Promise<void> {
    const { tables, writer, settlement, shop } = this.#parts;
    if (settlement.purchased.where === 'here') return;
    for (const { number: order } of tables.shop.unsure()) {
      if (this.#driven.has(order)) continue;
      const { said } = await askGate(writer, settlement.purchased, order);
      if (said === 'none' && !this.#driven.has(order)) {
        await writer.run((tx) => shop(tx, { said: 'undone', order }));
      }
    }
  }

  #arrived(terminal: string): void {
    this.#tellHotlist(terminal);
    this.#tellVerdicts(terminal);
  }

  #tellVerdicts(terminal: string): void {
    const { tables, downlinks } = this.#parts;
    for (const row of tables.cardPayments.verdicts(terminal, VERDICTS)) {
      const { order_number: order, card, counter_before, committed } = row;
      const verdict: CardVerdict = { order, card, counter_before, committed };
      downlinks.tell(terminal, { kind: 'card_verdict', verdict });
    }
  }

  #tellHotlist(terminal: string): void {
    const { tables, downlinks, clock } = this.#parts;
    const issued_at = Math.floor(clock.now());
    const hotlist: Hotlist = { ...readHotlist(tables), full: true, removed: [], issued_at };
    downlinks.tell(terminal, { kind: 'hotlist', hotlist });
  }

  #tellAll(): void {
    for (const { id, secret } of this.#parts.tables.terminals.all()) {
      if (secret !== null) this.#tellHotlist(id);
    }
  }

  #arm(): void {
    this.#cancel = this.#parts.clock.after(ROUND_MS, () => {
      this.#look();
      this.#rounds += 1;
      if (this.#rounds % HOTLIST_ROUNDS === 0) this.#tellAll();
      this.#arm();
    });
  }
}

function readHotlist({ settings }: Pick<Tables, 'settings'>): HotlistState {
  const kept = settings.get(HOTLIST);
  return kept === undefined
    ? { version: 0, entries: [] }
    : hotlistStateSchema.parse(JSON.parse(kept));
}
