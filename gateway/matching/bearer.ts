/**
 * What a match gives: a signed right to one order, for a short time. `scan` was near a fresh QR and
 * still has to prove presence; `pay` has proved it; `bill` may only look, for longer.
 */
import { z } from 'zod';
import { open, seal } from '#device/codecs/jws.ts';
import { orderNumberSchema } from '#device/messages/order-number.ts';
import type { GatewayKeys } from '../keys.ts';

export type Scope = 'scan' | 'pay' | 'bill';

const LIFETIME_MS: Readonly<Record<Scope, number>> = {
  scan: 5 * 60_000,
  pay: 10 * 60_000,
  bill: 7 * 86_400_000,
};

const claimsSchema = z.strictObject({
  order: orderNumberSchema,
  scope: z.enum(['scan', 'pay', 'bill']),
  /** ms since 1970. */
  until: z.int(),
});
export type Claims = z.infer<typeof claimsSchema>;

export interface Bearer {
  readonly bearer: string;
  readonly until: number;
}

export function writeBearer(
  keys: Pick<GatewayKeys, 'bearer'>,
  order: string,
  scope: Scope,
  now: number,
): Bearer {
  const claims: Claims = { order, scope, until: now + LIFETIME_MS[scope] };
  return { bearer: seal('HS256', keys.bearer, claims), until: claims.until };
}

export type ReadBearer =
  | { readonly ok: true; readonly claims: Claims }
  | { readonly ok: false; readonly code: 'bearer_invalid' | 'bearer_expired' };

/** Opens a bearer; whoever asks still looks at its order and scope. */
export function readBearer(
  keys: Pick<GatewayKeys, 'bearer'>,
  text: string,
  now: number,
): ReadBearer {
  const opened = open('HS256', keys.bearer, text);
  const claims = opened.ok ? claimsSchema.safeParse(opened.payload) : null;
  if (!claims?.success) return { ok: false, code: 'bearer_invalid' };
  if (claims.data.until < now) return { ok: false, code: 'bearer_expired' };
  return { ok: true, claims: claims.data };
}
