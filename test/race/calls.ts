/** Calls that are repeated until somebody answers: whoever is killed comes back. */
import { type Agent, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly body: { readonly [key: string]: unknown };
}

export interface Call {
  readonly agent: Agent;
  readonly bearer: string;
  /** Sent as JSON by POST; without it, it is a GET. */
  readonly body?: unknown;
  readonly key?: string | undefined;
}

/** Long, because a loaded machine may be slow: what nobody ever answers is still found. */
const ANSWER_MS = 120_000;
const PATIENCE_MS = 300_000;
const PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1600;

/** One call, which rejects where no whole answer comes. */
export function ask(url: string, { agent, bearer, body, key }: Call): Promise<Answer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    authorization: `Bearer ${bearer}`,
    ...(key === undefined ? {} : { 'idempotency-key': key }),
    ...(text === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
  };
  const method = text === undefined ? 'GET' : 'POST';
  return new Promise((resolve, reject) => {
    const call = request(url, { method, agent, headers, timeout: ANSWER_MS }, (response) => {
      const parts: Uint8Array[] = [];
      response.on('data', (part: Uint8Array) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        try {
          const said = JSON.parse(Buffer.concat(parts).toString('utf8')) as Answer['body'];
          resolve({ status: response.statusCode ?? 0, body: said });
        } catch (cause) {
          reject(new Error(`${url}: is answered with what is no JSON`, { cause }));
        }
      });
    });
    call.on('timeout', () => call.destroy(new Error(`${url}: no answer in ${ANSWER_MS / 1000} s`)));
    call.on('error', reject);
    call.end(text);
  });
}

/**
 * Asks until there is an answer that is neither a fault of the server nor "it is being worked on"; throws
 * the last that came instead.
 */
export async function insist(send: () => Promise<Answer>): Promise<Answer> {
  const deadline = performance.now() + PATIENCE_MS;
  for (let pause = PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    const answer = await send().catch((error: unknown) => error);
    if (isAnswer(answer) && !isLater(answer)) return answer;
    if (performance.now() > deadline) {
      throw answer instanceof Error ? answer : new Error(JSON.stringify(answer));
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

const isAnswer = (answer: unknown): answer is Answer =>
  typeof answer === 'object' && answer !== null && 'status' in answer;

/** The acquirer's `payment_in_flight` is such; the fund server's refusals are answers. */
const isLater = ({ status, body }: Answer): boolean =>
  (status >= 500 && body.code !== 'issuer_unreachable') || body.code === 'payment_in_flight';
