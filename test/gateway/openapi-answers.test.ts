/** Every answer is one of the served documents: its status, its code and its media type. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import { HOUSE_ROLES } from '#gateway/roles.ts';
import { call, freshKey, startGateway, type TestGateway } from './harness.ts';

const operationSchema = z.looseObject({
  requestBody: z.object({ content: z.record(z.string(), z.unknown()) }).optional(),
  responses: z.record(
    z.string(),
    z.object({ description: z.string(), content: z.record(z.string(), z.unknown()).optional() }),
  ),
});
const documentSchema = z.looseObject({
  paths: z.record(z.string(), z.record(z.enum(['get', 'post']), operationSchema.optional())),
});
type Operation = z.infer<typeof operationSchema>;

interface Sent {
  readonly type?: string;
  readonly key?: string;
  readonly body?: string | undefined;
  readonly query?: string;
}

/** What a caller may do wrong, whatever the route is. */
function wrongs(method: string, type: string | undefined): readonly Sent[] {
  const keyed = { key: freshKey() };
  if (method === 'get') return [{}, { query: '?x=1&x=2' }, { query: '?qr=4111111111111111' }];
  const plain = type === undefined ? {} : { type };
  return [
    { ...plain, body: type === 'application/json' ? '{}' : 'a=1&a=2', ...keyed },
    { ...plain, body: '{' },
    { ...plain, body: '' },
    { ...plain, body: 'x='.padEnd(20_000, 'y'), ...keyed },
    { type: 'application/xml', body: '<a/>', ...keyed },
    { type: 'application/json', body: '{"pin":"4111111111111111"}', ...keyed },
    { ...plain, body: type === undefined ? undefined : '{}', key: '' },
    { ...plain, body: type === undefined ? undefined : '{}', key: 'x'.repeat(129) },
  ];
}

describe('whatever is asked', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startGateway();
  });
  after(() => gateway.close());

  const check = async (path: string, method: string, operation: Operation, sent: Sent) => {
    const address = path.replaceAll(/\{\w+\}/g, 'x') + (sent.query ?? '');
    const response = await fetch(gateway.http + address, {
      ...{ method: method.toUpperCase(), redirect: 'manual' },
      headers: {
        ...(sent.type === undefined ? {} : { 'content-type': sent.type }),
        ...(sent.key === undefined ? {} : { 'idempotency-key': sent.key }),
      },
      ...(sent.body === undefined ? {} : { body: sent.body }),
    });
    const type = response.headers.get('content-type')?.split(';')[0] ?? '';
    if (type === 'text/event-stream') return response.body?.cancel();
    const text = await response.text();
    const what = `${method} ${address} ${JSON.stringify(sent).slice(0, 80)}: ${response.status} ${text.slice(0, 120)}`;
    const documented = operation.responses[response.status];
    assert.ok(documented, what);
    if (text !== '' && documented.content !== undefined) assert.ok(documented.content[type], what);
    if (type !== 'application/problem+json') return;
    assert.ok(documented.description.includes(`\`${JSON.parse(text).code}\``), what);
  };

  for (const role of HOUSE_ROLES) {
    test(`the answer is documented: ${role}`, async () => {
      const { body } = await call(`${gateway.http}/v1/${role}/openapi.json`);
      for (const [path, operations] of Object.entries(documentSchema.parse(body).paths)) {
        for (const [method, operation] of Object.entries(operations)) {
          if (operation === undefined) continue;
          const type = Object.keys(operation.requestBody?.content ?? {})[0];
          await Promise.all(
            wrongs(method, type).map((sent) => check(path, method, operation, sent)),
          );
        }
      }
    });
  }
});
