/** The way to the gateway: `mqtt`, QoS 1, clean sessions, because the journal is what remembers. */
import mqtt, { type IClientOptions } from 'mqtt';
import { LinkPauses, linkEnd } from '#device/link-pauses.ts';
import { downlinkTopic, uplinkTopic } from '#device/messages/topics.ts';
import type { Chance, Clock } from '#device/ports/clock.ts';
import type { Link, LinkEvents } from '#device/ports/link.ts';
import type { Credentials } from './identity.ts';

export interface LinkSettings {
  readonly broker: string;
  readonly terminal: string;
  readonly password: string;
  /** Key, certificate and authority for `mqtts:`, asked for at each connection. */
  readonly credentials?: () => Credentials | null;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Spreads the terminals that connect again. */
  readonly chance: Chance;
}

/** Until the first connection has ended; never 0, which would mean not at all. */
const RECONNECT_MS = 1000;
const CONNECT_TIMEOUT_MS = 8000;
const KEEPALIVE_S = 15;

/** Connects and goes on connecting until closed; every failure is a `down`, never an exception. */
export function openLink(settings: LinkSettings, events: LinkEvents): Link {
  const client = mqtt.connect(settings.broker, {
    clientId: settings.terminal,
    username: settings.terminal,
    password: settings.password,
    clean: true,
    keepalive: KEEPALIVE_S,
    reconnectPeriod: RECONNECT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    resubscribe: false,
    queueQoSZero: false,
    // The library's table of all 65,536 packet numbers takes 8 MB and 20 ms of the first sale.
    writeCache: false,
    ...tlsOf(settings),
  });
  let why = 'not connected yet';
  const pauses = new LinkPauses(settings.chance);
  let upAt: number | null = null;
  // Before the library's own listener, which reads it.
  client.prependListener('close', () => {
    client.options.reconnectPeriod = pauses.after(linkEnd(upAt, settings.clock.monotonic()));
    upAt = null;
  });
  client.on('connect', () => {
    why = 'the connection ended';
    const { stream } = client;
    // Small messages must not wait for the peer's delayed acknowledgement: 44 ms each otherwise.
    if ('setNoDelay' in stream && typeof stream.setNoDelay === 'function') stream.setNoDelay(true);
    client.subscribe(downlinkTopic(settings.terminal), { qos: 1 }, (error, granted) => {
      const refused = granted?.some((each) => each.qos > 2) ?? false;
      if (error === null && !refused) {
        upAt = settings.clock.monotonic();
        return events.up();
      }
      why = error?.message ?? 'the broker refused the subscription';
      // Cut, it connects anew in a while; its `reconnect` waits for a polite end that may never come.
      client.stream.destroy();
    });
  });
  client.on('error', (error) => {
    why = error.message;
  });
  client.on('close', () => {
    // The library would send again, one by one, what was not acknowledged, and listen to nobody before
    // the last acknowledgement: where one never comes, never. The flow sends again what matters.
    for (const id of Object.keys(client.outgoing)) client.removeOutgoingMessage(Number(id));
    // The certificate may have been renewed since.
    Object.assign(client.options, tlsOf(settings));
    events.down(why);
  });
  client.on('message', (_topic, payload) => events.message(payload.toString('utf8')));
  return {
    publish(token) {
      // Offline there is nothing to do: the flow sends again when the link comes up.
      if (client.connected) {
        client.publish(uplinkTopic(settings.terminal), token, { qos: 1 }, () => undefined);
      }
    },
    close: () => client.endAsync(true).then(() => undefined),
  };
}

/** The library makes any connection a TLS one as soon as it is given a key. */
const tlsOf = ({ broker, credentials }: LinkSettings): IClientOptions =>
  broker.startsWith('mqtts:') ? (credentials?.() ?? {}) : {};
