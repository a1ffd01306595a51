/** Server-sent events (WHATWG HTML §9.2) of one thing that a page follows. */
import type { FastifyReply } from 'fastify';
import type { Clock } from '../clock.ts';
import { Problem } from './problems.ts';

/** A comment this often keeps proxies from closing a quiet stream. */
const KEEP_ALIVE_MS = 15_000;

export interface StreamEvent {
  readonly name: string;
  /** What a reader that comes back names; absent where it would be of no use. */
  readonly id?: string;
  /** One line. */
  readonly data: string;
}

export interface Told {
  /** What a reader is to know now; `null` where there is nothing. */
  readonly event: StreamEvent | null;
  /** Whether more will come. */
  readonly open: boolean;
}

export interface Followed {
  readonly clock: Clock;
  look(): Told;
  /** Calls `then` at each change; the answer ends that, and is `null` where nothing is watched any more. */
  watch(then: () => void): (() => void) | null;
}

/**
 * Takes over the reply: tells what is so at once, and at each change what is new. Ends when the reader
 * leaves or nothing more will come. Throws `store_unavailable` where nothing is watched.
 */
export function streamEvents(reply: FastifyReply, { clock, look, watch }: Followed): void {
  let last = '';
  let cancel = (): void => undefined;
  const { raw } = reply;
  const end = (): void => {
    unwatch?.();
    cancel();
    raw.end();
  };
  const tell = (): void => {
    const { event, open } = look();
    const text = event === null ? last : writeEvent(event);
    if (text !== last) raw.write(text);
    last = text;
    if (!open) end();
  };
  const keepAlive = (): void => {
    raw.write(': still here\n\n');
    cancel = clock.after(KEEP_ALIVE_MS, keepAlive);
  };
  const unwatch = watch(tell);
  if (unwatch === null) throw new Problem('store_unavailable');
  reply.hijack();
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  raw.on('close', end);
  cancel = clock.after(KEEP_ALIVE_MS, keepAlive);
  tell();
}

const writeEvent = ({ name, id, data }: StreamEvent): string =>
  `event: ${name}\n${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`;
