/** The settlement's HTTP interface for the order centre, which is the only one that it answers. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { cardIdSchema, cardKeysSchema } from '#device/messages/card.ts';
import { askGate } from '../gate.ts';
import { requireSameKey } from '../peers/door.ts';
import type { Writer } from '../store/writer.ts';
import { Problem } from '../web/problems.ts';
import { type Reply, type Route, route } from '../web/routes.ts';
import {
  askJobSchema,
  cardAnswerSchema,
  changeCardSchema,
  debitsSchema,
  debitsWishSchema,
  hotlistStateSchema,
  jobAnswerSchema,
  jobIdSchema,
  keySpreadSchema,
  purchasedSchema,
  takeAnswerSchema,
  takeCardSchema,
  validatedSchema,
  validateSchema,
} from './gate.ts';
import type { Settlement } from './settlement.ts';
import { sittingAnswerSchema, sittingSchema } from './sittings.ts';

const PROBLEMS = ['peer_refused'] as const;
const ORDER = '06D2A8Y1Z5W3KQ7M';
const CARD = 'HC06D2A8Y1Z5W3KQ7M';
const UID = '04112233445566';
const reply = (body: unknown): Reply => ({ status: 200, body });
const says = (text: string, schema: z.ZodType) => ({ 200: { says: text, schema } });

const UNKNOWN = {
  ...{ order: ORDER, card: CARD, uid: UID, amount_minor: 1250, currency: 'CNY' },
  ...{ counter_before: 3, balance_before_minor: 5000, record: '01'.repeat(32) },
  ...{ at: 1_800_000_000_000, offline: false },
};

export interface SettlementRouteParts {
  readonly settlement: Settlement;
  readonly writer: Writer;
}

/** `callerOf` tells which organisation signed the request. */
export function settlementRoutes(
  { settlement, writer }: SettlementRouteParts,
  callerOf: (request: FastifyRequest) => string,
): readonly Route[] {
  const gate = settlement.gate();
  const admit = (request: FastifyRequest): void => {
    if (callerOf(request) === 'order-centre') return;
    throw new Problem('peer_refused', { why: 'unknown_key' });
  };
  return [
    route({
      ...{ method: 'POST', path: '/v1/settlement/card-messages', caller: 'peer' },
      says: 'Takes what a terminal told of a card; the same again changes nothing',
      body: {
        schema: takeCardSchema,
        example: { kind: 'unknown', terminal: 't-0001', vendor: 'lin', unknown: UNKNOWN },
      },
      answers: says('What the terminal is told', takeAnswerSchema),
      problems: PROBLEMS,
      async handle({ body, request }) {
        admit(request);
        return reply(await askGate(writer, gate.take, body));
      },
    }),
    route({
      ...{ method: 'POST', path: '/v1/settlement/validations', caller: 'peer' },
      says: 'Whether a card with this identity, balance and counter is good',
      body: {
        schema: validateSchema,
        example: { uid: UID, card: CARD, balance_minor: 5000, counter: 3 },
      },
      answers: says('Whether it is, or why not', validatedSchema),
      problems: PROBLEMS,
      async handle({ body, request }) {
        admit(request);
        return reply(await askGate(writer, gate.validate, body));
      },
    }),
    route({
      ...{ method: 'POST', path: '/v1/settlement/asks', caller: 'peer', idempotency: 'own' },
      says: 'Asks for a load of a card, or for a refund of an order to the card that paid it',
      body: {
        schema: askJobSchema,
        example: { kind: 'load', id: ORDER, card: CARD, amount_minor: 10_000 },
      },
      answers: says('What became of it', jobAnswerSchema),
      problems: PROBLEMS,
      async handle({ body, request }) {
        admit(request);
        requireSameKey(request, body.id);
        return reply(await askGate(writer, gate.ask, body));
      },
    }),
    route({
      ...{ method: 'GET', path: '/v1/settlement/asks/{id}', caller: 'peer' },
      says: 'What became of a load or refund',
      params: z.strictObject({ id: jobIdSchema }),
      answers: says('It', jobAnswerSchema),
      problems: PROBLEMS,
      async handle({ params, request }) {
        admit(request);
        return reply(await askGate(writer, gate.job, params.id));
      },
    }),
    route({
      ...{ method: 'POST', path: '/v1/settlement/asks/{id}/cancellation', caller: 'peer' },
      says: 'Ends a load or refund that waits for its card; again, the same',
      params: z.strictObject({ id: jobIdSchema }),
      body: { schema: z.strictObject({}), example: {} },
      answers: says('What became of it', jobAnswerSchema),
      problems: PROBLEMS,
      async handle({ params, request }) {
        admit(request);
        return reply(await askGate(writer, gate.cancel, params.id));
      },
    }),
    route({
      ...{ method: 'GET', path: '/v1/settlement/purchases/{order}', caller: 'peer' },
      says: 'What became of a payment that the settlement drives',
      params: z.strictObject({ order: jobIdSchema }),
      answers: says('Whether a card has paid, may have, or has not', purchasedSchema),
      problems: PROBLEMS,
      async handle({ params, request }) {
        admit(request);
        return reply(await askGate(writer, gate.purchased, params.order));
      },
    }),
    route({
      ...{ method: 'GET', path: '/v1/settlement/terminal-keys', caller: 'peer' },
      says: 'What a terminal that is enrolled gets: master keys to debit and to read with',
      answers: says('They', cardKeysSchema),
      problems: PROBLEMS,
      async handle({ request }) {
        admit(request);
        return reply(await askGate(writer, gate.keys, null));
      },
    }),
    route({
      ...{ method: 'POST', path: '/v1/settlement/key-spread', caller: 'peer' },
      says: 'How many terminals lack a version of the keys; again, the same',
      body: { schema: keySpreadSchema, example: { key_version: 2, waiting: 0 } },
      answers: says('What was taken', keySpreadSchema),
      problems: PROBLEMS,
      async handle({ body, request }) {
        admit(request);
        return reply(await askGate(writer, gate.spread, body));
      },
    }),
    route({
      ...{ method: 'GET', path: '/v1/settlement/hotlist', caller: 'peer' },
      says: 'Cards that no terminal takes',
      answers: says('They', hotlistStateSchema),
      problems: PROBLEMS,
      async handle({ request }) {
        admit(request);
        return reply(await askGate(writer, gate.hotlist, null));
      },
    }),
    route({
      ...{ method: 'GET', path: '/v1/settlement/briefs/{card}', caller: 'peer' },
      says: 'State and balance of a card, and the last ten that it did',
      params: z.strictObject({ card: cardIdSchema }),
      answers: says('The card', cardAnswerSchema),
      problems: PROBLEMS,
      async handle({ params, request }) {
        admit(request);
        return reply(await askGate(writer, gate.card, params.card));
      },
    }),
    route({
      ...{ method: 'POST', path: '/v1/settlement/changes', caller: 'peer' },
      says: 'Blocks a card, or takes the block off; again, the same',
      body: {
        schema: changeCardSchema,
        example: { card: CARD, act: 'block', because: 'reported lost' },
      },
      answers: says('The card', cardAnswerSchema),
      problems: PROBLEMS,
      async handle({ body, request }) {
        admit(request);
        return reply(await askGate(writer, gate.change, body));
      },
    }),
    route({
      ...{ method: 'POST', path: '/v1/settlement/debits', caller: 'peer' },
      says: 'Which debits of a terminal it has: those behind a place, and those that are named',
      body: {
        schema: debitsWishSchema,
        example: { terminal: 't-0001', after: 0, named: [{ card: CARD, counter: 4 }] },
      },
      answers: says('They', debitsSchema),
      problems: PROBLEMS,
      async handle({ body, request }) {
        admit(request);
        return reply(await askGate(writer, gate.debits, body));
      },
    }),
    route({
      ...{ method: 'POST', path: '/v1/settlement/sittings', caller: 'peer' },
      says: 'A card at a reader: brings its answers, and gets the next commands',
      body: {
        schema: sittingSchema,
        example: {
          ...{ id: 'relay-0001', terminal: 't-0001', uid: UID, purpose: 'load', step: 0 },
          answers: [],
        },
      },
      answers: says('The next commands, or how it ended', sittingAnswerSchema),
      problems: PROBLEMS,
      async handle({ body, request }) {
        admit(request);
        return reply(await settlement.sittings.take(body));
      },
    }),
  ];
}
