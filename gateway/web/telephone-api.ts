/** The order centre's interface for telephone desks; docs/order-centre.md describes it. */
import { z } from 'zod';
import {
  productCodeSchema,
  productSchema,
  readSearch,
  stockUp,
  viewProduct,
} from '../catalogue/catalogue.ts';
import type { Core } from '../core.ts';
import type { Closed } from '../orders/telephone/endings.ts';
import { telephoneNumberSchema } from '../orders/telephone/number.ts';
import {
  orderRequestSchema,
  type TelephoneOrder,
  telephoneOrderSchema,
  viewTelephoneOrder,
} from '../orders/telephone/order.ts';
import type { Placed } from '../orders/telephone/placing.ts';
import type { Telephone } from '../orders/telephone/telephone.ts';
import { readPhone } from '../phone.ts';
import type { TelephoneOrderRow } from '../store/tables-centre.ts';
import type { Transaction } from '../store/writer.ts';
import { Problem } from './problems.ts';
import { clientOf } from './requests.ts';
import { type Reply, type Route, route } from './routes.ts';

const PRODUCT = {
  ...{ merchant: 'lin', code: '1', currency: 'CNY', unit_minor: 1200, stock: 40 },
  name: { en: 'Pork dumplings', zh: '猪肉水饺' },
  service: { en: '12 pieces, delivered within 40 minutes', zh: '12只，40分钟内送达' },
};

const ORDER: TelephoneOrder = {
  ...{ number: '4471902385', state: 'unpaid', currency: 'CNY', amount_minor: 2400 },
  merchant: { id: 'lin', name: "Lin's Dumplings / 林记饺子" },
  lines: [{ code: '1', name: PRODUCT.name, quantity: 2, unit_minor: 1200 }],
  ...{ refunded_minor: 0, refunds: [], phone: '•••• 0001', created_at: 1760000000000 },
  ...{ placed_at: 1760000000000, expires_at: 1760001800000, link: 'made' },
  messages: [{ channel: 'sms', state: 'delivered', tries: 1, at: 1760000000050 }],
};

const numberParams = z.strictObject({ number: telephoneNumberSchema });
const empty = { schema: z.strictObject({}), example: {} };
const anOrder = (says: string) => ({ says, schema: telephoneOrderSchema, example: ORDER });

export interface TelephoneApiParts {
  readonly core: Core;
  readonly telephone: Telephone;
}

export const telephoneRoutes = (parts: TelephoneApiParts): Route[] => [
  ...productRoutes(parts),
  ...orderRoutes(parts),
  searchRoute(parts),
  ...changeRoutes(parts),
];

function productRoutes({ core, telephone }: TelephoneApiParts): Route[] {
  return [
    route({
      ...{ method: 'GET', path: '/v1/centre/products', caller: 'agent' },
      says: 'Products by code, by words of the name, or in stock',
      query: z.strictObject({
        merchant: z.string().max(30).optional(),
        code: z.string().max(8).optional(),
        /** Each word has to be in the name, in either language. */
        words: z.string().max(200).default(''),
        in_stock: z.enum(['true', 'false']).default('false'),
        limit: z
          .string()
          .regex(/^[1-9]\d{0,2}$/)
          .default('50'),
      }),
      answers: {
        200: {
          says: 'What was found, in the order of the codes',
          schema: z.strictObject({ products: z.array(productSchema) }),
          example: { products: [PRODUCT] },
        },
      },
      problems: ['bearer_missing', 'bearer_invalid'],
      async handle({ query: { merchant, code, words, in_stock, limit } }) {
        const products = telephone.products({
          merchant: merchant ?? null,
          code: code ?? null,
          words: readSearch(words),
          in_stock: in_stock === 'true',
          limit: Number(limit),
        });
        return { status: 200, body: { products } };
      },
    }),
    route({
      ...{ method: 'POST', path: '/v1/centre/products/{merchant}/{code}/stock', caller: 'agent' },
      says: 'Adds to the stock of a product',
      idempotency: 'required',
      params: z.strictObject({ merchant: z.string().max(30), code: productCodeSchema }),
      body: {
        schema: z.strictObject({ quantity: z.int().min(1).max(100_000) }),
        example: { quantity: 20 },
      },
      answers: { 201: { says: 'The product', schema: productSchema, example: PRODUCT } },
      problems: ['bearer_missing', 'bearer_invalid', 'unknown_product'],
      handle: ({ params: { merchant, code }, body, keep }) =>
        core.writer.run((tx) => {
          const row = stockUp(tx, merchant, code, body.quantity, core.clock.now());
          if (row === null) return keep(tx, { problem: 'unknown_product', extras: {} });
          return keep(tx, { status: 201, body: viewProduct(row) });
        }),
    }),
  ];
}

function orderRoutes({ core, telephone }: TelephoneApiParts): Route[] {
  return [
    route({
      ...{ method: 'POST', path: '/v1/centre/orders', caller: 'agent' },
      says: 'Registers an order; unless it is a draft, takes its stock and sends its link',
      idempotency: 'required',
      body: {
        schema: orderRequestSchema,
        example: {
          ...{ merchant: 'lin', lines: [{ code: '1', quantity: 2 }] },
          ...{ phone: '+8613800000001', language: 'en' },
        },
      },
      answers: { 201: anOrder('The order') },
      problems: [
        ...(['bearer_missing', 'bearer_invalid', 'unknown_product', 'unknown_merchant'] as const),
        ...(['sold_out', 'malformed_request'] as const),
      ],
      handle({ body, keep }) {
        const phone = readPhone(body.phone, core.tables.settings.get('calling_code') ?? '');
        if (phone === null) throw wrong('phone', 'must be a phone number in E.164 form');
        return core.writer.run((tx) => {
          const placed = telephone.register(tx, body, phone);
          return keep(tx, replyPlaced(tx, placed, 201));
        });
      },
    }),
    route({
      ...{ method: 'GET', path: '/v1/centre/orders/{number}', caller: 'agent_or_phone' },
      says: 'An order, for an agent, or for who knows the last four digits of its phone number',
      params: numberParams,
      answers: { 200: anOrder('The order') },
      problems: ['bearer_missing', 'bearer_invalid', 'unknown_order', 'slow_down'],
      async handle({ params: { number }, request }) {
        const digits = request.headers['phone-digits'];
        if (digits === undefined) {
          return replyOrder(core.tables, telephone.find(number), 200);
        }
        if (typeof digits !== 'string' || !/^\d{4}$/.test(digits)) {
          throw wrong('phone-digits', 'must be four digits');
        }
        const asked = await telephone.ask(number, digits, clientOf(core, request));
        if (!asked.ok) return notFound(asked.code);
        return replyOrder(core.tables, asked.row, 200);
      },
    }),
  ];
}

/** A POST, because a phone number belongs in no address; who looked is noted. */
const searchRoute = ({ core, telephone }: TelephoneApiParts): Route =>
  route({
    ...{ method: 'POST', path: '/v1/centre/orders/searches', caller: 'agent' },
    says: 'Orders of a phone, newest first',
    body: {
      schema: z.strictObject({
        phone: z.string().min(4).max(30),
        limit: z.int().min(1).max(50).default(10),
      }),
      example: { phone: '+8613800000001' },
    },
    answers: {
      200: {
        says: 'At most `limit` of them',
        schema: z.strictObject({ orders: z.array(telephoneOrderSchema) }),
        example: { orders: [ORDER] },
      },
    },
    problems: ['bearer_missing', 'bearer_invalid', 'malformed_request'],
    async handle({ body }) {
      const phone = readPhone(body.phone, core.tables.settings.get('calling_code') ?? '');
      if (phone === null) throw wrong('phone', 'must be a phone number in E.164 form');
      const rows = telephone.ofPhone(phone, body.limit);
      const orders = rows.map((row) => viewTelephoneOrder(core.tables, row));
      return { status: 200, body: { orders } };
    },
  });

function changeRoutes({ core, telephone }: TelephoneApiParts): Route[] {
  const change = (
    path: string,
    says: string,
    problems: Route['problems'],
    decide: (tx: Transaction, number: string) => Reply,
  ): Route =>
    route({
      ...{ method: 'POST', path, says, caller: 'agent', idempotency: 'required' },
      ...{ params: numberParams, body: empty, answers: { 200: anOrder('The order') } },
      problems: ['bearer_missing', 'bearer_invalid', 'unknown_order', 'closed', ...problems],
      handle: ({ params: { number }, keep }) =>
        core.writer.run((tx) => keep(tx, decide(tx, number))),
    });
  return [
    change(
      '/v1/centre/orders/{number}/placement',
      'Places a draft: takes its stock and sends its link',
      ['sold_out', 'unknown_product'],
      (tx, number) => replyPlaced(tx, telephone.place(tx, number), 200),
    ),
    change(
      '/v1/centre/orders/{number}/cancellation',
      'Cancels an order that is not paid; its stock comes back',
      ['being_paid'],
      (tx, number) => replyClosed(tx, telephone.cancel(tx, number)),
    ),
    change(
      '/v1/centre/orders/{number}/messages',
      'Sends the link of an open order again',
      ['no_link'],
      (tx, number) => replyClosed(tx, telephone.sendAgain(tx, number)),
    ),
  ];
}

type Seen = Pick<Transaction, 'products' | 'deliveries' | 'attempts' | 'telephone'>;

function replyOrder(tables: Seen, row: TelephoneOrderRow | undefined, status: number): Reply {
  if (row === undefined) return notFound('unknown_order');
  return { status, body: viewTelephoneOrder(tables, row) };
}

/** Row C5 has a word for it. */
const notFound = (problem: 'unknown_order' | 'slow_down'): Reply => ({
  problem,
  extras: problem === 'unknown_order' ? { state: 'not_found' } : {},
});

function replyPlaced(tx: Transaction, placed: Placed, status: number): Reply {
  if (placed.ok) return replyOrder(tx, placed.row, status);
  const { code, ...extras } = placed.refused;
  switch (code) {
    case 'unknown_order':
      return notFound(code);
    case 'mixed_currencies':
      throw wrong('lines', 'must all be of one currency');
    case 'too_much':
      throw wrong('lines', 'come to more than an order may');
    default:
      return { problem: code, extras };
  }
}

function replyClosed(tx: Transaction, closed: Closed | { ok: false; code: 'no_link' }): Reply {
  if (closed.ok) return replyOrder(tx, closed.row, 200);
  if (closed.code === 'unknown_order') return notFound(closed.code);
  const { code, ok: _, ...extras } = closed;
  return { problem: code, extras };
}

const wrong = (path: string, message: string): Problem =>
  new Problem('malformed_request', { errors: [{ path, message }] });
