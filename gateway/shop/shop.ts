/**
 * The web shop at a reader (rows B3 to B8): goods, orders, the reader in front of the customer, and
 * one tap at a time for each order. What the reader does just now is in memory; what happened is not.
 */
import { currencySchema } from '#device/messages/money.ts';
import { linesOf, type Product, viewProduct } from '../catalogue/catalogue.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { addEvent } from '../orders/orders.ts';
import type { Invitation, InvitationEnd, RelayDesk } from '../relay/desk.ts';
import type { RelayedCard, RelayOutcome } from '../relay/relayed-card.ts';
import type { ShopOrderRow } from '../store/tables-shop.ts';
import type { Writer } from '../store/writer.ts';
import type { Keep } from '../web/idempotency.ts';
import { startShopExpiry } from './expiry.ts';
import {
  type Ended,
  endShopOrder,
  type Placed,
  placeShopOrder,
  type ShopOrder,
  takePurchase,
  type Wish,
} from './orders.ts';
import type { PurchaseGate, TellPurchase } from './purchase.ts';
import { forgetReader, keepReader, provesReader, type ReaderParts, readerOf } from './readers.ts';

export interface ShopParts extends ReaderParts {
  readonly writer: Writer;
  readonly clock: Clock;
  readonly log: Log;
  readonly relay: RelayDesk;
  /** `null` where there is no settlement: then there are goods to see, and no card to pay with. */
  readonly purchases: PurchaseGate | null;
}

/** How long a reader waits for the card of one order; the page can ask again. */
const TAP_MS = 120_000;
const DIGITS_MS = 120_000;
/** Wrong digits for one order; each is one guess in a hundred or better. */
const WRONG_DIGITS = 3;
const MOST_GOODS = 200;

interface Tap {
  readonly terminal: string;
  readonly step: 'digits' | 'tap' | 'working';
  readonly invitation: Invitation;
  readonly wrong: number;
}

export type Tapped =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly code:
        | 'unknown_order'
        | 'unknown_terminal'
        | 'terminal_taken'
        | 'terminal_away'
        | 'being_paid'
        | 'no_cards'
        | 'closed'
        | 'wrong_digits'
        | 'too_many_tries';
    };

const refuse = (code: Extract<Tapped, { ok: false }>['code']): Tapped => ({ ok: false, code });

export class Shop {
  readonly #parts: ShopParts;
  /** By order: what its reader does just now. */
  readonly #taps = new Map<string, Tap>();
  readonly #stopExpiry: () => void;
  #closed = false;

  constructor(parts: ShopParts) {
    this.#parts = parts;
    this.#stopExpiry = startShopExpiry(parts, (number) => this.#drop(number));
  }

  close(): void {
    this.#closed = true;
    this.#stopExpiry();
    this.#taps.clear();
  }

  /** Name and goods of a shop; `null` where there is no such merchant, or it sells nothing here. */
  goods(merchant: string): { readonly name: string; readonly goods: Product[] } | null {
    const { products } = this.#parts.tables;
    const name = products.merchantName(merchant);
    if (name === undefined) return null;
    const search = { merchant, code: null, words: [], in_stock: false, limit: MOST_GOODS };
    const goods = products.search(search).map(viewProduct);
    return goods.length === 0 ? null : { name, goods };
  }

  /** `keep` is given the answer in the unit that decides. */
  place(wish: Wish, keep: Keep<Placed>): Promise<Placed> {
    const { writer, chance, clock } = this.#parts;
    return writer.run((tx) => keep(tx, placeShopOrder(tx, chance, wish, clock.now())));
  }

  /** An order of this customer. */
  find(number: string, customer: string): ShopOrderRow | undefined {
    const row = this.#parts.tables.shop.find(number);
    return row?.customer === customer ? row : undefined;
  }

  view(row: ShopOrderRow): ShopOrder {
    const { tables } = this.#parts;
    const { number, state, merchant, amount_minor, created_at, expires_at } = row;
    const reader = row.terminal === null ? undefined : tables.pairings.numberOf(row.terminal);
    return {
      ...{ number, state, amount_minor, created_at, expires_at, step: this.#stepOf(row) },
      merchant: { id: merchant, name: tables.products.merchantName(merchant) ?? '' },
      lines: linesOf(row).map(({ code, name_en, name_zh, quantity, unit_minor }) => ({
        ...{ code, name: { en: name_en, zh: name_zh }, quantity, unit_minor },
      })),
      currency: currencySchema.parse(row.currency),
      ...(row.ended_at === null ? {} : { ended_at: row.ended_at }),
      ...(reader === undefined ? {} : { reader }),
      ...(row.trouble === null ? {} : { trouble: row.trouble }),
      ...(row.card === null ? {} : { card: row.card }),
      ...(row.balance_minor === null ? {} : { balance_minor: row.balance_minor }),
      ...(row.payment === null ? {} : { payment: row.payment }),
    };
  }

  /** The terminal that a browser's token is for, and its number. */
  reader(token: string | null): { readonly terminal: string; readonly number: string } | null {
    const terminal = readerOf(this.#parts, token, this.#parts.clock.now());
    const number = terminal === null ? undefined : this.#parts.tables.pairings.numberOf(terminal);
    return terminal === null || number === undefined ? null : { terminal, number };
  }

  forgetReader(token: string): Promise<void> {
    return this.#parts.writer.run((tx) => forgetReader(tx, this.#parts, token));
  }

  /** Has the terminal of that number show two digits, which the customer then types. */
  async askDigits(row: ShopOrderRow, number: string): Promise<Tapped> {
    const terminal = this.#parts.tables.pairings.terminalOf(number);
    if (terminal === undefined) return refuse('unknown_terminal');
    return this.#invite(row, terminal, 'digits');
  }

  /** Takes the digits; the reader is then this browser's, and waits for the card. */
  async proveReader(
    row: ShopOrderRow,
    digits: string,
  ): Promise<(Tapped & { ok: false }) | { readonly ok: true; readonly token: string }> {
    const { clock, writer } = this.#parts;
    const tap = this.#taps.get(row.number);
    if (tap?.step !== 'digits') return { ok: false, code: 'unknown_terminal' };
    if (!provesReader(this.#parts, tap.terminal, row.number, digits, clock.now())) {
      if (tap.wrong + 1 >= WRONG_DIGITS) {
        this.#drop(row.number);
        return { ok: false, code: 'too_many_tries' };
      }
      this.#taps.set(row.number, { ...tap, wrong: tap.wrong + 1 });
      return { ok: false, code: 'wrong_digits' };
    }
    const token = await writer.run((tx) => keepReader(tx, this.#parts, tap.terminal, clock.now()));
    const invited = await this.#invite(row, tap.terminal, 'tap');
    return invited.ok ? { ok: true, token } : invited;
  }

  /** Has a reader that was proved wait for the card. Asked twice it goes on waiting. */
  tap(row: ShopOrderRow, terminal: string): Promise<Tapped> {
    return this.#invite(row, terminal, 'tap');
  }

  /** Not while the card is at it, and not while only the card knows. */
  async cancel(row: ShopOrderRow): Promise<Ended> {
    if (this.#taps.get(row.number)?.step === 'working') {
      return { ok: false, code: 'being_paid', state: row.state };
    }
    const { writer, clock } = this.#parts;
    const ended = await writer.run((tx) => endShopOrder(tx, row.number, 'cancelled', clock.now()));
    if (ended.ok) this.#drop(row.number);
    return ended;
  }

  /** Takes what settlement tells, in the unit that knows it. */
  readonly tell: TellPurchase = (tx, news) => takePurchase(tx, news, this.#parts.clock.now());

  #stepOf(row: ShopOrderRow): ShopOrder['step'] {
    if (row.ended_at !== null) return 'over';
    return this.#taps.get(row.number)?.step ?? 'choose';
  }

  async #invite(row: ShopOrderRow, terminal: string, step: 'digits' | 'tap'): Promise<Tapped> {
    const { relay, purchases, tables, registry } = this.#parts;
    const { number } = row;
    if (row.ended_at !== null) return refuse('closed');
    if (purchases === null) return refuse('no_cards');
    if (registry.keys(terminal) === undefined) return refuse('unknown_terminal');
    const tap = this.#taps.get(number);
    if (tap?.step === 'working') return refuse('being_paid');
    if (tap !== undefined && tap.terminal === terminal && tap.step === step) return { ok: true };
    tap?.invitation.withdraw();
    this.#taps.delete(number);
    if (relay.busy(terminal)) return refuse('terminal_taken');
    const invitation = relay.invite({
      ...{ terminal, purpose: 'pay', amount_minor: row.amount_minor },
      currency: currencySchema.parse(row.currency),
      label: (tables.products.merchantName(row.merchant) ?? '').slice(0, 80),
      ...(step === 'digits' ? { digitsOf: number } : {}),
      lifetimeMs: step === 'digits' ? DIGITS_MS : TAP_MS,
      opening: purchases.opening,
      work: (card) => this.#take(number, card),
      over: (why) => this.#over(number, why),
    });
    if (!invitation.heard) {
      invitation.withdraw();
      return refuse('terminal_away');
    }
    this.#taps.set(number, { terminal, step, invitation, wrong: 0 });
    await this.#parts.writer.run((tx) => {
      tx.shop.change(number, { terminal });
      tx.note({ about: 'shop', number });
    });
    return { ok: true };
  }

  /** One card at the reader; whatever comes of it, the order says it. */
  async #take(number: string, card: RelayedCard): Promise<RelayOutcome> {
    const { tables, purchases, log } = this.#parts;
    const row = tables.shop.find(number);
    const tap = this.#taps.get(number);
    if (row === undefined || tap === undefined || purchases === null || row.ended_at !== null) {
      return { said: 'nothing_due' };
    }
    const { merchant, amount_minor } = row;
    const currency = currencySchema.parse(row.currency);
    this.#taps.set(number, { ...tap, step: 'working' });
    this.#note(number, null);
    let outcome: RelayOutcome = { said: 'failed' };
    try {
      outcome = await purchases.take({ order: number, merchant, currency, amount_minor }, card);
    } catch (error) {
      log({ level: 'error', place: `shop ${number}`, says: String(error) });
    }
    this.#taps.set(number, tap);
    if (tables.shop.find(number)?.ended_at !== null) this.#drop(number);
    else this.#note(number, outcome.said === 'done' ? null : outcome.said);
    return { ...outcome, amount_minor, currency };
  }

  /** What a page shows of a tap; that it is lost with the store changes nothing else. */
  #note(number: string, trouble: string | null): void {
    const { writer, clock, log } = this.#parts;
    writer
      .run((tx) => {
        const row = tx.shop.find(number);
        if (row?.ended_at === null) tx.shop.change(number, { trouble });
        if (trouble !== null) addEvent(tx, number, 'tap_failed', clock.now(), { trouble });
        tx.note({ about: 'shop', number });
      })
      .catch((error: unknown) => {
        if (!this.#closed) log({ level: 'warn', place: `shop ${number}`, says: String(error) });
      });
  }

  #drop(number: string): void {
    this.#taps.get(number)?.invitation.withdraw();
    this.#forget(number);
  }

  /** The reader waits no more; the page says who ended it where that was the vendor. */
  #over(number: string, why: InvitationEnd): void {
    if (this.#taps.get(number)?.step === 'working') return;
    this.#taps.delete(number);
    this.#note(number, why === 'declined' ? 'declined' : null);
  }

  #forget(number: string): void {
    if (this.#taps.get(number)?.step === 'working') return;
    this.#taps.delete(number);
    this.#parts.writer.run((tx) => tx.note({ about: 'shop', number })).catch(() => undefined);
  }
}
