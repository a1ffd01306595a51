/** The JSON interface; docs/http.md describes each call. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { enrolmentRequestSchema } from '#device/messages/enrolment.ts';
import type { Core } from '../core.ts';
import { readTrail } from '../ledger/trail.ts';
import type { Matched } from '../matching/matching.ts';
import type { PayAnswer } from '../orders/payment-answers.ts';
import { refundedMinor } from '../orders/refunded-minor.ts';
import { billOf, type OrderView, viewOrder } from '../orders/view.ts';
import { readPhone } from '../phone.ts';
import type { OrderRow } from '../store/tables.ts';
import { brokerPasswords } from '../terminals/broker-passwords.ts';
import { streamOrder } from './events.ts';
import { Problem } from './problems.ts';
import {
  bearerText,
  clientOf,
  decodeBody,
  decodePayment,
  idempotencyKey,
  matchSchema,
  type paymentSchema,
  requireBearer,
  requireOperator,
} from './requests.ts';

export interface ApiParts {
  readonly core: Core;
  readonly operatorToken: string;
  /** Whether the broker lets nobody in without a certificate. */
  readonly needsCertificate: boolean;
  readonly addresses: () => { readonly broker: string; readonly payUrl: string };
}

type OfOrder = { Params: { number: string } };

export function addApi(server: FastifyInstance, parts: ApiParts): void {
  const { core } = parts;
  server.post('/v1/enrolments', async (request, reply) => {
    const wanted = decodeBody(enrolmentRequestSchema, request.body);
    // A terminal that has no certificate could never speak to this broker.
    if (parts.needsCertificate && wanted.csr === undefined) throw new Problem('csr_missing');
    const enrolled = await core.enrol(wanted, idempotencyKey(request), parts.addresses());
    if (!enrolled.ok) throw new Problem(enrolled.code);
    return reply.code(201).send(enrolled.identity);
  });
  server.post('/v1/matches', async (request) => {
    const wanted = decodeBody(matchSchema, request.body);
    const matched =
      'qr' in wanted
        ? await core.matching.matchQr(wanted.qr, wanted, clientOf(core, request))
        : await core.matching.matchBroadcast(wanted.broadcast);
    const { row, bearer, until } = requireMatch(matched);
    return { order: viewOrder(row), bearer, bearer_expires_at: until };
  });
  addOrders(server, core);
  addOperator(server, parts);
}

function addOrders(server: FastifyInstance, core: Core): void {
  server.get<OfOrder>('/v1/orders/:number', async (request) => {
    const { number } = request.params;
    requireBearer(core, bearerText(request), number, ['scan', 'pay', 'bill']);
    return viewOrder(requireOrder(core, number), refundedMinor(core.tables, number));
  });
  server.get<OfOrder>('/v1/orders/:number/bill', async (request) => {
    const { number } = request.params;
    requireBearer(core, bearerText(request), number, ['pay', 'bill']);
    const row = requireOrder(core, number);
    const bill = billOf(row, refundedMinor(core.tables, number));
    if (bill === null) throw new Problem('not_paid', { state: row.state });
    return bill;
  });
  server.get<OfOrder & { Querystring: { bearer?: string; follow?: string } }>(
    '/v1/orders/:number/events',
    async (request, reply) => {
      const { number } = request.params;
      const { bearer, follow } = request.query;
      const text = bearerText(request) ?? (typeof bearer === 'string' ? bearer : null);
      requireBearer(core, text, number, ['scan', 'pay', 'bill']);
      requireOrder(core, number);
      streamOrder(core, number, reply, follow === 'refunds');
      return reply;
    },
  );
  server.post<OfOrder>('/v1/orders/:number/payments', (request, reply) =>
    takePayment(core, request, reply),
  );
}

async function takePayment(core: Core, request: FastifyRequest<OfOrder>, reply: FastifyReply) {
  const { number: order } = request.params;
  requireBearer(core, bearerText(request), order, ['pay']);
  const key = idempotencyKey(request);
  if (key === null) throw new Problem('idempotency_key_missing');
  const body = decodePayment(request.body);
  const client = clientOf(core, request);
  if ('voucher' in body && core.guesses.isOver(client)) throw new Problem('slow_down');
  const paid = await core.payments.pay({ order, key, ...payerIn(core, body) });
  if (!paid.ok) throw new Problem(paid.code);
  if (isWrongCode(paid.answer) && !paid.replayed) core.guesses.count(client);
  if (paid.replayed) reply.header('idempotency-replayed', 'true');
  const answer = requirePaid(paid.answer);
  return reply.code(201).send({ ...answer, order: viewOrder(requireOrder(core, order)) });
}

/** Who pays: an account by phone number, or a voucher. */
function payerIn(core: Core, body: z.output<typeof paymentSchema>) {
  if ('voucher' in body) return body;
  const phone = readPhone(body.phone, callingCode(core));
  if (phone !== null) return { phone, pin: body.pin };
  const errors = [{ path: 'phone', message: 'must be a phone number in E.164 form' }];
  throw new Problem('malformed_request', { errors });
}

function addOperator(server: FastifyInstance, { core, operatorToken }: ApiParts): void {
  server.get<OfOrder>('/v1/orders/:number/trail', async (request) => {
    requireOperator(request, operatorToken);
    return readTrail(core.tables, requireOrder(core, request.params.number).number);
  });
  server.get('/v1/broker/passwords', async (request, reply) => {
    requireOperator(request, operatorToken);
    reply.type('text/plain; charset=utf-8');
    return brokerPasswords(core.tables, core.registry, core.chance);
  });
}

export const callingCode = (core: Core): string => core.tables.settings.get('calling_code') ?? '';

export function requireOrder(core: Core, number: string): OrderRow {
  const row = core.tables.orders.find(number);
  if (row === undefined) throw new Problem('unknown_order');
  return row;
}

export function requireMatch(matched: Matched): Extract<Matched, { ok: true }> {
  if (matched.ok) return matched;
  const { code, ...extras } = matched.refusal;
  throw new Problem(code, extras);
}

/** Whether somebody may have guessed at a voucher. */
export const isWrongCode = (answer: PayAnswer): boolean =>
  answer.kind === 'voucher_refused' && ['wrong_code', 'locked'].includes(answer.reason);

/** What a phone is told of an order that its instruction ended, or the problem that it met. */
function requirePaid(answer: PayAnswer): PaidBody {
  switch (answer.kind) {
    case 'paid':
      return { outcome: 'paid', payment: answer.payment };
    case 'declined':
      return { outcome: 'declined', reason: answer.reason };
    case 'closed':
      throw new Problem('closed', { state: answer.state });
    case 'unknown_order':
      throw new Problem('unknown_order');
    case 'not_made':
      throw new Problem(answer.code ?? 'payment_not_made');
    case 'voucher_refused': {
      const { kind: _, ...extras } = answer;
      throw new Problem('voucher_refused', extras);
    }
    case 'not_admitted': {
      const { kind: _, code, ...extras } = answer;
      throw new Problem(code, extras);
    }
  }
}

type PaidBody =
  | { readonly outcome: 'paid'; readonly payment: string }
  | { readonly outcome: 'declined'; readonly reason: NonNullable<OrderView['reason']> };
