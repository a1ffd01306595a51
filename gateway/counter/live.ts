/** How the counter's page follows its card: events, and long polling where those fail. */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Core } from '../core.ts';
import { waitSchema } from '../shop/live.ts';
import { streamEvents } from '../web/event-stream.ts';
import { Problem } from '../web/problems.ts';
import { decodeBody } from '../web/requests.ts';
import type { CounterView } from './counter.ts';

type OfWork = { Params: { id: string } };

/** A short name of what it looks like: two views with one name are the same. */
export const versionOf = (view: CounterView): string =>
  createHash('sha256').update(JSON.stringify(view)).digest('base64url').slice(0, 16);

/** `admit` throws where whoever asks is not signed in. */
export function addCounterLive(
  server: FastifyInstance,
  core: Pick<Core, 'counter' | 'clock'>,
  admit: (request: FastifyRequest) => void,
): void {
  const find = (id: string): CounterView => {
    const view = core.counter.find(id);
    if (view === undefined) throw new Problem('not_found');
    return view;
  };
  server.get<OfWork>('/counter/works/:id/state', async (request) => {
    admit(request);
    const { id } = request.params;
    const { version, wait_s } = decodeBody(waitSchema, request.query);
    if (version === versionOf(find(id)) && wait_s > 0) await changed(core, id, wait_s * 1000);
    const work = find(id);
    return { version: versionOf(work), work };
  });
  server.get<OfWork>('/counter/works/:id/events', async (request, reply) => {
    admit(request);
    find(request.params.id);
    stream(core, request.params.id, reply);
    return reply;
  });
}

type Followed = Pick<Core, 'counter' | 'clock'>;

/** Resolves at the next change, or after `ms`. */
function changed({ counter, clock }: Followed, id: string, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      unwatch?.();
      resolve();
    };
    const cancel = clock.after(ms, end);
    const unwatch = counter.watch(id, end);
    if (unwatch === null) end();
  });
}

const isOver = ({ state }: CounterView): boolean => state === 'done' || state === 'over';

function stream({ counter, clock }: Followed, id: string, reply: FastifyReply): void {
  streamEvents(reply, {
    clock,
    watch: (then) => counter.watch(id, then),
    look() {
      const view = counter.find(id);
      if (view === undefined) return { event: null, open: false };
      const event = { name: 'view', id: versionOf(view), data: JSON.stringify(view) };
      return { event, open: !isOver(view) };
    },
  });
}
