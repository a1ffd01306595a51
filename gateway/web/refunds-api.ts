/** Refunds of street orders, for the operator. */
import { z } from 'zod';
import { priceMinorSchema } from '#device/messages/money.ts';
import { orderNumberSchema } from '#device/messages/order-number.ts';
import type { Core } from '../core.ts';
import { keyedDigest } from '../keys.ts';
import type { RefundAnswer } from '../orders/refunds.ts';
import { type Reply, type Route, requireKey, route } from './routes.ts';

const bodySchema = z.strictObject({ amount_minor: priceMinorSchema.optional() });
const refundSchema = z.strictObject({
  refund: z.string(),
  outcome: z.enum(['refunded', 'pending']),
  amount_minor: z.int().optional(),
});

export const refundRoutes = (core: Core): readonly Route[] => [
  route({
    ...{ method: 'POST', path: '/v1/orders/{number}/refunds', caller: 'operator' },
    says: 'Gives a paid order back, or a part; without an amount, all that is left',
    idempotency: 'own',
    params: z.strictObject({ number: orderNumberSchema }),
    body: { schema: bodySchema, example: { amount_minor: 500 } },
    answers: {
      201: { says: 'Refunded', schema: refundSchema },
      202: { says: 'Recorded, and it will be: the same key tells', schema: refundSchema },
    },
    problems: ['unknown_order', 'not_paid', 'refund_refused', 'operator_only'],
    async handle({ params: { number: order }, body, request }) {
      const id = `REF-${keyedDigest(core.keys, `refund\n${order}\n${requireKey(request)}`).slice(0, 24)}`;
      return replyTo(id, await core.refunds.refund({ id, order, amount_minor: body.amount_minor }));
    },
  }),
];

function replyTo(refund: string, answer: RefundAnswer): Reply {
  switch (answer.said) {
    case 'refunded': {
      const { amount_minor } = answer;
      return { status: 201, body: { refund, outcome: 'refunded', amount_minor } };
    }
    case 'pending':
      return { status: 202, body: { refund, outcome: 'pending' } };
    case 'unknown_order':
    case 'not_paid':
      return { problem: answer.said, extras: {} };
    case 'conflict':
      return { problem: 'idempotency_key_reused', extras: {} };
    case 'refused': {
      const { reason, left_minor } = answer;
      return { problem: 'refund_refused', extras: { reason, left_minor } };
    }
  }
}
