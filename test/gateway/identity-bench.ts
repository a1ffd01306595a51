/** Terminals, merchants and others who enrol with a key of their own, for the tests of identity. */
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { type Identity, identitySchema } from '#device/messages/enrolment.ts';
import { makeKey, writeRequest } from '#firmware/certificate-request.ts';
import type { Holder } from '#gateway/identity/kinds.ts';
import { type Answer, call, type TestGateway } from './harness.ts';

export interface Credentials {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
}

export const enrolWith = (http: string, code: string, csr?: string, key?: string) =>
  call(`${http}/v1/enrolments`, {
    body: csr === undefined ? { code } : { code, csr },
    ...(key === undefined ? {} : { key }),
  });

/** A terminal with a certificate. */
export async function certified(
  http: string,
  code = 'CODE-0001',
): Promise<{ identity: Identity; credentials: Credentials }> {
  const key = makeKey();
  const answer = await enrolWith(http, code, writeRequest(key));
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  const identity = identitySchema.parse(answer.body);
  const { certificate = '', authority = '' } = identity;
  return { identity, credentials: { key, cert: certificate, ca: authority } };
}

/** Connected, or rejected with the TLS alert, the broker's refusal, or that it was closed. */
export function dial(
  url: string,
  credentials: Partial<Credentials>,
  options: IClientOptions = {},
): Promise<MqttClient> {
  const client = connect(url, {
    ...credentials,
    ...{ reconnectPeriod: 0, connectTimeout: 3000 },
    ...options,
  });
  return new Promise((resolve, reject) => {
    const refused = (error: Error): void => {
      client.end(true);
      reject(error);
    };
    client.on('error', refused);
    client.once('close', () => refused(new Error('closed')));
    client.once('connect', () => resolve(client));
  });
}

export const operate = (
  gateway: Pick<TestGateway, 'http' | 'operatorToken'>,
  what: 'codes' | 'revocations',
  body: Holder & { readonly names?: readonly string[]; readonly because?: string },
): Promise<Answer> =>
  call(`${gateway.http}/v1/identity/${what}`, { body, bearer: gateway.operatorToken });

/** A merchant, role or server with a certificate of the gateway's authority. */
export async function granted(
  gateway: Pick<TestGateway, 'http' | 'operatorToken'>,
  holder: Holder,
  names: readonly string[] = [],
): Promise<Credentials> {
  const { body } = await operate(gateway, 'codes', { ...holder, names });
  const key = makeKey();
  const answer = await call(`${gateway.http}/v1/certificates`, {
    body: { code: body.code, csr: writeRequest(key) },
  });
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return { key, cert: String(answer.body.certificate), ca: String(answer.body.authority) };
}
