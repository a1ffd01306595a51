/** A peer over HTTP: one connection pool, signed requests, and an answer in time or none. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { PeerIdentity } from '../identity/mutual.ts';
import { peerAgent } from './agent.ts';
import { type PeerAnswer, type PeerClient, PeerError, type PeerRequest } from './client.ts';
import { directionKey } from './keys.ts';
import { signMessage } from './message-signature.ts';

export interface HttpPeerSettings {
  /** Who calls, and whom. */
  readonly self: string;
  readonly peer: string;
  /** Base URL, without a slash at its end. */
  readonly url: string;
  readonly secret: Uint8Array;
  readonly clock: Pick<Clock, 'now'>;
  /** Own certificate and whom to believe, where the URL is https; `null` until there is one. */
  readonly identity?: (() => PeerIdentity | null) | undefined;
  /** Default 10 s: under the time after which the resolver asks. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
const LONGEST_ANSWER = 1024 * 1024;
const CONNECTIONS = 64;

export interface HttpPeer extends PeerClient {
  /** Ends its connections. */
  close(): void;
}

export function httpPeer(settings: HttpPeerSettings): HttpPeer {
  const base = new URL(settings.url);
  const secure = base.protocol === 'https:';
  const agentOptions = { keepAlive: true, maxSockets: CONNECTIONS };
  const plain = new HttpAgent(agentOptions);
  const mutual = peerAgent(settings.identity ?? (() => null), settings.peer, agentOptions);
  const key = directionKey(settings.secret, settings.self, settings.peer);
  const send = secure ? httpsRequest : httpRequest;

  return {
    close() {
      plain.destroy();
      mutual.close();
    },
    call({ method, path, body, id }) {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const parts = { method, path, body: text, idempotencyKey: id };
      const signed = signMessage(parts, settings.self, key, settings.clock.now());
      const headers = {
        ...signed,
        accept: 'application/json',
        ...(text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
      };
      const url = new URL(`${base.pathname.replace(/\/$/, '')}${path}`, base);
      return new Promise<PeerAnswer>((resolve, reject) => {
        const signal = AbortSignal.timeout(settings.timeoutMs ?? TIMEOUT_MS);
        const lost = (cause: unknown): void =>
          reject(new PeerError(whyLost(settings.peer, cause, signal.aborted), { cause }));
        const agent = secure ? mutual.pool() : plain;
        const call = send(url, { method, agent, headers, signal }, (response) => {
          read(response)
            .then((answer) => resolve(checked(settings.peer, answer)), lost)
            .catch(lost);
        });
        call.on('error', lost);
        call.end(text);
      });
    },
  };
}

function whyLost(peer: string, cause: unknown, timedOut: boolean): string {
  if (timedOut) return `${peer} did not answer in time`;
  const says = cause instanceof Error ? cause.message : String(cause);
  return `${peer}: ${says}`;
}

async function read(response: IncomingMessage): Promise<PeerAnswer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response) {
    parts.push(part as Uint8Array);
    length += (part as Uint8Array).length;
    if (length > LONGEST_ANSWER) throw new Error('its answer is too long');
  }
  const text = Buffer.concat(parts).toString('utf8');
  return { status: response.statusCode ?? 0, body: JSON.parse(text) as unknown };
}

/** What is neither an answer nor a refusal says nothing of what was done. */
function checked(peer: string, answer: PeerAnswer): PeerAnswer {
  if (answer.status >= 200 && answer.status < 500) return answer;
  throw new PeerError(`${peer} answered ${answer.status}`);
}

/** The answer as a schema decodes it; any other one is a {@link PeerError}. */
export async function ask<T>(
  client: PeerClient,
  schema: z.ZodType<T>,
  request: PeerRequest,
): Promise<T> {
  const answer = await client.call(request);
  // Not a fault of the wire: the id was used with another body.
  const reused = reusedSchema.safeParse(answer.body).success;
  const parsed = schema.safeParse(reused ? { said: 'conflict' } : answer.body);
  if (parsed.success) return parsed.data;
  throw new PeerError(`${request.path} was answered ${answer.status} with what is no answer`);
}

const reusedSchema = z.looseObject({ code: z.literal('idempotency_key_reused') });
