/**
 * What can be sold by telephone. Stock is only ever moved: each movement is appended, and stock of an
 * order comes back once, which the engine guards with a unique index.
 */
import { z } from 'zod';
import { currencySchema, priceMinorSchema } from '#device/messages/money.ts';
import type { MovementRow, ProductRow, TelephoneOrderRow } from '../store/tables-centre.ts';
import type { Transaction } from '../store/writer.ts';

export const merchantIdSchema = z.string().regex(/^[a-z0-9-]{1,30}$/);
export const productCodeSchema = z.string().regex(/^[A-Za-z0-9-]{1,8}$/);
export const MAX_STOCK = 1_000_000;

const inBoth = (most: number) =>
  z.strictObject({ en: z.string().min(1).max(most), zh: z.string().min(1).max(most) });

/** A product as the seed has it. */
export const productSeedSchema = z.strictObject({
  /** Identifier of one of the vendors. */
  merchant: merchantIdSchema,
  code: productCodeSchema,
  name: inBoth(60),
  currency: currencySchema,
  unit_minor: priceMinorSchema,
  /** What comes with it: delivery, portions, warranty. */
  service: inBoth(300),
  stock: z.int().min(0).max(MAX_STOCK),
});
export type ProductSeed = z.infer<typeof productSeedSchema>;

/** A product as row C5 asks for it. */
export const productSchema = z.strictObject({
  merchant: z.string(),
  code: z.string(),
  name: z.strictObject({ en: z.string(), zh: z.string() }),
  service: z.strictObject({ en: z.string(), zh: z.string() }),
  currency: currencySchema,
  unit_minor: z.int(),
  stock: z.int(),
});
export type Product = z.infer<typeof productSchema>;

export const viewProduct = (row: ProductRow): Product => ({
  merchant: row.merchant,
  code: row.code,
  name: { en: row.name_en, zh: row.name_zh },
  service: { en: row.service_en, zh: row.service_zh },
  currency: currencySchema.parse(row.currency),
  unit_minor: row.unit_minor,
  stock: row.stock,
});

/** Adds a product with its first stock; one that is there stays as it is. */
export function addProduct(tx: Transaction, seed: ProductSeed, now: number): void {
  const { merchant, code, name, service, currency, unit_minor, stock } = seed;
  if (tx.products.find(merchant, code) !== undefined) return;
  tx.products.add({
    ...{ merchant, code, currency, unit_minor },
    ...{ name_en: name.en, name_zh: name.zh, service_en: service.en, service_zh: service.zh },
  });
  if (stock > 0) stockUp(tx, merchant, code, stock, now);
}

/** Adds to the stock; `null` for an unknown product, or more than {@link MAX_STOCK}. */
export function stockUp(
  tx: Transaction,
  merchant: string,
  code: string,
  quantity: number,
  now: number,
): ProductRow | null {
  const row = tx.products.find(merchant, code);
  if (row === undefined || row.stock + quantity > MAX_STOCK) return null;
  move(tx, row, { kind: 'stocked', quantity, order_number: null, at: now });
  return tx.products.find(merchant, code) ?? null;
}

export interface Wanted {
  readonly code: string;
  readonly quantity: number;
}

const pricedLineSchema = z.strictObject({
  code: z.string(),
  name_en: z.string(),
  name_zh: z.string(),
  quantity: z.int(),
  unit_minor: z.int(),
});
export type PricedLine = Readonly<z.infer<typeof pricedLineSchema>>;

/** The lines that an order was stored with; throws where they are none. */
export const linesOf = ({ lines }: { readonly lines: string }): PricedLine[] =>
  z.array(pricedLineSchema).parse(JSON.parse(lines));

export type Refused =
  | { readonly code: 'unknown_product'; readonly line: number }
  | { readonly code: 'sold_out'; readonly line: number; readonly left: number };

/**
 * Whether all of it can be had, line by line; changes nothing. The same product in two lines counts
 * together. With `stock` false it only has to be in the catalogue.
 */
export function lookUpLines(
  tx: Pick<Transaction, 'products'>,
  merchant: string,
  wanted: readonly Wanted[],
  stock = true,
): { ok: true; products: readonly ProductRow[] } | { ok: false; refused: Refused } {
  const products: ProductRow[] = [];
  const taken = new Map<string, number>();
  for (const [line, { code, quantity }] of wanted.entries()) {
    const product = tx.products.find(merchant, code);
    if (product === undefined) return { ok: false, refused: { code: 'unknown_product', line } };
    const earlier = taken.get(code) ?? 0;
    if (stock && product.stock < earlier + quantity) {
      const left = Math.max(0, product.stock - earlier);
      return { ok: false, refused: { code: 'sold_out', line, left } };
    }
    taken.set(code, earlier + quantity);
    products.push(product);
  }
  return { ok: true, products };
}

/** Takes the stock of an order's lines; whoever calls has looked them up in the same transaction. */
export function takeStock(
  tx: Transaction,
  order: Pick<TelephoneOrderRow, 'number' | 'merchant'>,
  wanted: readonly Wanted[],
  now: number,
): void {
  const totals = new Map<string, number>();
  for (const { code, quantity } of wanted) totals.set(code, (totals.get(code) ?? 0) + quantity);
  for (const [code, quantity] of totals) {
    const product = tx.products.find(order.merchant, code);
    if (product === undefined) throw new Error(`${code} was looked up and is gone`);
    move(tx, product, { kind: 'taken', quantity: -quantity, order_number: order.number, at: now });
  }
}

/** Gives back what an order took and has not given back yet. */
export function returnStock(tx: Transaction, order: string, now: number): void {
  const movements = tx.products.movementsOf(order);
  const returned = new Set(
    movements.filter(({ kind }) => kind === 'returned').map(({ code }) => code),
  );
  for (const { merchant, code, kind, quantity } of movements) {
    if (kind !== 'taken' || returned.has(code)) continue;
    const product = tx.products.find(merchant, code);
    if (product === undefined) throw new Error(`${code} was taken and is gone`);
    move(tx, product, { kind: 'returned', quantity: -quantity, order_number: order, at: now });
  }
}

function move(
  tx: Transaction,
  { merchant, code, stock }: ProductRow,
  movement: Pick<MovementRow, 'kind' | 'quantity' | 'order_number' | 'at'>,
): void {
  tx.products.move({ merchant, code, ...movement, stock_after: stock + movement.quantity });
}

/** What a caller's words become: each word has to be in the name, in either language. */
export const readSearch = (text: string): string[] =>
  text
    .split(/[\s,，。、;；]+/)
    .filter((word) => word !== '')
    .slice(0, 10);
