/** Server-sent events of one order (WHATWG HTML §9.2): the order at once, and at each change. */
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Core } from '../core.ts';
import { refundedMinor } from '../orders/refunded-minor.ts';
import { viewTelephoneOrder } from '../orders/telephone/order.ts';
import { viewOrder } from '../orders/view.ts';
import { streamEvents } from './event-stream.ts';

/** What a reader is told now, and whether more will come. */
interface Seen {
  readonly view: unknown;
  readonly open: boolean;
}

/** With `follow=refunds` the stream of a paid order goes on until all of its money has gone back. */
export const followSchema = z.strictObject({ follow: z.literal('refunds').optional() });

/**
 * Of a street order. Takes over the reply; ends when the reader leaves, or after a final state unless
 * money is on its way back, or refunds are to be followed.
 */
export function streamOrder(
  core: Core,
  number: string,
  reply: FastifyReply,
  follow: boolean,
): void {
  stream(core, number, reply, () => {
    const row = core.tables.orders.find(number);
    if (row === undefined) return null;
    const view = viewOrder(row, refundedMinor(core.tables, number));
    return { view, open: row.state === 'offered' || mayRefund(core, row, follow) };
  });
}

/** The same of a telephone order, as a desk sees it. */
export function streamTelephoneOrder(
  core: Core,
  number: string,
  reply: FastifyReply,
  follow: boolean,
): void {
  stream(core, number, reply, () => {
    const row = core.tables.telephone.find(number);
    if (row === undefined) return null;
    const open = row.ended_at === null || mayRefund(core, row, follow);
    return { view: viewTelephoneOrder(core.tables, row), open };
  });
}

function mayRefund(
  { tables }: Core,
  row: { number: string; state: string; amount_minor: number },
  follow: boolean,
): boolean {
  if (row.state !== 'paid') return false;
  const { number, amount_minor } = row;
  if (refundedMinor(tables, number, ['asking']) > 0) return true;
  return follow && refundedMinor(tables, number) < amount_minor;
}

function stream(core: Core, number: string, reply: FastifyReply, look: () => Seen | null): void {
  streamEvents(reply, {
    clock: core.clock,
    watch: (then) => core.changes.watch(number, then),
    look() {
      const seen = look();
      if (seen === null) return { event: null, open: true };
      return { event: { name: 'order', data: JSON.stringify(seen.view) }, open: seen.open };
    },
  });
}
