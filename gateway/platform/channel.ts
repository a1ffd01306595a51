/** The authorised channel: merchants' servers register, ask for permissions, ask back, give back. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { currencySchema, priceMinorSchema } from '#device/messages/money.ts';
import { decode } from '../decode.ts';
import { verifyMessage } from '../peers/message-signature.ts';
import type { PermissionRow, PlatformClientRow } from '../store/tables-platform.ts';
import { findCardData } from '../web/card-data.ts';
import { accountKey, digestOf, type PlatformParts } from './parts.ts';
import { grant, refund, viewPermission, withdraw } from './permissions.ts';
import { PlatformProblem } from './problems.ts';

const idSchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,64}$/, 'must be 1 to 64 visible ASCII characters');
const httpUrl = z.url({ protocol: /^https?$/ }).max(500);

export const registrationSchema = z.strictObject({
  code: z.string().min(8).max(64),
  /** Ed25519 public key, base64url: what the client signs with from now on. */
  key: z.string().regex(/^[\w-]{43}$/, 'must be 32 bytes in base64url'),
  webhook_url: httpUrl,
  /** What each return_url begins with. */
  return_url: httpUrl,
});

export const permissionSchema = z.strictObject({
  id: idSchema,
  merchant: z.string().min(1).max(80),
  order: z.string().min(1).max(64),
  amount_minor: priceMinorSchema,
  currency: currencySchema,
  return_url: httpUrl,
  expires_at: z.int().min(0).optional(),
});

export const refundSchema = z.strictObject({
  id: idSchema,
  of: idSchema,
  amount_minor: priceMinorSchema,
});

export interface ChannelParts extends PlatformParts {
  /** What the payer's phone reaches the platform by. */
  readonly publicUrl: () => string;
  /** After a commit: there is one more that may expire. */
  readonly granted: () => void;
}

type OfId = { Params: { id: string } };

/** The server keeps each body as text too, because what is signed is its bytes. */
export type WithText = FastifyRequest & { text?: string };

export function addChannel(server: FastifyInstance, parts: ChannelParts): void {
  const { writer, clock, tables } = parts;
  const pageUrl = (row: PermissionRow) => `${parts.publicUrl()}/pay/${row.permission}`;
  const shown = (row: PermissionRow) => ({
    ...viewPermission(tables, parts.keys, row),
    ...(row.state === 'requested' ? { page_url: pageUrl(row) } : {}),
  });

  server.post('/v1/registrations', async (request, reply) => {
    const body = decodeSent(registrationSchema, request);
    requireSignature(parts, request, () => body.key);
    return reply.code(201).send(await register(parts, body));
  });
  server.post('/v1/permissions', async (request, reply) => {
    const client = requireClient(parts, request);
    const wish = decodeSent(permissionSchema, request);
    requireKey(request, wish.id);
    const granted = await writer.run((tx) => grant(tx, parts, client, wish, clock.now()));
    if (!granted.ok) throw new PlatformProblem(CODES[granted.code]);
    parts.granted();
    return reply.code(201).send(shown(granted.row));
  });
  server.get<OfId>('/v1/permissions/:id', async (request) => {
    const client = requireClient(parts, request);
    const row = tables.platform.permissionOf(client.id, request.params.id);
    if (row === undefined) throw new PlatformProblem('unknown_permission');
    return shown(row);
  });
  server.post<OfId>('/v1/permissions/:id/withdrawal', async (request) => {
    const client = requireClient(parts, request);
    const { id } = request.params;
    const row = await writer.run((tx) => withdraw(tx, parts, client.id, id, clock.now()));
    return row === null ? { id, state: 'failed', reason: 'withdrawn' } : shown(row);
  });
  server.post('/v1/refunds', async (request, reply) => {
    const client = requireClient(parts, request);
    const wish = decodeSent(refundSchema, request);
    requireKey(request, wish.id);
    const done = await writer.run((tx) => refund(tx, parts, client.id, wish, clock.now()));
    if (done.ok) {
      const { amount_minor } = done;
      return reply.code(201).send({ id: wish.id, of: wish.of, refund: done.refund, amount_minor });
    }
    const { ok: _, code, ...extras } = done;
    throw new PlatformProblem(CODES[code], extras);
  });
}

const CODES = {
  reused: 'idempotency_key_reused',
  withdrawn: 'request_withdrawn',
  return_url_refused: 'return_url_refused',
  unknown_permission: 'unknown_permission',
  not_paid: 'not_paid',
  too_much: 'too_much',
} as const;

/** A code belongs to the key that used it first; its server may register again, such as after a move. */
async function register(parts: ChannelParts, body: z.output<typeof registrationSchema>) {
  const { writer, keys } = parts;
  const { code, key, webhook_url, return_url } = body;
  const client = await writer.run((tx) => {
    const row = tx.platform.clientOfCode(digestOf(keys, `code\n${code}`));
    if (row === undefined || (row.key !== null && row.key !== key)) return null;
    tx.platform.registerClient({ id: row.id, key, webhook_url, return_url });
    return row;
  });
  if (client === null) throw new PlatformProblem('code_refused');
  return {
    client: client.id,
    webhook_secret: client.webhook_secret,
    platform_key: keys.public,
    account_key: accountKey(keys, client.id),
    page_origin: new URL(parts.publicUrl()).origin,
  };
}

function requireClient(parts: ChannelParts, request: WithText): PlatformClientRow {
  const find = (id: string) => parts.tables.platform.client(id);
  const keyId = requireSignature(parts, request, (id) => find(id)?.key ?? null);
  const client = find(keyId);
  if (client === undefined) throw new PlatformProblem('signature_wrong');
  return client;
}

function requireSignature(
  parts: ChannelParts,
  request: WithText,
  keyOf: (keyId: string) => string | null,
): string {
  const { headers, method } = request;
  const key = headers['idempotency-key'];
  const signed = {
    method,
    path: request.url,
    body: request.text,
    idempotencyKey: typeof key === 'string' ? key : undefined,
  };
  const verified = verifyMessage(signed, headers, keyOf, parts.clock.now());
  if (verified.ok) return verified.keyId;
  throw new PlatformProblem(verified.why === 'missing' ? 'signature_missing' : 'signature_wrong');
}

function requireKey(request: FastifyRequest, id: string): void {
  const key = request.headers['idempotency-key'];
  if (key !== id) throw new PlatformProblem('idempotency_key_missing');
}

function decodeSent<T>(schema: z.ZodType<T>, request: FastifyRequest): T {
  const path = findCardData(request.body);
  if (path !== null) throw new PlatformProblem('card_data_refused', { errors: [{ path }] });
  const decoded = decode(schema, request.body);
  if (!decoded.ok) throw new PlatformProblem('malformed_request', { errors: decoded.complaints });
  return decoded.value;
}
