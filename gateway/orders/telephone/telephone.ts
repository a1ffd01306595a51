/** The telephone side of the order centre: queries, placing, endings, and the clock behind them. */
import type { AcquirerResult } from '../../acquirer/gate.ts';
import { type Product, viewProduct } from '../../catalogue/catalogue.ts';
import type { Chance, Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Tables } from '../../store/tables.ts';
import type { ProductSearch, TelephoneOrderRow } from '../../store/tables-centre.ts';
import type { Transaction, Writer } from '../../store/writer.ts';
import { addEvent } from '../orders.ts';
import { Asks, type CentreAcquirer } from './asks.ts';
import { type Closed, closeTelephoneOrder, type Desk, finishAsk } from './endings.ts';
import { sendLink } from './messages.ts';
import type { OrderRequest } from './order.ts';
import { DRAFT_MS, type Office, type Placed, placeOrder, registerOrder } from './placing.ts';
import { takeResult } from './results.ts';

export interface TelephoneParts {
  readonly tables: Tables;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly acquirer: CentreAcquirer | null;
  /** Whether the telephone desk is told of endings by webhook. */
  readonly desk: boolean;
}

const BATCH = 200;
const LONGEST_SLEEP_MS = 15_000;
const STORE_PAUSE_MS = 2000;
/** Wrong last digits of a phone number, from one address in {@link WINDOW_MS}, or for one order ever. */
const TRIES_OF_CLIENT = 20;
const TRIES_OF_ORDER = 10;
const WINDOW_MS = 15 * 60_000;

export type Asked =
  | { readonly ok: true; readonly row: TelephoneOrderRow }
  | { readonly ok: false; readonly code: 'unknown_order' | 'slow_down' };

export class Telephone {
  readonly #parts: TelephoneParts;
  readonly #asks: Asks;
  readonly #office: Office & Desk;
  readonly #unlisten: () => void;
  #cancel = (): void => undefined;
  #busy = false;
  #closed = false;

  constructor(parts: TelephoneParts) {
    const { tables, writer, clock, log, acquirer, chance } = parts;
    this.#parts = parts;
    this.#asks = new Asks({
      ...{ telephone: tables.telephone, writer, clock, log, acquirer },
      finish: (tx, order, answered) => finishAsk(tx, this.#office, order, answered, clock.now()),
    });
    this.#office = { chance, asks: this.#asks, told: parts.desk };
    this.#unlisten = writer.listen((note) => {
      if (note.about === 'telephone') this.#arm(1);
    });
    this.#asks.start();
    this.#arm(1);
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
    this.#unlisten();
    this.#asks.close();
  }

  products(search: ProductSearch): Product[] {
    return this.#parts.tables.products.search(search).map(viewProduct);
  }

  /** For whoever may see every order. */
  find(number: string): TelephoneOrderRow | undefined {
    return this.#parts.tables.telephone.find(number);
  }

  /** Orders that a phone has to pay, newest first; `phone` is E.164. */
  ofPhone(phone: string, limit: number): TelephoneOrderRow[] {
    return this.#parts.tables.telephone.ofPhone(phone, limit);
  }

  /**
   * For a caller, who knows the number and the last four digits of the phone. An unknown number and
   * wrong digits get the same answer, and wrong ones are counted. `client` is a digest of the caller.
   */
  ask(number: string, digits: string, client: string): Promise<Asked> {
    const { writer, clock } = this.#parts;
    return writer.run((tx) => {
      const now = clock.now();
      const busy = tx.orders.triesOfClient(client, now - WINDOW_MS) >= TRIES_OF_CLIENT;
      if (busy || tx.orders.triesOfOrder(number) >= TRIES_OF_ORDER) {
        return { ok: false, code: 'slow_down' };
      }
      const row = tx.telephone.find(number);
      if (row?.phone.slice(-4) === digits) return { ok: true, row };
      tx.orders.addTry(number, client, now);
      return { ok: false, code: 'unknown_order' };
    });
  }

  register(tx: Transaction, request: OrderRequest, phone: string): Placed {
    return registerOrder(tx, this.#office, request, phone, this.#parts.clock.now());
  }

  place(tx: Transaction, number: string): Placed {
    return placeOrder(tx, this.#office, number, this.#parts.clock.now());
  }

  cancel(tx: Transaction, number: string): Closed {
    return closeTelephoneOrder(tx, this.#office, number, 'cancelled', this.#parts.clock.now());
  }

  /** Sends the link once more, for a payer who has lost it. */
  sendAgain(tx: Transaction, number: string): Closed | { ok: false; code: 'no_link' } {
    const row = tx.telephone.find(number);
    if (row === undefined) return { ok: false, code: 'unknown_order' };
    if (row.ended_at !== null) return { ok: false, code: 'closed', state: row.state };
    const { link } = row;
    if (link === null || row.closing !== null) return { ok: false, code: 'no_link' };
    const now = this.#parts.clock.now();
    sendLink(tx, this.#parts.chance, { ...row, link }, now);
    addEvent(tx, number, 'link_sent_again', now, {});
    return { ok: true, row };
  }

  /** Takes a result of the acquirer in the unit that knows it; `false` where it is of no order here. */
  takeResult(tx: Transaction, result: AcquirerResult): boolean {
    return takeResult(tx, this.#office, result, this.#parts.clock.now());
  }

  #arm(leastMs: number): void {
    this.#cancel();
    if (this.#closed || this.#busy) return;
    const { tables, clock } = this.#parts;
    const next = tables.telephone.nextExpiry();
    if (next === undefined) return;
    const rest = Math.max(leastMs, next - clock.now());
    this.#cancel = clock.after(Math.min(rest, LONGEST_SLEEP_MS), () => void this.#expire());
  }

  async #expire(): Promise<void> {
    const { writer, clock, log } = this.#parts;
    this.#busy = true;
    let pause = 1;
    try {
      await writer.run((tx) => {
        const now = clock.now();
        // Written while the clock was ahead: stock is not kept until that time comes.
        for (const late of tx.telephone.dueTooLate(now, DRAFT_MS, BATCH)) {
          const lasts = late.state === 'not_placed' ? DRAFT_MS : late.lifetime_ms;
          tx.telephone.change(late.number, { expires_at: now + lasts });
        }
        for (const { number } of tx.telephone.due(now, BATCH)) {
          closeTelephoneOrder(tx, this.#office, number, 'expired', now);
        }
      });
    } catch (error) {
      pause = STORE_PAUSE_MS;
      if (!this.#closed) {
        log({ level: 'error', place: 'orders/telephone', says: String(error) });
      }
    }
    this.#busy = false;
    this.#arm(pause);
  }
}
