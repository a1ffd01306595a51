/** A system of a merchant or party: over the peer door with its certificate, each request signed. */
import { createPrivateKey, sign } from 'node:crypto';
import { request } from 'node:https';
import { signMessageWith } from '#gateway/peers/message-signature.ts';
import type { Credentials } from './identity-bench.ts';

export interface Answered {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export interface Asking {
  readonly body?: unknown;
  readonly key?: string;
  /** Whose name and key the signature has. */
  readonly signer?: { readonly id: string; readonly key: string };
  /** What is sent beside what was signed. */
  readonly change?: Readonly<Record<string, string>>;
  readonly sent?: string;
  readonly query?: string;
}

/** A `key` makes it a POST; rejects where TLS lets nobody in. */
export function askSigned(
  door: string,
  who: string,
  credentials: Credentials,
  path: string,
  asking: Asking = {},
): Promise<Answered> {
  const { body, key, query, change = {} } = asking;
  const { id, key: pem } = asking.signer ?? { id: who, key: credentials.key };
  const text = body === undefined ? undefined : JSON.stringify(body);
  const post = key !== undefined;
  const parts = { method: post ? 'POST' : 'GET', path, query, body: text, idempotencyKey: key };
  const signed = signMessageWith(
    parts,
    id,
    'ecdsa-p256-sha256',
    (base) => sign('sha256', base, { key: createPrivateKey(pem), dsaEncoding: 'ieee-p1363' }),
    Date.now(),
  );
  const sent = asking.sent ?? text;
  const headers = {
    ...signed,
    ...(sent === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(sent) }),
    ...change,
  };
  return new Promise((resolve, reject) => {
    const options = { ...credentials, method: parts.method, headers, agent: false as const };
    const asked = request(`${door}${path}${query ?? ''}`, options, async (response) => {
      const all: Buffer[] = [];
      for await (const part of response) all.push(part as Buffer);
      const answer = JSON.parse(Buffer.concat(all).toString('utf8')) as Answered['body'];
      resolve({ status: response.statusCode ?? 0, body: answer });
    });
    asked.on('error', reject);
    asked.end(sent);
  });
}
