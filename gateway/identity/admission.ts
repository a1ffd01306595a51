/** Which organisation calls: by the certificate of its connection. */
import type { FastifyRequest } from 'fastify';
import { Problem } from '../web/problems.ts';
import { isNear } from '../web/requests.ts';
import { type PeerIdentity, shownBy } from './mutual.ts';

/**
 * Lets `role` through, or throws `certificate_refused`. Without a peer door only what never leaves
 * this machine is let in; there the signature alone says who calls.
 */
export function requireRole(
  request: FastifyRequest,
  identity: PeerIdentity | null,
  role: string,
  now: number,
): void {
  if (identity === null) {
    if (isNear(request)) return;
    throw new Problem('certificate_refused', { why: 'missing' });
  }
  const shown = shownBy(request.raw, identity.trust, ['role'], now);
  if (!shown.ok) throw new Problem('certificate_refused', { why: shown.why });
  if (shown.peer.subject !== role) throw new Problem('certificate_refused', { why: 'wrong_role' });
}
