/**
 * The gateway's own broker (MQTT 3.1.1). A PUBLISH is acknowledged when the store has committed it;
 * one that is refused is acknowledged too, because sending it again would not help.
 */
import { createServer, type Server, Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { Aedes, type AuthenticateError, type Client, type PublishPacket } from 'aedes';
import type { TerminalKeys } from '#device/codecs/keys.ts';
import { readTopic } from '#device/messages/topics.ts';
import type { Clock } from '../clock.ts';
import type { OwnCertificate } from '../identity/own.ts';
import { peerOf, type Trust } from '../identity/trust.ts';
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
  /** What it shows; without it the door is plain, and terminals prove themselves by password. */
  readonly own?: OwnCertificate | undefined;
}

export interface DoorParts {
  readonly clock: Pick<Clock, 'after'>;
  /** Whose certificates count; `null` where there are none. */
  readonly identity: Trust | null;
  readonly registry: Registry;
  readonly uplinks: Uplinks;
  readonly downlinks: Downlinks;
  readonly log: Log;
}

/** How long a connection may be silent before it says who it is. */
const CONNECT_TIMEOUT_MS = 5000;
const BAD_PASSWORD = 4;
const NOT_AUTHORIZED = 5;
const IDENTIFIER_REJECTED = 2;
/** How often open connections are looked at, beside whenever somebody is revoked. */
const LOOK_EVERY_MS = 15_000;

/** Listens, or rejects with the operating system's error. */
export async function openEmbeddedBroker(
  settings: EmbeddedSettings,
  parts: DoorParts,
): Promise<MqttDoor> {
  const broker = await Aedes.createBroker({ connectTimeout: CONNECT_TIMEOUT_MS });
  const terminals: Terminals = new WeakMap();
  authenticateWith(broker, terminals, parts);
  authorise(broker, terminals, parts);
  watch(broker, terminals, parts);
  parts.downlinks.attach({
    send: (terminal, topic, message) => {
      const listens = Object.values(clientsOf(broker)).some(
        (client) =>
          terminals.get(client)?.terminal === terminal && topic in subscriptionsOf(client),
      );
      if (listens) {
        const payload = Buffer.from(message);
        const head = { cmd: 'publish', qos: 1, dup: false, retain: false } as const;
        broker.publish({ ...head, topic, payload }, () => undefined);
      }
      return listens;
    },
  });
  const stop = putOut(broker, terminals, parts);
  const { server, unlisten } = makeServer(broker, settings, parts);
  const port = await listen(server, settings);
  const scheme = settings.own === undefined ? 'mqtt' : 'mqtts';
  return {
    url: `${scheme}://${reachable(settings.host)}:${port}`,
    close() {
      stop();
      unlisten();
      return closeBroker(broker, server);
    },
  };
}

/** Plain TCP, or mutual TLS 1.3 with certificates of the authority alone. */
function makeServer(
  broker: Aedes,
  { own }: EmbeddedSettings,
  { log }: DoorParts,
): { readonly server: Server; readonly unlisten: () => void } {
  const take = (socket: Socket): void => {
    socket.setNoDelay(true);
    broker.handle(socket);
  };
  if (own === undefined) return { server: createServer(take), unlisten: () => undefined };
  const server = createTlsServer(
    {
      ...own.current(),
      ...{ minVersion: 'TLSv1.3', requestCert: true, rejectUnauthorized: true },
      handshakeTimeout: CONNECT_TIMEOUT_MS,
    },
    take,
  );
  server.on('tlsClientError', (error, socket) => {
    const place = `mqtt ${socket.remoteAddress ?? 'gone'}`;
    const mend = 'enrol the terminal with a new code if its certificate has expired or is lost';
    log({ level: 'warn', place, says: `not let in: ${error.message}`, mend });
  });
  const unlisten = own.listen((credentials) => server.setSecureContext(credentials));
  return { server, unlisten };
}

/** Ends the connections of those that were revoked, have expired, or were enrolled anew. */
function putOut(broker: Aedes, terminals: Terminals, { clock, identity, ...parts }: DoorParts) {
  const look = (): void => {
    for (const client of Object.values(clientsOf(broker))) {
      const admitted = terminals.get(client);
      if (admitted === undefined) continue;
      const { terminal, keys, serial } = admitted;
      const good = serial === null || identity?.standing(serial) === 'good';
      if (good && parts.registry.keys(terminal) === keys) continue;
      const says = `${terminal} is put out: revoked, expired or enrolled anew`;
      parts.log({ level: 'info', place: `mqtt ${addressOf(client)}`, says });
      client.close();
    }
  };
  let cancel = clock.after(LOOK_EVERY_MS, tick);
  function tick(): void {
    look();
    cancel = clock.after(LOOK_EVERY_MS, tick);
  }
  const unlisten = identity?.listen(look);
  return () => {
    cancel();
    unlisten?.();
  };
}

/** Who is behind a connection, and what let it in. */
interface Admitted {
  readonly terminal: string;
  readonly keys: TerminalKeys;
  /** Of its certificate; `null` where it came by password. */
  readonly serial: string | null;
}
type Terminals = WeakMap<Client, Admitted>;

// Aedes keeps both, documented in its README, though its types leave them out.
const clientsOf = (broker: Aedes): Readonly<Record<string, Client>> =>
  (broker as unknown as { clients: Record<string, Client> }).clients;
const subscriptionsOf = (client: Client): object =>
  (client as unknown as { subscriptions: object }).subscriptions;

function authenticateWith(broker: Aedes, terminals: Terminals, parts: DoorParts): void {
  const { registry, log } = parts;
  broker.preConnect = (_client, packet, done) => {
    // Sessions are not kept: the outbox is the memory. A will would speak for a dead terminal.
    packet.clean = true;
    delete packet.will;
    done(null, true);
  };
  broker.authenticate = (client, username, password, done) => {
    const refuse = (says: string, mend: string, returnCode: number): void => {
      log({ level: 'warn', place: `mqtt ${addressOf(client)}`, says, mend });
      done(Object.assign(new Error(says), { returnCode }) as AuthenticateError, null);
    };
    const admitted = admit(client, username, password?.toString('utf8') ?? '', parts);
    if ('says' in admitted) {
      return refuse(admitted.says, 'enrol the terminal with a new code', admitted.returnCode);
    }
    const { terminal } = admitted;
    const holder = clientsOf(broker)[client.id];
    const other = holder === undefined ? undefined : terminals.get(holder)?.terminal;
    const named = client.id !== terminal && registry.keys(client.id) !== undefined;
    // A client identifier takes over the connection that has it: never another terminal's.
    if (named || (other !== undefined && other !== terminal)) {
      return refuse(
        `${terminal} uses the client identifier of another terminal`,
        'use the terminal id as client identifier',
        IDENTIFIER_REJECTED,
      );
    }
    terminals.set(client, admitted);
    done(null, true);
  };
}

type Refused = { readonly says: string; readonly returnCode: number };

/** By certificate, which names the terminal whatever user it gives; on a plain door by password. */
function admit(
  client: Client,
  username: string | undefined,
  password: string,
  { registry, identity }: DoorParts,
): Admitted | Refused {
  const user = JSON.stringify((username ?? '').slice(0, 40));
  if (client.conn instanceof TLSSocket) {
    const peer = peerOf(client.conn);
    if (peer?.kind !== 'terminal') {
      const says = `${peer?.kind ?? 'nobody'} is not let in: a terminal's certificate is needed`;
      return { says, returnCode: NOT_AUTHORIZED };
    }
    const { subject: terminal, serial } = peer;
    const standing = identity?.standing(serial) ?? 'unknown';
    const keys = registry.keys(terminal);
    if (standing !== 'good' || keys === undefined) {
      const says = `${terminal} is not let in: its certificate is ${standing}`;
      return { says, returnCode: NOT_AUTHORIZED };
    }
    if (username !== undefined && username !== terminal) {
      const says = `${terminal} is not let in: it says that it is ${user}`;
      return { says, returnCode: NOT_AUTHORIZED };
    }
    return { terminal, keys, serial };
  }
  const terminal = username ?? '';
  const keys = registry.keys(terminal);
  if (keys === undefined || !registry.admits(terminal, password)) {
    const says = `${user} is not let in: unknown or wrong password`;
    return { says, returnCode: BAD_PASSWORD };
  }
  return { terminal, keys, serial: null };
}

function authorise(broker: Aedes, terminals: Terminals, { uplinks, log }: DoorParts): void {
  broker.authorizePublish = (client, packet, done) => {
    const terminal = client === null ? undefined : terminals.get(client)?.terminal;
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
    const terminal = terminals.get(client)?.terminal;
    const own = topic?.terminal === terminal && topic?.direction === 'down';
    if (!own) {
      const says = `${terminal} may not read ${subscription.topic.slice(0, 80)}`;
      log({ level: 'warn', place: 'mqtt', says, mend: 'subscribe to its own downlink topic' });
    }
    done(null, own ? subscription : null);
  };
}

function watch(broker: Aedes, terminals: Terminals, { downlinks, log }: DoorParts): void {
  broker.on('subscribe', (subscriptions, client) => {
    const terminal = terminals.get(client)?.terminal;
    const granted = subscriptions.some(({ topic }) => readTopic(topic)?.terminal === terminal);
    if (terminal !== undefined && granted) downlinks.arrived(terminal);
  });
  const tell = (client: Client | null, error: Error): void =>
    log({
      level: 'info',
      place:
        `mqtt ${client === null ? '' : (terminals.get(client)?.terminal ?? addressOf(client))}`.trim(),
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
