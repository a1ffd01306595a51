/**
 * Tells merchants' servers what became of their permissions, by signed webhook until it is taken. Who
 * misses it may ask for the status at any time.
 */
import { Courier } from '../notify/courier.ts';
import { addDelivery } from '../notify/notifier.ts';
import { webhooksOverHttp } from '../notify/webhook-sender.ts';
import type { PermissionRow } from '../store/tables-platform.ts';
import type { Transaction } from '../store/writer.ts';
import type { PlatformParts } from './parts.ts';
import type { PermissionView } from './permissions.ts';

const OWNER = 'platform';

/** Puts the result into the outbox, in the transaction that ends the permission. */
export function addResult(
  tx: Transaction,
  parts: Pick<PlatformParts, 'chance'>,
  row: PermissionRow,
  data: PermissionView,
  now: number,
): void {
  const timestamp = new Date(now).toISOString();
  const payload = JSON.stringify({ type: `permission.${row.state}`, timestamp, data });
  const { client: recipient, order_number } = row;
  const out = { owner: OWNER, recipient, order_number, channel: 'webhook' } as const;
  addDelivery(tx, parts.chance, { ...out, body: { payload } }, now);
}

/** Works off the outbox. */
export function startResults(parts: PlatformParts): Courier {
  const { tables, clock } = parts;
  const endpoints = (name: string) => {
    const client = tables.platform.client(name);
    if (client === undefined || client.webhook_url === null) return undefined;
    return { url: client.webhook_url, secret: client.webhook_secret };
  };
  const webhook = webhooksOverHttp(endpoints, clock);
  const notifiers = { sms: undefined, email: undefined, webhook };
  return new Courier({ ...parts, owner: OWNER, deliveries: tables.deliveries, notifiers });
}
