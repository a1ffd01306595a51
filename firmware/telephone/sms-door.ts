/**
 * The telephone terminal as a provider of SMS: what `--sms` of the gateway posts to. On loopback, or
 * behind whatever the operator puts in front of it; every request is signed as a Standard Webhook.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { z } from 'zod';
import { verifyWebhook } from '#device/codecs/standard-webhooks.ts';
import type { SmsAnswer, SmsDesk } from './sms-desk.ts';

export interface SmsDoorSettings {
  readonly host: string;
  /** 0 for any. */
  readonly port: number;
  /** `whsec_…`, shared with the gateway. */
  readonly secret: string;
}

export interface SmsDoor {
  readonly url: string;
  close(): Promise<void>;
}

const requestSchema = z.strictObject({
  to: z.string().regex(/^\+[1-9]\d{6,14}$/, 'must be + and 7 to 15 digits'),
  text: z.string().min(1).max(1600),
  reference: z.string().min(1).max(200),
});

const LONGEST_BODY = 16 * 1024;
const SOON_S = 5;

interface Reply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Rejects where the address can't be listened on. */
export function openSmsDoor(
  desk: Pick<SmsDesk, 'send'>,
  settings: SmsDoorSettings,
  now: () => number,
): Promise<SmsDoor> {
  const server = createServer((request, response) => {
    void answer(desk, settings.secret, now, request)
      .catch((): Reply => ({ status: 500, body: { error: 'internal' } }))
      .then(({ status, body }) => {
        const wait = status === 503 || status === 409 ? { 'retry-after': String(SOON_S) } : {};
        response.writeHead(status, { 'content-type': 'application/json', ...wait });
        response.end(JSON.stringify(body));
      });
  });
  server.requestTimeout = 10_000;
  return listen(server, settings);
}

function listen(server: Server, { host, port }: SmsDoorSettings): Promise<SmsDoor> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      const at = typeof address === 'object' && address !== null ? address.port : port;
      const name = host.includes(':') ? `[${host}]` : host;
      resolve({
        url: `http://${name}:${at}/messages`,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
}

async function answer(
  desk: Pick<SmsDesk, 'send'>,
  secret: string,
  now: () => number,
  request: IncomingMessage,
): Promise<Reply> {
  if (request.url !== '/messages') return { status: 404, body: { error: 'not found' } };
  if (request.method !== 'POST') return { status: 405, body: { error: 'POST it' } };
  const payload = await readBody(request);
  if (payload === null) return { status: 413, body: { error: 'too long' } };
  const verified = verifyWebhook([secret], request.headers, payload, now());
  if (!verified.ok) return { status: 401, body: { error: verified.why } };
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(key)) {
    return { status: 400, body: { error: 'no Idempotency-Key' } };
  }
  const parsed = requestSchema.safeParse(readJson(payload));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { status: 400, body: { error: `${issue?.path.join('.')}: ${issue?.message}` } };
  }
  return replyOf(await desk.send(key, parsed.data));
}

function replyOf(answer: SmsAnswer): Reply {
  switch (answer.is) {
    case 'taken':
      return { status: 202, body: { id: answer.id } };
    case 'reused':
      return { status: 422, body: { error: 'the key was used for another message' } };
    case 'in_flight':
      return { status: 409, body: { error: 'it is being sent' } };
    case 'refused':
      return { status: 400, body: { error: answer.why } };
    case 'later':
      return { status: 503, body: { error: answer.why } };
  }
}

async function readBody(request: IncomingMessage): Promise<string | null> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > LONGEST_BODY) return null;
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
