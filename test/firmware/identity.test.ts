/** Who a terminal is: enrolled with a key of its own, over mutual TLS, and as it was before that. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { type Identity, identitySchema } from '#device/messages/enrolment.ts';
import { systemClock } from '#firmware/clock.ts';
import { credentialsOf, EnrolmentError, identify } from '#firmware/identity.ts';
import { keepCertificate } from '#firmware/renewal.ts';
import { startGateway, type TestGateway } from '#test/gateway/harness.ts';
import { operate } from '#test/gateway/identity-bench.ts';
import { HOME } from '#test/tidy/sources.ts';
import { until } from '#test/until.ts';

const DAY_MS = 86_400_000;

describe('identity', () => {
  const home = mkdtempSync(join(tmpdir(), 'hawker-identity-'));
  let gateway: TestGateway;
  let number = 0;
  const fresh = (): string => {
    number += 1;
    const directory = join(home, String(number));
    mkdirSync(directory);
    return directory;
  };
  const code = async (subject = 't-0001'): Promise<string> =>
    String((await operate(gateway, 'codes', { kind: 'terminal', subject })).body.code);

  before(async () => {
    gateway = await startGateway({ broker: { kind: 'embedded', host: '127.0.0.1', port: 0 } });
  });
  after(async () => {
    await gateway.close();
    rmSync(home, { recursive: true, force: true });
  });

  test('makes its key itself, keeps it to itself, and has it certified', async () => {
    const data = fresh();
    const identity = await identify(data, { code: await code(), gateway: gateway.http });
    assert.match(identity.broker, /^mqtts:/);
    for (const file of ['identity.key', 'identity.json']) {
      assert.equal(statSync(join(data, file)).mode & 0o777, 0o600, file);
    }
    const credentials = credentialsOf(data, identity);
    assert.ok(credentials);
    const certificate = new X509Certificate(credentials.cert);
    assert.match(certificate.subject, /^CN=t-0001$/m);
    assert.doesNotMatch(readFileSync(join(data, 'identity.json'), 'utf8'), /PRIVATE KEY/);
    assert.deepEqual(await identify(data, { code: undefined, gateway: undefined }), identity);
  });

  test('an answer that was lost is asked for again, with the same code and key', async () => {
    const data = fresh();
    const enrolment = { code: await code(), gateway: gateway.http };
    // The gateway answered, and the power went before the answer was kept.
    const first = await identify(data, enrolment);
    rmSync(join(data, 'identity.json'));
    assert.deepEqual(await identify(data, enrolment), first);
  });

  test('an identity from before there were certificates still loads', async () => {
    const data = fresh();
    const identity = await identify(data, { code: await code(), gateway: gateway.http });
    const { certificate: _certificate, authority: _authority, ...old } = identity;
    writeFileSync(join(data, 'identity.json'), JSON.stringify(old));
    rmSync(join(data, 'identity.key'));
    const again = await identify(data, { code: undefined, gateway: undefined });
    assert.deepEqual(again, old);
    assert.equal(credentialsOf(data, again), null);
  });

  test('a lost key is named with its mend', async () => {
    const data = fresh();
    const identity = await identify(data, { code: await code(), gateway: gateway.http });
    rmSync(join(data, 'identity.key'));
    assert.throws(() => credentialsOf(data, identity), EnrolmentError);
  });

  test('renews its certificate when a third of its time is left, and keeps the new one', async () => {
    const data = fresh();
    const identity = await identify(data, { code: await code(), gateway: gateway.http });
    const renewed = new X509Certificate(identity.certificate ?? '');
    const asked: unknown[] = [];
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        asked.push(request.url, JSON.parse(Buffer.concat(parts).toString('utf8')));
        const next = identity.certificate?.replace(/\n$/, '\n\n');
        response.writeHead(201).end(JSON.stringify({ certificate: next }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    const at = { ...identity, pay_url: `http://127.0.0.1:${address.port}/p/` };
    const look = (ahead: number) =>
      keepCertificate({
        keepCardKeys: async () => undefined,
        ...{ dataDirectory: data, identity: at, log: () => undefined },
        clock: { now: () => Date.now() + ahead, after: systemClock.after },
      });
    const early = look(0);
    early.close();
    const late = look(300 * DAY_MS);
    const next = await until('the next certificate', () => {
      const cert = late.credentials()?.cert;
      return cert !== undefined && cert !== identity.certificate ? cert : null;
    });
    late.close();
    server.close();
    assert.equal(asked.length, 2, 'the early one did not ask');
    assert.equal(asked[0], '/v1/certificates/renewals');
    const kept: Identity = identitySchema.parse(
      JSON.parse(readFileSync(join(data, 'identity.json'), 'utf8')),
    );
    assert.equal(kept.certificate, next);
    assert.ok(Date.parse(renewed.validTo) > Date.now());
  });

  test('the program goes online over mutual TLS, is put out, and comes back with a new code', async () => {
    const data = fresh();
    const first = start(data, await code('t-0002'));
    await first.says('online');
    const began = performance.now();
    const { status } = await operate(gateway, 'revocations', {
      kind: 'terminal',
      subject: 't-0002',
    });
    assert.equal(status, 200);
    await first.says('offline');
    assert.ok(performance.now() - began < 40_000, 'long before a minute is over');
    await first.end();
    // A new code is for a terminal that starts anew; its journal stays.
    rmSync(join(data, 'identity.json'));
    rmSync(join(data, 'enrolment-request'));
    const second = start(data, await code('t-0002'));
    await second.says('online');
    await second.end();
    assert.ok(existsSync(join(data, 'identity.key')));
  });

  function start(data: string, enrolmentCode: string) {
    const args = ['firmware/main.ts', '--board', 'simulated'];
    const child: ChildProcess = spawn(
      process.execPath,
      [...args, '--data', data, '--enrol', enrolmentCode, '--gateway', gateway.http],
      { cwd: HOME, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const said: string[] = [];
    createInterface({ input: child.stdout ?? process.stdin }).on('line', (line) => {
      said.push(String(JSON.parse(line).event));
    });
    let complaint = '';
    child.stderr?.on('data', (text) => {
      complaint += String(text);
    });
    return {
      says: (event: string) => until(`${event} (${complaint})`, () => said.includes(event), 15_000),
      end: () =>
        new Promise<void>((resolve) => {
          child.once('exit', () => resolve());
          child.kill('SIGTERM');
        }),
    };
  }
});
