/**
 * Idempotency-Key for routes that may be repeated without harm, but whose answer tells something once
 * (a token, a code) or changes with time. The answer is kept after its effect, sealed under a key made
 * of the gateway's and the caller's, so that the store alone does not tell it.
 */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { base64url, fromBase64url } from '#device/codecs/bytes.ts';
import type { Core } from '../core.ts';
import { keyedDigest } from '../keys.ts';
import { canonical } from './idempotency.ts';
import { Problem } from './problems.ts';
import { idempotencyKey, isNear } from './requests.ts';

type Parts = Pick<Core, 'tables' | 'writer' | 'clock' | 'chance' | 'keys'>;

interface Flight {
  readonly scope: string;
  readonly key: string;
  readonly fingerprint: string;
}

interface KeptAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Answers at once that are being made; a request too many is told to come again. */
const IN_FLIGHT = 512;

/**
 * Keeps the good answers of the routes that `keeps` names, such as `POST /v1/pairings`, wherever the
 * caller brings a key: the same again for the same content, `idempotency_key_reused` for other content,
 * `request_in_flight` meanwhile. What was refused may be tried again under its key.
 */
export function keepAnswers(
  server: FastifyInstance,
  parts: Parts,
  keeps: (route: string) => boolean,
): void {
  const flights = new Map<FastifyRequest, Flight>();
  const flying = new Set<string>();
  const land = (request: FastifyRequest): void => {
    const flight = flights.get(request);
    if (flight === undefined) return;
    flights.delete(request);
    flying.delete(nameOf(flight));
  };
  server.addHook('preHandler', async (request, reply) => {
    if (!keeps(`${request.method} ${request.routeOptions.url}`)) return;
    const key = idempotencyKey(request);
    if (key === null) return;
    const flight = describe(parts, request, key);
    if (flying.has(nameOf(flight))) throw new Problem('request_in_flight');
    const kept = parts.tables.answers.find(flight.scope, flight.key);
    if (kept !== undefined) {
      if (kept.fingerprint !== flight.fingerprint) throw new Problem('idempotency_key_reused');
      return replay(reply, open(parts, key, kept.answer));
    }
    if (flying.size >= IN_FLIGHT) throw new Problem('store_unavailable');
    flying.add(nameOf(flight));
    flights.set(request, flight);
  });
  server.addHook('onSend', async (request, reply, payload) => {
    const flight = flights.get(request);
    // A key that can't be read was refused before, and has no flight.
    const key = flight === undefined ? null : idempotencyKey(request);
    if (flight === undefined || key === null || reply.statusCode >= 300) return payload;
    const body = typeof payload === 'string' ? payload : '';
    const type = String(reply.getHeader('content-type') ?? '');
    const { scope, fingerprint } = flight;
    const answer = seal(parts, key, { status: reply.statusCode, type, body });
    await parts.writer.run((tx) =>
      tx.answers.add(scope, flight.key, { fingerprint, answer }, parts.clock.now()),
    );
    return payload;
  });
  server.addHook('onResponse', async (request) => land(request));
}

const nameOf = ({ scope, key }: Flight): string => `${scope}\n${key}`;

/** A key is its caller's own: another credential, or the same from elsewhere, is another request. */
function describe(parts: Parts, request: FastifyRequest, key: string): Flight {
  const { headers, body, params, query } = request;
  const who = canonical([headers.authorization, headers.cookie, isNear(request), pinOf(body)]);
  const scope = `${request.method} ${request.routeOptions.url} ${keyedDigest(parts.keys, who)}`;
  const content = canonical({ params, query, body });
  const digests = { key: keyedDigest(parts.keys, `key\n${key}`) };
  return { scope, ...digests, fingerprint: keyedDigest(parts.keys, `${scope}\n${content}`) };
}

/** A PIN is a credential, too: whoever guesses one under a known key must be counted as ever. */
const pinOf = (body: unknown): unknown =>
  typeof body === 'object' && body !== null && 'pin' in body ? body.pin : null;

function replay(reply: FastifyReply, { status, type, body }: KeptAnswer): FastifyReply {
  if (type !== '') reply.header('content-type', type);
  return reply.code(status).header('idempotency-replayed', 'true').send(body);
}

const sealKey = ({ keys }: Parts, key: string): Buffer =>
  createHmac('sha256', keys.digest).update(`kept answer\n${key}`).digest();

/** AES-256-GCM: 12 bytes of nonce, 16 of tag, then the text; base64url. */
function seal(parts: Parts, key: string, answer: KeptAnswer): string {
  const nonce = parts.chance.bytes(12);
  const cipher = createCipheriv('aes-256-gcm', sealKey(parts, key), nonce);
  const text = Buffer.concat([cipher.update(JSON.stringify(answer), 'utf8'), cipher.final()]);
  const sealed = Buffer.concat([nonce, cipher.getAuthTag(), text]);
  // As JSON, like every other answer in the table.
  return JSON.stringify(base64url(sealed));
}

function open(parts: Parts, key: string, answer: string): KeptAnswer {
  const sealed = Buffer.from(fromBase64url(JSON.parse(answer) as string) ?? []);
  const decipher = createDecipheriv('aes-256-gcm', sealKey(parts, key), sealed.subarray(0, 12));
  decipher.setAuthTag(sealed.subarray(12, 28));
  const text = Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()]);
  return JSON.parse(text.toString('utf8')) as KeptAnswer;
}
