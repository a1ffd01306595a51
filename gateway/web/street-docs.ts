/** What the served document says of the street sale's routes (gateway/web/api.ts). */
import { z } from 'zod';
import { enrolmentRequestSchema, identitySchema } from '#device/messages/enrolment.ts';
import { currencySchema } from '#device/messages/money.ts';
import { declineReasonSchema, orderLineSchema, placeSchema } from '#device/messages/order.ts';
import { orderNumberSchema } from '#device/messages/order-number.ts';
import { fieldsSchema } from './cashier-form.ts';
import { formDoc, pageDoc } from './page-docs.ts';
import { matchSchema, paymentSchema } from './requests.ts';
import type { RouteDoc } from './routes.ts';

const at = z.int();
const number = '06D2QF8Z3K7M1N5P';
const params = z.strictObject({ number: orderNumberSchema });

const orderViewSchema = z.strictObject({
  number: orderNumberSchema,
  state: z.enum(['offered', 'paid', 'declined', 'cancelled', 'expired']),
  reason: declineReasonSchema.optional(),
  vendor: z.string(),
  place: placeSchema,
  currency: currencySchema,
  amount_minor: z.int(),
  lines: z.array(orderLineSchema),
  recorded_at: at,
  expires_at: at,
  ended_at: at.optional(),
  payment: z.string().optional(),
  payer: z.string().optional(),
  refunded_minor: z.int().optional(),
});

const ORDER = {
  ...{ number, state: 'offered', vendor: "Lin's Dumplings / 林记饺子", currency: 'CNY' },
  place: { name: 'Stall 12', latitude: 31.23012, longitude: 121.46351, radius_m: 30 },
  ...{ amount_minor: 1250, lines: [{ quantity: 1, unit_minor: 1250 }] },
  ...{ recorded_at: 1760000000000, expires_at: 1760000120000 },
};

const billSchema = z.strictObject({
  payment: z.string(),
  order: orderNumberSchema,
  vendor: z.string(),
  place: z.string(),
  currency: currencySchema,
  lines: z.array(z.strictObject({ ...orderLineSchema.shape, total_minor: z.int() })),
  amount_minor: z.int(),
  refunded_minor: z.int().optional(),
  paid_at: at,
  payer: z.string(),
});

const paidSchema = z.discriminatedUnion('outcome', [
  z.strictObject({ outcome: z.literal('paid'), payment: z.string(), order: orderViewSchema }),
  z.strictObject({
    outcome: z.literal('declined'),
    reason: declineReasonSchema,
    order: orderViewSchema,
  }),
]);

const BEARER = ['bearer_missing', 'bearer_invalid', 'bearer_expired', 'unknown_order'] as const;

export const STREET_DOCS: readonly RouteDoc[] = [
  {
    ...{ method: 'POST', path: '/v1/enrolments', caller: 'anybody', idempotency: 'optional' },
    says: 'A terminal becomes one by a one-time code',
    body: { schema: enrolmentRequestSchema, example: { code: 'LIN-DUMPLINGS-0001' } },
    answers: { 201: { says: 'Its identity', schema: identitySchema } },
    problems: ['code_refused', 'csr_missing', 'csr_refused', 'idempotency_key_reused'],
  },
  {
    ...{ method: 'POST', path: '/v1/matches', caller: 'anybody' },
    says: 'Which order a phone stands before, by what it scanned or heard',
    body: { schema: matchSchema, example: { qr: 'AZ0000000000000000000000', digits: '07' } },
    answers: {
      200: {
        says: 'The order, and the right to it',
        schema: z.strictObject({
          order: orderViewSchema,
          bearer: z.string(),
          bearer_expires_at: at,
        }),
        example: { order: ORDER, bearer: 'eyJ…', bearer_expires_at: 1760000120000 },
      },
    },
    problems: [
      ...(['elsewhere', 'wrong_digits', 'too_many_tries', 'presence_missing', 'forged'] as const),
      ...(['unknown_order', 'closed', 'too_old', 'not_ours', 'too_early'] as const),
    ],
  },
  {
    ...{ method: 'GET', path: '/v1/orders/{number}', caller: 'bearer', params },
    says: 'An order',
    answers: { 200: { says: 'The order', schema: orderViewSchema, example: ORDER } },
    problems: BEARER,
  },
  {
    ...{ method: 'POST', path: '/v1/orders/{number}/payments', caller: 'bearer', params },
    says: 'Pays an order by phone number and PIN, or by `voucher` and `code`',
    idempotency: 'required',
    body: { schema: paymentSchema, example: { phone: '+8613800000001', pin: '246810' } },
    answers: {
      201: {
        says: 'What became of the order',
        schema: paidSchema,
        example: { outcome: 'paid', payment: 'PAY-8Q2M', order: { ...ORDER, state: 'paid' } },
      },
    },
    problems: [
      ...[
        ...BEARER,
        'payment_in_flight',
        'wrong_pin',
        'account_locked',
        'closed',
        'voucher_refused',
      ],
      ...(['merchant_suspended', 'unknown_merchant', 'payment_not_made'] as const),
    ] as const,
  },
  {
    ...{ method: 'GET', path: '/v1/orders/{number}/bill', caller: 'bearer', params },
    says: 'The itemised bill of a paid order',
    answers: {
      200: {
        says: 'The bill',
        schema: billSchema,
        example: {
          ...{ payment: 'PAY-8Q2M', order: number, vendor: "Lin's Dumplings", place: 'Stall 12' },
          ...{ currency: 'CNY', amount_minor: 1250, paid_at: 1760000012345, payer: '•••• 0001' },
          lines: [{ quantity: 1, unit_minor: 1250, total_minor: 1250 }],
        },
      },
    },
    problems: [...BEARER, 'not_paid'],
  },
  {
    ...{ method: 'GET', path: '/v1/orders/{number}/events', caller: 'bearer', params },
    says: 'The order at once and at each change, as server-sent events',
    query: z.strictObject({ bearer: z.string().optional() }),
    answers: { 200: { says: 'Events named order', type: 'text/event-stream' } },
    problems: BEARER,
  },
  {
    ...{ method: 'GET', path: '/v1/orders/{number}/trail', caller: 'operator', params },
    says: 'Every event, posting and message of an order',
    answers: { 200: { says: 'The trail', schema: z.looseObject({}) } },
    problems: ['operator_only', 'unknown_order'],
  },
  {
    ...{ method: 'GET', path: '/v1/broker/passwords', caller: 'operator' },
    says: 'A Mosquitto password file of the enrolled terminals',
    answers: { 200: { says: 'The file', type: 'text/plain' } },
    problems: ['operator_only'],
  },
];

const FIELDS = { ticket: 'eyJ…', key: 'k-12345678', phone: '138 0000 0001', pin: '246810' };
const token = z.strictObject({ token: z.string() });

export const STREET_PAGE_DOCS: readonly RouteDoc[] = [
  pageDoc('/', 'Where the other pages are'),
  pageDoc('/p', 'The cashier page, by what a wallet scanned', {
    query: z.strictObject({ qr: z.string() }),
  }),
  pageDoc('/p/{token}', 'The cashier page of an order', {
    params: token,
    query: z.strictObject({ ticket: z.string().optional() }),
  }),
  {
    ...formDoc(
      '/p/{token}',
      'Pays the order',
      { schema: fieldsSchema, example: FIELDS },
      { params: token },
    ),
    answers: { 200: { says: 'The page, again or with the bill', type: 'text/html' } },
  },
  pageDoc('/r/{bearer}', 'The bill of an order', {
    params: z.strictObject({ bearer: z.string() }),
    problems: ['bearer_invalid', 'bearer_expired', 'unknown_order', 'not_paid'],
  }),
];
