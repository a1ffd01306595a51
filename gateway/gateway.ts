/** Puts a gateway together: the core, an MQTT door and an HTTP door on one data directory. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Chance, type Clock, systemChance, systemClock } from './clock.ts';
import { type Core, openCore } from './core.ts';
import { decode, writeComplaints } from './decode.ts';
import { loadGatewayKeys, loadSecret } from './keys.ts';
import { type Log, logToStderr } from './log.ts';
import type { MqttDoor } from './mqtt/door.ts';
import { openEmbeddedBroker } from './mqtt/embedded.ts';
import { openExternalBroker } from './mqtt/external.ts';
import { type NotifySettings, openNotify } from './notify/notify.ts';
import { applySeed, type Seed, seedSchema } from './seed.ts';
import { openWeb, type Web } from './web/server.ts';

export type BrokerSettings =
  | { readonly kind: 'embedded'; readonly host: string; readonly port: number }
  | {
      readonly kind: 'external';
      readonly url: string;
      readonly username?: string | undefined;
      readonly password?: string | undefined;
    };

export interface GatewayOptions {
  /** Made where it is missing; holds the store, the keys and the operator's token. */
  readonly dataDirectory: string;
  /** Port 0 for any free one. */
  readonly http: { readonly host: string; readonly port: number };
  readonly broker: BrokerSettings;
  /** What payers' phones reach the gateway by, without a slash at its end. */
  readonly publicUrl?: string | undefined;
  /** What terminals reach the broker by. */
  readonly publicBroker?: string | undefined;
  readonly seed?: Seed | undefined;
  /** How people and desks outside are told; what is not set up waits until it is. */
  readonly notify?: NotifySettings | undefined;
  readonly clock?: Clock;
  readonly chance?: Chance;
  readonly log?: Log;
}

export interface Gateway {
  readonly http: string;
  readonly mqtt: string;
  readonly operatorToken: string;
  /** What telephone agents bring. */
  readonly agentToken: string;
  /** Ends all connections, commits what is queued, closes the store. */
  close(): Promise<void>;
}

/** Starts a gateway, or rejects with what is wrong and how it is mended; then nothing stays open. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { dataDirectory, clock = systemClock, chance = systemChance } = options;
  const log = options.log ?? logToStderr(() => clock.now());
  const seed = readSeed(options.seed);
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  const keys = loadGatewayKeys(dataDirectory, chance);
  const operatorToken = loadSecret(join(dataDirectory, 'operator.token'), chance);
  const agentToken = loadSecret(join(dataDirectory, 'agent.token'), chance);
  const database = join(dataDirectory, 'gateway.sqlite');
  const core = openCore({
    database,
    keys,
    clock,
    chance,
    log,
    defer: (then) => setImmediate(then),
    desk: options.notify?.desk !== undefined,
  });
  const opened: { close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    for (const door of opened.reverse()) await door.close();
    core.close();
  };
  try {
    if (seed !== null) await applySeed(core, seed);
    const notify = openNotify(core, options.notify ?? {});
    opened.push(notify);
    const mqtt = await openBroker(options.broker, core);
    opened.push(mqtt);
    const broker = options.publicBroker ?? mqtt.url;
    const { publicUrl } = options;
    const web: Web = await openWeb(core, {
      ...options.http,
      ...{ publicUrl, broker, operatorToken, agentToken },
    });
    opened.push(web);
    return { http: web.url, mqtt: mqtt.url, operatorToken, agentToken, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function readSeed(seed: Seed | undefined): ReturnType<typeof seedSchema.parse> | null {
  if (seed === undefined) return null;
  const decoded = decode(seedSchema, seed);
  if (!decoded.ok) throw new Error(`the seed is not one: ${writeComplaints(decoded.complaints)}`);
  return seedSchema.parse(seed);
}

function openBroker(settings: BrokerSettings, core: Core): Promise<MqttDoor> {
  return settings.kind === 'embedded'
    ? openEmbeddedBroker(settings, core)
    : openExternalBroker(settings, core);
}
