/**
 * Money is a whole number of minor units and an ISO 4217 currency. Every operation is checked: a
 * result that is not a safe integer is an error, never a rounded amount.
 */
import { z } from 'zod';

/** Decimal places and numeric code of each currency a terminal can sell in (ISO 4217:2015). */
export const CURRENCIES = {
  CNY: { places: 2, numeric: '156', symbol: '¥' },
  EUR: { places: 2, numeric: '978', symbol: '€' },
  GBP: { places: 2, numeric: '826', symbol: '£' },
  HKD: { places: 2, numeric: '344', symbol: 'HK$' },
  JPY: { places: 0, numeric: '392', symbol: '¥' },
  KES: { places: 2, numeric: '404', symbol: 'KSh' },
  INR: { places: 2, numeric: '356', symbol: '₹' },
  USD: { places: 2, numeric: '840', symbol: '$' },
} as const;

export type Currency = keyof typeof CURRENCIES;

export interface Money {
  /** Whole minor units (cents, fen), within ±2^53. */
  readonly amount_minor: number;
  readonly currency: Currency;
}

export class MoneyError extends Error {}

/** The largest amount of one order, in minor units: 999,999.99 of a two-place currency. */
export const MAX_ORDER_MINOR = 99_999_999;

export const currencySchema = z.enum(Object.keys(CURRENCIES) as [Currency, ...Currency[]]);

/** Minor units of something sold: at least 1 and at most {@link MAX_ORDER_MINOR}. */
export const priceMinorSchema = z.int().min(1).max(MAX_ORDER_MINOR);

/** The checked whole number of minor units, or a {@link MoneyError}. */
export function minor(value: number): number {
  if (!Number.isSafeInteger(value)) throw new MoneyError(`${value} is not a whole number of units`);
  return value;
}

/** Sum of minor units; throws a {@link MoneyError} on overflow. */
export function sumMinor(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total = minor(total + minor(value));
  return total;
}

/** Minor units times a whole quantity; throws a {@link MoneyError} on overflow. */
export function timesMinor(unit: number, quantity: number): number {
  return minor(minor(unit) * minor(quantity));
}

export type ParsedAmount =
  | { readonly ok: true; readonly amount_minor: number }
  | {
      readonly ok: false;
      readonly why: 'empty' | 'not_a_number' | 'too_many_places' | 'zero' | 'too_large';
    };

/**
 * Reads what a person keyed, such as `12.5` or `.50`, as minor units of `currency`. Digits and at
 * most one point; nothing is rounded: a third decimal is `too_many_places`, not a smaller amount.
 */
export function parseAmount(text: string, currency: Currency): ParsedAmount {
  if (text === '' || text === '.') return { ok: false, why: 'empty' };
  const match = /^(\d*)(?:\.(\d*))?$/.exec(text);
  if (match === null) return { ok: false, why: 'not_a_number' };
  const whole = match[1] ?? '';
  const fraction = match[2] ?? '';
  const { places } = CURRENCIES[currency];
  if (fraction.length > places) return { ok: false, why: 'too_many_places' };
  if (whole.replace(/^0+/, '').length > 12) return { ok: false, why: 'too_large' };
  const amount = Number(whole + fraction.padEnd(places, '0'));
  if (amount === 0) return { ok: false, why: 'zero' };
  if (amount > MAX_ORDER_MINOR) return { ok: false, why: 'too_large' };
  return { ok: true, amount_minor: amount };
}

/** Decimal digits without a symbol: 1250 CNY → `12.50`; −5 → `-0.05`. */
export function formatMinor(amountMinor: number, currency: Currency): string {
  const { places } = CURRENCIES[currency];
  const sign = amountMinor < 0 ? '-' : '';
  const digits = Math.abs(minor(amountMinor))
    .toString()
    .padStart(places + 1, '0');
  if (places === 0) return sign + digits;
  return `${sign}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/** With its symbol, for a screen or a bill: `¥12.50`. */
export function formatMoney(money: Money): string {
  return CURRENCIES[money.currency].symbol + formatMinor(money.amount_minor, money.currency);
}
