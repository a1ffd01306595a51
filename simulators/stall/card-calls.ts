/** What the customers before the stall do with their cards (docs/stall.md). */
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { readBody } from './bodies.ts';
import { CardOffice } from './card-office.ts';
import { CardBox } from './cards.ts';
import type { Stall } from './stall.ts';

const tapBody = z.strictObject({
  /** Pulls it away too soon. */
  pull: z.enum(['early', 'last_moment']).optional(),
  hold_ms: z.int().min(100).max(10_000).optional(),
});
/** 100.00. */
const loadBody = z.strictObject({ amount_minor: z.int().min(1).max(100_000).default(10_000) });
const putBody = z.strictObject({ cards: z.array(z.string().max(20)).min(1).max(2) });

export function addCardCalls(server: FastifyInstance, stall: Stall): void {
  const { id: terminal, currency } = stall.seed.terminals[0];
  const box = new CardBox({
    directory: join(stall.directory, 'cards'),
    currency,
    office: new CardOffice({
      ...{ currency, terminal, gateway: () => stall.gatewayUrl },
      directory: join(stall.directory, 'gateway'),
    }),
    reader: () => stall.organs.reader,
  });
  server.get('/v1/cards', async () => box.view());
  server.post<{ Params: { name: string } }>('/v1/cards/:name/tap', async (request) => {
    const { pull, hold_ms } = readBody(tapBody, request.body ?? {});
    await box.tap(request.params.name, pull, hold_ms);
    return box.view();
  });
  server.post<{ Params: { name: string } }>('/v1/cards/:name/load', async (request) => {
    const { amount_minor } = readBody(loadBody, request.body ?? {});
    await box.load(request.params.name, amount_minor);
    return box.view();
  });
  server.post('/v1/reader', async (request) => {
    await box.put(readBody(putBody, request.body).cards);
    return box.view();
  });
  server.delete('/v1/reader', async () => {
    await box.lift();
    return box.view();
  });
}
