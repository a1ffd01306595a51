/** Pages over HTTPS, with a certificate of the own authority or one from elsewhere. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runCommand } from '#gateway/identity/command.ts';
import { startGateway } from './harness.ts';
import { granted } from './identity-bench.ts';

/** Status and body; rejects where the certificate is not believed. */
const get = (url: string, ca?: string) =>
  new Promise<{ status: number; text: string }>((resolve, reject) => {
    const call = request(url, { ca, agent: false }, async (response) => {
      const parts: Buffer[] = [];
      for await (const part of response) parts.push(part as Buffer);
      const text = Buffer.concat(parts).toString('utf8');
      resolve({ status: response.statusCode ?? 0, text });
    });
    call.on('error', reject);
    call.end();
  });

describe('pages over HTTPS', () => {
  test('the own authority certifies them, and what it names is https', async () => {
    const gateway = await startGateway({ tls: 'own' });
    assert.match(gateway.http, /^https:/);
    await assert.rejects(get(`${gateway.http}/v1/health`), /self-signed|unable to/);
    // What an operator puts on the phones.
    const authority = readFileSync(join(gateway.data, 'authority', 'certificate.pem'), 'utf8');
    const health = await get(`${gateway.http}/v1/health`, authority);
    assert.equal(health.status, 200);
    const page = await get(`${gateway.http}/p/AAAA`, authority);
    assert.match(page.text, /<!doctype html>/i);
    const args = ['--data', gateway.data, '--gateway', gateway.http, '--terminal', 't-0001'];
    assert.equal(await runCommand('code', args), 0, 'the operator’s commands believe it, too');
    await gateway.close();
  });

  test('a certificate of another is shown as it is given', async () => {
    const first = await startGateway();
    const names = ['127.0.0.1'];
    const { key, cert, ca } = await granted(first, { kind: 'server', subject: 'pages' }, names);
    const gateway = await startGateway({ tls: { key, cert } });
    assert.equal((await get(`${gateway.http}/v1/health`, ca)).status, 200);
    await gateway.close();
    await first.close();
  });
});
