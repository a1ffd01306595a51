/**
 * Whoever comes to the peer door by a certificate of its own: merchants' and parties' systems. Each
 * request is signed with the key of that certificate, and who calls is known by that alone.
 */
import { TLSSocket } from 'node:tls';
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../clock.ts';
import type { Kind } from '../identity/kinds.ts';
import { type PeerIdentity, shownBy } from '../identity/mutual.ts';
import { Problem } from '../web/problems.ts';
import { idempotencyKey } from '../web/requests.ts';
import { verifyMessageOf } from './message-signature.ts';

export interface CertificateDoor {
  readonly clock: Pick<Clock, 'now'>;
  /** `null` where there is no peer door: then nobody is let in. */
  readonly identity: PeerIdentity | null;
}

/** Whether the request came over mutual TLS, and so shows a certificate. */
export const showsCertificate = ({ raw }: FastifyRequest): boolean =>
  raw.socket instanceof TLSSocket && raw.socket.getPeerX509Certificate() !== undefined;

/**
 * Whose certificate of that kind this connection shows, where the request is signed by it, too. Throws
 * `certificate_refused` or `peer_refused`. `body` is the very text that came.
 */
export function requireHolder(
  { clock, identity }: CertificateDoor,
  request: FastifyRequest,
  body: string | undefined,
  kind: Kind,
): string {
  const now = clock.now();
  const { socket } = request.raw;
  const shown =
    identity === null
      ? ({ ok: false, why: 'missing' } as const)
      : shownBy(request.raw, identity.trust, [kind], now);
  if (!shown.ok) throw new Problem('certificate_refused', { why: shown.why });
  const key = socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.publicKey : undefined;
  const [path = '', query] = request.url.split(/\?(.*)/s);
  const signed = {
    ...{ method: request.method, path, body },
    idempotencyKey: idempotencyKey(request) ?? undefined,
    query: query === undefined ? undefined : `?${query}`,
  };
  const { subject } = shown.peer;
  const keyOf = (id: string) => (id === subject && key !== undefined ? key : null);
  const verified = verifyMessageOf(signed, request.headers, keyOf, now);
  if (!verified.ok) throw new Problem('peer_refused', { why: verified.why });
  return subject;
}
