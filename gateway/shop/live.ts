/** How a page follows its order: events, and long polling where those fail. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Core } from '../core.ts';
import type { ShopOrderRow } from '../store/tables-shop.ts';
import { streamEvents } from '../web/event-stream.ts';
import { decodeBody } from '../web/requests.ts';
import { requireOrder } from './pages.ts';
import { type VersionedOrder, versioned } from './version.ts';

type OfNumber = { Params: { number: string } };

export const waitSchema = z.strictObject({
  /** What the page shows; the answer waits until it is another. */
  version: z.string().max(40).optional(),
  wait_s: z.coerce.number().int().min(0).max(25).default(0),
});

export function addShopLive(server: FastifyInstance, core: Core): void {
  server.get<OfNumber>('/v1/shop/orders/:number', async (request) => {
    const row = requireOrder(core, request, request.params.number);
    const { version, wait_s } = decodeBody(waitSchema, request.query);
    if (version !== undefined && wait_s > 0) await changed(core, row, version, wait_s * 1000);
    return look(core, row);
  });
  server.get<OfNumber>('/v1/shop/orders/:number/events', async (request, reply) => {
    stream(core, requireOrder(core, request, request.params.number), reply);
    return reply;
  });
}

const look = (core: Core, row: ShopOrderRow): VersionedOrder =>
  versioned(core.shop.view(core.shop.find(row.number, row.customer) ?? row));

/** Resolves when the order looks other than `version`, or after `ms`. */
function changed(core: Core, row: ShopOrderRow, version: string, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const isNew = (): boolean => look(core, row).version !== version;
    const end = (): void => {
      cancel();
      unwatch?.();
      resolve();
    };
    const cancel = core.clock.after(ms, end);
    const unwatch = core.changes.watch(row.number, () => isNew() && end());
    if (unwatch === null || isNew()) end();
  });
}

function stream(core: Core, row: ShopOrderRow, reply: FastifyReply): void {
  streamEvents(reply, {
    clock: core.clock,
    watch: (then) => core.changes.watch(row.number, then),
    look() {
      const { version, order } = look(core, row);
      const event = { name: 'view', id: version, data: JSON.stringify(order) };
      return { event, open: order.step !== 'over' };
    },
  });
}
