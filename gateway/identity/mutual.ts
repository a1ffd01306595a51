/** Mutual TLS between organisations: a listener that hands over to the HTTP server, and whom it let in. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { checkServerIdentity, type PeerCertificate, TLSSocket } from 'node:tls';
import type { Clock } from '../clock.ts';
import { HOST_IS_CHECKED } from '../host.ts';
import type { Log } from '../log.ts';
import { commonName, type Kind } from './kinds.ts';
import type { OwnCertificate } from './own.ts';
import { type Peer, peerOf, type Trust } from './trust.ts';

/** With what a process shows itself to others, and whom it believes. */
export interface PeerIdentity {
  readonly own: OwnCertificate;
  readonly trust: Trust;
}

export interface MutualSettings {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly identity: PeerIdentity;
}

const LOOK_EVERY_MS = 15_000;
const HANDSHAKE_MS = 5000;

export type Refused = 'missing' | 'revoked' | 'expired' | 'unknown' | 'wrong_role';

export type Shown =
  | { readonly ok: true; readonly peer: Peer }
  | { readonly ok: false; readonly why: Refused };

/** Who called over mutual TLS, if its certificate is good at this moment and of such a kind. */
export function shownBy(
  request: IncomingMessage,
  trust: Trust,
  kinds: readonly Kind[],
  now: number,
): Shown {
  const { socket } = request;
  const peer = socket instanceof TLSSocket ? peerOf(socket) : null;
  if (peer === null) return { ok: false, why: 'missing' };
  const standing = peer.expires_at > now ? trust.standing(peer.serial) : 'expired';
  if (standing !== 'good') return { ok: false, why: standing };
  return kinds.includes(peer.kind) ? { ok: true, peer } : { ok: false, why: 'wrong_role' };
}

export interface MutualDoor {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens; who shows no certificate of the authority ends with a TLS alert. */
export async function openMutualDoor(
  { host, port, identity }: MutualSettings,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  { clock, log }: { readonly clock: Pick<Clock, 'after' | 'now'>; readonly log: Log },
): Promise<MutualDoor> {
  const { own, trust } = identity;
  const server = createServer(
    {
      ...own.current(),
      ...{ minVersion: 'TLSv1.3', requestCert: true, rejectUnauthorized: true },
      handshakeTimeout: HANDSHAKE_MS,
      ...HOST_IS_CHECKED,
    },
    handle,
  );
  const sockets = new Set<TLSSocket>();
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', (error, socket) => {
    const place = `peer door ${socket.remoteAddress ?? 'gone'}`;
    log({ level: 'warn', place, says: `not let in: ${error.message}` });
  });
  const look = (): void => {
    for (const socket of sockets) {
      const peer = peerOf(socket);
      const good = peer !== null && peer.expires_at > clock.now();
      if (!good || trust.standing(peer.serial) !== 'good') socket.destroy();
    }
  };
  let cancel = clock.after(LOOK_EVERY_MS, tick);
  function tick(): void {
    look();
    cancel = clock.after(LOOK_EVERY_MS, tick);
  }
  const unlisten = [
    trust.listen(look),
    own.listen((credentials) => server.setSecureContext(credentials)),
  ];
  return {
    port: await listen(server, host, port),
    async close() {
      cancel();
      for (const each of unlisten) each();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** What a call to an organisation is opened with: it must be that one, and not be revoked. */
export function callOptions({ own, trust }: PeerIdentity, role: string) {
  const wanted = commonName({ kind: 'role', subject: role });
  return {
    ...own.current(),
    minVersion: 'TLSv1.3',
    // A resumed session would not be looked at again.
    maxCachedSessions: 0,
    checkServerIdentity(host: string, certificate: PeerCertificate): Error | undefined {
      const wrong = checkServerIdentity(host, certificate);
      if (wrong !== undefined) return wrong;
      const { CN } = certificate.subject;
      if (CN !== wanted) return new Error(`${host} is ${String(CN)}, not ${wanted}`);
      const standing = trust.standing(certificate.serialNumber);
      return standing === 'good' ? undefined : new Error(`its certificate is ${standing}`);
    },
  } as const;
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
