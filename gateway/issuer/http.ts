/** The issuer's HTTP interface, for the organisations that it pays. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { AskHere } from '../gate.ts';
import { requireSameKey } from '../peers/door.ts';
import type { Writer } from '../store/writer.ts';
import { type Reply, type Route, route } from '../web/routes.ts';
import {
  admitAnswerSchema,
  admitSchema,
  authoriseAnswerSchema,
  captureAnswerSchema,
  captureSchema,
  debitAnswerSchema,
  debitSchema,
  issuerRefundAnswerSchema,
  issuerRefundSchema,
  issuerStatusSchema,
  releaseAnswerSchema,
  releaseSchema,
  requestIdSchema,
  reverseAnswerSchema,
  reverseSchema,
} from './gate.ts';
import type { Issuer } from './issuer.ts';

type Gate = ReturnType<Issuer['gate']>;

const PAYER = { by: 'pin', phone: '+8613800000001', pin: '246810' };
const TAKING = {
  ...{ id: 'PAY-06D2', amount_minor: 1250, currency: 'CNY', merchant: 'lin' },
  ...{ reference: '06D2A8Y1Z5W3KQ7M', payer: PAYER },
};

/** `callerOf` tells which organisation signed the request: ids are its own. */
export function issuerRoutes(
  { issuer, writer }: { readonly issuer: Issuer; readonly writer: Writer },
  callerOf: (request: FastifyRequest) => string,
): readonly Route[] {
  const gate = (request: FastifyRequest): Gate => issuer.gate(callerOf(request));
  const take = (name: 'authorise' | 'debit', path: string, says: string, answers: z.ZodType) =>
    route({
      ...{ method: 'POST', path: `/v1/issuer/${path}`, says, caller: 'peer', idempotency: 'own' },
      body: { schema: debitSchema, example: TAKING },
      answers: { 200: { says: 'What became of it', schema: answers } },
      problems: PROBLEMS,
      async handle({ body, request }) {
        requireSameKey(request, body.id);
        const verbs = gate(request);
        const payer = await issuer.presentFor(callerOf(request), body.id, body.payer);
        const asked = { ...body, payer };
        return reply(await writer.run((tx) => verbs[name].ask(tx, asked)));
      },
    });
  const about = <Q extends { id: string }, A extends { said: string }>(
    path: string,
    says: string,
    body: { schema: z.ZodType<Q>; example: unknown },
    answers: z.ZodType,
    verb: (verbs: Gate) => AskHere<Q, A>,
  ) =>
    route({
      ...{ method: 'POST', path: `/v1/issuer/${path}`, says, caller: 'peer', idempotency: 'own' },
      body,
      answers: { 200: { says: 'What became of it', schema: answers } },
      problems: PROBLEMS,
      async handle({ body: asked, request }) {
        requireSameKey(request, asked.id);
        return reply(await writer.run((tx) => verb(gate(request)).ask(tx, asked)));
      },
    });
  const [authorised, debited] = [authoriseAnswerSchema, debitAnswerSchema];
  const of = { id: 'R-1', of: 'PAY-06D2' };
  const held = { id: 'C-1', authorisation: 'PAY-06D2' };
  return [
    route({
      ...{ method: 'POST', path: '/v1/issuer/admissions', caller: 'peer' },
      says: 'Whether a payer is who they say; each wrong PIN counts',
      body: { schema: admitSchema, example: { payer: PAYER } },
      answers: { 200: { says: 'Who it is, or why not', schema: admitAnswerSchema } },
      problems: PROBLEMS,
      async handle({ body, request }) {
        const { present, admit } = gate(request);
        const payer = await present(body.payer);
        return { status: 200, body: await writer.run((tx) => admit.ask(tx, { payer })) };
      },
    }),
    take('authorise', 'authorisations', 'Freezes an amount of an account', authorised),
    take('debit', 'debits', 'Takes an amount from an account', debited),
    about(
      'captures',
      'Takes what was frozen, or a part, and lets the rest go',
      { schema: captureSchema, example: { ...held, amount_minor: 1250 } },
      captureAnswerSchema,
      ({ capture }) => capture,
    ),
    about(
      'releases',
      'Lets go what was frozen',
      { schema: releaseSchema, example: held },
      releaseAnswerSchema,
      ({ release }) => release,
    ),
    about(
      'reversals',
      'Undoes a request, also one that has not arrived: then it is refused when it does',
      { schema: reverseSchema, example: of },
      reverseAnswerSchema,
      ({ reverse }) => reverse,
    ),
    about(
      'refunds',
      'Gives back what was taken, or a part',
      { schema: issuerRefundSchema, example: { ...of, amount_minor: 500 } },
      issuerRefundAnswerSchema,
      ({ refund }) => refund,
    ),
    route({
      ...{ method: 'GET', path: '/v1/issuer/requests/{id}', caller: 'peer' },
      says: 'What a request was answered',
      params: z.strictObject({ id: requestIdSchema }),
      answers: { 200: { says: 'Its answer, or `unknown`', schema: issuerStatusSchema } },
      problems: ['peer_refused'],
      async handle({ params, request }) {
        const { status } = gate(request);
        return { status: 200, body: await writer.run((tx) => status.ask(tx, params.id)) };
      },
    }),
  ];
}

const PROBLEMS = ['peer_refused'] as const;

/** An id that was used for something else is the problem that it is everywhere. */
export const reply = (answer: { readonly said: string }): Reply =>
  answer.said === 'conflict'
    ? { problem: 'idempotency_key_reused', extras: { said: 'conflict' } }
    : { status: 200, body: answer };
