/** The interface for merchants' own systems: links for their orders, and their payments. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { priceMinorSchema } from '#device/messages/money.ts';
import type { MerchantRow } from '../../store/tables-links.ts';
import { type Reply, type Route, requireKey, route } from '../../web/routes.ts';
import { paymentIdSchema } from '../gate.ts';
import type { Merchants } from './merchants.ts';
import {
  linkRequestSchema,
  linkSchema,
  merchantPaymentSchema,
  merchantRefundSchema,
  ownOrderSchema,
  ownOrderViewSchema,
  webhookRequestSchema,
  webhookSecretSchema,
  webhookViewSchema,
} from './schemas.ts';

const ORDER = {
  ...{ order: 'A-1001', state: 'paid', amount_minor: 2400, currency: 'CNY' },
  ...{ made_at: 1760000000000, expires_at: 1760086400000, refunded_minor: 0 },
  ...{ payment: 'PAY-06D2', payer: '•••• 0001' },
} as const;
const PAYMENT = {
  ...{ payment: 'PAY-06D2', order: 'A-1001', of: 'own', state: 'paid', currency: 'CNY' },
  ...{ amount_minor: 2400, refunded_minor: 0, begun_at: 1760000000000, ended_at: 1760000000400 },
} as const;
const LINK = {
  ...{ merchant_number: 'LIN', order: 'A-1001', amount_minor: 2400, currency: 'CNY' },
  lines: [{ name: 'Pork dumplings', code: '1', quantity: 2, unit_minor: 1200 }],
  phone: '+8613800000001',
};

const ADMISSION = ['certificate_refused', 'peer_refused', 'unknown_merchant'] as const;
const ofOrder = z.strictObject({ order: ownOrderSchema });
const ofPayment = z.strictObject({ payment: paymentIdSchema });

type MerchantOf = (request: FastifyRequest) => MerchantRow;

export const merchantRoutes = (merchants: Merchants, merchantOf: MerchantOf): readonly Route[] => [
  ...orderRoutes(merchants, merchantOf),
  ...paymentRoutes(merchants, merchantOf),
  ...webhookRoutes(merchants, merchantOf),
];

function orderRoutes(merchants: Merchants, merchantOf: MerchantOf): readonly Route[] {
  const view = { 200: { says: 'The order', schema: ownOrderViewSchema, example: ORDER } };
  return [
    route({
      ...{ method: 'POST', path: '/v1/merchant/links', caller: 'merchant', idempotency: 'own' },
      says: 'Makes the payment link of an order of the merchant’s own',
      body: { schema: linkRequestSchema, example: LINK },
      answers: {
        201: {
          says: 'The link; it is for the payer alone',
          schema: linkSchema,
          example: {
            order: 'A-1001',
            link: 'https://pay.example/pay/q3…',
            expires_at: 1760086400000,
          },
        },
      },
      problems: [
        ...ADMISSION,
        ...(['merchant_refused', 'merchant_suspended', 'currency_refused', 'closed'] as const),
        ...(['amount_refused', 'malformed_request'] as const),
      ],
      handle: ({ body, request }) =>
        merchants.createLink(merchantOf(request), body, requireKey(request)),
    }),
    route({
      ...{ method: 'GET', path: '/v1/merchant/orders/{order}', caller: 'merchant' },
      says: 'What became of an order of the merchant’s own',
      params: ofOrder,
      answers: view,
      problems: [...ADMISSION, 'unknown_order'],
      handle: ({ params, request }) => merchants.order(merchantOf(request), params.order),
    }),
    route({
      ...{ method: 'POST', path: '/v1/merchant/orders/{order}/closing', caller: 'merchant' },
      says: 'Ends the link of an order, also one that is not made yet',
      idempotency: 'own',
      params: ofOrder,
      answers: view,
      problems: [...ADMISSION, 'being_paid', 'closed'],
      handle: ({ params, request }) =>
        merchants.closeLink(merchantOf(request), params.order, requireKey(request)),
    }),
  ];
}

function paymentRoutes(merchants: Merchants, merchantOf: MerchantOf): readonly Route[] {
  return [
    route({
      ...{ method: 'GET', path: '/v1/merchant/payments', caller: 'merchant' },
      says: 'The merchant’s open and paid payments, by order number',
      query: z.strictObject({
        /** The last order number of the page before, with its prefix. */
        after: z.string().max(64).default(''),
        limit: z
          .string()
          .regex(/^[1-9]\d{0,2}$/)
          .default('50'),
      }),
      answers: {
        200: {
          says: 'A page; `next` is what the next one comes after',
          schema: z.strictObject({
            payments: z.array(merchantPaymentSchema),
            next: z.string().optional(),
          }),
          example: { payments: [PAYMENT] },
        },
      },
      problems: [...ADMISSION, 'centre_unreachable'],
      handle: ({ query: { after, limit }, request }) =>
        merchants.payments(merchantOf(request), after, Number(limit)),
    }),
    route({
      ...{ method: 'GET', path: '/v1/merchant/payments/{payment}', caller: 'merchant' },
      says: 'A payment of the merchant’s',
      params: ofPayment,
      answers: { 200: { says: 'It', schema: merchantPaymentSchema, example: PAYMENT } },
      problems: [...ADMISSION, 'unknown_payment', 'centre_unreachable'],
      handle: ({ params, request }) => merchants.payment(merchantOf(request), params.payment),
    }),
    route({
      ...{ method: 'POST', path: '/v1/merchant/payments/{payment}/refunds', caller: 'merchant' },
      says: 'Gives a payment of the merchant’s own order back, or a part',
      idempotency: 'own',
      params: ofPayment,
      body: {
        schema: z.strictObject({ amount_minor: priceMinorSchema }),
        example: { amount_minor: 500 },
      },
      answers: {
        201: { says: 'Refunded', schema: merchantRefundSchema },
        202: { says: 'Recorded, and it will be: the same key tells', schema: merchantRefundSchema },
      },
      problems: [
        ...ADMISSION,
        ...(['unknown_payment', 'order_of_the_centre', 'not_paid', 'refund_refused'] as const),
        'centre_unreachable',
      ],
      handle: ({ params: { payment }, body, request }) =>
        merchants.refund(merchantOf(request), payment, body.amount_minor, requireKey(request)),
    }),
    route({
      ...{ method: 'POST', path: '/v1/merchant/payments/{payment}/void', caller: 'merchant' },
      says: 'Undoes a payment of the merchant’s own order, as long as nothing was refunded',
      idempotency: 'own',
      params: ofPayment,
      answers: { 200: { says: 'Voided', schema: merchantPaymentSchema, example: PAYMENT } },
      problems: [
        ...ADMISSION,
        ...(['unknown_payment', 'order_of_the_centre', 'refund_refused'] as const),
        'centre_unreachable',
      ],
      handle: ({ params: { payment }, request }): Promise<Reply> =>
        merchants.void(merchantOf(request), payment, requireKey(request)),
    }),
  ];
}

function webhookRoutes(merchants: Merchants, merchantOf: MerchantOf): readonly Route[] {
  const path = '/v1/merchant/webhook';
  const url = 'https://shop.example/hawker';
  const view = {
    200: { says: 'Where results are told', schema: webhookViewSchema, example: { url, since: 1 } },
  };
  return [
    route({
      ...{ method: 'POST', path, caller: 'merchant', idempotency: 'own' },
      says: 'Has results of the merchant’s own orders told there from now on (Standard Webhooks)',
      body: { schema: webhookRequestSchema, example: { url } },
      answers: {
        201: {
          says: 'The secret that they are signed with; the one before is good no more',
          schema: webhookSecretSchema,
          example: { url, secret: 'whsec_…' },
        },
      },
      problems: [...ADMISSION, 'malformed_request', 'address_refused'],
      handle: ({ body, request }) =>
        merchants.registerWebhook(merchantOf(request), body.url, requireKey(request)),
    }),
    route({
      ...{ method: 'GET', path, caller: 'merchant' },
      says: 'Where results are told, if anywhere',
      answers: view,
      problems: ADMISSION,
      handle: async ({ request }) => merchants.webhook(merchantOf(request)),
    }),
    route({
      ...{ method: 'POST', path: `${path}/closing`, caller: 'merchant', idempotency: 'own' },
      says: 'Has results told nowhere any more',
      answers: { 200: { ...view[200], example: {} } },
      problems: ADMISSION,
      handle: ({ request }) => merchants.endWebhook(merchantOf(request)),
    }),
  ];
}
