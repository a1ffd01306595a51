/** Registers orders and places them; a placed order has its stock, or nothing of it happened. */
import { currencySchema } from '#device/messages/money.ts';
import { linesTotal } from '#device/messages/order.ts';
import {
  linesOf,
  lookUpLines,
  type PricedLine,
  type Refused,
  takeStock,
} from '../../catalogue/catalogue.ts';
import type { Chance } from '../../clock.ts';
import type { ProductRow, TelephoneOrderRow } from '../../store/tables-centre.ts';
import type { Transaction } from '../../store/writer.ts';
import { addEvent } from '../orders.ts';
import type { Asks } from './asks.ts';
import { mintTelephoneNumber } from './number.ts';
import type { OrderRequest } from './order.ts';

export interface Office {
  readonly chance: Chance;
  readonly asks: Pick<Asks, 'ask'>;
}

export type Placed =
  | { readonly ok: true; readonly row: TelephoneOrderRow }
  | { readonly ok: false; readonly refused: PlaceRefusal };

export type PlaceRefusal =
  | Refused
  | { readonly code: 'unknown_merchant' }
  | { readonly code: 'unknown_order' }
  | { readonly code: 'mixed_currencies'; readonly line: number }
  | { readonly code: 'too_much' }
  | { readonly code: 'closed'; readonly state: TelephoneOrderRow['state'] };

/** How long a draft is kept. */
export const DRAFT_MS = 24 * 3_600_000;
/** The acquirer's lines hold names of at most this. */
const NAME = 60;

const refuse = (refused: PlaceRefusal): Placed => ({ ok: false, refused });

/** Registers an order and, unless it is a draft, places it. All or nothing. */
export function registerOrder(
  tx: Transaction,
  office: Office,
  request: OrderRequest,
  phone: string,
  now: number,
): Placed {
  const { merchant, draft } = request;
  if (tx.products.merchantName(merchant) === undefined) return refuse({ code: 'unknown_merchant' });
  // A draft may want more than there is now.
  const found = lookUpLines(tx, merchant, request.lines, !draft);
  if (!found.ok) return refuse(found.refused);
  const { products } = found;
  const currency = products[0]?.currency ?? '';
  const odd = products.findIndex((product) => product.currency !== currency);
  if (odd >= 0) return refuse({ code: 'mixed_currencies', line: odd });
  const lines = products.map((product, at) => lineOf(product, request.lines[at]?.quantity ?? 0));
  const amount_minor = linesTotal(lines);
  if (Number.isNaN(amount_minor)) return refuse({ code: 'too_much' });
  const row = writeRow(tx, office, { request, phone, lines, currency, amount_minor, now });
  return draft ? { ok: true, row } : placeOrder(tx, office, row.number, now);
}

/** Places a registered order: takes its stock and asks the acquirer for its link. */
export function placeOrder(tx: Transaction, office: Office, number: string, now: number): Placed {
  const row = tx.telephone.find(number);
  if (row === undefined) return refuse({ code: 'unknown_order' });
  if (row.state !== 'not_placed') return refuse({ code: 'closed', state: row.state });
  const lines = linesOf(row);
  const found = lookUpLines(tx, row.merchant, lines);
  if (!found.ok) return refuse(found.refused);
  takeStock(tx, row, lines, now);
  const expires_at = now + row.lifetime_ms;
  tx.telephone.change(number, { state: 'unpaid', placed_at: now, expires_at });
  addEvent(tx, number, 'placed', now, {});
  tx.note({ about: 'telephone', number });
  office.asks.ask(tx, number, {
    verb: 'create_link',
    ask: {
      id: `link:${number}`,
      merchant: row.merchant,
      order: number,
      lines: lines.map(({ code, quantity, unit_minor, name_en, name_zh }) => ({
        name: (row.language === 'en' ? name_en : name_zh).slice(0, NAME),
        ...{ code, quantity, unit_minor },
      })),
      amount_minor: row.amount_minor,
      currency: currencySchema.parse(row.currency),
      phone: row.phone,
    },
  });
  return { ok: true, row: requireRow(tx, number) };
}

interface Written {
  readonly request: OrderRequest;
  readonly phone: string;
  readonly lines: readonly PricedLine[];
  readonly currency: string;
  readonly amount_minor: number;
  readonly now: number;
}

function writeRow(tx: Transaction, office: Office, written: Written): TelephoneOrderRow {
  const { request, phone, lines, currency, amount_minor, now } = written;
  let number = mintTelephoneNumber(office.chance);
  while (tx.telephone.find(number) !== undefined) number = mintTelephoneNumber(office.chance);
  const { merchant, email, language, lifetime_s } = request;
  tx.telephone.add({
    ...{ number, merchant, lines: JSON.stringify(lines), currency, amount_minor, phone, language },
    email: email ?? null,
    channel: email === undefined ? 'sms' : 'email',
    state: 'not_placed',
    ...{ closing: null, reason: null, created_at: now, placed_at: null },
    lifetime_ms: lifetime_s * 1000,
    expires_at: now + DRAFT_MS,
    ...{ link: null, link_expires_at: null, ended_at: null, payment: null, payer: null },
    refunded_minor: 0,
  });
  addEvent(tx, number, 'registered', now, { merchant, amount_minor, currency });
  tx.note({ about: 'telephone', number });
  return requireRow(tx, number);
}

const lineOf = (product: ProductRow, quantity: number): PricedLine => ({
  code: product.code,
  name_en: product.name_en,
  name_zh: product.name_zh,
  quantity,
  unit_minor: product.unit_minor,
});

export function requireRow(tx: Pick<Transaction, 'telephone'>, number: string): TelephoneOrderRow {
  const row = tx.telephone.find(number);
  if (row === undefined) throw new Error(`order ${number} is gone`);
  return row;
}
