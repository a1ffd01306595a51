/**
 * Tells merchants' own systems what became of their orders, by Standard Webhooks at the address that
 * each has registered: put into the outbox by the unit that knows it, and sent until it is taken.
 */
import { hkdfSync } from 'node:crypto';
import { writeWebhookSecret } from '#device/codecs/standard-webhooks.ts';
import type { Chance } from '../../clock.ts';
import type { Core } from '../../core.ts';
import { type GatewayKeys, keyedDigest } from '../../keys.ts';
import { Courier } from '../../notify/courier.ts';
import { addDelivery, type Notifier } from '../../notify/notifier.ts';
import { postOutside } from '../../notify/outside-post.ts';
import { webhooksOverHttp } from '../../notify/webhook-sender.ts';
import type { MerchantWebhookRow } from '../../store/tables-merchants.ts';
import type { Transaction } from '../../store/writer.ts';
import type { AcquirerResult } from '../gate.ts';
import { shownOrder } from './own-orders.ts';

type Keys = Pick<GatewayKeys, 'digest'>;

const OWNER = 'acquirer-merchants';
/** A system that is away for longer asks for what it missed. */
const GIVEN_UP_MS = 3 * 24 * 3_600_000;

/** `whsec_…`; the database alone does not hold it. */
export function webhookSecret(keys: Keys, { merchant, salt }: MerchantWebhookRow): string {
  const info = `hawker acquirer/1 webhook of ${merchant}`;
  return writeWebhookSecret(new Uint8Array(hkdfSync('sha256', keys.digest, salt, info, 32)));
}

/** What a registration under this Idempotency-Key derives its secret from. */
export const webhookSalt = (keys: Keys, merchant: string, key: string): string =>
  keyedDigest(keys, `merchant webhook\n${merchant}\n${key}`);

/** Puts a result of a merchant's own order into the outbox, once for each event. */
export function tellMerchant(
  tx: Transaction,
  { keys, chance }: { readonly keys: Keys; readonly chance: Chance },
  result: AcquirerResult,
): void {
  const { merchant, answer, order: order_number, at } = result;
  if (answer.said === 'pending' || tx.merchantWebhooks.find(merchant) === undefined) return;
  const id = `msg_${keyedDigest(keys, `merchant event\n${result.event}`)}`;
  if (tx.deliveries.find(id) !== undefined) return;
  const { said, ...details } = answer;
  const data = {
    ...{ order: shownOrder(order_number), amount_minor: result.amount_minor },
    currency: result.currency,
    ...(result.kind === 'refund'
      ? { payment: result.payment, refund: result.id }
      : { payment: result.id }),
    ...details,
  };
  const timestamp = new Date(at).toISOString();
  const payload = JSON.stringify({ type: `${result.kind}.${said}`, timestamp, data });
  const out = { id, owner: OWNER, recipient: merchant, order_number, channel: 'webhook' } as const;
  addDelivery(tx, chance, { ...out, body: { payload } }, Math.floor(at));
}

/** Works off the outbox, beginning with what an earlier process left. */
export function startMerchantWebhooks(core: Core): { close(): Promise<void> } {
  const { tables, writer, clock, chance, keys, log } = core;
  const endpoint = (merchant: string) => {
    const row = tables.merchantWebhooks.find(merchant);
    return row === undefined ? undefined : { url: row.url, secret: webhookSecret(keys, row) };
  };
  const post = core.privateWebhooks === true ? undefined : postOutside;
  const sender = webhooksOverHttp(endpoint, clock, post);
  const webhook: Notifier = {
    async tell(delivery) {
      if (endpoint(delivery.recipient) === undefined) return { said: 'never', why: 'ended' };
      const told = await sender.tell(delivery);
      const over = told.said === 'later' && clock.now() - delivery.at > GIVEN_UP_MS;
      return over ? { said: 'never', why: told.why } : told;
    },
  };
  const courier = new Courier({
    ...{ owner: OWNER, deliveries: tables.deliveries, writer, clock, chance, log },
    notifiers: { sms: undefined, email: undefined, webhook },
  });
  return { close: async () => courier.close() };
}
