/** The gateway's side of short messages: its own notifier sends, and what is told back is kept. */
import { createServer } from 'node:http';
import { verifyWebhook } from '#device/codecs/standard-webhooks.ts';
import { systemClock } from '#gateway/clock.ts';
import type { Told } from '#gateway/notify/notifier.ts';
import { smsOverHttp } from '#gateway/notify/sms-http.ts';

export interface News {
  readonly type: string;
  readonly data: { readonly reference: string; readonly at: number };
}

export interface Deliveries {
  readonly url: string;
  /** Signed by the shared secret, each id once. */
  readonly told: News[];
  send(
    url: string,
    sms: { readonly id: string; readonly to: string; readonly text: string },
  ): Promise<Told>;
  /** Posts without a signature. */
  forge(url: string): Promise<Response>;
  close(): Promise<void>;
}

export async function tellOnce(secret: string): Promise<Deliveries> {
  const told: News[] = [];
  const seen = new Set<string>();
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const payload = Buffer.concat(parts).toString();
      const verified = verifyWebhook([secret], request.headers, payload, Date.now());
      const right = verified.ok && request.url === '/v1/webhooks/sms';
      if (right && !seen.has(verified.id)) {
        seen.add(verified.id);
        told.push(JSON.parse(payload) as News);
      }
      response.writeHead(right ? 204 : 401).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    told,
    send(url, { id, to, text }) {
      const row = { id, owner: 'order-centre', channel: 'sms', recipient: to } as const;
      const times = { state: 'waiting', tries: 0, next_at: 0, at: 0, ended_at: null } as const;
      return smsOverHttp({ url, secret }, systemClock).tell({
        ...{ ...row, ...times, body: JSON.stringify({ text }), order_number: null },
        ...{ reference: null, trouble: null },
      });
    },
    forge: (url) => fetch(url, { method: 'POST', body: '{}', headers: { 'idempotency-key': 'x' } }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
