/** Server-sent events of one order (WHATWG HTML §9.2): the order at once, and at each change. */
import type { FastifyReply } from 'fastify';
import type { Core } from '../core.ts';
import { viewOrder } from '../orders/view.ts';
import { Problem } from './problems.ts';

/** A comment this often keeps proxies from closing a quiet stream. */
const KEEP_ALIVE_MS = 15_000;

/** Takes over the reply; ends after a final state or when the reader leaves. */
export function streamOrder(core: Core, number: string, reply: FastifyReply): void {
  let last = '';
  let cancel = (): void => undefined;
  const { raw } = reply;

  const end = (): void => {
    unwatch?.();
    cancel();
    raw.end();
  };
  const tell = (): void => {
    const row = core.tables.orders.find(number);
    if (row === undefined) return;
    const data = JSON.stringify(viewOrder(row));
    if (data !== last) raw.write(`event: order\ndata: ${data}\n\n`);
    last = data;
    if (row.state !== 'offered') end();
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
