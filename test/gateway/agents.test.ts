/** Agents of the telephone desk: a token each, keys of their own, and a trail that names them. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createGateway, type Gateway, type GatewayOptions } from '#gateway/gateway.ts';
import { runCommand } from '#gateway/identity/command.ts';
import { call, freshKey, operator } from './harness.ts';
import { LINK_SEED, openLinkStand, payByPassword } from './link-stand.ts';
import { BareBrowser } from './platform-stand.ts';

describe('agents of the telephone desk', () => {
  const data = mkdtempSync(join(tmpdir(), 'hawker-agents-'));
  const options: GatewayOptions = {
    dataDirectory: data,
    http: { host: '127.0.0.1', port: 0 },
    broker: { kind: 'embedded', host: '127.0.0.1', port: 0, plain: true },
    seed: LINK_SEED,
    log: () => undefined,
  };
  let gateway: Gateway;
  before(async () => {
    gateway = await createGateway(options);
  });
  after(async () => {
    await gateway.close();
    rmSync(data, { recursive: true, force: true });
  });

  const body = { merchant: 'lin', lines: [{ code: '2', quantity: 1 }], phone: '138 0000 0001' };
  const place = (bearer: string, key = freshKey()) =>
    call(`${gateway.http}/v1/centre/orders`, { body, bearer, key });
  const cancel = (number: string, bearer: string) =>
    call(`${gateway.http}/v1/centre/orders/${number}/cancellation`, {
      ...{ body: {}, bearer, key: freshKey() },
    });
  const make = async (agent: string): Promise<string> => {
    const made = await call(`${gateway.http}/v1/centre/agents`, {
      ...{ body: { agent }, bearer: gateway.operatorToken },
    });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    return String(made.body.token);
  };

  test('a token tells whose it is, and what a phone ordered before, newest first', async () => {
    const bearer = await make('lan');
    const whose = await call(`${gateway.http}/v1/centre/agent`, { bearer });
    assert.deepEqual(whose.body, { agent: 'lan' });
    const phone = '138 0000 0077';
    const orders = `${gateway.http}/v1/centre/orders`;
    const placed: unknown[] = [];
    for (const quantity of [1, 2]) {
      const lines = [{ code: '2', quantity }];
      const made = await call(orders, { body: { ...body, lines, phone }, bearer, key: freshKey() });
      placed.unshift(made.body.number);
    }
    const search = (what: object) => call(`${orders}/searches`, { body: what, bearer });
    const found = await search({ phone: '+8613800000077' });
    const numbers = (found.body.orders as { number: string }[]).map(({ number }) => number);
    assert.equal(numbers.length, 2);
    assert.deepEqual(numbers.sort(), placed.sort());
    assert.equal(JSON.stringify(found.body).includes('13800000077'), false, 'it is masked');
    assert.deepEqual((await search({ phone: '13800000078' })).body, { orders: [] });
    assert.equal((await search({ phone: 'mei' })).status, 400);
    const newest = (await search({ phone, limit: 1 })).body.orders as unknown[];
    assert.equal(newest.length, 1);
  });

  test('one key of two agents is two orders, and each is placed once', async () => {
    const [mei, jun] = [await make('mei'), await make('jun')];
    const key = freshKey();
    const numbers: unknown[] = [];
    for (const bearer of [mei, mei, jun, gateway.agentToken, gateway.agentToken]) {
      const placed = await place(bearer, key);
      assert.equal(placed.status, 201, JSON.stringify(placed.body));
      numbers.push(placed.body.number);
    }
    const [one, again, two, three, same] = numbers;
    assert.equal(one, again);
    assert.equal(three, same);
    assert.equal(new Set([one, two, three]).size, 3);
  });

  test('the trail tells who placed an order, who cancelled it, and who tried to', async () => {
    const [mei, jun] = [await make('mei'), await make('jun')];
    const { body: order } = await place(mei);
    const number = String(order.number);
    assert.equal((await cancel(number, jun)).status, 200);
    assert.equal((await cancel(number, mei)).body.code, 'closed');
    const refund = await call(`${gateway.http}/v1/centre/orders/${number}/refunds`, {
      ...{ body: {}, bearer: jun, key: freshKey() },
    });
    assert.equal(refund.body.code, 'not_paid');
    const trail = await operator(gateway, `/v1/ledger/trails/${number}`);
    const acts = trail.body.acts as { agent: string; act: string; outcome: string; at: number }[];
    assert.deepEqual(
      acts.map(({ agent, act, outcome }) => [agent, act, outcome]),
      [
        ['mei', 'POST /v1/centre/orders', '201'],
        ['jun', 'POST /v1/centre/orders/{number}/cancellation', '200'],
        ['mei', 'POST /v1/centre/orders/{number}/cancellation', 'closed'],
        ['jun', 'POST /v1/centre/orders/{number}/refunds', 'not_paid'],
      ],
    );
  });

  test('a revoked token, and one that was replaced, are out at once', async () => {
    const early = await make('mei');
    const mei = await make('mei');
    assert.equal((await place(early)).body.code, 'bearer_invalid');
    assert.equal((await place(mei)).status, 201);
    const path = `${gateway.http}/v1/centre/agents`;
    const bearer = gateway.operatorToken;
    const revoked = await call(`${path}/mei/revocation`, { body: {}, bearer });
    assert.equal(revoked.status, 200);
    assert.equal((await place(mei)).body.code, 'bearer_invalid');
    const unknown = await call(`${path}/nobody/revocation`, { body: {}, bearer });
    assert.deepEqual([unknown.status, unknown.body.code], [404, 'unknown_agent']);
    const mine = await call(path, { body: { agent: 'x' }, bearer: gateway.agentToken });
    assert.equal(mine.body.code, 'operator_only', 'an agent makes no agents');
    const { agents } = (await call(path, { bearer })).body as {
      agents: { agent: string; revoked_at?: number }[];
    };
    assert.equal(agents.find(({ agent }) => agent === 'mei')?.revoked_at, revoked.body.revoked_at);
    assert.ok(!JSON.stringify(agents).includes(mei));
  });

  test('by the command; the first agent’s file works until that one is revoked, for good', async () => {
    const written: string[] = [];
    const { write } = process.stdout;
    const run = async (...args: string[]) => {
      // The runner's own reports go by here, too: as bytes.
      process.stdout.write = ((text: string | Uint8Array) =>
        typeof text === 'string'
          ? written.push(text) > 0
          : write.call(process.stdout, text)) as typeof write;
      try {
        return await runCommand('agent', ['--data', data, '--gateway', gateway.http, ...args]);
      } finally {
        process.stdout.write = write;
      }
    };
    assert.equal(await run('--add', 'li'), 0);
    const { token } = JSON.parse(written.at(-1) ?? '') as { token: string };
    assert.equal((await place(token)).status, 201);
    const file = readFileSync(join(data, 'agent.token'), 'utf8').trim();
    assert.equal((await place(file)).status, 201);
    assert.equal(await run('--revoke', 'first'), 0);
    assert.equal((await place(file)).body.code, 'bearer_invalid');
    await gateway.close();
    gateway = await createGateway(options);
    assert.equal((await place(file)).body.code, 'bearer_invalid');
    assert.equal((await place(token)).status, 201);
    for (const kept of ['gateway.sqlite', 'gateway.sqlite-wal']) {
      assert.ok(!readFileSync(join(data, kept)).includes(token), 'a digest alone is kept');
    }
    assert.equal(await run(), 0);
    assert.match(written.at(-1) ?? '', /"first".*"jun".*"li"/);
  });
});

test('one key of two agents is two refunds, and the trail names both', async () => {
  const stand = await openLinkStand('together');
  try {
    const { http, centre } = stand.all;
    const make = async (agent: string): Promise<string> => {
      const wish = { body: { agent }, bearer: centre.operatorToken };
      return String((await call(`${http}/v1/centre/agents`, wish)).body.token);
    };
    const { number, link } = await stand.order();
    await payByPassword(new BareBrowser(), link);
    await stand.state(number, 'paid');
    const key = freshKey();
    const refund = (bearer: string) =>
      call(`${http}/v1/centre/orders/${number}/refunds`, {
        ...{ body: { amount_minor: 300 }, bearer, key },
      });
    const [mei, jun] = [await make('mei'), await make('jun')];
    const first = await refund(mei);
    assert.equal(first.status, 201, JSON.stringify(first.body));
    assert.deepEqual((await refund(mei)).body, first.body);
    assert.notEqual((await refund(jun)).body.refund, first.body.refund);
    assert.equal((await stand.look(number)).body.refunded_minor, 600);
    const trail = await operator(centre, `/v1/ledger/trails/${number}`);
    const acts = trail.body.acts as { agent: string; act: string }[];
    const refunds = acts.filter(({ act }) => act.endsWith('/refunds')).map(({ agent }) => agent);
    assert.deepEqual(refunds, ['mei', 'mei', 'jun']);
  } finally {
    await stand.close();
  }
});
