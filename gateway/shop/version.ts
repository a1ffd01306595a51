/** A short name of what an order looks like: two views with one name are the same. */
import { createHash } from 'node:crypto';
import type { ShopOrder } from './orders.ts';

export interface VersionedOrder {
  readonly version: string;
  readonly order: ShopOrder;
}

export function versioned(order: ShopOrder): VersionedOrder {
  const version = createHash('sha256').update(JSON.stringify(order)).digest('base64url');
  return { version: version.slice(0, 16), order };
}
