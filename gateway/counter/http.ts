/** The counter's HTTP interface, for the operator. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { writeOrderNumber } from '#device/codecs/order-number.ts';
import { cardIdSchema } from '#device/messages/card.ts';
import { currencySchema, priceMinorSchema } from '#device/messages/money.ts';
import { terminalIdSchema, terminalNumberSchema } from '#device/messages/order.ts';
import { orderNumberSchema } from '#device/messages/order-number.ts';
import { relaySaidSchema } from '#device/messages/relay.ts';
import { type Reply, type Route, requireKey, route } from '../web/routes.ts';
import type { Counter, CounterAnswer } from './counter.ts';

const actSchema = z.enum(['load', 'personalise', 'inspect']);

export const counterWishSchema = z
  .strictObject({
    terminal: z.union([terminalNumberSchema, terminalIdSchema]),
    act: actSchema,
    currency: currencySchema,
    amount_minor: priceMinorSchema.optional(),
  })
  .refine(({ act, amount_minor }) => (act === 'load') === (amount_minor !== undefined), {
    path: ['amount_minor'],
    message: 'is of a load, and of nothing else',
  });

export const counterViewSchema = z.strictObject({
  id: orderNumberSchema,
  terminal: z.union([terminalNumberSchema, terminalIdSchema]),
  act: actSchema,
  currency: currencySchema,
  amount_minor: z.int().optional(),
  state: z.enum(['waiting', 'working', 'done', 'over']),
  trouble: relaySaidSchema.optional(),
  declined: z.boolean().optional(),
  balance_minor: z.int().optional(),
  card: cardIdSchema.optional(),
});

export const VIEW = {
  ...{ id: '06D2QF8Z3K7M1N5P', terminal: '104233', act: 'load', currency: 'CNY' },
  ...{ amount_minor: 2000, state: 'waiting' },
};

const ofWork = z.strictObject({ id: orderNumberSchema });

/** Sixteen digits out of the caller's key: the same key is the same wish. */
export const counterId = (key: string): string => {
  const digest = createHash('sha256').update(`counter\n${key}`).digest();
  return writeOrderNumber(new Uint8Array(digest).slice(0, 10));
};

export function counterRoutes(counter: Counter): readonly Route[] {
  const answers = { 200: { says: 'How far it is', schema: counterViewSchema, example: VIEW } };
  return [
    route({
      ...{ method: 'POST', path: '/v1/card-counter', caller: 'operator', idempotency: 'own' },
      says: 'Has a terminal ask for a card, to load it, to make a new one of it, or to read it',
      body: {
        schema: counterWishSchema,
        example: { terminal: '104233', act: 'load', currency: 'CNY', amount_minor: 2000 },
      },
      answers,
      problems: [
        ...(['operator_only', 'unknown_terminal', 'terminal_busy', 'terminal_away'] as const),
        ...(['no_cards', 'idempotency_key_reused'] as const),
      ],
      handle: async ({ body, request }) =>
        replyTo(counter.begin({ ...body, id: counterId(requireKey(request)) })),
    }),
    route({
      ...{ method: 'GET', path: '/v1/card-counter/{id}', caller: 'operator' },
      says: 'How far it is with that card',
      params: ofWork,
      answers,
      problems: ['operator_only', 'not_found'],
      handle: async ({ params }) => seen(counter.find(params.id)),
    }),
    route({
      ...{
        method: 'POST',
        path: '/v1/card-counter/{id}/withdrawal',
        caller: 'operator',
        idempotency: 'kept',
      },
      says: 'Asks for no card any more; what has begun goes on. Again, the same',
      params: ofWork,
      body: { schema: z.strictObject({}), example: {} },
      answers,
      problems: ['operator_only', 'not_found'],
      handle: async ({ params }) => seen(counter.withdraw(params.id)),
    }),
  ];
}

const seen = (view: ReturnType<Counter['find']>): Reply =>
  view === undefined ? { problem: 'not_found', extras: {} } : { status: 200, body: view };

function replyTo(answer: CounterAnswer): Reply {
  if (answer.ok) return { status: 200, body: answer.view };
  const { code } = answer;
  return { problem: code === 'reused' ? 'idempotency_key_reused' : code, extras: {} };
}
