/** Orders of the web shop: placed with their stock, paid by card at a reader, or ended without. */
import { z } from 'zod';
import { mintOrderNumber } from '#device/codecs/order-number.ts';
import type { Language } from '#device/messages/enrolment.ts';
import { currencySchema } from '#device/messages/money.ts';
import { linesTotal } from '#device/messages/order.ts';
import {
  lookUpLines,
  productCodeSchema,
  type Refused,
  returnStock,
  takeStock,
} from '../catalogue/catalogue.ts';
import type { Chance } from '../clock.ts';
import { addEvent } from '../orders/orders.ts';
import type { ProductRow } from '../store/tables-centre.ts';
import type { ShopOrderRow } from '../store/tables-shop.ts';
import type { Transaction } from '../store/writer.ts';
import { tellMachine } from './machine.ts';
import type { PurchaseNews } from './purchase.ts';

/** How long goods are kept for somebody who has not paid. */
export const LIFETIME_MS = 15 * 60_000;
/** Unpaid orders of one browser: each keeps stock from others. */
const OPEN_LIMIT = 3;
/** And of one address, whatever browsers are behind it: a cookie costs nothing. */
const ADDRESS_LIMIT = 12;
export const MAX_OF_ONE = 99;

export const basketSchema = z
  .array(z.strictObject({ code: productCodeSchema, quantity: z.int().min(1).max(MAX_OF_ONE) }))
  .min(1)
  .max(30);
export type Basket = z.infer<typeof basketSchema>;

export interface Wish {
  readonly merchant: string;
  readonly customer: string;
  /** Digest of the address that it comes from. */
  readonly client: string;
  readonly basket: Basket;
  readonly language: Language;
}

export type Placed =
  | { readonly ok: true; readonly row: ShopOrderRow }
  | { readonly ok: false; readonly refused: Refused }
  | {
      readonly ok: false;
      readonly code: 'too_many_orders' | 'crowded' | 'unknown_merchant' | 'too_large';
    };

/** Registers the order and takes its stock, or nothing of it happens. */
export function placeShopOrder(tx: Transaction, chance: Chance, wish: Wish, now: number): Placed {
  const { merchant, customer, client, basket, language } = wish;
  if (tx.products.merchantName(merchant) === undefined) {
    return { ok: false, code: 'unknown_merchant' };
  }
  if (tx.shop.openOf(customer) >= OPEN_LIMIT) return { ok: false, code: 'too_many_orders' };
  if (tx.shop.openFrom(client) >= ADDRESS_LIMIT) return { ok: false, code: 'crowded' };
  const found = lookUpLines(tx, merchant, basket);
  if (!found.ok) return found;
  const lines = basket.map(({ quantity }, at) => lineOf(found.products[at], quantity));
  const amount_minor = linesTotal(lines);
  const currency = found.products[0]?.currency;
  if (Number.isNaN(amount_minor) || currency === undefined) return { ok: false, code: 'too_large' };
  const row: ShopOrderRow = {
    ...{ number: mintOrderNumber(now, chance.bytes(4)), merchant, customer, language },
    ...{ lines: JSON.stringify(lines), currency, amount_minor, state: 'unpaid', terminal: null },
    ...{ trouble: null, created_at: now, expires_at: now + LIFETIME_MS, ended_at: null },
    ...{ payment: null, card: null, balance_minor: null, client },
  };
  tx.shop.add(row);
  takeStock(tx, row, basket, now);
  addEvent(tx, row.number, 'placed', now, { shop: merchant });
  return { ok: true, row };
}

function lineOf(product: ProductRow | undefined, quantity: number) {
  if (product === undefined) throw new Error('a product was looked up and is gone');
  const { code, name_en, name_zh, unit_minor } = product;
  return { code, name_en, name_zh, unit_minor, quantity };
}

export type Ended =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: 'unknown_order' }
  | { readonly ok: false; readonly code: 'being_paid' | 'closed'; readonly state: string };

/** Ends an order that nobody paid; its stock comes back in the same unit. */
export function endShopOrder(
  tx: Transaction,
  number: string,
  state: 'cancelled' | 'expired',
  now: number,
): Ended {
  const row = tx.shop.find(number);
  if (row === undefined) return { ok: false, code: 'unknown_order' };
  if (row.state === state) return { ok: true };
  if (row.state === 'unsure') return { ok: false, code: 'being_paid', state: row.state };
  if (row.state !== 'unpaid') return { ok: false, code: 'closed', state: row.state };
  tx.shop.change(number, { state, ended_at: now });
  returnStock(tx, number, now);
  addEvent(tx, number, state, now, {});
  tx.note({ about: 'shop', number });
  return { ok: true };
}

/** Takes what settlement tells of a purchase; `false` where it is of no order here, or of one that is over. */
export function takePurchase(tx: Transaction, news: PurchaseNews, now: number): boolean {
  const row = tx.shop.find(news.order);
  if (row === undefined || row.ended_at !== null) return false;
  tx.note({ about: 'shop', number: row.number });
  switch (news.said) {
    case 'begun':
      tx.shop.change(row.number, { state: 'unsure', card: news.card, trouble: null });
      addEvent(tx, row.number, 'debit_begun', now, { card: news.card });
      return true;
    case 'undone':
      // There is time again to pay it, however long it took to know.
      tx.shop.change(row.number, {
        ...{ state: 'unpaid', card: null },
        expires_at: Math.max(row.expires_at, now + LIFETIME_MS / 3),
      });
      addEvent(tx, row.number, 'debit_undone', now, {});
      return true;
    case 'paid': {
      const { card, payment, balance_minor } = news;
      const paid = { card, payment, balance_minor, trouble: null };
      tx.shop.change(row.number, { state: 'paid', ended_at: now, ...paid });
      addEvent(tx, row.number, 'paid', now, { payment, card });
      tellMachine(tx, row, { payment, card }, now);
      return true;
    }
  }
}

/** An order as the customer may see it, and a merchant's program. */
export const shopOrderSchema = z.strictObject({
  number: z.string(),
  state: z.enum(['unpaid', 'unsure', 'paid', 'cancelled', 'expired']),
  merchant: z.strictObject({ id: z.string(), name: z.string() }),
  lines: z.array(
    z.strictObject({
      code: z.string(),
      name: z.strictObject({ en: z.string(), zh: z.string() }),
      quantity: z.int(),
      unit_minor: z.int(),
    }),
  ),
  currency: currencySchema,
  amount_minor: z.int(),
  created_at: z.int(),
  expires_at: z.int(),
  ended_at: z.int().optional(),
  /** Number of the terminal whose reader was chosen. */
  reader: z.string().optional(),
  /** What the reader is doing for this order just now. */
  step: z.enum(['choose', 'digits', 'tap', 'working', 'over']),
  /** Why the last tap did not pay. */
  trouble: z.string().optional(),
  card: z.string().optional(),
  balance_minor: z.int().optional(),
  payment: z.string().optional(),
});
export type ShopOrder = z.infer<typeof shopOrderSchema>;
