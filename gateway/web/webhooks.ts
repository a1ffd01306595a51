/**
 * The door for webhooks of the other organisations (Standard Webhooks). What a message does and that
 * it came are one transaction, so that a repetition does nothing and a crash loses nothing.
 */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { verifyWebhook } from '#device/codecs/standard-webhooks.ts';
import type { Clock } from '../clock.ts';
import { decode } from '../decode.ts';
import type { Transaction, Writer } from '../store/writer.ts';
import { findCardData } from './card-data.ts';
import { Problem } from './problems.ts';
import type { RouteDoc } from './routes.ts';

export interface Receiver {
  /** Who sends, as in `/v1/webhooks/{sender}`. */
  readonly sender: string;
  /** `whsec_…`; two while one is replaced. */
  readonly secrets: readonly string[];
  readonly take: (tx: Transaction, body: unknown) => void;
}

/** A receiver whose messages are decoded before they are taken; a wrong one is a `Problem`. */
export const receiver = <T>(
  sender: string,
  secrets: readonly string[],
  schema: z.ZodType<T>,
  take: (tx: Transaction, message: T) => void,
): Receiver => ({
  sender,
  secrets,
  take(tx, body) {
    const decoded = decode(schema, body);
    if (!decoded.ok) throw new Problem('malformed_request', { errors: decoded.complaints });
    take(tx, decoded.value);
  },
});

export interface WebhookParts {
  readonly writer: Writer;
  readonly clock: Pick<Clock, 'now'>;
  readonly receivers: readonly Receiver[];
}

export const WEBHOOK_DOC: RouteDoc = {
  ...{ method: 'POST', path: '/v1/webhooks/{sender}', caller: 'webhook' },
  says: 'Takes a message of another organisation, once for each webhook-id',
  params: z.strictObject({ sender: z.string() }),
  body: { schema: z.unknown(), example: { type: 'payment.paid' } },
  answers: { 204: { says: 'Taken, now or before' } },
  problems: ['webhook_refused', 'not_found'],
};

export async function addWebhooks(server: FastifyInstance, parts: WebhookParts): Promise<void> {
  await server.register(async (scope) => {
    // The very bytes are signed: they are parsed after that was verified.
    scope.removeContentTypeParser('application/json');
    scope.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) =>
      done(null, body),
    );
    scope.post<{ Params: { sender: string } }>('/v1/webhooks/:sender', async (request, reply) => {
      const from = parts.receivers.find(({ sender }) => sender === request.params.sender);
      if (from === undefined) throw new Problem('not_found');
      await receive(parts, from, request.headers, request.body);
      return reply.code(204).send();
    });
  });
}

async function receive(
  { writer, clock }: WebhookParts,
  from: Receiver,
  headers: Readonly<Record<string, unknown>>,
  raw: unknown,
): Promise<void> {
  const payload = typeof raw === 'string' ? raw : '';
  const verified = verifyWebhook(from.secrets, headers, payload, clock.now());
  if (!verified.ok) throw new Problem('webhook_refused', { why: verified.why });
  const body = readJson(payload);
  if (findCardData(body) !== null) throw new Problem('card_data_refused');
  await writer.run((tx) => {
    if (tx.deliveries.receive(from.sender, verified.id, clock.now())) from.take(tx, body);
  });
}

function readJson(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    const errors = [{ path: '', message: 'must be JSON' }];
    throw new Problem('malformed_request', { errors });
  }
}
