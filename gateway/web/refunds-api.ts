/** Refunds and voids: of street orders for the operator, of telephone orders for agents. */
import { z } from 'zod';
import { priceMinorSchema } from '#device/messages/money.ts';
import { orderNumberSchema } from '#device/messages/order-number.ts';
import type { Core } from '../core.ts';
import { keyedDigest } from '../keys.ts';
import type { RefundAnswer, RefundWish } from '../orders/refundable.ts';
import { telephoneNumberSchema } from '../orders/telephone/number.ts';
import { ofAgent, type Reply, type Route, requireKey, route } from './routes.ts';

const amountSchema = z.strictObject({ amount_minor: priceMinorSchema.optional() });
/** Goods that were delivered do not go back on the shelf. */
const restock = z.boolean().default(true);
const refundSchema = z.strictObject({
  refund: z.string(),
  outcome: z.enum(['refunded', 'voided', 'pending']),
  amount_minor: z.int().optional(),
});

const ANSWERS = {
  201: { says: 'Done', schema: refundSchema },
  202: { says: 'Recorded, and it will be: the same key tells', schema: refundSchema },
};
const AGENT = ['bearer_missing', 'bearer_invalid'] as const;
const PROBLEMS = ['unknown_order', 'not_paid', 'refund_refused'] as const;
const street = z.strictObject({ number: orderNumberSchema });
const telephone = z.strictObject({ number: telephoneNumberSchema });

export const refundRoutes = (core: Core): readonly Route[] => {
  const take = async (wish: Omit<RefundWish, 'id'>, key: string): Promise<Reply> => {
    const id = `REF-${keyedDigest(core.keys, `refund\n${wish.order}\n${key}`).slice(0, 24)}`;
    return replyTo(id, await core.refunds.refund({ ...wish, id }));
  };
  return [
    route({
      ...{ method: 'POST', path: '/v1/orders/{number}/refunds', caller: 'operator' },
      says: 'Gives a paid order back, or a part; without an amount, all that is left',
      idempotency: 'own',
      params: street,
      body: { schema: amountSchema, example: { amount_minor: 500 } },
      answers: ANSWERS,
      problems: [...PROBLEMS, 'operator_only'],
      handle: ({ params: { number: order }, body: { amount_minor }, request }) =>
        take(
          { order, kind: 'refund', amount_minor, restock: true, by: 'operator' },
          requireKey(request),
        ),
    }),
    route({
      ...{ method: 'POST', path: '/v1/orders/{number}/voids', caller: 'operator' },
      says: 'Undoes the payment of an order of which nothing has gone back yet',
      idempotency: 'own',
      params: street,
      body: { schema: z.strictObject({}), example: {} },
      answers: ANSWERS,
      problems: [...PROBLEMS, 'operator_only'],
      handle: ({ params: { number: order }, request }) =>
        take({ order, kind: 'void', restock: true, by: 'operator' }, requireKey(request)),
    }),
    route({
      ...{ method: 'POST', path: '/v1/centre/orders/{number}/refunds', caller: 'agent' },
      says: 'Gives a paid order back, or a part; without an amount, all that is left',
      idempotency: 'own',
      params: telephone,
      body: {
        schema: z.strictObject({ ...amountSchema.shape, restock }),
        example: { amount_minor: 500 },
      },
      answers: ANSWERS,
      problems: [...PROBLEMS, ...AGENT],
      handle: ({ params: { number: order }, body, request, agent }) =>
        take({ ...body, order, kind: 'refund', by: 'agent' }, ofAgent(requireKey(request), agent)),
    }),
    route({
      ...{ method: 'POST', path: '/v1/centre/orders/{number}/voids', caller: 'agent' },
      says: 'Undoes the payment of an order of which nothing has gone back yet; its stock comes back',
      idempotency: 'own',
      params: telephone,
      body: { schema: z.strictObject({ restock }), example: {} },
      answers: ANSWERS,
      problems: [...PROBLEMS, ...AGENT],
      handle: ({ params: { number: order }, body, request, agent }) =>
        take({ ...body, order, kind: 'void', by: 'agent' }, ofAgent(requireKey(request), agent)),
    }),
  ];
};

function replyTo(refund: string, answer: RefundAnswer): Reply {
  switch (answer.said) {
    case 'refunded':
    case 'voided': {
      const { said: outcome, amount_minor } = answer;
      return { status: 201, body: { refund, outcome, amount_minor } };
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
