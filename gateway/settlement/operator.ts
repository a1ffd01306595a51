/** The settlement's HTTP interface for its operator: cards, loads, refunds, and what it can prove. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { writeOrderNumber } from '#device/codecs/order-number.ts';
import { cardIdSchema } from '#device/messages/card.ts';
import { currencySchema, priceMinorSchema } from '#device/messages/money.ts';
import { orderNumberSchema } from '#device/messages/order-number.ts';
import { askGate } from '../gate.ts';
import type { CardRow } from '../store/tables-settlement.ts';
import type { Writer } from '../store/writer.ts';
import { type Reply, type Route, requireKey, route } from '../web/routes.ts';
import { type Changed, MOST_MINOR } from './cards.ts';
import { type JobAnswer, jobIdSchema, jobSchema } from './gate.ts';
import { keyRoutes } from './operator-keys.ts';
import type { Settlement } from './settlement.ts';

const CARD = 'HC06D2A8Y1Z5W3KQ7M';

const newCardSchema = z.strictObject({
  currency: currencySchema,
  most_minor: priceMinorSchema.default(MOST_MINOR),
  holder: z
    .strictObject({
      name: z.string().min(1).max(80).optional(),
      /** E.164. */
      phone: z
        .string()
        .regex(/^\+[1-9]\d{6,14}$/)
        .optional(),
    })
    .default({}),
});

const cardSchema = z.strictObject({
  card: cardIdSchema,
  state: z.enum(['new', 'active', 'blocked', 'ended']),
  currency: currencySchema,
  most_minor: z.int(),
  because: z.string().optional(),
});

const viewCard = (row: CardRow) => ({
  card: row.id,
  state: row.state,
  currency: row.currency,
  most_minor: row.most_minor,
  ...(row.because === null ? {} : { because: row.because }),
});

const ofCard = z.strictObject({ card: cardIdSchema });
const becauseSchema = z.strictObject({ because: z.string().min(1).max(200) });
const COUNTED = z.looseObject({ clean: z.boolean() });

export interface OperatorRouteParts {
  readonly settlement: Settlement;
  readonly writer: Writer;
}

export const settlementOperatorRoutes = (parts: OperatorRouteParts): readonly Route[] => [
  ...cardRoutes(parts),
  ...keyRoutes(parts),
  ...jobRoutes(parts),
  ...reportRoutes(parts),
];

function cardRoutes({ settlement }: OperatorRouteParts): readonly Route[] {
  const change = (
    path: string,
    says: string,
    act: (card: string, because: string) => Promise<Changed>,
  ): Route =>
    route({
      ...{ method: 'POST', path: `/v1/settlement/cards/{card}/${path}`, caller: 'operator', says },
      idempotency: 'kept',
      params: ofCard,
      body: { schema: becauseSchema, example: { because: 'reported lost' } },
      answers: { 200: { says: 'The card', schema: cardSchema } },
      problems: ['operator_only', 'unknown_card', 'card_ended'],
      async handle({ params, body }) {
        const changed = await act(params.card, body.because);
        if (changed.ok) return { status: 200, body: viewCard(changed.card) };
        return { problem: changed.code, extras: { card: params.card } };
      },
    });
  return [
    route({
      ...{ method: 'POST', path: '/v1/settlement/cards', caller: 'operator' },
      says: 'A card to be made: the next blank one that is held to a reader for it becomes it',
      idempotency: 'required',
      body: {
        schema: newCardSchema,
        example: { currency: 'CNY', most_minor: 100_000, holder: { name: 'Wang Fang' } },
      },
      answers: { 201: { says: 'The card', schema: cardSchema } },
      problems: ['operator_only'],
      handle: ({ body: { currency, most_minor, holder }, keep }) => {
        const { name: holder_name, phone: holder_phone } = holder;
        const wanted = { currency, most_minor, holder_name, holder_phone };
        return settlement.add(wanted, (tx, card) =>
          keep(tx, { status: 201, body: viewCard(card) }),
        );
      },
    }),
    change('blocking', 'Blocks a card: terminals hear of it at once', (card, because) =>
      settlement.block(card, because),
    ),
    change('unblocking', 'Takes the block off again', (card) => settlement.unblock(card)),
    change('ending', 'Ends a card for good', (card, because) => settlement.end(card, because)),
    route({
      ...{ method: 'GET', path: '/v1/settlement/cards/{card}', caller: 'operator' },
      says: 'All that a card did, by its counter, what is due to it and what is missing',
      params: ofCard,
      answers: {
        200: { says: 'Its statement', schema: z.looseObject({ balance_minor: z.int() }) },
      },
      problems: ['operator_only', 'unknown_card'],
      async handle({ params }) {
        const body = settlement.statement(params.card);
        if (body === null) return { problem: 'unknown_card', extras: { card: params.card } };
        return { status: 200, body };
      },
    }),
  ];
}

function jobRoutes({ settlement, writer }: OperatorRouteParts): readonly Route[] {
  const gate = settlement.gate();
  const problems = ['operator_only', 'unknown_card', 'card_refused', 'unknown_job'] as const;
  const answers = { 200: { says: 'What became of it', schema: jobSchema } };
  return [
    route({
      ...{ method: 'POST', path: '/v1/settlement/cards/{card}/loads', caller: 'operator' },
      says: 'Takes in what is to be put on a card; done when it is held to a reader',
      idempotency: 'own',
      params: ofCard,
      body: {
        schema: z.strictObject({ amount_minor: priceMinorSchema }),
        example: { amount_minor: 10_000 },
      },
      answers,
      problems,
      async handle({ params: { card }, body: { amount_minor }, request }) {
        const id = idOf(`load\n${card}\n${requireKey(request)}`);
        return replyTo(await askGate(writer, gate.ask, { kind: 'load', id, card, amount_minor }));
      },
    }),
    route({
      ...{ method: 'POST', path: '/v1/settlement/refunds', caller: 'operator' },
      says: 'Gives an order back to the card that paid it; without an amount, all that is left',
      idempotency: 'own',
      body: {
        schema: z.strictObject({
          order: orderNumberSchema,
          amount_minor: priceMinorSchema.optional(),
        }),
        example: { order: CARD.slice(2), amount_minor: 500 },
      },
      answers,
      problems,
      async handle({ body: { order, amount_minor }, request }) {
        const id = idOf(`refund\n${order}\n${requireKey(request)}`);
        const amount = amount_minor === undefined ? {} : { amount_minor };
        return replyTo(await askGate(writer, gate.ask, { kind: 'refund', id, order, ...amount }));
      },
    }),
    route({
      ...{ method: 'GET', path: '/v1/settlement/jobs/{id}', caller: 'operator' },
      says: 'What became of a load or refund',
      params: z.strictObject({ id: jobIdSchema }),
      answers,
      problems,
      handle: async ({ params }) => replyTo(await askGate(writer, gate.job, params.id)),
    }),
    route({
      ...{ method: 'POST', path: '/v1/settlement/jobs/{id}/cancellation', caller: 'operator' },
      idempotency: 'kept',
      says: 'Ends a load or refund that waits for its card; again, the same',
      params: z.strictObject({ id: jobIdSchema }),
      body: { schema: z.strictObject({}), example: {} },
      answers,
      problems,
      handle: async ({ params }) => replyTo(await askGate(writer, gate.cancel, params.id)),
    }),
  ];
}

/** Sixteen digits out of what names the job: the same key makes the same job. */
const idOf = (name: string): string =>
  writeOrderNumber(new Uint8Array(createHash('sha256').update(name).digest()).slice(0, 10));

function replyTo(answer: JobAnswer): Reply {
  switch (answer.said) {
    case 'job':
      return { status: 200, body: answer.job };
    case 'conflict':
      return { problem: 'idempotency_key_reused', extras: {} };
    case 'refused': {
      const { code, left_minor } = answer;
      if (code === 'unknown_card' || code === 'unknown_job') return { problem: code, extras: {} };
      return { problem: 'card_refused', extras: { reason: code, left_minor } };
    }
  }
}

const reportRoutes = ({ settlement }: OperatorRouteParts): readonly Route[] => [
  route({
    ...{ method: 'GET', path: '/v1/settlement/reconciliation', caller: 'operator' },
    says: 'Float, book and cards against each other; each transaction that is missing or wrong, by name',
    answers: { 200: { says: 'What agrees, and what does not', schema: COUNTED } },
    problems: ['operator_only'],
    handle: async () => ({ status: 200, body: settlement.reconcile() }),
  }),
];
