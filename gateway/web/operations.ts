/** What every organisation has, whichever it is: health, and its books for the operator. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Core } from '../core.ts';
import { readTrail } from '../ledger/trail.ts';
import { trialBalance } from '../ledger/trial-balance.ts';
import { requireOperator } from './requests.ts';
import type { RouteDoc } from './routes.ts';

export const OPERATIONS_DOCS: readonly RouteDoc[] = [
  {
    ...{ method: 'GET', path: '/v1/health', caller: 'anybody' },
    says: 'Whether the store takes writes',
    answers: {
      200: {
        says: 'It does',
        schema: z.strictObject({ status: z.literal('ok'), time: z.int() }),
        example: { status: 'ok', time: 1760000000000 },
      },
    },
    problems: [],
  },
  {
    ...{ method: 'GET', path: '/v1/ledger/trial-balance', caller: 'operator' },
    says: 'All accounts and whether they balance',
    query: z.strictObject({ book: z.string().optional() }),
    answers: { 200: { says: 'The balance', schema: z.looseObject({ balanced: z.boolean() }) } },
    problems: ['operator_only'],
  },
  {
    ...{ method: 'GET', path: '/v1/ledger/trails/{reference}', caller: 'operator' },
    says: 'Every event and posting of an order, voucher or payment, by its reference',
    params: z.strictObject({ reference: z.string() }),
    answers: { 200: { says: 'The trail', schema: z.looseObject({}) } },
    problems: ['operator_only'],
  },
];

export function addOperations(server: FastifyInstance, core: Core, operatorToken: string): void {
  server.get('/v1/health', health(core));
  server.get<{ Querystring: { book?: string } }>('/v1/ledger/trial-balance', async (request) => {
    requireOperator(request, operatorToken);
    const { book } = request.query;
    return trialBalance(core.tables, typeof book === 'string' ? book : undefined);
  });
  server.get<{ Params: { reference: string } }>('/v1/ledger/trails/:reference', async (request) => {
    requireOperator(request, operatorToken);
    return readTrail(core.tables, request.params.reference);
  });
}

/** Proves that the store takes writes, at most once a second however often it is asked. */
function health(core: Core) {
  let last: { at: number; good: Promise<void> } | null = null;
  return async () => {
    const at = core.clock.monotonic();
    if (last === null || at - last.at > 1000) {
      const good = core.writer.run((tx) => tx.settings.set('healthy_at', String(core.clock.now())));
      last = { at, good };
    }
    await last.good;
    return { status: 'ok', time: core.clock.now() };
  };
}
