import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { connectAsync, type IClientOptions } from 'mqtt';
import { base64url } from '#device/codecs/bytes.ts';
import { seal } from '#device/codecs/jws.ts';
import { deriveKeys } from '#device/codecs/keys.ts';
import { downlinkTopic, uplinkTopic } from '#device/messages/topics.ts';
import { systemChance, systemClock } from '#gateway/clock.ts';
import { type Core, openCore } from '#gateway/core.ts';
import { deriveGatewayKeys } from '#gateway/keys.ts';
import { openEmbeddedBroker } from '#gateway/mqtt/embedded.ts';
import { applySeed, seedSchema } from '#gateway/seed.ts';
import { until } from '#test/until.ts';
import {
  enrol,
  makeOrder,
  operator,
  SEED,
  startGateway,
  Terminal,
  type TestGateway,
} from './harness.ts';

describe('the embedded broker', () => {
  let gateway: TestGateway;
  let terminal: Terminal;
  let stranger: Terminal;
  const credentials = (at: Terminal): IClientOptions => ({
    username: at.identity.terminal,
    password: base64url(deriveKeys(at.identity.secret).broker),
    reconnectPeriod: 0,
  });
  const logged = (pattern: RegExp) =>
    until(`a log entry like ${pattern}`, () =>
      gateway.logged.find(({ says }) => pattern.test(says)),
    );

  before(async () => {
    gateway = await startGateway();
    terminal = await Terminal.connect(await enrol(gateway.http));
    stranger = await Terminal.connect(await enrol(gateway.http, 'CODE-0002'));
  });
  after(async () => {
    await terminal.close();
    await stranger.close();
    await gateway.close();
  });

  test('tells the time at each subscription', async () => {
    await until('time', () => terminal.heard.find(({ kind }) => kind === 'time'));
    const count = terminal.heard.length;
    await terminal.client.unsubscribeAsync(downlinkTopic('t-0001'));
    await terminal.client.subscribeAsync(downlinkTopic('t-0001'), { qos: 1 });
    await until('time again', () => terminal.heard.length > count);
    const time = terminal.heard.at(-1);
    assert.ok(time !== undefined && Math.abs(time.gateway_time - Date.now()) < 20_000);
  });

  test('lets in only who knows the password', async () => {
    for (const [username, password] of [
      ['t-0001', 'guess'],
      ['t-0001', credentials(stranger).password],
      ['t-9999', 'x'],
      [undefined, undefined],
    ] as const) {
      const options: IClientOptions = { reconnectPeriod: 0 };
      if (username !== undefined) Object.assign(options, { username, password });
      await assert.rejects(connectAsync(gateway.mqtt, options), /Not authorized|user ?name/i);
    }
    await logged(/not let in/);
  });

  test('does not let a terminal take over the connection of another', async () => {
    for (const clientId of ['t-0001', terminal.client.options.clientId ?? '']) {
      await assert.rejects(
        connectAsync(gateway.mqtt, { ...credentials(stranger), clientId }),
        /Identifier rejected/i,
      );
    }
    assert.equal(terminal.client.connected, true);
  });

  test('ends the connection of who publishes to a foreign topic, and records nothing', async () => {
    const order = makeOrder(terminal.identity);
    const client = await connectAsync(gateway.mqtt, credentials(stranger));
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    client.on('error', () => undefined);
    client.publish(uplinkTopic('t-0001'), terminal.seal({ kind: 'order', order }), { qos: 1 });
    await closed;
    await client.endAsync(true);
    await logged(/may not publish to hawker\/1\/t-0001\/up/);
    const { status } = await operator(gateway, `/v1/orders/${order.number}/trail`);
    assert.equal(status, 404);
  });

  test('refuses to let a terminal read what is not its own', async () => {
    const client = await connectAsync(gateway.mqtt, credentials(stranger));
    for (const topic of [downlinkTopic('t-0001'), 'hawker/1/+/up', '#', '$SYS/#']) {
      await assert.rejects(
        client.subscribeAsync(topic, { qos: 1 }),
        /Unspecified error|128/,
        topic,
      );
    }
    await client.endAsync(true);
  });

  test('an uplink that is forged, replayed elsewhere, or malformed is refused with its path', async () => {
    const order = makeOrder(terminal.identity);
    const key = deriveKeys(terminal.identity.secret).uplink;
    const cases: [message: string, says: RegExp][] = [
      [stranger.seal({ kind: 'order', order }), /wrong signature/],
      [seal('EdDSA', key, { kind: 'order', order }), /wrong algorithm/],
      ['hello', /malformed/],
      ['x'.repeat(70_000), /70000 bytes/],
      [
        terminal.seal({ kind: 'order', order: { ...order, amount_minor: 1 } }),
        /order\.amount_minor: must be the sum/,
      ],
      [
        terminal.seal({
          kind: 'order',
          order: { ...order, lines: [{ quantity: 0.5, unit_minor: 1 }] },
        }),
        /order\.lines\[0\]\.quantity/,
      ],
      [terminal.seal({ kind: 'refund', order }), /kind/],
      [
        terminal.seal({ kind: 'order', order: { ...order, terminal: 't-0002' } }),
        /order\.terminal: is t-0002/,
      ],
      [terminal.seal(null), /./],
    ];
    for (const [message, says] of cases) {
      gateway.logged.length = 0;
      await terminal.client.publishAsync(uplinkTopic('t-0001'), message, { qos: 1 });
      const entry = await logged(says);
      assert.equal(entry.place, 'mqtt hawker/1/t-0001/up');
      assert.ok(entry.mend);
    }
    const { status } = await operator(gateway, `/v1/orders/${order.number}/trail`);
    assert.equal(status, 404);
    await terminal.offer(order);
  });

  test('a replayed uplink changes nothing', async () => {
    const order = await terminal.offer(makeOrder(terminal.identity));
    const message = terminal.seal({ kind: 'order', order });
    await terminal.client.publishAsync(uplinkTopic('t-0001'), message, { qos: 1 });
    await terminal.receipt(order.number, 'already_recorded');
    const { body } = await operator(gateway, `/v1/orders/${order.number}/trail`);
    assert.equal((body.events as unknown[]).length, 1);
  });
});

describe('PUBACK', () => {
  let core: Core;
  let commits: (() => void)[] = [];
  before(async () => {
    core = openCore({
      database: ':memory:',
      keys: deriveGatewayKeys(new Uint8Array(32)),
      clock: systemClock,
      chance: systemChance,
      log: () => undefined,
      defer: (then) => commits.push(then),
    });
  });
  const commit = (): void => {
    const waiting = commits;
    commits = [];
    for (const each of waiting) each();
  };
  /** Commits whatever is queued until the work is done. */
  const committing = async <T>(work: Promise<T>): Promise<T> => {
    let done = false;
    const ended = work.finally(() => {
      done = true;
    });
    while (!done) {
      commit();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return ended;
  };

  test('comes after the commit, not before', async () => {
    await committing(applySeed(core, seedSchema.parse(SEED)));
    const door = await openEmbeddedBroker({ host: '127.0.0.1', port: 0 }, core);
    const addresses = { broker: door.url, payUrl: 'http://127.0.0.1:1/p/' };
    const answer = await committing(core.enrol({ code: 'CODE-0001' }, null, addresses));
    assert.ok(answer.ok);
    const terminal = await Terminal.connect(answer.identity);
    const order = makeOrder(answer.identity);
    let acknowledged = false;
    const said = terminal.say({ kind: 'order', order }).then(() => {
      acknowledged = true;
    });
    await until('the order to wait for its commit', () => commits.length > 0);
    // The broker answers a ping sent after the PUBLISH: it had time to acknowledge, and did not.
    await new Promise<void>((resolve) => {
      terminal.client.on('packetreceive', (packet) => {
        if (packet.cmd === 'pingresp') resolve();
      });
      terminal.client.sendPing();
    });
    assert.equal(acknowledged, false);
    assert.equal(core.tables.orders.find(order.number), undefined);
    commit();
    await said;
    assert.equal(core.tables.orders.find(order.number)?.state, 'offered');
    await terminal.close();
    await door.close();
    core.close();
  });
});
