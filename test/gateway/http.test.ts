import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Order } from '#device/messages/order.ts';
import { PROBLEMS } from '#gateway/web/problems.ts';
import {
  type Answer,
  bearerFor,
  call,
  enrol,
  freshKey,
  makeOrder,
  operator,
  pay,
  RICH,
  startGateway,
  Terminal,
  type TestGateway,
} from './harness.ts';

describe('the HTTP interface', () => {
  let gateway: TestGateway;
  let terminal: Terminal;
  const open = async (): Promise<{ order: Order; bearer: string }> => {
    const order = await terminal.offer(makeOrder(terminal.identity));
    return { order, bearer: await bearerFor(gateway.http, terminal, order) };
  };
  const refused = (answer: Answer, status: number, code: string): void => {
    assert.deepEqual([answer.status, answer.body.code], [status, code]);
    assert.equal(answer.body.type, `urn:hawker:problem:${code}`);
    assert.equal(answer.body.status, status);
  };

  before(async () => {
    gateway = await startGateway();
    terminal = await Terminal.connect(await enrol(gateway.http));
  });
  after(async () => {
    await terminal.close();
    await gateway.close();
  });

  test('an enrolment code works once; a lost answer is asked for again with the same key', async () => {
    const url = `${gateway.http}/v1/enrolments`;
    const body = { code: 'CODE-0002' };
    refused(await call(url, { body: { code: 'CODE-9999' } }), 403, 'code_refused');
    const key = freshKey();
    const first = await call(url, { body, key });
    assert.equal(first.status, 201);
    assert.deepEqual((await call(url, { body, key })).body, first.body);
    refused(await call(url, { body, key: freshKey() }), 403, 'code_refused');
    refused(await call(url, { body }), 403, 'code_refused');
  });

  test('a payment needs a key; the same key and body give the same answer', async () => {
    const { order, bearer } = await open();
    const url = `${gateway.http}/v1/orders/${order.number}/payments`;
    refused(await call(url, { body: RICH, bearer }), 400, 'idempotency_key_missing');
    const key = freshKey();
    const first = await call(url, { body: RICH, bearer, key });
    assert.equal(first.status, 201);
    const again = await call(url, { body: RICH, bearer, key });
    assert.deepEqual(again.body, first.body);
    assert.equal(again.headers.get('idempotency-replayed'), 'true');
    const quoted = await call(url, { body: RICH, bearer, key: `"${key}"` });
    assert.deepEqual(quoted.body, first.body);
    const other = { ...RICH, pin: '999999' };
    refused(await call(url, { body: other, bearer, key }), 422, 'idempotency_key_reused');
    refused(await call(url, { body: RICH, bearer, key: freshKey() }), 409, 'closed');
  });

  test('a key that is being worked on is in flight', async () => {
    const { order, bearer } = await open();
    const key = freshKey();
    const answers = await Promise.all(
      [1, 2, 3].map(() => pay(gateway.http, order.number, bearer, RICH, key)),
    );
    const statuses = answers.map(({ status }) => status).sort();
    assert.equal(statuses[0], 201);
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      refused(answer, 409, 'payment_in_flight');
    }
    assert.ok(statuses.includes(409));
  });

  test('a phone number may be typed as people type it', async () => {
    const { order, bearer } = await open();
    const answer = await pay(gateway.http, order.number, bearer, {
      phone: '138-0000 0001',
      pin: RICH.pin,
    });
    assert.equal(answer.status, 201);
  });

  test('a wrong PIN says how many tries are left, in the asked language', async () => {
    const { order, bearer } = await open();
    const url = `${gateway.http}/v1/orders/${order.number}/payments`;
    const body = { ...RICH, pin: '000000' };
    const headers = { 'accept-language': 'fr, zh-CN;q=0.8, en;q=0.5' };
    const answer = await call(url, { body, bearer, key: freshKey(), headers });
    refused(answer, 401, 'wrong_pin');
    assert.equal(answer.body.tries_left, 4);
    assert.equal(answer.body.detail, '手机号码或支付密码错误。');
    assert.equal(answer.headers.get('content-language'), 'zh-CN');
    const right = await pay(gateway.http, order.number, bearer, RICH);
    assert.equal(right.status, 201);
  });

  test('what is not asked for is refused with its path', async () => {
    const { order, bearer } = await open();
    const url = `${gateway.http}/v1/orders/${order.number}/payments`;
    const body = { phone: RICH.phone, pin: 246810, colour: 'red' };
    const answer = await call(url, { body, bearer, key: freshKey() });
    refused(answer, 400, 'malformed_request');
    const errors = answer.body.errors as { path: string; message: string }[];
    assert.ok(errors.some(({ path }) => path === 'pin'));
    assert.ok(errors.some(({ message }) => message.includes('colour')));
    refused(await call(`${gateway.http}/v1/nothing`), 404, 'not_found');
  });

  test('bodies that are too large, not JSON, or broken JSON', async () => {
    const post = async (body: string, type: string): Promise<Answer> => {
      const response = await fetch(`${gateway.http}/v1/matches`, {
        method: 'POST',
        headers: { 'content-type': type },
        body,
      });
      const { status, headers } = response;
      return { status, headers, body: (await response.json()) as Answer['body'] };
    };
    const huge = JSON.stringify({ qr: 'x'.repeat(20_000) });
    refused(await post(huge, 'application/json'), 413, 'too_large');
    refused(await post('<a/>', 'text/xml'), 415, 'unsupported_media_type');
    refused(await post('{"qr":', 'application/json'), 400, 'malformed_request');
    refused(
      await post('{"__proto__":{"a":1},"qr":"x"}', 'application/json'),
      400,
      'malformed_request',
    );
  });

  test('the bill is there once the order is paid', async () => {
    const { order, bearer } = await open();
    const url = `${gateway.http}/v1/orders/${order.number}/bill`;
    const early = await call(url, { bearer });
    refused(early, 409, 'not_paid');
    assert.equal(early.body.state, 'offered');
    await pay(gateway.http, order.number, bearer, RICH);
    const bill = await call(url, { bearer });
    assert.equal(bill.status, 200);
    assert.equal(bill.body.payer, '•••• 0001');
  });

  test('events tell the order at once and at its end, then end', async () => {
    const { order, bearer } = await open();
    const response = await fetch(
      `${gateway.http}/v1/orders/${order.number}/events?bearer=${bearer}`,
    );
    assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const first = await reader?.read();
    assert.match(first?.value ?? '', /^event: order\ndata: \{.*"state":"offered"/);
    await pay(gateway.http, order.number, bearer, RICH);
    let rest = '';
    for (let chunk = await reader?.read(); !chunk?.done; chunk = await reader?.read()) {
      rest += chunk?.value ?? '';
    }
    assert.match(rest, /"state":"paid"/);
    const again = await fetch(`${gateway.http}/v1/orders/${order.number}/events?bearer=${bearer}`);
    assert.match(await again.text(), /"state":"paid"/);
  });

  test('health', async () => {
    const { status, body } = await call(`${gateway.http}/v1/health`);
    assert.equal(status, 200);
    assert.equal(body.status, 'ok');
  });

  test('the operator needs the token, and to be on this machine', async () => {
    const path = '/v1/ledger/trial-balance';
    assert.equal((await operator(gateway, path)).status, 200);
    refused(await call(`${gateway.http}${path}`), 403, 'operator_only');
    refused(await call(`${gateway.http}${path}`, { bearer: 'guess' }), 403, 'operator_only');
    const headers = { 'x-forwarded-for': '203.0.113.9' };
    const options = { bearer: gateway.operatorToken, headers };
    refused(await call(`${gateway.http}${path}`, options), 403, 'operator_only');
  });

  test('no phone number, PIN or bearer is in the log or the trail', async () => {
    const { order, bearer } = await open();
    await pay(gateway.http, order.number, bearer, RICH);
    const { body } = await operator(gateway, `/v1/orders/${order.number}/trail`);
    const all = JSON.stringify([gateway.logged, body]);
    for (const secret of [RICH.phone, RICH.phone.slice(3), RICH.pin, bearer]) {
      assert.equal(all.includes(secret), false, secret);
    }
    assert.ok(all.includes('•••• 0001'));
  });

  test('every problem code is documented with its status', () => {
    const text = readFileSync(join(import.meta.dirname, '../../docs/http.md'), 'utf8');
    for (const [code, status] of Object.entries(PROBLEMS)) {
      const row = text
        .split('\n')
        .find((line) => line.includes(`\`${code}\``) && line.startsWith('|'));
      assert.ok(row?.startsWith(`| ${status} |`), `${code} ${status}`);
    }
  });

  test('a client that goes away in the middle of its request harms nobody', async () => {
    const { order, bearer } = await open();
    await new Promise<void>((resolve) => {
      const half = request(`${gateway.http}/v1/orders/${order.number}/payments`, {
        method: 'POST',
        headers: { authorization: `Bearer ${bearer}`, 'content-length': '500' },
      });
      half.on('error', () => resolve());
      half.write('{"phone":', () => half.destroy());
    });
    assert.equal((await pay(gateway.http, order.number, bearer, RICH)).status, 201);
  });
});
