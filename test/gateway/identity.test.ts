/** Certificates: who gets one, what it opens, and how it is taken away again. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { downlinkTopic, uplinkTopic } from '#device/messages/topics.ts';
import { makeKey, writeRequest } from '#firmware/certificate-request.ts';
import { systemChance } from '#gateway/clock.ts';
import { loadAuthority, readRequest } from '#gateway/identity/authority.ts';
import { makeRequest, publicKeyOf, readCrl } from '#gateway/identity/x509.ts';
import { until } from '#test/until.ts';
import {
  call,
  freshKey,
  makeOrder,
  operator,
  shiftedClock,
  startGateway,
  Terminal,
  type TestGateway,
} from './harness.ts';
import { certified, dial, enrolWith, granted, operate } from './identity-bench.ts';

const DAY_MS = 86_400_000;
const clock = shiftedClock();

describe('the authority', () => {
  let gateway: TestGateway;
  const logged = (pattern: RegExp) =>
    until(`a log entry like ${pattern}`, () =>
      gateway.logged.find(({ says }) => pattern.test(says)),
    );

  before(async () => {
    gateway = await startGateway({
      broker: { kind: 'embedded', host: '127.0.0.1', port: 0 },
      clock,
    });
  });
  after(() => gateway.close());

  test('keeps its keys to itself', () => {
    for (const file of ['authority/key.pem', 'certificates/server.key.pem', 'gateway.sqlite']) {
      assert.equal(statSync(join(gateway.data, file)).mode & 0o077, 0, file);
    }
  });

  test('certifies a terminal for its own key, for a year, as a client alone', async () => {
    const { identity, credentials } = await certified(gateway.http);
    assert.match(identity.broker, /^mqtts:\/\/127\.0\.0\.1:\d+$/);
    const certificate = new X509Certificate(credentials.cert);
    const authority = new X509Certificate(credentials.ca);
    assert.equal(certificate.verify(authority.publicKey), true);
    assert.equal(certificate.ca, false);
    assert.equal(authority.ca, true);
    assert.equal(certificate.subject, 'CN=t-0001\nOU=terminal');
    assert.equal(certificate.subjectAltName, 'URI:urn:hawker:terminal:t-0001');
    assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2']);
    const days = (Date.parse(certificate.validTo) - Date.now()) / DAY_MS;
    assert.ok(days > 364 && days < 366);
    const mine = await publicKeyOf(credentials.key);
    const its = certificate.publicKey.export({ type: 'spki', format: 'der' });
    assert.deepEqual(Buffer.from(mine), its);
  });

  test('a lost answer can be asked for again, with the same key of both kinds', async () => {
    const { body } = await operate(gateway, 'codes', { kind: 'terminal', subject: 't-0001' });
    const [key, other] = [makeKey(), makeKey()];
    const again = freshKey();
    const code = String(body.code);
    const first = await enrolWith(gateway.http, code, writeRequest(key), again);
    const second = await enrolWith(gateway.http, code, writeRequest(key), again);
    assert.equal(first.status, 201);
    assert.deepEqual(second.body, first.body);
    const changed = await enrolWith(gateway.http, code, writeRequest(other), again);
    assert.equal(changed.body.code, 'idempotency_key_reused');
    const fresh = await enrolWith(gateway.http, code, writeRequest(key), freshKey());
    assert.equal(fresh.body.code, 'code_refused');
  });

  test('whoever brings no request, or a bad one, does not use up the code', async () => {
    const { body } = await operate(gateway, 'codes', { kind: 'terminal', subject: 't-0002' });
    const code = String(body.code);
    const none = await enrolWith(gateway.http, code);
    assert.equal(none.body.code, 'csr_missing');
    const good = writeRequest(makeKey());
    const lines = good.split('\n');
    const forged = [
      lines[0],
      `${lines[1]?.slice(0, 40)}AAAA${lines[1]?.slice(44)}`,
      ...lines.slice(2),
    ];
    for (const csr of [forged.join('\n'), '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n']) {
      const answer = await enrolWith(gateway.http, code, csr);
      assert.deepEqual([answer.status, answer.body.code], [422, 'csr_refused']);
    }
    assert.equal((await enrolWith(gateway.http, code, good)).status, 201);
  });

  test('carries orders over mutual TLS, on the own topics alone', async () => {
    const { identity, credentials } = await freshTerminal('t-0001');
    const terminal = await Terminal.connect(identity, identity.broker, credentials);
    await terminal.offer(makeOrder(identity));
    await until('time', () => terminal.heard.find(({ kind }) => kind === 'time'));
    await assert.rejects(terminal.client.subscribeAsync(downlinkTopic('t-0002'), { qos: 1 }));
    const closed = new Promise<void>((resolve) => terminal.client.once('close', resolve));
    terminal.client.publish(uplinkTopic('t-0002'), 'x', { qos: 1 });
    await closed;
    await terminal.close();
    await logged(/t-0001 may not publish to hawker\/1\/t-0002\/up/);
  });

  test('lets in by certificate alone, and as whom it names', async () => {
    const { identity, credentials } = await freshTerminal('t-0001');
    const { broker } = identity;
    const { ca } = credentials;
    await assert.rejects(dial(broker, { ca }), /certificate required|ECONNRESET|closed/i);
    await assert.rejects(
      dial(broker, credentials, { username: 't-0002', password: 'x' }),
      /Not authorized/,
    );
    const merchant = await granted(gateway, { kind: 'merchant', subject: 'lin' });
    await assert.rejects(dial(broker, merchant), /Not authorized/);
    const plain = broker.replace('mqtts:', 'mqtt:');
    await assert.rejects(dial(plain, {}, { connectTimeout: 1000 }));
    const none = await dial(broker, credentials);
    await none.endAsync(true);
  });

  test('believes no other authority, and is not believed by who believes another', async () => {
    const { identity, credentials } = await freshTerminal('t-0001');
    const directory = mkdtempSync(join(tmpdir(), 'hawker-foreign-'));
    const foreign = await loadAuthority(directory, { clock, chance: systemChance });
    const { key, request } = await makeRequest('t-0001');
    const publicKey = await readRequest(request);
    assert.ok(publicKey);
    const holder = { kind: 'terminal', subject: 't-0001' } as const;
    const { pem: cert } = await foreign.issue(holder, [], publicKey);
    await assert.rejects(
      dial(identity.broker, { key, cert, ca: credentials.ca }),
      /unknown ca|ECONNRESET|closed|alert/i,
    );
    await assert.rejects(
      dial(identity.broker, { ...credentials, ca: foreign.certificate }),
      /self-signed|unable to verify/i,
    );
    rmSync(directory, { recursive: true, force: true });
  });

  test('a revoked terminal is out at once, its connection too, until it enrols anew', async () => {
    const { identity, credentials } = await freshTerminal('t-0001');
    const terminal = await Terminal.connect(identity, identity.broker, credentials);
    const closed = new Promise<void>((resolve) => terminal.client.once('close', resolve));
    const began = performance.now();
    const said = await operate(gateway, 'revocations', { kind: 'terminal', subject: 't-0001' });
    assert.equal(said.status, 200);
    await closed;
    assert.ok(performance.now() - began < 20_000);
    await terminal.close();
    await assert.rejects(dial(identity.broker, credentials), /Not authorized/);
    const crl = await (await fetch(`${gateway.http}/v1/identity/crl.pem`)).text();
    const list = await readCrl(credentials.ca, crl);
    const serial = new X509Certificate(credentials.cert).serialNumber.toLowerCase();
    assert.ok(list?.serials.includes(serial));
    const renewal = await call(`${gateway.http}/v1/certificates/renewals`, {
      body: { csr: writeRequest(credentials.key) },
    });
    assert.equal(renewal.body.code, 'code_refused');
    const back = await freshTerminal('t-0001');
    const again = await Terminal.connect(back.identity, back.identity.broker, back.credentials);
    await again.offer(makeOrder(back.identity));
    await again.close();
    await assert.rejects(dial(identity.broker, credentials), /Not authorized/);
  });

  test('enrolling anew ends what was before, its connection too', async () => {
    const { identity, credentials } = await freshTerminal('t-0002');
    const terminal = await Terminal.connect(identity, identity.broker, credentials);
    const closed = new Promise<void>((resolve) => terminal.client.once('close', resolve));
    await freshTerminal('t-0002');
    await closed;
    await terminal.close();
    await assert.rejects(dial(identity.broker, credentials), /Not authorized/);
  });

  test('renews for the same key when a third of the time is left, not before, not after', async () => {
    const { identity, credentials } = await freshTerminal('t-0002');
    const renew = () =>
      call(`${gateway.http}/v1/certificates/renewals`, {
        body: { csr: writeRequest(credentials.key) },
      });
    assert.equal((await renew()).body.certificate, credentials.cert);
    clock.ahead = 300 * DAY_MS;
    const next = await renew();
    assert.equal(next.status, 201);
    assert.notEqual(next.body.certificate, credentials.cert);
    assert.equal(Number(next.body.expires_at) > Date.now() + 600 * DAY_MS, true);
    clock.ahead = 700 * DAY_MS;
    assert.equal((await renew()).body.code, 'code_refused');
    clock.ahead = 366 * DAY_MS;
    await assert.rejects(dial(identity.broker, credentials), /Not authorized/);
    clock.ahead = 0;
  });

  test('codes for others are good for a day, once; only the operator makes them', async () => {
    const holder = { kind: 'merchant', subject: 'lin' } as const;
    const csr = writeRequest(makeKey());
    const bring = (code: unknown, key = freshKey()) =>
      call(`${gateway.http}/v1/certificates`, { body: { code, csr }, key });
    const late = await operate(gateway, 'codes', holder);
    clock.ahead = DAY_MS + 1000;
    assert.equal((await bring(late.body.code)).body.code, 'code_refused');
    clock.ahead = 0;
    const { body } = await operate(gateway, 'codes', holder);
    const key = freshKey();
    const first = await bring(body.code, key);
    assert.equal(
      new X509Certificate(String(first.body.certificate)).subject.split('\n')[0],
      'CN=merchant:lin',
    );
    assert.deepEqual((await bring(body.code, key)).body, first.body);
    assert.equal((await bring(body.code)).body.code, 'code_refused');
    const stranger = await operate({ ...gateway, operatorToken: 'x' }, 'codes', holder);
    assert.equal(stranger.body.code, 'operator_only');
    const nobody = await operate(gateway, 'revocations', { kind: 'merchant', subject: 'nobody' });
    assert.equal(nobody.body.code, 'unknown_holder');
    assert.equal((await operator(gateway, '/v1/ledger/trial-balance')).status, 200);
  });

  async function freshTerminal(subject: string) {
    const { body } = await operate(gateway, 'codes', { kind: 'terminal', subject });
    return certified(gateway.http, String(body.code));
  }
});
