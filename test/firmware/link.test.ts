/** The link to the gateway on a real broker: it comes up, carries, breaks and comes back. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { Aedes } from 'aedes';
import { downlinkTopic, uplinkTopic } from '#device/messages/topics.ts';
import type { Link } from '#device/ports/link.ts';
import { systemChance, systemClock } from '#firmware/clock.ts';
import { openLink } from '#firmware/link.ts';
import { until } from '#test/until.ts';

const system = { clock: systemClock, chance: systemChance };

describe('link', () => {
  const heard: string[] = [];
  const published: { topic: string; text: string }[] = [];
  const sockets = new Set<Socket>();
  let ups = 0;
  let downs: string[] = [];
  let broker: Aedes;
  let server: Server;
  let port = 0;
  let link: Link;

  async function listen(): Promise<void> {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      broker.handle(socket);
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    port = address.port;
  }

  before(async () => {
    broker = await Aedes.createBroker();
    broker.authenticate = (_client, user, password, done) =>
      done(null, /^t-000[12]$/.test(user ?? '') && String(password) === 'secret');
    broker.on('publish', ({ topic, payload }, client) => {
      if (client !== null) published.push({ topic, text: String(payload) });
    });
    await listen();
    link = openLink(
      { broker: `mqtt://127.0.0.1:${port}`, terminal: 't-0001', password: 'secret', ...system },
      {
        up: () => {
          ups += 1;
        },
        down: (why) => void downs.push(why),
        message: (token) => void heard.push(token),
      },
    );
  });

  after(async () => {
    await link.close();
    for (const socket of sockets) socket.destroy();
    server.close();
    await new Promise<void>((resolve) => broker.close(resolve));
  });

  const send = (text: string): Promise<void> =>
    new Promise((resolve) => {
      broker.publish(
        {
          cmd: 'publish',
          topic: downlinkTopic('t-0001'),
          payload: Buffer.from(text),
          qos: 1,
          retain: false,
          dup: false,
        },
        () => resolve(),
      );
    });

  test('comes up when it is subscribed, so that nothing sent then is missed', async () => {
    await until('the link', () => ups === 1);
    await send('receipt');
    await until('the message', () => heard.includes('receipt'));
  });

  test('publishes below the terminal’s own name', async () => {
    link.publish('order');
    const seen = await until('the publish', () => published.find(({ text }) => text === 'order'));
    assert.equal(seen.topic, uplinkTopic('t-0001'));
  });

  test('says that it is down, takes what it can’t send, and comes back by itself', async () => {
    downs = [];
    for (const socket of sockets) socket.destroy();
    server.close();
    await until('the loss', () => downs.length > 0);
    link.publish('into the void');
    await listen();
    await until('the link again', () => ups === 2);
    await send('after the outage');
    await until('the message', () => heard.includes('after the outage'));
    link.publish('sent again');
    await until('the publish', () => published.some(({ text }) => text === 'sent again'));
    // What was published while it was down is the flow's to repeat, not the library's.
    assert.equal(
      published.some(({ text }) => text === 'into the void'),
      false,
    );
  });

  test('comes back where what it sent was never acknowledged, and subscribing is cut short', async (t) => {
    let connections = 0;
    const resent: number[] = [];
    const wire = createServer((near) => {
      connections += 1;
      const at = connections;
      const far = connect(port, '127.0.0.1');
      for (const socket of [near, far]) socket.on('error', () => undefined);
      near.on('close', () => far.destroy());
      far.on('close', () => near.destroy());
      // PUBACK, SUBSCRIBE and PUBLISH of QoS 1 (MQTT 3.1.1 §2.2.1), each in a segment of its own.
      far.on('data', (bytes) => void (bytes[0] !== 0x40 && near.write(bytes)));
      near.on('data', (bytes) => {
        if (at === 2 && bytes[0] === 0x82) return void near.resetAndDestroy();
        if (at > 1 && ((bytes[0] ?? 0) & 0xf0) === 0x30) resent.push(at);
        far.write(bytes);
        if (at === 1 && bytes[0] === 0x32) near.resetAndDestroy();
      });
    });
    t.after(() => wire.close());
    wire.listen(0, '127.0.0.1');
    await once(wire, 'listening');
    const address = wire.address();
    assert.ok(address !== null && typeof address === 'object');
    let ups = 0;
    const other: Link = openLink(
      {
        broker: `mqtt://127.0.0.1:${address.port}`,
        terminal: 't-0002',
        password: 'secret',
        ...system,
      },
      {
        up: () => {
          ups += 1;
          if (ups === 1) other.publish('an order');
        },
        down: () => undefined,
        message: () => undefined,
      },
    );
    t.after(() => other.close());
    await until('the link to be up again', () => ups === 2);
    assert.equal(connections, 3);
    assert.deepEqual(resent, [], 'what to send again is for the flow to say');
  });

  test('a refused password is a reason, not an exception', async () => {
    const reasons: string[] = [];
    const stranger = openLink(
      { broker: `mqtt://127.0.0.1:${port}`, terminal: 't-0001', password: 'guess', ...system },
      { up: () => assert.fail('let in'), down: (why) => void reasons.push(why), message() {} },
    );
    await until('the refusal', () => reasons.some((why) => /not authori[sz]ed/i.test(why)));
    await stranger.close();
  });

  test('a gateway that lets it in and cuts it off is knocked at less and less', async (t) => {
    const at: number[] = [];
    const wire = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      for (const socket of [near, far]) socket.on('error', () => undefined);
      near.on('close', () => far.destroy());
      far.pipe(near);
      near.on('data', (bytes) => {
        far.write(bytes);
        // As a store that is full: no acknowledgement, and the end.
        if (bytes[0] === 0x32) near.destroy();
      });
    });
    t.after(() => wire.close());
    wire.listen(0, '127.0.0.1');
    await once(wire, 'listening');
    const address = wire.address();
    assert.ok(address !== null && typeof address === 'object');
    const lucky = { bytes: (count: number) => new Uint8Array(count) };
    const cut: Link = openLink(
      {
        broker: `mqtt://127.0.0.1:${address.port}`,
        ...{ terminal: 't-0002', password: 'secret', clock: systemClock, chance: lucky },
      },
      {
        up: () => {
          at.push(performance.now());
          cut.publish('an order');
        },
        down: () => undefined,
        message: () => undefined,
      },
    );
    t.after(() => cut.close());
    await until('three connections', () => at.length === 3);
    const [first = 0, second = 0, third = 0] = at;
    assert.ok(second - first >= 490, `${second - first} ms`);
    assert.ok(third - second >= 980, `${third - second} ms`);
  });
});
