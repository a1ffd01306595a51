/**
 * A platform of the older kind: forms over POST, every field signed as one sorted query with a shared
 * key (HMAC-SHA256, hexadecimal, in the field `sign`), amounts with a decimal point, notifications that
 * are forms too and want to read `success`.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { CURRENCIES, type Currency, formatMinor, parseAmount } from '#device/messages/money.ts';
import type { AttemptReason } from '#device/messages/order.ts';
import type { PaymentPlatform, PlatformStatus } from './platform.ts';

export interface HarbourSettings {
  readonly name: string;
  readonly title: string;
  readonly url: string;
  readonly pageOrigin: string;
  readonly webhookUrl: string;
  /** Merchant's number, colon, key. */
  readonly secret: string;
}

const TIMEOUT_MS = 4000;
type Fields = Readonly<Record<string, string>>;

/** HMAC-SHA256 over the sorted fields that are not empty, without `sign`. */
export function signFields(fields: Fields, key: string): string {
  const sorted = Object.entries(fields)
    .filter(([name, value]) => name !== 'sign' && value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const query = new URLSearchParams(sorted).toString();
  return createHmac('sha256', key).update(query).digest('hex');
}

/** Whether `sign` is right for the other fields. */
export function verifyFields(fields: Fields, key: string): boolean {
  const made = Buffer.from(signFields(fields, key), 'utf8');
  const given = Buffer.from(fields.sign ?? '', 'utf8');
  return made.length === given.length && timingSafeEqual(made, given);
}

export function connectHarbour(settings: HarbourSettings): PaymentPlatform {
  const [merchant = '', key = ''] = settings.secret.split(':', 2);
  const ask = (path: string, fields: Fields) =>
    call(settings.url + path, { ...fields, merchant }, key);
  const status = async (id: string): Promise<PlatformStatus> =>
    statusOf(await ask('/api/query', { out_trade_no: id }));
  return {
    name: settings.name,
    title: settings.title,
    pageOrigin: settings.pageOrigin,
    taken: 'success',
    async requestPermission(wish) {
      const answer = await ask('/api/precreate', {
        out_trade_no: wish.id,
        subject: wish.merchant,
        body: wish.order,
        total: formatMinor(wish.amount_minor, wish.currency),
        currency: wish.currency,
        notify_url: settings.webhookUrl,
        return_url: wish.return_url,
        expires: String(wish.expires_at),
      });
      const { result, cashier_url = '' } = answer;
      if (result === 'OK' && URL.canParse(cashier_url)) {
        return { said: 'permitted', page_url: cashier_url };
      }
      return { said: 'refused', reason: result === 'CLOSED' ? 'withdrawn' : 'platform_refused' };
    },
    status,
    withdraw: async (id) => statusOf(await ask('/api/close', { out_trade_no: id })),
    async refund({ id, of, amount_minor, currency }) {
      const answer = await ask('/api/refund', {
        out_request_no: id,
        out_trade_no: of,
        refund: formatMinor(amount_minor, currency),
      });
      return { said: answer.result === 'OK' ? 'refunded' : 'refused' };
    },
    maskAccount: (account) => `${account.slice(0, 1)}***`,
    digestAccount: async (account) =>
      createHmac('sha256', key).update(`buyer\n${account}`).digest('hex'),
    async verifyResult({ by, body, query }) {
      const fields = Object.fromEntries(by === 'webhook' ? new URLSearchParams(body) : query);
      if (!verifyFields(fields, key) || fields.merchant !== merchant) return null;
      const id = fields.out_trade_no ?? '';
      return { id, status: statusOf(fields), message: fields.notify_id ?? null };
    },
  };
}

/** One signed form; the answer is a signed form too, so that nobody on the way can say `PAID`. */
async function call(url: string, fields: Fields, key: string): Promise<Fields> {
  const sign = signFields(fields, key);
  const response = await fetch(url, {
    method: 'POST',
    body: new URLSearchParams({ ...fields, sign }),
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const answer = Object.fromEntries(new URLSearchParams(await response.text()));
  if (!response.ok || !verifyFields(answer, key)) throw new Error(`answers ${response.status}`);
  return answer;
}

const REASONS: Readonly<Record<string, AttemptReason>> = {
  BALANCE: 'insufficient_funds',
  FROZEN: 'account_blocked',
  LOCKED: 'account_locked',
  USER_CANCEL: 'payer_refused',
  TIMEOUT: 'expired',
  MERCHANT_CLOSE: 'withdrawn',
};

function statusOf(fields: Fields): PlatformStatus {
  const { trade_status, trade_no = '', total = '', currency = '' } = fields;
  switch (trade_status) {
    case 'WAIT':
      return { state: 'requested' };
    case 'CLOSED':
      return { state: 'failed', reason: REASONS[fields.why ?? ''] ?? 'platform_refused' };
    case 'PAID': {
      const known = Object.hasOwn(CURRENCIES, currency) ? (currency as Currency) : null;
      const parsed = known === null ? null : parseAmount(total, known);
      if (!parsed?.ok || trade_no === '') throw new Error('a payment without its name or amount');
      const { amount_minor } = parsed;
      const { buyer: payer, buyer_id: account } = fields;
      return { state: 'paid', payment: trade_no, payer, account, amount_minor, currency };
    }
    case 'NONE':
      return { state: 'unknown' };
    default:
      throw new Error('a status that this platform does not have');
  }
}
