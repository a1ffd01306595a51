/** One POST that waits neither for ever nor for a long answer. */

export interface HttpAnswer {
  readonly status: number;
  /** At most the first 16 KiB. */
  readonly text: string;
  /** What `Retry-After` asks for, in ms. */
  readonly retry_after_ms: number | null;
}

const TIMEOUT_MS = 10_000;
const LONGEST_ANSWER = 16 * 1024;

/** Rejects where no answer came; redirects are answers. */
export async function postJson(
  url: string,
  payload: string,
  headers: Readonly<Record<string, string>>,
  timeoutMs = TIMEOUT_MS,
): Promise<HttpAnswer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: payload,
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
  });
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return {
    status: response.status,
    text: await readSome(response),
    retry_after_ms: Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null,
  };
}

async function readSome(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const parts: Uint8Array[] = [];
  let length = 0;
  while (length < LONGEST_ANSWER) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    length += value.length;
  }
  await reader.cancel();
  return Buffer.concat(parts).toString('utf8').slice(0, LONGEST_ANSWER);
}

/** Why a call got no answer, without its address. */
export function whyNoAnswer(error: unknown): string {
  if (!(error instanceof Error)) return 'no_answer';
  if (error.name === 'TimeoutError') return 'timeout';
  const { cause } = error;
  if (cause instanceof Error && cause.name === 'TimeoutError') return 'timeout';
  const of = cause instanceof Error && 'code' in cause ? cause : error;
  const code = 'code' in of ? String(of.code) : '';
  return /^[A-Z_0-9]+$/.test(code) ? code.toLowerCase() : 'no_answer';
}
