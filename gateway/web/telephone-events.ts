/** A telephone order for a desk that watches it: at once, and at each change. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Core } from '../core.ts';
import { isTelephoneNumber, telephoneNumberSchema } from '../orders/telephone/number.ts';
import { followSchema, streamTelephoneOrder } from './events.ts';
import { Problem } from './problems.ts';
import type { RouteDoc, RouteParts } from './routes.ts';

export const TELEPHONE_EVENTS_DOC: RouteDoc = {
  ...{ method: 'GET', path: '/v1/centre/orders/{number}/events', caller: 'agent' },
  says: 'An order at once and at each change, as server-sent events',
  params: z.strictObject({ number: telephoneNumberSchema }),
  query: followSchema,
  answers: { 200: { says: 'Events named order', type: 'text/event-stream' } },
  problems: ['bearer_missing', 'bearer_invalid', 'unknown_order'],
};

export function addTelephoneEvents(
  server: FastifyInstance,
  core: Core,
  admit: RouteParts['admit'],
): void {
  server.get<{ Params: { number: string }; Querystring: { follow?: string } }>(
    '/v1/centre/orders/:number/events',
    async (request, reply) => {
      admit('agent', request);
      const { number } = request.params;
      if (!isTelephoneNumber(number) || core.telephone.find(number) === undefined) {
        throw new Problem('unknown_order', { state: 'not_found' });
      }
      streamTelephoneOrder(core, number, reply, request.query.follow === 'refunds');
      return reply;
    },
  );
}
