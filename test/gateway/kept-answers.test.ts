import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Bench, openBench } from './centre-bench.ts';
import { type Answer, call, freshKey, RICH } from './harness.ts';

describe('writes that may be repeated without harm', () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
  });
  after(() => bench.close());

  const post = (path: string, body: unknown, key: string, bearer = 'operator'): Promise<Answer> =>
    call(bench.url + path, { body, key, bearer });
  const refused = (answer: Answer, status: number, code: string): void =>
    assert.deepEqual([answer.status, answer.body.code], [status, code]);

  test('tell a token once more to whoever lost it, and nobody else', async () => {
    const agents = '/v1/centre/agents';
    const key = freshKey();
    const first = await post(agents, { agent: 'mei' }, key);
    const again = await post(agents, { agent: 'mei' }, key);
    assert.deepEqual([first.status, again.status], [201, 201]);
    assert.deepEqual(again.body, first.body);
    assert.equal(again.headers.get('idempotency-replayed'), 'true');
    const token = String(first.body.token);
    assert.equal((await call(`${bench.url}/v1/centre/agent`, { bearer: token })).body.agent, 'mei');
    refused(await post(agents, { agent: 'lan' }, key), 422, 'idempotency_key_reused');
    refused(await post(agents, { agent: 'mei' }, key, 'no-operator'), 403, 'operator_only');
    for (const file of readdirSync(bench.data)) {
      assert.equal(readFileSync(join(bench.data, file)).includes(token), false, file);
    }
    const fresh = await post(agents, { agent: 'mei' }, freshKey());
    assert.notEqual(fresh.body.token, token);
  });

  test('are refused anew where they were refused: only what was done is kept', async () => {
    const path = '/v1/centre/agents/later/revocation';
    const key = freshKey();
    refused(await post(path, {}, key), 404, 'unknown_agent');
    await post('/v1/centre/agents', { agent: 'later' }, freshKey());
    const done = await post(path, {}, key);
    assert.equal(done.status, 200);
    assert.deepEqual((await post(path, {}, key)).body, done.body);
  });

  test('log a phone in once; a PIN that is guessed under a known key is counted', async () => {
    const sessions = '/v1/pairing/sessions';
    const key = freshKey();
    const log = (body: unknown) => call(bench.url + sessions, { body, key });
    const both = await Promise.all([log(RICH), log(RICH)]);
    const [first, second] = both.sort((a, b) => a.status - b.status);
    assert.equal(first?.status, 201);
    if (second !== undefined) refused(second, 409, 'request_in_flight');
    assert.deepEqual((await log(RICH)).body, first?.body);
    refused(await log({ ...RICH, pin: '000000' }), 401, 'wrong_pin');
    refused(await log({ ...RICH, phone: '+8613900000000' }), 422, 'idempotency_key_reused');
    const bearer = String(first?.body.session);
    const out = {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'idempotency-key': key },
    };
    for (const replayed of [null, 'true']) {
      const answer = await fetch(`${bench.url}/v1/pairing/log-out`, out);
      assert.deepEqual(
        [answer.status, answer.headers.get('idempotency-replayed')],
        [204, replayed],
      );
    }
  });
});
