/** The house's own platform: JSON, signed requests (RFC 9421), Standard Webhooks, JWS on return. */
import { createHmac } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { z } from 'zod';
import { base64url, fromBase64url } from '#device/codecs/bytes.ts';
import { open } from '#device/codecs/jws.ts';
import { verifyWebhook } from '#device/codecs/standard-webhooks.ts';
import { type AttemptReason, attemptReasonSchema } from '#device/messages/order.ts';
import type { Clock } from '../../clock.ts';
import { signMessage } from '../../peers/message-signature.ts';
import type {
  PaymentPlatform,
  Permission,
  PlatformMessage,
  PlatformResult,
  PlatformStatus,
} from './platform.ts';

export interface LotusSettings {
  readonly name: string;
  readonly title: string;
  /** Base URL of the platform's interface, without a slash at its end. */
  readonly url: string;
  readonly registrationCode: string;
  /** Ed25519 secret key of this server. */
  readonly key: Uint8Array;
  /** Where its webhooks reach this server. */
  readonly webhookUrl: string;
  /** What each return address begins with. */
  readonly returnUrl: string;
  /** Origin of its pages, as phones reach them. */
  readonly pageOrigin: string;
  readonly clock: Clock;
}

const TIMEOUT_MS = 4000;

const registeredSchema = z.looseObject({
  client: z.string(),
  webhook_secret: z.string(),
  platform_key: z.string(),
  /** Under which it tells us accounts. */
  account_key: z.string(),
});
type Registered = z.infer<typeof registeredSchema>;

const reasonSchema = attemptReasonSchema.catch('platform_refused');
const shownSchema = z.looseObject({
  id: z.string(),
  state: z.enum(['requested', 'paid', 'failed']),
  reason: reasonSchema.optional(),
  page_url: z.url().optional(),
  payment: z.string().max(40).optional(),
  payer: z.string().max(40).optional(),
  account: z.string().max(64).optional(),
  amount_minor: z.int().optional(),
  currency: z.string().optional(),
});
type Shown = z.infer<typeof shownSchema>;

const problemSchema = z.looseObject({ code: z.string() });
const eventSchema = z.looseObject({ data: shownSchema });
const nullable = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((v) => v ?? undefined);
const claimsSchema = z.looseObject({
  id: z.string(),
  client: z.string(),
  state: z.enum(['requested', 'paid', 'failed']),
  reason: nullable(reasonSchema),
  payment: nullable(z.string().max(40)),
  amount_minor: z.int(),
  currency: z.string(),
});

/** Registers at the first call and whenever that has not worked yet: it need not be up when we are. */
export function connectLotus(settings: LotusSettings): PaymentPlatform {
  let registered: Promise<Registered> | null = null;
  const register = (): Promise<Registered> => {
    registered ??= registerWith(settings).catch((error: unknown) => {
      registered = null;
      throw error;
    });
    return registered;
  };
  const ask = async (method: 'GET' | 'POST', path: string, body?: object, id?: string) =>
    call(settings, (await register()).client, method, path, body, id);

  return {
    name: settings.name,
    title: settings.title,
    pageOrigin: settings.pageOrigin,
    async requestPermission(wish) {
      const answer = await ask('POST', '/v1/permissions', wish, wish.id);
      if (answer.status === 201) return permissionOf(shownSchema.parse(answer.body));
      const { code } = problemSchema.parse(answer.body);
      return {
        said: 'refused',
        reason: code === 'request_withdrawn' ? 'withdrawn' : 'platform_refused',
      };
    },
    async status(id) {
      const answer = await ask('GET', `/v1/permissions/${id}`);
      if (answer.status === 404) return { state: 'unknown' };
      return statusOf(shownSchema.parse(answer.body));
    },
    async withdraw(id) {
      const answer = await ask('POST', `/v1/permissions/${id}/withdrawal`, {});
      return statusOf(shownSchema.parse(answer.body));
    },
    async refund({ id, of, amount_minor }) {
      const answer = await ask('POST', '/v1/refunds', { id, of, amount_minor }, id);
      return { said: answer.status === 201 ? 'refunded' : 'refused' };
    },
    maskAccount: (account) => `${Array.from(account).slice(0, 2).join('')}•••`,
    async digestAccount(account) {
      const { account_key } = await register();
      return createHmac('sha256', account_key).update(accountName(account)).digest('base64url');
    },
    verifyResult: async (message) => verify(settings, await register(), message),
  };
}

/** As the platform reads names: `  Alice ` and `alice` are the same account. */
const accountName = (text: string): string =>
  text.normalize('NFKC').replace(/\s+/g, '').toLowerCase();

async function registerWith(settings: LotusSettings): Promise<Registered> {
  const body = {
    code: settings.registrationCode,
    key: base64url(ed25519.getPublicKey(settings.key)),
    webhook_url: settings.webhookUrl,
    return_url: settings.returnUrl,
  };
  const answer = await call(settings, 'self', 'POST', '/v1/registrations', body);
  if (answer.status === 201) return registeredSchema.parse(answer.body);
  throw new Error(
    `${settings.name} does not register us: ${problemSchema.parse(answer.body).code}`,
  );
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Resolves with 2xx and 4xx, which are the platform's word; rejects for all else. */
async function call(
  settings: LotusSettings,
  keyId: string,
  method: 'GET' | 'POST',
  path: string,
  json?: object,
  id?: string,
): Promise<Answer> {
  const body = json === undefined ? undefined : JSON.stringify(json);
  const parts = { method, path, body, idempotencyKey: id };
  const response = await fetch(settings.url + path, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...signMessage(parts, keyId, settings.key, settings.clock.now()),
    },
    ...(body === undefined ? {} : { body }),
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  // A clock that is off or a key that is not known yet is no word about the permission.
  if (response.status >= 500 || response.status === 401 || response.status === 429) {
    await response.body?.cancel();
    throw new Error(`${settings.name} answers ${response.status}`);
  }
  return { status: response.status, body: await response.json() };
}

function permissionOf(shown: Shown): Permission {
  if (shown.page_url !== undefined) return { said: 'permitted', page_url: shown.page_url };
  return { said: 'refused', reason: shown.reason ?? 'platform_refused' };
}

interface StatusFields {
  readonly state: 'requested' | 'paid' | 'failed';
  readonly reason?: AttemptReason | undefined;
  readonly payment?: string | undefined;
  readonly payer?: string | undefined;
  readonly account?: string | undefined;
  readonly amount_minor?: number | undefined;
  readonly currency?: string | undefined;
}

function statusOf(shown: StatusFields): PlatformStatus {
  const { state, reason, payment, payer, account, amount_minor, currency } = shown;
  if (state === 'requested') return { state };
  if (state === 'failed') return { state, reason: reason ?? 'platform_refused' };
  if (payment === undefined || amount_minor === undefined || currency === undefined) {
    throw new Error('a payment without its name or amount');
  }
  return { state, payment, payer, account, amount_minor, currency };
}

function verify(
  { clock }: LotusSettings,
  registered: Registered,
  message: PlatformMessage,
): PlatformResult | null {
  if (message.by === 'webhook') {
    const { headers, body } = message;
    const verified = verifyWebhook([registered.webhook_secret], headers, body, clock.now());
    if (!verified.ok) return null;
    const { data } = eventSchema.parse(JSON.parse(body));
    return { id: data.id, status: statusOf(data), message: verified.id };
  }
  const key = fromBase64url(registered.platform_key);
  const opened = key === null ? null : open('EdDSA', key, message.query.get('result') ?? '');
  const claims = opened?.ok === true ? claimsSchema.safeParse(opened.payload) : null;
  if (!claims?.success || claims.data.client !== registered.client) return null;
  const { id, state, reason, payment, amount_minor, currency } = claims.data;
  const status = statusOf({ state, reason, payment, amount_minor, currency });
  return { id, status, message: null };
}
