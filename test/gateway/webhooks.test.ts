import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import {
  readWebhookSecret,
  signWebhook,
  verifyWebhook,
  writeWebhookSecret,
} from '#device/codecs/standard-webhooks.ts';
import { until } from '#test/until.ts';
import {
  type Bench,
  change,
  type Hook,
  look,
  openBench,
  openHook,
  PAID,
  place,
  result,
  SECRET,
  stockOf,
  tell,
} from './centre-bench.ts';
import type { Answer } from './harness.ts';

const golden = z.object({
  vectors: z.array(
    z.object({
      ...{ secret: z.string(), id: z.string(), timestamp: z.number() },
      ...{ payload: z.string(), signature: z.string() },
    }),
  ),
});

describe('signatures of Standard Webhooks', () => {
  const file = join(import.meta.dirname, '../golden/standard-webhooks.json');
  const { vectors } = golden.parse(JSON.parse(readFileSync(file, 'utf8')));

  test('are those of the published vectors', () => {
    assert.ok(vectors.length > 0);
    for (const { secret, id, timestamp, payload, signature } of vectors) {
      const headers = signWebhook(secret, id, timestamp * 1000 + 999, payload);
      assert.equal(headers['webhook-signature'], signature);
      assert.equal(headers['webhook-timestamp'], String(timestamp));
      const now = timestamp * 1000;
      assert.deepEqual(verifyWebhook([secret], { ...headers }, payload, now), { ok: true, id });
    }
  });

  test('are believed for five minutes, of any of two secrets, and among others', () => {
    const at = 1_790_000_000_000;
    const headers = { ...signWebhook(SECRET, 'msg_1', at, '{}') };
    const why = (more: object, payload = '{}', now = at, secrets = [SECRET]) => {
      const verified = verifyWebhook(secrets, { ...headers, ...more }, payload, now);
      return verified.ok ? 'good' : verified.why;
    };
    const other = writeWebhookSecret(new Uint8Array(24).fill(9));
    assert.equal(why({}), 'good');
    assert.equal(why({}, '{}', at + 300_000), 'good');
    assert.equal(why({}, '{}', at + 301_000), 'too_old');
    assert.equal(why({}, '{}', at - 301_000), 'too_early');
    assert.equal(why({}, '{} '), 'forged');
    assert.equal(why({ 'webhook-id': 'msg_2' }), 'forged');
    assert.equal(why({ 'webhook-timestamp': String(at / 1000 + 1) }), 'forged');
    assert.equal(why({}, '{}', at, [other]), 'forged');
    assert.equal(why({}, '{}', at, [other, SECRET]), 'good');
    const many = `v1,AAAA v1a,${'A'.repeat(88)} ${headers['webhook-signature']}`;
    assert.equal(why({ 'webhook-signature': many }), 'good');
    const named = headers['webhook-signature'].replace('v1,', 'v2,');
    assert.equal(why({ 'webhook-signature': named }), 'forged');
    assert.equal(why({ 'webhook-signature': undefined }), 'unsigned');
    assert.equal(why({ 'webhook-id': 'a.b' }), 'unsigned');
  });

  test('need a secret of 24 to 64 bytes', () => {
    for (const bytes of [23, 65]) {
      assert.equal(readWebhookSecret(writeWebhookSecret(new Uint8Array(bytes))), null);
    }
    assert.equal(readWebhookSecret('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'), null);
    assert.throws(() => signWebhook('whsec_!', 'a', 0, '{}'));
  });
});

describe('results that come as webhooks', () => {
  let bench: Bench;
  let hook: Hook;
  const order = async (): Promise<Answer> => place(bench, { lines: [{ code: '2', quantity: 1 }] });
  const stateOf = async (of: Answer) => (await look(bench, of.body.number)).body.state;
  const kindsOf = (of: Answer): string[] =>
    bench.core.tables.orders.events(String(of.body.number)).map(({ kind }) => kind);

  before(async () => {
    hook = await openHook();
    bench = await openBench({ notify: { desk: { url: hook.url, secret: SECRET } } });
  });
  after(async () => {
    await bench.close();
    await hook.close();
  });

  test('ten times the same is once: one end, one bill', async () => {
    const one = await order();
    const message = result(one, PAID);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => tell(bench, message, { id: 'msg_same' })),
    );
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [204]);
    // The same event under other ids is the same event.
    for (let at = 0; at < 3; at += 1) assert.equal((await tell(bench, message)).status, 204);
    assert.equal(await stateOf(one), 'paid');
    assert.equal(kindsOf(one).filter((kind) => kind === 'paid').length, 1);
    const messages = bench.core.tables.deliveries.ofOrder(String(one.body.number));
    assert.equal(messages.filter(({ channel }) => channel === 'sms').length, 2);
  });

  test('in whatever order they come, the end is the same', async () => {
    const one = await order();
    await tell(bench, result(one, PAID));
    await tell(bench, result(one, { said: 'pending' }));
    await tell(bench, result(one, { said: 'not_made' }));
    assert.equal(await stateOf(one), 'paid');
    const two = await order();
    await tell(bench, result(two, { said: 'declined', reason: 'insufficient_funds' }));
    await tell(bench, result(two, { said: 'pending' }));
    assert.equal(await stateOf(two), 'unpaid');
    assert.equal((await look(bench, two.body.number)).body.reason, 'insufficient_funds');
    await tell(bench, result(two, { said: 'pending' }, { id: 'PAY-2' }));
    assert.equal(await stateOf(two), 'paying');
    await tell(bench, result(two, PAID, { id: 'PAY-2' }));
    assert.equal(await stateOf(two), 'paid');
  });

  test('a payer who is not the owner of the phone ends the order: its stock comes back', async () => {
    const one = await order();
    const before = stockOf(bench, '2');
    await tell(bench, result(one, { said: 'declined', reason: 'payer_not_verified' }));
    const { body } = await look(bench, one.body.number);
    assert.deepEqual([body.state, body.reason], ['cancelled', 'payer_not_verified']);
    assert.equal(stockOf(bench, '2'), before + 1);
  });

  test('another amount is not this order’s money', async () => {
    const one = await order();
    await tell(bench, result(one, PAID, { amount_minor: 1, id: 'PAY-other' }));
    assert.equal(await stateOf(one), 'unpaid');
    assert.ok(kindsOf(one).includes('paid_otherwise'));
  });

  test('a refund is noted', async () => {
    const one = await order();
    await tell(bench, result(one, PAID));
    const { order: number, merchant, currency } = result(one, PAID);
    const refund = {
      ...{ kind: 'refund', event: 'refund-1', id: 'r-1', payment: 'PAY-1', order: number },
      ...{ merchant, currency, amount_minor: 400, at: 1 },
      answer: { said: 'refunded', amount_minor: 400, at: 1 },
    };
    for (let at = 0; at < 2; at += 1) assert.equal((await tell(bench, refund)).status, 204);
    assert.equal((await look(bench, one.body.number)).body.refunded_minor, 400);
  });

  test('what is forged, old, changed, or no result is refused and does nothing', async () => {
    const one = await order();
    const message = result(one, PAID);
    const other = writeWebhookSecret(new Uint8Array(32).fill(4));
    const cases: [Answer, number, string, unknown][] = [
      [await tell(bench, message, { secret: other }), 401, 'webhook_refused', 'forged'],
      [
        await tell(bench, message, { at: Date.now() - 301_000 }),
        ...([401, 'webhook_refused', 'too_old'] as const),
      ],
      [
        await tell(bench, message, { at: Date.now() + 302_000 }),
        ...([401, 'webhook_refused', 'too_early'] as const),
      ],
      [
        await tell(bench, message, { sent: JSON.stringify({ ...message, order: 'x' }) }),
        ...([401, 'webhook_refused', 'forged'] as const),
      ],
      [await tell(bench, { kind: 'gift' }), 400, 'malformed_request', undefined],
    ];
    for (const [answer, status, code, why] of cases) {
      assert.deepEqual([answer.status, answer.body.code, answer.body.why], [status, code, why]);
    }
    assert.equal(await stateOf(one), 'unpaid');
    const unsigned = await fetch(`${bench.url}/v1/webhooks/acquirer`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    assert.equal(unsigned.status, 401);
    const nobody = await fetch(`${bench.url}/v1/webhooks/nobody`, { method: 'POST', body: '{}' });
    assert.equal(nobody.status >= 400, true);
  });

  test('the desk is told of each end, signed, until it answers 2xx, under one id', async () => {
    hook.came.length = 0;
    hook.broken = 1;
    const one = await order();
    await change(bench, one.body.number, 'cancellation');
    assert.equal(stockOf(bench, '2') > 0, true);
    const [first] = await until('a webhook', () => hook.came.length > 0 && hook.came);
    await until('it again', () => hook.came.length > 1);
    assert.equal(new Set(hook.came.map(({ id }) => id)).size, 1);
    for (const { headers, body, id } of hook.came) {
      const verified = verifyWebhook([SECRET], { ...headers }, body, Date.now());
      assert.deepEqual(verified, { ok: true, id });
    }
    const told = JSON.parse(first?.body ?? '{}') as { type: string; data: { order: string } };
    assert.equal(told.type, 'order.cancelled');
    assert.equal(told.data.order, one.body.number);
    await until('delivered', () =>
      bench.core.tables.deliveries
        .ofOrder(String(one.body.number))
        .some(({ channel, state }) => channel === 'webhook' && state === 'delivered'),
    );
  });
});
