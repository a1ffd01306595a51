import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { AGENT, type Bench, openBench } from './centre-bench.ts';
import { freshKey } from './harness.ts';

describe('requests that reach no handler', () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
  });
  after(() => bench.close());

  const problem = async (answer: Response, status: number, code: string): Promise<void> => {
    assert.equal(answer.headers.get('content-type'), 'application/problem+json');
    const body = (await answer.json()) as Record<string, unknown>;
    assert.deepEqual([answer.status, body.status, body.code], [status, status, code]);
    assert.equal(body.type, `urn:hawker:problem:${code}`);
  };

  test('an address that cannot be read, and one that is too long', async () => {
    await problem(await fetch(`${bench.url}/v1/orders/%E0%A4%A`), 400, 'malformed_request');
    const long = `${bench.url}/v1/orders/${'9'.repeat(2600)}`;
    await problem(await fetch(long), 404, 'not_found');
  });

  test('a body of another type than JSON', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      const answer = await fetch(`${bench.url}/v1/centre/orders`, {
        method: 'POST',
        headers: {
          ...{ authorization: `Bearer ${AGENT}`, 'idempotency-key': freshKey() },
          'content-type': type,
        },
        body: 'merchant=lin',
      });
      await problem(answer, 415, 'unsupported_media_type');
    }
  });

  /** What is answered on a connection of its own. */
  const say = async (bytes: string): Promise<string> => {
    const { hostname, port } = new URL(bench.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.write(bytes);
    return text(socket);
  };

  test('what is no HTTP, and headers without end', async () => {
    const bad = await say('NONSENSE\r\n\r\n');
    assert.match(bad, /^HTTP\/1\.1 400 /);
    assert.match(bad, /content-type: application\/problem\+json/);
    assert.match(bad, /"code":"malformed_request"/);
    const fat = await say(`GET /v1/health HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`);
    assert.match(fat, /^HTTP\/1\.1 431 /);
    assert.match(fat, /"code":"headers_too_large"/);
  });

  test('no Host, two of them, and one that is none', async () => {
    for (const hosts of ['', 'host: a\r\nHost: b\r\n', 'host: a/b c\r\n']) {
      const none = await say(`GET /v1/health HTTP/1.1\r\n${hosts}connection: close\r\n\r\n`);
      assert.match(none, /^HTTP\/1\.1 400 /);
      assert.match(none, /content-type: application\/problem\+json/);
      assert.match(none, /"code":"malformed_request".*"path":"Host"/s);
    }
    const old = await say('GET /v1/health HTTP/1.0\r\n\r\n');
    assert.match(old, /^HTTP\/1\.1 200 /, 'HTTP/1.0 names none');
  });
});
