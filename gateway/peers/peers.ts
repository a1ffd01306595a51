/** The other organisations of a process that is one of them. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { remoteAcquirer, remoteLinks } from '../acquirer/remote.ts';
import type { Clock } from '../clock.ts';
import type { CoreOptions } from '../core.ts';
import { remoteFunds } from '../funds/remote.ts';
import type { PeerIdentity } from '../identity/mutual.ts';
import { remoteIssuer } from '../issuer/remote.ts';
import { remotePaired } from '../pairing/remote.ts';
import { isLoopback } from '../reachable.ts';
import { isRole, type Role } from '../roles.ts';
import { remoteSettlement } from '../settlement/remote.ts';
import { type HttpPeer, httpPeer } from './http-client.ts';
import { loadPeerSecret } from './keys.ts';

/** Whom a role alone has to call. */
const NEEDS: Readonly<Record<Role, readonly Role[]>> = {
  'order-centre': ['acquirer'],
  acquirer: ['issuer', 'order-centre'],
  issuer: [],
  settlement: ['order-centre'],
  'fund-server': ['issuer'],
  platform: [],
};

export interface PeerSettings {
  readonly role: Role;
  /** Role → base URL without a slash at its end. */
  readonly urls: ReadonlyMap<Role, string>;
  readonly dataDirectory: string;
  readonly clock: Pick<Clock, 'now'>;
  /** How long an answer of a peer is waited for, ms. */
  readonly timeoutMs?: number | undefined;
  /** With what https peers are called; `null` until it is there. */
  readonly identity: () => PeerIdentity | null;
}

export interface Peers {
  readonly gates: NonNullable<CoreOptions['gates']>;
  /** What this process shares with each that may call it. */
  readonly secrets: ReadonlyMap<string, Uint8Array>;
  close(): void;
}

/** Reads the secrets and makes the clients; throws with the flag or file that is missing. */
export function openPeers(settings: PeerSettings): Peers {
  const { role, urls, dataDirectory, clock, timeoutMs, identity } = settings;
  for (const needed of NEEDS[role]) {
    if (urls.has(needed)) continue;
    throw new Error(`--role ${role} needs --peer ${needed}=URL: name where the ${needed} is`);
  }
  for (const [peer, url] of urls) {
    const { protocol, hostname } = new URL(url);
    if (protocol === 'https:' || isLoopback(hostname)) continue;
    throw new Error(`--peer ${peer}=${url} leaves this machine: name its peer door, https://…`);
  }
  const names = new Set<string>([...urls.keys(), ...keysIn(dataDirectory)]);
  const secrets = new Map([...names].map((name) => [name, loadPeerSecret(dataDirectory, name)]));
  const clients: HttpPeer[] = [];
  const client = (peer: Role): HttpPeer | undefined => {
    const url = urls.get(peer);
    const secret = secrets.get(peer);
    if (url === undefined || secret === undefined) return undefined;
    const wait = timeoutMs === undefined ? {} : { timeoutMs };
    const made = httpPeer({ self: role, peer, url, secret, clock, identity, ...wait });
    clients.push(made);
    return made;
  };
  const asks = role === 'acquirer' || role === 'fund-server';
  const issuer = asks ? client('issuer') : undefined;
  const funds = role === 'acquirer' ? client('fund-server') : undefined;
  const acquirer = role === 'order-centre' ? client('acquirer') : undefined;
  const centre = role === 'acquirer' ? client('order-centre') : undefined;
  const settlement = role === 'order-centre' ? client('settlement') : undefined;
  return {
    gates: {
      ...(centre === undefined ? {} : { paired: remotePaired(centre) }),
      ...(settlement === undefined ? {} : { settlement: remoteSettlement(settlement) }),
      ...(funds === undefined ? {} : { funds: remoteFunds(funds) }),
      ...(issuer === undefined ? {} : { issuer: remoteIssuer(issuer) }),
      ...(acquirer === undefined
        ? {}
        : { acquirer: remoteAcquirer(acquirer), links: remoteLinks(acquirer) }),
    },
    secrets,
    close() {
      for (const each of clients) each.close();
    },
  };
}

/** Peers that share a secret with this process, whether it calls them or they it. */
function keysIn(dataDirectory: string): string[] {
  const directory = join(dataDirectory, 'peers');
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .map((file) => /^([a-z-]+)\.key$/.exec(file)?.[1] ?? '')
    .filter(isRole);
}
