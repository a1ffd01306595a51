/**
 * The gateway's own broker (MQTT 3.1.1). A PUBLISH is acknowledged when the store has committed it;
 * one that is refused is acknowledged too, because sending it again would not help.
 */
import { createServer, type Server, Socket } from 'node:net';
import { Aedes, type AuthenticateError, type Client, type PublishPacket } from 'aedes';
import { readTopic } from '#device/messages/topics.ts';
import type { Log } from '../log.ts';
import type { Downlinks } from '../notify/downlinks.ts';
import { reachable } from '../reachable.ts';
import type { Registry } from '../terminals/registry.ts';
import type { MqttDoor } from './door.ts';
import type { Uplinks } from './uplinks.ts';

export interface EmbeddedSettings {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
}

export interface DoorParts {
  readonly registry: Registry;
  readonly uplinks: Uplinks;
  readonly downlinks: Downlinks;
  readonly log: Log;
}

/** How long a connection may be silent before it says who it is. */
const CONNECT_TIMEOUT_MS = 5000;
const BAD_PASSWORD = 4;
const IDENTIFIER_REJECTED = 2;

/** Listens, or rejects with the operating system's error. */
export async function openEmbeddedBroker(
  settings: EmbeddedSettings,
  parts: DoorParts,
): Promise<MqttDoor> {
  const broker = await Aedes.createBroker({ connectTimeout: CONNECT_TIMEOUT_MS });
  const terminals = new WeakMap<Client, string>();
  authenticateWith(broker, terminals, parts);
  authorise(broker, terminals, parts);
  watch(broker, terminals, parts);
  parts.downlinks.attach({
    send: (terminal, topic, message) => {
      const listens = Object.values(clientsOf(broker)).some(
        (client) => terminals.get(client) === terminal && topic in subscriptionsOf(client),
      );
      if (listens) {
        const payload = Buffer.from(message);
        const head = { cmd: 'publish', qos: 1, dup: false, retain: false } as const;
        broker.publish({ ...head, topic, payload }, () => undefined);
      }
      return listens;
    },
  });
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    broker.handle(socket);
  });
  const port = await listen(server, settings);
  return {
    url: `mqtt://${reachable(settings.host)}:${port}`,
    close: () => closeBroker(broker, server),
  };
}

// Aedes keeps both, documented in its README, though its types leave them out.
const clientsOf = (broker: Aedes): Readonly<Record<string, Client>> =>
  (broker as unknown as { clients: Record<string, Client> }).clients;
const subscriptionsOf = (client: Client): object =>
  (client as unknown as { subscriptions: object }).subscriptions;

function authenticateWith(
  broker: Aedes,
  terminals: WeakMap<Client, string>,
  { registry, log }: DoorParts,
): void {
  broker.preConnect = (_client, packet, done) => {
    // Sessions are not kept: the outbox is the memory. A will would speak for a dead terminal.
    packet.clean = true;
    delete packet.will;
    done(null, true);
  };
  broker.authenticate = (client, username, password, done) => {
    const terminal = username ?? '';
    const refuse = (says: string, mend: string, returnCode: number): void => {
      log({ level: 'warn', place: `mqtt ${addressOf(client)}`, says, mend });
      done(Object.assign(new Error(says), { returnCode }) as AuthenticateError, null);
    };
    if (!registry.admits(terminal, password?.toString('utf8') ?? '')) {
      return refuse(
        `${JSON.stringify(terminal.slice(0, 40))} is not let in: unknown or wrong password`,
        'enrol the terminal with a new code',
        BAD_PASSWORD,
      );
    }
    const holder = clientsOf(broker)[client.id];
    const other = holder === undefined ? undefined : terminals.get(holder);
    const named = client.id !== terminal && registry.keys(client.id) !== undefined;
    // A client identifier takes over the connection that has it: never another terminal's.
    if (named || (other !== undefined && other !== terminal)) {
      return refuse(
        `${terminal} uses the client identifier of another terminal`,
        'use the terminal id as client identifier',
        IDENTIFIER_REJECTED,
      );
    }
    terminals.set(client, terminal);
    done(null, true);
  };
}

function authorise(
  broker: Aedes,
  terminals: WeakMap<Client, string>,
  { uplinks, log }: DoorParts,
): void {
  broker.authorizePublish = (client, packet, done) => {
    const terminal = client === null ? undefined : terminals.get(client);
    const topic = readTopic(packet.topic);
    if (terminal === undefined || topic?.terminal !== terminal || topic.direction !== 'up') {
      const says = `${terminal ?? 'nobody'} may not publish to ${packet.topic.slice(0, 80)}`;
      log({ level: 'warn', place: 'mqtt', says, mend: 'publish to its own uplink topic' });
      return done(new Error(says));
    }
    packet.retain = false;
    uplinks.handle(terminal, bytesOf(packet)).then(
      () => done(null),
      (error: unknown) => {
        const says = `not acknowledged: ${String(error)}`;
        log({ level: 'error', place: `mqtt ${packet.topic}`, says, mend: 'look at the disk' });
        done(error instanceof Error ? error : new Error(says));
      },
    );
  };
  broker.authorizeSubscribe = (client, subscription, done) => {
    const topic = readTopic(subscription.topic);
    const own = topic?.terminal === terminals.get(client) && topic?.direction === 'down';
    if (!own) {
      const says = `${terminals.get(client)} may not read ${subscription.topic.slice(0, 80)}`;
      log({ level: 'warn', place: 'mqtt', says, mend: 'subscribe to its own downlink topic' });
    }
    done(null, own ? subscription : null);
  };
}

function watch(
  broker: Aedes,
  terminals: WeakMap<Client, string>,
  { downlinks, log }: DoorParts,
): void {
  broker.on('subscribe', (subscriptions, client) => {
    const terminal = terminals.get(client);
    const granted = subscriptions.some(({ topic }) => readTopic(topic)?.terminal === terminal);
    if (terminal !== undefined && granted) downlinks.arrived(terminal);
  });
  const tell = (client: Client | null, error: Error): void =>
    log({
      level: 'info',
      place: `mqtt ${client === null ? '' : (terminals.get(client) ?? addressOf(client))}`.trim(),
      says: `connection ended: ${error.message}`,
    });
  broker.on('clientError', tell);
  broker.on('connectionError', tell);
}

const bytesOf = (packet: PublishPacket): Uint8Array =>
  typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;

const addressOf = (client: Client): string =>
  client.conn instanceof Socket ? (client.conn.remoteAddress ?? 'gone') : 'unknown';

function listen(server: Server, { host, port }: EmbeddedSettings): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

async function closeBroker(broker: Aedes, server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  await new Promise<void>((resolve) => broker.close(() => resolve()));
  await closed;
}
