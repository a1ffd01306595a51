/** A short call to the authority: its certificate is believed beside the public ones. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { rootCertificates } from 'node:tls';
import type { Credentials } from './own.ts';

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; without it the call is a GET. */
  readonly body?: object;
  /** Whom to believe beside the public authorities, and what to show. */
  readonly credentials?: Partial<Credentials> | undefined;
}

const TIMEOUT_MS = 5000;

/** Rejects where no answer came in time. */
export function callAuthority(
  url: string,
  { headers, body, credentials }: CallOptions = {},
): Promise<{ readonly status: number; readonly text: string }> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const secure = url.startsWith('https:');
  const options = {
    method: text === undefined ? 'GET' : 'POST',
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: {
      ...headers,
      ...(text === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    },
    ...(secure && credentials !== undefined
      ? {
          ...credentials,
          ca: [...rootCertificates, credentials.ca ?? []].flat(),
          agent: false as const,
        }
      : {}),
  };
  return new Promise((resolve, reject) => {
    const call = (secure ? httpsRequest : httpRequest)(url, options, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }),
      );
    });
    call.on('error', reject);
    call.end(text);
  });
}
