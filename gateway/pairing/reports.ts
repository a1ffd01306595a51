/** Where payment platforms report, each in its own way: what is signed are the very bytes. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Core } from '../core.ts';
import { findCardData } from '../web/card-data.ts';
import { Problem } from '../web/problems.ts';
import type { RouteDoc } from '../web/routes.ts';

export const PLATFORM_REPORT_DOC: RouteDoc = {
  ...{ method: 'POST', path: '/v1/webhooks/platform/{name}', caller: 'platform' },
  says: 'Takes what a payment platform reports, in that platform’s own form and signature',
  params: z.strictObject({ name: z.string() }),
  body: { schema: z.unknown(), example: { type: 'payment.paid' } },
  answers: {
    200: { says: 'Taken; what the platform wants to read', type: 'text/plain' },
    204: { says: 'Taken, now or before' },
  },
  problems: ['webhook_refused'],
};

/** An order centre's phones pay through a platform, and so do an acquirer's links. */
export async function addPlatformReports(server: FastifyInstance, core: Core): Promise<void> {
  await server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) =>
      done(null, body),
    );
    scope.post<{ Params: { name: string } }>(
      '/v1/webhooks/platform/:name',
      { config: { anyBody: true } },
      async (request, reply) => {
        const { headers, params, url } = request;
        const body = typeof request.body === 'string' ? request.body : '';
        if (findCardData(body) !== null) throw new Problem('card_data_refused');
        const query = new URL(url, 'http://here').searchParams;
        const message = { by: 'webhook', headers, body, query } as const;
        const taken =
          (await core.pairing.take(params.name, message).catch(() => null)) ??
          (await core.linkPlatforms.take(params.name, message).catch(() => null));
        if (taken === null) throw new Problem('webhook_refused');
        const platforms = [...core.pairing.platforms, ...core.linkPlatforms.platforms];
        const says = platforms.find(({ name }) => name === params.name)?.taken;
        return says === undefined ? reply.code(204).send() : reply.type('text/plain').send(says);
      },
    );
  });
}
