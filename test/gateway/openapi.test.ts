import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import { HOUSE_ROLES, type Role } from '#gateway/roles.ts';
import { docsOf } from '#gateway/web/documents.ts';
import { problemsOf } from '#gateway/web/openapi.ts';
import { PROBLEMS } from '#gateway/web/problems.ts';
import type { RouteDoc } from '#gateway/web/routes.ts';
import { openWeb } from '#gateway/web/server.ts';
import { telephoneRoutes } from '#gateway/web/telephone-api.ts';
import { AGENT, type Bench, change, openBench, place } from './centre-bench.ts';
import { type Answer, call, freshKey } from './harness.ts';

const documentSchema = z.looseObject({
  openapi: z.literal('3.1.0'),
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.looseObject({
        operationId: z.string(),
        parameters: z.array(z.looseObject({ name: z.string(), in: z.string() })).optional(),
        responses: z.record(z.string(), z.looseObject({ description: z.string() })),
      }),
    ),
  ),
});

describe('the document of the interface', () => {
  let bench: Bench;
  let docs: readonly RouteDoc[];
  let document: z.infer<typeof documentSchema>;

  before(async () => {
    bench = await openBench();
    const { core } = bench;
    docs = docsOf('order-centre', core.roles, telephoneRoutes({ core, telephone: core.telephone }));
    document = documentSchema.parse((await call(`${bench.url}/openapi.json`)).body);
  });
  after(() => bench.close());

  /** What a process of these roles serves, and what its documents describe; `GET /v1/orders/{number}`. */
  async function compare(roles: readonly Role[]) {
    const web = await openWeb(
      { ...bench.core, roles },
      {
        ...{ host: '127.0.0.1', port: 0, broker: 'mqtt://127.0.0.1:1' },
        ...{ operatorToken: 'operator', agentToken: AGENT },
      },
    );
    const paths = roles.map((role) => `/v1/${role}/openapi.json`);
    const read = async (path: string) =>
      documentSchema.parse((await call(web.url + path)).body).paths;
    const described = new Set<string>();
    for (const each of await Promise.all([...paths, '/openapi.json'].map(read))) {
      for (const [path, operations] of Object.entries(each)) {
        for (const method of Object.keys(operations)) {
          described.add(`${method.toUpperCase()} ${path}`);
        }
      }
    }
    await web.close();
    const served = web.routes.map((route) => route.replaceAll(/:(\w+)/g, '{$1}'));
    return { described: [...described].sort(), served: served.sort() };
  }

  for (const roles of [HOUSE_ROLES, ...HOUSE_ROLES.map((role) => [role])]) {
    test(`has every route that is served, and no other: ${roles.join(', ')}`, async () => {
      const { described, served } = await compare(roles);
      assert.deepEqual(described, served);
      assert.ok(served.length > 10);
    });
  }

  test('names every parameter of a path, and each operation once', () => {
    const names = new Set<string>();
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const { operationId, parameters = [] } of Object.values(operations)) {
        assert.equal(names.has(operationId), false, operationId);
        names.add(operationId);
        const wanted = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
        const given = parameters.filter((each) => each.in === 'path').map(({ name }) => name);
        assert.deepEqual(given.sort(), wanted.sort(), path);
      }
    }
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)];
    assert.ok(references.length > 0);
    for (const [, reference] of references) {
      assert.equal(reference, '#/components/schemas/Problem');
    }
  });

  test('has examples that its schemas take', () => {
    let examples = 0;
    for (const { path, body, answers } of docs) {
      if (body !== undefined) assert.ok(body.schema.safeParse(body.example).success, path);
      for (const { schema, example } of Object.values(answers)) {
        if (example === undefined) continue;
        const parsed = schema?.safeParse(example);
        assert.ok(parsed?.success, `${path}: ${JSON.stringify(parsed?.error?.issues)}`);
        examples += 1;
      }
    }
    assert.ok(examples > 8);
  });

  /** Whether an answer is one that the document has for this route. */
  const truly = (method: 'GET' | 'POST', path: string, answer: Answer): Answer => {
    const doc = docs.find((each) => each.method === method && each.path === path);
    assert.ok(doc, path);
    if (answer.status >= 400) {
      const code = String(answer.body.code);
      assert.ok(
        problemsOf(doc).some((each) => each === code),
        `${path} answered ${code}`,
      );
      assert.equal(answer.status, PROBLEMS[code as keyof typeof PROBLEMS]);
      const told = document.paths[path]?.[method.toLowerCase()]?.responses[answer.status];
      assert.ok(told?.description.includes(`\`${code}\``), `${path} ${code}`);
      return answer;
    }
    const parsed = doc.answers[answer.status]?.schema?.safeParse(answer.body);
    assert.ok(
      parsed?.success,
      `${path} ${answer.status}: ${JSON.stringify(parsed?.error?.issues)}`,
    );
    return answer;
  };

  test('each route answers, and with what is documented', async () => {
    const calls = docs.filter(
      ({ caller, path }) => caller !== 'webhook' && path.startsWith('/v1/'),
    );
    for (const { method, path } of calls) {
      const url = bench.url + path.replaceAll(/\{\w+\}/g, '0000000000');
      const bare = await call(url, { ...(method === 'POST' ? { body: {} } : {}) });
      truly(method, path, bare);
      assert.notEqual(bare.body.code, 'not_found');
      const known = { bearer: AGENT, key: freshKey() };
      truly(
        method,
        path,
        await call(url, { ...(method === 'POST' ? { body: {} } : {}), ...known }),
      );
    }
  });

  test('what is done is answered as documented, too', async () => {
    const orders = '/v1/centre/orders';
    const order = truly('POST', orders, await place(bench));
    const { number } = order.body;
    truly('POST', orders, await place(bench, { lines: [{ code: '1', quantity: 9999 }] }));
    truly('POST', orders, await place(bench, { lines: [{ code: '77', quantity: 1 }] }));
    truly('POST', orders, await place(bench, { merchant: 'nobody' }));
    const draft = truly('POST', orders, await place(bench, { draft: true, email: 'a@b.example' }));
    const one = `${orders}/{number}`;
    truly('GET', one, await call(`${bench.url}${orders}/${number}`, { bearer: AGENT }));
    truly('POST', `${one}/placement`, await change(bench, draft.body.number, 'placement'));
    truly('POST', `${one}/placement`, await change(bench, draft.body.number, 'placement'));
    truly('POST', `${one}/messages`, await change(bench, number, 'messages'));
    truly('POST', `${one}/cancellation`, await change(bench, number, 'cancellation'));
    truly('POST', `${one}/messages`, await change(bench, number, 'messages'));
    const products = '/v1/centre/products';
    truly('GET', products, await call(`${bench.url}${products}?words=soy`, { bearer: AGENT }));
    truly(
      'POST',
      `${products}/{merchant}/{code}/stock`,
      await call(`${bench.url}${products}/lin/3/stock`, {
        ...{ body: { quantity: 5 }, bearer: AGENT, key: freshKey() },
      }),
    );
  });
});
