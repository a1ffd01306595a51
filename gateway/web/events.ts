/** Server-sent events of one order (WHATWG HTML §9.2): the order at once, and at each change. */
import type { FastifyReply } from 'fastify';
import type { Core } from '../core.ts';
import { viewTelephoneOrder } from '../orders/telephone/order.ts';
import { viewOrder } from '../orders/view.ts';
import { Problem } from './problems.ts';

/** A comment this often keeps proxies from closing a quiet stream. */
const KEEP_ALIVE_MS = 15_000;

/** What a reader is told now, and whether more will come. */
interface Told {
  readonly view: unknown;
  readonly open: boolean;
}

/** Of a street order. Takes over the reply; ends after a final state or when the reader leaves. */
export function streamOrder(core: Core, number: string, reply: FastifyReply): void {
  stream(core, number, reply, () => {
    const row = core.tables.orders.find(number);
    return row === undefined ? null : { view: viewOrder(row), open: row.state === 'offered' };
  });
}

/** The same of a telephone order, as a desk sees it. */
export function streamTelephoneOrder(core: Core, number: string, reply: FastifyReply): void {
  stream(core, number, reply, () => {
    const row = core.tables.telephone.find(number);
    if (row === undefined) return null;
    return { view: viewTelephoneOrder(core.tables, row), open: row.ended_at === null };
  });
}

function stream(core: Core, number: string, reply: FastifyReply, look: () => Told | null): void {
  let last = '';
  let cancel = (): void => undefined;
  const { raw } = reply;

  const end = (): void => {
    unwatch?.();
    cancel();
    raw.end();
  };
  const tell = (): void => {
    const told = look();
    if (told === null) return;
    const data = JSON.stringify(told.view);
    if (data !== last) raw.write(`event: order\ndata: ${data}\n\n`);
    last = data;
    if (!told.open) end();
  };
  const keepAlive = (): void => {
    raw.write(': still here\n\n');
    cancel = core.clock.after(KEEP_ALIVE_MS, keepAlive);
  };

  const unwatch = core.changes.watch(number, tell);
  if (unwatch === null) throw new Problem('store_unavailable');
  reply.hijack();
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  raw.on('close', end);
  cancel = core.clock.after(KEEP_ALIVE_MS, keepAlive);
  tell();
}
