/** The network cable carries MQTT unharmed between a real client and a real broker, and its faults bite. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { Aedes } from 'aedes';
import { connectAsync, type MqttClient } from 'mqtt';
import { NetworkWire } from '#simulators/network/proxy.ts';
import type { WireEvent } from '#simulators/wire.ts';
import { until } from '#test/until.ts';

const TOPIC = 'hawker/1/t-1/up';

describe('network cable', () => {
  const events: WireEvent[] = [];
  let broker: Aedes;
  let server: Server;
  let wire: NetworkWire;
  const clients: MqttClient[] = [];

  before(async () => {
    broker = await Aedes.createBroker();
    server = createServer(broker.handle);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    wire = await NetworkWire.open({
      target: `mqtt://127.0.0.1:${address.port}`,
      watch: (event) => events.push(event),
    });
  });

  after(async () => {
    for (const client of clients) client.end(true);
    await wire.close();
    broker.close();
    server.close();
  });

  async function join(): Promise<MqttClient> {
    const client = await connectAsync(wire.url, { reconnectPeriod: 20, connectTimeout: 1000 });
    clients.push(client);
    return client;
  }

  const next = (client: MqttClient, event: 'close' | 'connect'): Promise<void> =>
    new Promise((resolve) => client.once(event, () => resolve()));
  const seen = (text: string): boolean => events.some((event) => event.text.includes(text));

  test('a message arrives whole and the trace tells it', async () => {
    const client = await join();
    await client.subscribeAsync(TOPIC, { qos: 1 });
    const heard = new Promise<Buffer>((resolve) =>
      client.once('message', (_topic, payload) => resolve(payload)),
    );
    await client.publishAsync(TOPIC, 'x'.repeat(20_000), { qos: 1 });
    assert.equal(String(await heard), 'x'.repeat(20_000));
    assert.ok(seen('CONNACK welcome') && seen(`${TOPIC}: 20000 bytes`));
    await client.endAsync();
  });

  test('unplugged it refuses, replugged the client comes back by itself', async () => {
    const client = await join();
    const closed = next(client, 'close');
    await wire.apply({ fault: 'unplug' });
    await closed;
    assert.equal(client.connected, false);
    const back = next(client, 'connect');
    await wire.apply({ fault: 'replug' });
    await back;
    await client.endAsync();
  });

  test('a swallowed acknowledgement makes the client send again', async () => {
    const client = await join();
    await wire.apply({ fault: 'drop', packet: 'puback', direction: 'in', nth: 1 });
    const published = client.publishAsync(TOPIC, 'once', { qos: 1 });
    await until('the acknowledgement to be swallowed', () => seen('(swallowed)'));
    await wire.apply({ fault: 'unplug' });
    await wire.apply({ fault: 'clear' });
    await published;
    const sent = events.filter((event) => event.text.endsWith(`${TOPIC}: 4 bytes`));
    assert.equal(sent.length, 2, 'the same message, twice');
    await client.endAsync();
  });

  test('loss resets connections, noise is refused with the reason', async () => {
    const client = await join();
    const closed = next(client, 'close');
    await wire.apply({ fault: 'loss', probability: 1 });
    client.publish(TOPIC, 'lost', { qos: 1 });
    await closed;
    await wire.apply({ fault: 'clear' });
    await assert.rejects(wire.apply({ fault: 'noise', probability: 0.1 }), /checksum/);
    await client.endAsync(true);
  });
});
