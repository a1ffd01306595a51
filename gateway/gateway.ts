/** Puts a gateway together: the core, an MQTT door and an HTTP door on one data directory. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startMerchantWebhooks } from './acquirer/merchants/webhooks.ts';
import { type Chance, type Clock, systemChance, systemClock } from './clock.ts';
import { type Core, openCore } from './core.ts';
import { decode, writeComplaints } from './decode.ts';
import { loadAuthority } from './identity/authority.ts';
import { type Identity, openIdentity } from './identity/open.ts';
import type { OwnCertificate } from './identity/own.ts';
import { loadGatewayKeys, loadSecret } from './keys.ts';
import { type Log, logToStderr } from './log.ts';
import type { MqttDoor } from './mqtt/door.ts';
import { openEmbeddedBroker } from './mqtt/embedded.ts';
import { openExternalBroker } from './mqtt/external.ts';
import { type NotifySettings, openNotify } from './notify/notify.ts';
import { smsReceiver } from './notify/sms-reports.ts';
import { connectPlatform, type PlatformConnection } from './pairing/platforms/connect.ts';
import { openPeers, type Peers } from './peers/peers.ts';
import {
  cardReceiver,
  resultReceiver,
  startResults,
  tellByWebhook,
  tellCardsByWebhook,
} from './peers/results.ts';
import type { Role } from './roles.ts';
import { applySeed, type Seed, seedSchema } from './seed.ts';
import { loadHouseKeys } from './settlement/keys.ts';
import type { Stretch } from './stretch.ts';
import { openWeb, type Web, type WebTls } from './web/server.ts';
import type { Receiver } from './web/webhooks.ts';

export type BrokerSettings =
  | {
      readonly kind: 'embedded';
      readonly host: string;
      readonly port: number;
      /** Without TLS, terminals by password: for loopback alone. */
      readonly plain?: boolean;
    }
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
  /** The one organisation that this process is; without it, all of the house in one store. */
  readonly role?: Role | undefined;
  /** Where other organisations and merchants call, over mutual TLS; port 0 for any free one. */
  readonly peerDoor?: { readonly host: string; readonly port: number } | undefined;
  /** Who certifies a role whose authority is elsewhere; without it its order centre. */
  readonly authority?: string | undefined;
  /** Pages over HTTPS: with this key and certificate, or with one of the own authority. */
  readonly tls?: { readonly key: string; readonly cert: string } | 'own' | undefined;
  /** Where the organisations are that this one calls; URLs without a slash at their end. */
  readonly peers?: ReadonlyMap<Role, string> | undefined;
  /** How long an answer of a peer is waited for, ms. */
  readonly peerTimeoutMs?: number | undefined;
  /** Platforms that phones may pay through; the first is what they are offered. */
  readonly platforms?: readonly PlatformConnection[] | undefined;
  /** Whether merchants' webhooks may lead into this machine or its network. */
  readonly privateWebhooks?: boolean | undefined;
  readonly clock?: Clock;
  readonly chance?: Chance;
  /** How PINs and passwords are stretched; without it, by scrypt. */
  readonly stretch?: Stretch;
  readonly log?: Log;
}

export interface Gateway {
  readonly http: string;
  /** `null` where this process is no order centre: terminals talk to that. */
  readonly mqtt: string | null;
  /** `null` where there is no peer door. */
  readonly peerDoor: string | null;
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
  const { role, peers: urls = new Map() } = options;
  let identity: Identity | null = null;
  const peers =
    role === undefined
      ? null
      : openPeers({
          ...{ role, urls, dataDirectory, clock, timeoutMs: options.peerTimeoutMs },
          identity: () => identity?.peer ?? null,
        });
  const certifies = role === undefined || role === 'order-centre';
  const authority = certifies ? await loadAuthority(dataDirectory, { clock, chance }) : undefined;
  const core = openCore({
    authority,
    ...(role === undefined ? {} : { roles: [role] }),
    ...(peers === null ? {} : { gates: peers.gates }),
    tell: role === 'acquirer' ? tellByWebhook(chance, clock) : undefined,
    tellCard: role === 'settlement' ? tellCardsByWebhook(chance, clock) : undefined,
    // Made where cards are settled and nowhere else.
    house:
      role === undefined || role === 'settlement'
        ? loadHouseKeys(dataDirectory, chance)
        : undefined,
    database,
    keys,
    clock,
    chance,
    stretch: options.stretch,
    log,
    defer: (then) => setImmediate(then),
    desk: options.notify?.desk !== undefined,
    privateWebhooks: options.privateWebhooks,
  });
  const opened: { close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    for (const door of opened.reverse()) await door.close();
    core.close();
    peers?.close();
  };
  try {
    if (seed !== null) await applySeed({ ...core, stretch: options.stretch }, seed);
    const notify = openNotify(core, options.notify ?? {});
    opened.push(notify);
    identity = await openIdentity(core, options, isMutual(options.broker));
    const { peer, server: own } = identity;
    opened.push(identity);
    const mqtt = core.roles.includes('order-centre') ? await openBroker(core, options, own) : null;
    if (mqtt !== null) opened.push(mqtt);
    const broker = options.publicBroker ?? mqtt?.url ?? '';
    opened.push(openResults(core, peers, urls, () => peer));
    if (core.roles.includes('acquirer')) opened.push(startMerchantWebhooks(core));
    const { publicUrl } = options;
    const web: Web = await openWeb(core, {
      ...options.http,
      needsCertificate: isMutual(options.broker),
      ...{ publicUrl, broker, operatorToken, agentToken, identity: peer },
      ...{ peerDoor: options.peerDoor, tls: tlsOf(options, own) },
      ...{
        receivers: receiversOf(core, peers, options.notify?.sms?.secret),
        peerSecrets: peers?.secrets,
      },
    });
    opened.push(web);
    for (const each of options.platforms ?? []) {
      const parts = { keys, clock, publicUrl: publicUrl ?? web.url };
      const { platform, returnUrl } = connectPlatform(parts, each);
      if (core.roles.includes('order-centre')) core.pairing.connect(platform, returnUrl);
      if (core.roles.includes('acquirer')) {
        core.linkPlatforms.connect(platform, `${parts.publicUrl}/pay-return/${platform.name}`);
      }
    }
    const { url: http, peerDoor } = web;
    return { http, mqtt: mqtt?.url ?? null, peerDoor, operatorToken, agentToken, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Where the order centre is elsewhere, results go there by webhook. */
function openResults(
  core: Core,
  peers: Peers | null,
  urls: ReadonlyMap<Role, string>,
  identity: Parameters<typeof startResults>[3],
): { close(): Promise<void> } {
  const url = urls.get('order-centre');
  const secret = peers?.secrets.get('order-centre');
  const [only, ...more] = core.roles;
  const teller = more.length === 0 && (only === 'acquirer' || only === 'settlement') ? only : null;
  const results =
    teller !== null && url !== undefined && secret !== undefined
      ? startResults(core, url, secret, identity, teller)
      : null;
  return { close: async () => results?.close() };
}

/** And there they come in. */
function receiversOf(
  core: Core,
  peers: Peers | null,
  smsSecret: string | undefined,
): readonly Receiver[] {
  const [acquirer, settlement] = (['acquirer', 'settlement'] as const).map((peer) =>
    core.roles.includes('order-centre') ? peers?.secrets.get(peer) : undefined,
  );
  const { cards } = core;
  return [
    ...(acquirer === undefined ? [] : [resultReceiver(acquirer, core.tell)]),
    ...(smsSecret === undefined ? [] : [smsReceiver(smsSecret, core.clock)]),
    ...(settlement === undefined || cards === null ? [] : [cardReceiver(settlement, cards.event)]),
  ];
}

function readSeed(seed: Seed | undefined): ReturnType<typeof seedSchema.parse> | null {
  if (seed === undefined) return null;
  const decoded = decode(seedSchema, seed);
  if (!decoded.ok) throw new Error(`the seed is not one: ${writeComplaints(decoded.complaints)}`);
  return seedSchema.parse(seed);
}

/** Whether terminals prove themselves by certificate alone. */
const isMutual = (broker: BrokerSettings): boolean =>
  broker.kind === 'embedded' && broker.plain !== true;

function openBroker(
  core: Core,
  { broker }: GatewayOptions,
  own: OwnCertificate | null,
): Promise<MqttDoor> {
  if (broker.kind === 'external') return openExternalBroker(broker, core, own);
  if (!isMutual(broker)) return openEmbeddedBroker(broker, core);
  if (own === null) throw new Error('there is no certificate for the broker');
  return openEmbeddedBroker({ ...broker, own }, core);
}

function tlsOf({ tls }: GatewayOptions, own: OwnCertificate | null): WebTls | undefined {
  if (tls !== 'own') return tls === undefined ? undefined : { current: () => tls };
  if (own === null) throw new Error('--tls-cert own: this role has no authority; name a file');
  return own;
}
