/** The operator's interface to business days: the list of a terminal, one day, a vendor's statement. */
import { z } from 'zod';
import {
  dayDifferenceSchema,
  dayHeadSchema,
  dayLineSchema,
  dayTotalSchema,
} from '#device/messages/day.ts';
import { currencySchema } from '#device/messages/money.ts';
import { terminalIdSchema } from '#device/messages/order.ts';
import { orderNumberSchema } from '#device/messages/order-number.ts';
import type { Tables } from '../store/tables.ts';
import { type Route, route } from '../web/routes.ts';
import { findDay, viewDay, viewStatement, viewWholeDay } from './view.ts';

/** Days of one list: more than three years of one terminal. */
const LIST = 1200;

const sumSchema = z.strictObject({ count: z.int(), sum_minor: z.int() });
const timeSchema = z.iso.datetime().nullable();
const daySchema = z.strictObject({
  terminal: terminalIdSchema,
  book: orderNumberSchema,
  number: z.int(),
  /** `arriving` until all of it is here and was compared. */
  state: z.enum(['arriving', 'agreed', 'differs']),
  from: timeSchema,
  to: timeSchema,
  arrived_at: timeSchema,
  compared_at: timeSchema.optional(),
  currency: currencySchema,
  sales: sumSchema,
  refunds: sumSchema,
  differing: z.int(),
  healed: z.int(),
});
const sumsSchema = z.strictObject({
  totals: z.array(dayTotalSchema),
  refunds: sumSchema,
  cards: sumSchema,
  open: z.int(),
});
const wholeDaySchema = z.strictObject({
  ...daySchema.shape,
  proof: dayHeadSchema.pick({ head: true, digest: true, before: true }),
  at_terminal: sumsSchema,
  at_gateway: sumsSchema.optional(),
  differences: z.array(
    z.strictObject({
      ...dayDifferenceSchema.shape,
      found_at: timeSchema,
      healed_at: timeSchema.optional(),
    }),
  ),
  lines: z.array(dayLineSchema),
});
const statementSchema = z.strictObject({
  agreed: z.boolean(),
  totals: z.array(
    z.strictObject({ currency: currencySchema, sales: sumSchema, refunds: sumSchema }),
  ),
  days: z.array(daySchema),
});

const ofTerminal = z.strictObject({ id: terminalIdSchema });
const ofDay = z.strictObject({ ...ofTerminal.shape, day: z.coerce.number().int().min(1) });
const inBook = z.strictObject({ book: orderNumberSchema.optional() });
const ofVendor = z.strictObject({ vendor: z.string().regex(/^[a-z0-9-]{1,30}$/) });
const dateSchema = z.iso.datetime({ offset: true }).or(z.iso.date());
const between = z.strictObject({ from: dateSchema.optional(), to: dateSchema.optional() });

export function dayRoutes(tables: Tables): readonly Route[] {
  const knows = (id: string): boolean => tables.terminals.find(id) !== undefined;
  return [
    route({
      ...{ method: 'GET', path: '/v1/terminals/{id}/days', caller: 'operator' },
      says: 'Business days that a terminal has closed, newest first, and whether the books agree',
      params: ofTerminal,
      answers: {
        200: { says: 'They', schema: z.strictObject({ days: z.array(daySchema) }) },
      },
      problems: ['operator_only', 'unknown_terminal'],
      async handle({ params: { id } }) {
        if (!knows(id)) return { problem: 'unknown_terminal', extras: {} };
        const days = tables.days.ofTerminal(id, LIST).map((row) => viewDay(tables, row));
        return { status: 200, body: { days } };
      },
    }),
    route({
      ...{ method: 'GET', path: '/v1/terminals/{id}/days/{day}', caller: 'operator' },
      says: 'One day: what both sides have, what binds it, each line, and each difference by name',
      params: ofDay,
      query: inBook,
      answers: { 200: { says: 'It', schema: wholeDaySchema } },
      problems: ['operator_only', 'unknown_terminal', 'unknown_day'],
      async handle({ params: { id, day }, query: { book } }) {
        if (!knows(id)) return { problem: 'unknown_terminal', extras: {} };
        const row = findDay(tables, { terminal: id, number: day, book });
        if (row === undefined) return { problem: 'unknown_day', extras: {} };
        return { status: 200, body: viewWholeDay(tables, row) };
      },
    }),
    route({
      ...{ method: 'GET', path: '/v1/vendors/{vendor}/days', caller: 'operator' },
      says: 'What a vendor sold: the days of its terminals by when they were closed, and their sums',
      params: ofVendor,
      query: between,
      answers: { 200: { says: 'The statement', schema: statementSchema } },
      problems: ['operator_only', 'unknown_vendor'],
      async handle({ params: { vendor }, query: { from, to } }) {
        if (tables.products.merchantName(vendor) === undefined) {
          return { problem: 'unknown_vendor', extras: {} };
        }
        const since = from === undefined ? 0 : Date.parse(from);
        const until = to === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(to);
        const rows = tables.days.ofVendor(vendor, since, until);
        return { status: 200, body: viewStatement(tables, rows) };
      },
    }),
  ];
}
