/** With what a gateway shows itself: to terminals and phones as a server, to organisations as its role. */
import type { Core } from '../core.ts';
import type { GatewayOptions } from '../gateway.ts';
import type { PeerIdentity } from './mutual.ts';
import { type OwnCertificate, ownCertificate } from './own.ts';
import { openRemoteIdentity } from './remote.ts';

export interface Identity {
  /** `null` where nobody calls or is called over mutual TLS. */
  readonly peer: PeerIdentity | null;
  /** `null` where nothing listens with it. */
  readonly server: OwnCertificate | null;
  close(): Promise<void>;
}

/** Makes or reads what these options need; throws with the mend where a certificate is missing. */
export async function openIdentity(
  core: Core,
  options: GatewayOptions,
  mutualBroker: boolean,
): Promise<Identity> {
  const { peerDoor, peers = new Map<string, string>(), broker, tls } = options;
  const secureBroker = broker.kind === 'embedded' ? mutualBroker : broker.url.startsWith('mqtts:');
  const closers: { close(): void }[] = [];
  const keep = <T extends { close(): void }>(opened: T): T => {
    closers.push(opened);
    return opened;
  };
  const calls = [...peers.values()].some((url) => url.startsWith('https:'));
  const peer = peerDoor !== undefined || calls ? await openPeer(core, options, keep) : null;
  const { identity: desk } = core;
  const needed = secureBroker || tls === 'own';
  const server =
    desk === null || !needed
      ? null
      : keep(
          await ownCertificate({
            ...{ ...core, desk, dataDirectory: options.dataDirectory },
            // An external broker knows the gateway by its role.
            holder: { kind: 'server', subject: 'gateway' },
            names: namesOf(options),
          }),
        );
  const role = broker.kind === 'external' && secureBroker ? await asRole() : null;
  return {
    peer,
    server: role ?? server,
    async close() {
      for (const each of closers) each.close();
    },
  };

  async function asRole(): Promise<OwnCertificate | null> {
    if (peer !== null) return peer.own;
    return (await openPeer(core, options, keep)).own;
  }
}

async function openPeer(
  core: Core,
  options: GatewayOptions,
  keep: <T extends { close(): void }>(opened: T) => T,
): Promise<PeerIdentity> {
  const { dataDirectory, role, peers } = options;
  const { identity: desk, clock, log } = core;
  const holder = { kind: 'role', subject: role ?? 'order-centre' } as const;
  if (desk === null) {
    const url = options.authority ?? peers?.get('order-centre');
    if (url === undefined)
      throw new Error(`--role ${role} needs --authority URL: who certifies it`);
    const { own, trust } = keep(
      await openRemoteIdentity({ dataDirectory, holder, url, clock, log }),
    );
    return { own, trust };
  }
  const names = namesOf(options);
  const own = keep(await ownCertificate({ ...core, desk, dataDirectory, holder, names }));
  return { own, trust: desk };
}

/** Hosts that it is reached by beside those of this machine. */
function namesOf(options: GatewayOptions): string[] {
  const { publicUrl, publicBroker, broker, peerDoor, http } = options;
  const urls = [publicUrl, publicBroker].flatMap((url) => (url === undefined ? [] : [url]));
  const hosts = [http.host, ...(peerDoor === undefined ? [] : [peerDoor.host])];
  if (broker.kind === 'embedded') hosts.push(broker.host);
  return [...hosts, ...urls.map((url) => new URL(url).hostname.replaceAll(/[[\]]/g, ''))];
}
