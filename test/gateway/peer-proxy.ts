/** A wire between two organisations that loses, delays and doubles what a test tells it to. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { until } from '#test/until.ts';

export type Fault =
  /** The peer does it, and nobody hears of it. */
  | 'lose_answer'
  /** The peer never gets it. */
  | 'lose_request'
  /** The caller gives up; the peer gets it when it is let go. */
  | 'hold_request'
  /** The peer gets it twice; the caller hears the second answer. */
  | 'double';

export interface PeerProxy {
  readonly url: string;
  /** `METHOD path`, in the order in which they came. */
  readonly seen: string[];
  /**
   * Does this to the next request whose path contains `path`. A caller that hears nothing has its
   * connection ended at once, or with `time_out` waits until it gives up by itself.
   */
  next(path: string, fault: Fault, hears?: 'hang_up' | 'time_out'): void;
  /** Loses every request while it is on. */
  cut: boolean;
  /** Waits for a held request, sends it to the peer and waits for its answer. */
  letGo(): Promise<void>;
  /** Ends the connections of callers that wait for a lost answer. */
  hangUp(): void;
  close(): Promise<void>;
}

interface Message {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export async function openProxy(target: () => string): Promise<PeerProxy> {
  const faults: { path: string; fault: Fault; hears: 'hang_up' | 'time_out' }[] = [];
  const held: Message[] = [];
  const server = createServer((incoming, outgoing) => {
    take(incoming, outgoing).catch(() => outgoing.destroy());
  });

  const take = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of incoming) parts.push(part as Buffer);
    const { method = 'GET', url: path = '/', headers } = incoming;
    const message = { method, path, headers, body: Buffer.concat(parts) };
    proxy.seen.push(`${method} ${path}`);
    const at = faults.findIndex((each) => path.includes(each.path));
    const [found] = at < 0 ? [] : faults.splice(at, 1);
    const silence = (): void => {
      if (found?.hears === 'hang_up') outgoing.destroy();
    };
    if (proxy.cut || found?.fault === 'lose_request') return silence();
    if (found?.fault === 'hold_request') {
      held.push(message);
      return silence();
    }
    if (found?.fault === 'double') await forward(target(), message);
    const answer = await forward(target(), message);
    if (found?.fault === 'lose_answer') return silence();
    const { connection: _, 'transfer-encoding': __, ...kept } = answer.headers;
    outgoing.writeHead(answer.status, kept);
    outgoing.end(answer.body);
  };

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  const proxy: PeerProxy = {
    url: `http://127.0.0.1:${address.port}`,
    seen: [],
    cut: false,
    next: (path, fault, hears = 'hang_up') => void faults.push({ path, fault, hears }),
    async letGo() {
      await until('a held request', () => (held.length > 0 ? true : undefined));
      for (const message of held.splice(0)) await forward(target(), message);
    },
    hangUp: () => server.closeAllConnections(),
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return proxy;
}

function forward(
  base: string,
  { method, path, headers, body }: Message,
): Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const { connection: _, ...rest } = headers;
    const call = request(`${base}${path}`, { method, headers: rest }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 500,
          headers: response.headers,
          body: Buffer.concat(parts),
        }),
      );
    });
    call.on('error', reject);
    call.end(body);
  });
}
