/**
 * Another's broker (Mosquitto), which authenticates and authorises the terminals by its own password
 * and access lists. Clean session: what a dead gateway missed the terminals send again.
 */
import { connect, type MqttClient } from 'mqtt';
import { ALL_UPLINKS, readTopic } from '#device/messages/topics.ts';
import type { Clock } from '../clock.ts';
import type { OwnCertificate } from '../identity/own.ts';
import type { Tables } from '../store/tables.ts';
import type { MqttDoor } from './door.ts';
import type { DoorParts } from './embedded.ts';

export interface ExternalSettings {
  /** Such as `mqtt://broker.example:1883`, without user and password. */
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

export interface ExternalParts extends DoorParts {
  readonly tables: Pick<Tables, 'terminals'>;
  readonly clock: Clock;
}

/**
 * With `log_dest topic` and `log_type subscribe` Mosquitto tells here who subscribes; without, the
 * terminals get the time at each receipt and every {@link TIME_EVERY_MS}.
 */
const SUBSCRIPTIONS = '$SYS/broker/log/M/subscribe';
const TIME_EVERY_MS = 20_000;

/** Connects and keeps trying; resolves at once, because a broker that is away comes back. */
export async function openExternalBroker(
  settings: ExternalSettings,
  parts: ExternalParts,
  own: OwnCertificate | null = null,
): Promise<MqttDoor> {
  const mutual = settings.url.startsWith('mqtts:') ? own : null;
  const client = connect(settings.url, {
    ...mutual?.current(),
    clean: true,
    protocolVersion: 4,
    reconnectPeriod: 1000,
    ...(settings.username === undefined ? {} : { username: settings.username }),
    ...(settings.password === undefined ? {} : { password: settings.password }),
  });
  const unlisten = mutual?.listen((credentials) => Object.assign(client.options, credentials));
  receive(client, parts);
  parts.downlinks.attach({
    send(_terminal, topic, message) {
      if (client.connected) client.publish(topic, message, { qos: 1 });
      return client.connected;
    },
  });
  report(client, settings, parts);
  let cancel = parts.clock.after(TIME_EVERY_MS, tellTime);
  function tellTime(): void {
    for (const { id, secret } of parts.tables.terminals.all()) {
      if (secret !== null) parts.downlinks.tellTime(id);
    }
    cancel = parts.clock.after(TIME_EVERY_MS, tellTime);
  }
  return {
    url: settings.url,
    async close() {
      cancel();
      unlisten?.();
      await client.endAsync(true);
    },
  };
}

/** The library sends PUBACK when `handleMessage` calls back: after the commit. */
function receive(client: MqttClient, { uplinks, downlinks, log }: ExternalParts): void {
  client.handleMessage = (packet, done) => {
    if (packet.topic === SUBSCRIPTIONS) {
      const terminal = subscribedTerminal(packet.payload.toString());
      if (terminal !== null) downlinks.arrived(terminal);
      return done();
    }
    const topic = readTopic(packet.topic);
    if (topic?.direction !== 'up') return done();
    uplinks.handle(topic.terminal, Buffer.from(packet.payload)).then(
      () => done(),
      (error: unknown) => {
        const says = `not recorded: ${String(error)}`;
        log({ level: 'error', place: `mqtt ${packet.topic}`, says, mend: 'look at the disk' });
        // Unacknowledged it would only block the session; the terminal sends it again by itself.
        done();
      },
    );
  };
}

/** `1700000000: CLIENT 1 hawker/1/t-0001/down` → `t-0001`. */
export function subscribedTerminal(line: string): string | null {
  const topic = readTopic(line.trim().split(' ').at(-1) ?? '');
  return topic?.direction === 'down' ? topic.terminal : null;
}

function report(
  client: MqttClient,
  { url }: ExternalSettings,
  { downlinks, log }: ExternalParts,
): void {
  const place = `broker ${url}`;
  client.on('connect', () => {
    client.subscribe([ALL_UPLINKS, SUBSCRIPTIONS], { qos: 1 }, (error, granted) => {
      const refused = granted?.some(({ topic, qos }) => topic === ALL_UPLINKS && qos >= 128);
      if (error === null && refused !== true) {
        log({ level: 'info', place, says: 'connected' });
        downlinks.brokerArrived();
        return;
      }
      const mend = `let this user read ${ALL_UPLINKS}`;
      log({ level: 'error', place, says: `no uplinks: ${error?.message ?? 'refused'}`, mend });
    });
  });
  client.on('error', (error) => {
    const mend = 'check address, user and password of --broker; the gateway keeps trying';
    log({ level: 'error', place, says: error.message, mend });
  });
  client.on('offline', () => log({ level: 'warn', place, says: 'offline, trying again' }));
}
