import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { downlinkTopic, uplinkTopic } from '#device/messages/topics.ts';
import { systemChance } from '#gateway/clock.ts';
import { passwordLine } from '#gateway/terminals/broker-passwords.ts';
import { freePort } from '#simulators/free-port.ts';
import { until } from '#test/until.ts';
import {
  bearerFor,
  enrol,
  makeOrder,
  operator,
  pay,
  RICH,
  startGateway,
  Terminal,
  type TestGateway,
} from './harness.ts';

const PROGRAM = ['/usr/sbin/mosquitto', '/usr/bin/mosquitto'].find((path) => existsSync(path));

/** The same lines as in docs/gateway.md. */
const ACCESS = `user gateway
topic read hawker/1/+/up
topic write hawker/1/+/down
topic read $SYS/broker/log/M/subscribe
pattern write hawker/1/%u/up
pattern read hawker/1/%u/down
`;

describe('an external broker (Mosquitto)', () => {
  let directory: string;
  let mosquitto: ChildProcess;
  let gateway: TestGateway;
  let terminal: Terminal;
  let stranger: Terminal;
  let passwords: string;
  let broker: string;
  const startBroker = (): ChildProcess => {
    const program = PROGRAM ?? '';
    const child = spawn(program, ['-c', join(directory, 'mosquitto.conf')], { stdio: 'ignore' });
    return child;
  };
  const stopBroker = async (): Promise<void> => {
    const ended = new Promise((resolve) => mosquitto.once('exit', resolve));
    mosquitto.kill('SIGTERM');
    await ended;
  };

  before(async () => {
    assert.ok(PROGRAM, 'mosquitto is missing: sudo apt-get install mosquitto');
    directory = mkdtempSync(join(tmpdir(), 'hawker-mosquitto-'));
    passwords = join(directory, 'passwords');
    const port = await freePort();
    broker = `mqtt://127.0.0.1:${port}`;
    writeFileSync(passwords, passwordLine('gateway', 'secret', systemChance), { mode: 0o600 });
    writeFileSync(join(directory, 'access'), ACCESS, { mode: 0o600 });
    writeFileSync(
      join(directory, 'mosquitto.conf'),
      `listener ${port} 127.0.0.1
user ${process.getuid?.() === 0 ? 'root' : ''}
allow_anonymous false
password_file ${passwords}
acl_file ${join(directory, 'access')}
set_tcp_nodelay true
log_dest topic
log_type subscribe
`.replace('user \n', ''),
    );
    mosquitto = startBroker();
    gateway = await startGateway({
      broker: { kind: 'external', url: broker, username: 'gateway', password: 'secret' },
    });
    await until('the broker', () => gateway.logged.some(({ says }) => says === 'connected'));
    const identity = await enrol(gateway.http);
    const other = await enrol(gateway.http, 'CODE-0002');
    assert.equal(identity.broker, broker);
    const file = await fetch(`${gateway.http}/v1/broker/passwords`, {
      headers: { authorization: `Bearer ${gateway.operatorToken}` },
    });
    appendFileSync(passwords, await file.text());
    mosquitto.kill('SIGHUP');
    terminal = await Terminal.connect(identity);
    stranger = await Terminal.connect(other);
  });
  after(async () => {
    await terminal.close();
    await stranger.close();
    await gateway.close();
    await stopBroker();
    rmSync(directory, { recursive: true, force: true });
  });

  test('tells the time as soon as a terminal subscribes', async () => {
    await until('time', () => terminal.heard.find(({ kind }) => kind === 'time'));
  });

  test('carries a whole sale', async () => {
    const order = await terminal.offer(makeOrder(terminal.identity));
    const bearer = await bearerFor(gateway.http, terminal, order);
    assert.equal((await pay(gateway.http, order.number, bearer, RICH)).status, 201);
    assert.equal((await terminal.result(order.number)).outcome, 'paid');
    await until('seen', async () => {
      const { body } = await operator(gateway, `/v1/orders/${order.number}/trail`);
      return (body.events as { kind: string }[]).some(({ kind }) => kind === 'seen');
    });
  });

  test('its access list keeps a terminal to its own topics', async () => {
    const order = { ...makeOrder(terminal.identity), terminal: 't-0002' };
    // Mosquitto acknowledges a denied PUBLISH silently: the receipt is what counts.
    await terminal.client.publishAsync(
      uplinkTopic('t-0002'),
      terminal.seal({ kind: 'order', order }),
      { qos: 1 },
    );
    const own = await terminal.offer(makeOrder(terminal.identity));
    assert.ok(own);
    assert.equal((await operator(gateway, `/v1/orders/${order.number}/trail`)).status, 404);
    // It grants a subscription too, and then delivers nothing.
    await terminal.client.subscribeAsync(downlinkTopic('t-0002'), { qos: 1 });
    await stranger.offer(makeOrder(stranger.identity));
    await terminal.offer(makeOrder(terminal.identity));
    assert.ok(terminal.heard.every((each) => each.terminal === 't-0001'));
  });

  test('a result made while the broker was away comes when it is back', async () => {
    const order = await terminal.offer(makeOrder(terminal.identity));
    const bearer = await bearerFor(gateway.http, terminal, order);
    await stopBroker();
    await until('offline', () => gateway.logged.some(({ says }) => says.startsWith('offline')));
    const paid = await pay(gateway.http, order.number, bearer, RICH);
    assert.equal(paid.body.outcome, 'paid');
    mosquitto = startBroker();
    assert.equal((await terminal.result(order.number)).payment, paid.body.payment);
  });
});
