/** What comes in over HTTP, decoded; whatever is not as it should be is thrown as a problem. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { voucherCodeSchema, voucherNumberSchema } from '#device/messages/voucher.ts';
import type { Core } from '../core.ts';
import { decode } from '../decode.ts';
import { keyedDigest, sameSecret } from '../keys.ts';
import { type Claims, readBearer, type Scope } from '../matching/bearer.ts';
import { networkOf } from '../network.ts';
import { pickLanguage } from './language.ts';
import { Problem } from './problems.ts';

export function decodeBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const decoded = decode(schema, body);
  if (!decoded.ok) throw new Problem('malformed_request', { errors: decoded.complaints });
  return decoded.value;
}

export const languageOf = (request: FastifyRequest) => {
  // There is no query where the router could not read the address.
  const { lang } = (request.query ?? {}) as { lang?: unknown };
  const chosen = typeof lang === 'string' ? lang : undefined;
  return pickLanguage(chosen, request.headers['accept-language']);
};

/** A digest of the caller's address: enough to count tries, and no record of who came. */
export const clientOf = (core: Pick<Core, 'keys'>, request: FastifyRequest): string =>
  keyedDigest(core.keys, `client\n${networkOf(request.ip)}`);

const KEY = /^(?:"([\x20\x21\x23-\x5b\x5d-\x7e]{1,128})"|([\x21\x23-\x7e]{1,128}))$/;

/** The Idempotency-Key, quoted as the draft has it or bare; `null` where there is none. */
export function idempotencyKey(request: FastifyRequest): string | null {
  const header = request.headers['idempotency-key'];
  if (header === undefined) return null;
  const match = typeof header === 'string' ? KEY.exec(header) : null;
  const key = match?.[1] ?? match?.[2];
  if (key !== undefined) return key;
  const message = 'must be 1 to 128 visible ASCII characters';
  throw new Problem('malformed_request', { errors: [{ path: 'Idempotency-Key', message }] });
}

export function bearerText(request: FastifyRequest): string | null {
  const match = /^Bearer +([\w.-]+)$/i.exec(request.headers.authorization ?? '');
  return match?.[1] ?? null;
}

/** The right to one order, or a problem; `scopes` are those that are enough. */
export function requireBearer(
  core: Core,
  text: string | null,
  order: string,
  scopes: readonly Scope[],
): Claims {
  if (text === null) throw new Problem('bearer_missing');
  const read = readBearer(core.keys, text, core.clock.now());
  if (!read.ok) throw new Problem(read.code);
  if (read.claims.order !== order || !scopes.includes(read.claims.scope)) {
    throw new Problem('bearer_invalid');
  }
  return read.claims;
}

const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/;

/** Whether it comes from this machine, and not through a proxy. */
export function isNear({ headers, socket }: FastifyRequest): boolean {
  const proxied = headers.forwarded !== undefined || headers['x-forwarded-for'] !== undefined;
  return LOOPBACK.test(socket.remoteAddress ?? '') && !proxied;
}

/** Lets the operator through: from this machine, not through a proxy, with the token. */
export function requireOperator(request: FastifyRequest, token: string): void {
  const given = bearerText(request);
  if (!isNear(request) || given === null || !sameSecret(given, token)) {
    throw new Problem('operator_only');
  }
}

const positionSchema = z.strictObject({
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
  accuracy_m: z.number().min(0).max(1e7),
});

export const matchSchema = z.union([
  z.strictObject({
    qr: z.string().min(1).max(1000),
    position: positionSchema.optional(),
    digits: z
      .string()
      .regex(/^\d\d$/)
      .optional(),
  }),
  z.strictObject({ broadcast: z.string().min(1).max(128) }),
]);

export const pinSchema = z.string().regex(/^\d{4,12}$/, 'must be 4 to 12 digits');
const accountPaymentSchema = z.strictObject({
  phone: z.string().min(4).max(30),
  pin: pinSchema,
});
/** A voucher, by its number and the beneficiary's code. */
const voucherPaymentSchema = z.strictObject({
  voucher: voucherNumberSchema,
  code: voucherCodeSchema,
});
export const paymentSchema = z.union([accountPaymentSchema, voucherPaymentSchema]);

/** How an order is paid; what is wrong is told of the way that was meant. */
export const decodePayment = (body: unknown): z.output<typeof paymentSchema> =>
  typeof body === 'object' && body !== null && 'voucher' in body
    ? decodeBody(voucherPaymentSchema, body)
    : decodeBody(accountPaymentSchema, body);
