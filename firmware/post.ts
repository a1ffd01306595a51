/** One JSON request to the gateway, over HTTP or HTTPS, that does not wait for ever. */
import { publicAuthorities, requestOf } from './http.ts';

export interface PostAnswer {
  readonly status: number;
  /** `null` where it was no JSON. */
  readonly body: unknown;
}

const ANSWER_TIMEOUT_MS = 10_000;

/** `authority` (PEM) is believed beside the public ones. Rejects where no answer came. */
export function postJson(
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: unknown,
  authority?: string,
): Promise<PostAnswer> {
  const text = JSON.stringify(body);
  const secure = url.protocol === 'https:';
  const trust =
    secure && authority !== undefined ? { ca: [...publicAuthorities(), authority] } : {};
  const options = {
    ...{ method: 'POST', signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS), ...trust },
    headers: {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      ...headers,
    },
  };
  return new Promise((resolve, reject) => {
    const call = requestOf(url)(url, options, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const said = Buffer.concat(parts).toString('utf8');
        resolve({ status: response.statusCode ?? 0, body: readJson(said) });
      });
    });
    call.on('error', reject);
    call.end(text);
  });
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
