/** Mosquitto with the gateway's authority: mutual TLS, the certificate's name as user, revocation. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { downlinkTopic, uplinkTopic } from '#device/messages/topics.ts';
import { freePort } from '#simulators/free-port.ts';
import { until } from '#test/until.ts';
import {
  bearerFor,
  makeOrder,
  operator,
  pay,
  RICH,
  startGateway,
  Terminal,
  type TestGateway,
} from './harness.ts';
import { certified, dial, granted, operate } from './identity-bench.ts';

const PROGRAM = ['/usr/sbin/mosquitto', '/usr/bin/mosquitto'].find((path) => existsSync(path));

/** The same lines as in docs/identity.md. */
const ACCESS = `user role:order-centre
topic read hawker/1/+/up
topic write hawker/1/+/down
topic read $SYS/broker/log/M/subscribe
pattern write hawker/1/%u/up
pattern read hawker/1/%u/down
`;

describe('an external broker over mutual TLS (Mosquitto)', () => {
  const directory = mkdtempSync(join(tmpdir(), 'hawker-mosquitto-tls-'));
  const file = (name: string): string => join(directory, name);
  let mosquitto: ChildProcess;
  let gateway: TestGateway;
  let port: number;

  const startBroker = async (): Promise<void> => {
    mosquitto = spawn(PROGRAM ?? '', ['-c', file('mosquitto.conf')], { stdio: 'ignore' });
    const before = gateway.logged.length;
    await until('the broker', () =>
      gateway.logged.slice(before).some(({ says }) => says === 'connected'),
    );
  };
  const stopBroker = async (): Promise<void> => {
    if (mosquitto.exitCode !== null) return;
    const ended = new Promise((resolve) => mosquitto.once('exit', resolve));
    mosquitto.kill('SIGTERM');
    await ended;
  };
  const keepList = async (): Promise<void> => {
    const list = await fetch(`${gateway.http}/v1/identity/crl.pem`);
    writeFileSync(file('crl.pem'), await list.text());
  };

  before(async () => {
    assert.ok(PROGRAM, 'mosquitto is missing: sudo apt-get install mosquitto');
    port = await freePort();
    gateway = await startGateway({
      broker: { kind: 'external', url: `mqtts://127.0.0.1:${port}` },
    });
    const server = await granted(gateway, { kind: 'server', subject: 'broker' }, ['127.0.0.1']);
    writeFileSync(file('key.pem'), server.key, { mode: 0o600 });
    writeFileSync(file('certificate.pem'), server.cert);
    writeFileSync(file('authority.pem'), server.ca);
    writeFileSync(file('access'), ACCESS, { mode: 0o600 });
    await keepList();
    writeFileSync(
      file('mosquitto.conf'),
      `listener ${port} 127.0.0.1
${process.getuid?.() === 0 ? 'user root' : ''}
allow_anonymous false
acl_file ${file('access')}
cafile ${file('authority.pem')}
certfile ${file('certificate.pem')}
keyfile ${file('key.pem')}
crlfile ${file('crl.pem')}
require_certificate true
use_identity_as_username true
set_tcp_nodelay true
log_dest topic
log_type subscribe
`,
    );
    await startBroker();
  });
  after(async () => {
    await gateway.close();
    await stopBroker();
    rmSync(directory, { recursive: true, force: true });
  });

  test('carries a whole sale, and keeps a terminal to its own topics', async () => {
    const { identity, credentials } = await certified(gateway.http);
    const other = await certified(gateway.http, 'CODE-0002');
    const terminal = await Terminal.connect(identity, identity.broker, credentials);
    const stranger = await Terminal.connect(
      other.identity,
      other.identity.broker,
      other.credentials,
    );
    const order = await terminal.offer(makeOrder(identity));
    const bearer = await bearerFor(gateway.http, terminal, order);
    assert.equal((await pay(gateway.http, order.number, bearer, RICH)).status, 201);
    assert.equal((await terminal.result(order.number)).outcome, 'paid');
    const foreign = makeOrder(identity);
    const message = terminal.seal({ kind: 'order', order: foreign });
    await stranger.client.publishAsync(uplinkTopic('t-0001'), message, { qos: 1 });
    await terminal.client.subscribeAsync(downlinkTopic('t-0002'), { qos: 1 });
    await stranger.offer(makeOrder(other.identity));
    assert.equal((await operator(gateway, `/v1/orders/${foreign.number}/trail`)).status, 404);
    assert.ok(terminal.heard.every((each) => each.terminal === 't-0001'));
    await Promise.all([terminal.close(), stranger.close()]);
  });

  test('lets nobody in without a certificate, nor whose is on the list', async () => {
    const { body } = await operate(gateway, 'codes', { kind: 'terminal', subject: 't-0001' });
    const { identity, credentials } = await certified(gateway.http, String(body.code));
    await assert.rejects(dial(identity.broker, { ca: credentials.ca }));
    const terminal = await Terminal.connect(identity, identity.broker, credentials);
    const order = await terminal.offer(makeOrder(identity));
    await operate(gateway, 'revocations', { kind: 'terminal', subject: 't-0001' });
    // What its open connection says counts no more, whatever the broker does.
    const late = makeOrder(identity);
    await terminal.say({ kind: 'order', order: late });
    await until('the refusal', () =>
      gateway.logged.some(({ says }) => /terminal is not enrolled/.test(says)),
    );
    assert.equal((await operator(gateway, `/v1/orders/${late.number}/trail`)).status, 404);
    assert.equal((await operator(gateway, `/v1/orders/${order.number}/trail`)).status, 200);
    await terminal.close();
    await keepList();
    await stopBroker();
    await startBroker();
    await assert.rejects(dial(identity.broker, credentials));
  });
});
