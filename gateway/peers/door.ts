/** Where the other organisations come in: what they say is signed, and so is who says it. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Clock } from '../clock.ts';
import { requireRole } from '../identity/admission.ts';
import type { PeerIdentity } from '../identity/mutual.ts';
import type { Writer } from '../store/writer.ts';
import type { Idempotency } from '../web/idempotency.ts';
import { Problem } from '../web/problems.ts';
import { idempotencyKey } from '../web/requests.ts';
import { addRoutes, type Route } from '../web/routes.ts';
import { directionPublicKey } from './keys.ts';
import { verifyMessage } from './message-signature.ts';
import { keepRawBodies } from './raw-bodies.ts';

export interface PeerDoorParts {
  /** The organisation that is called. */
  readonly self: string;
  /** Secrets shared with those that may call. */
  readonly secrets: ReadonlyMap<string, Uint8Array>;
  readonly clock: Pick<Clock, 'now'>;
  readonly writer: Writer;
  /** With what the peer door shows itself; `null` where calls stay on this machine. */
  readonly identity: PeerIdentity | null;
  readonly idempotency: Idempotency;
  /** The routes, for whoever knows how to tell who calls. */
  readonly routes: (callerOf: (request: FastifyRequest) => string) => readonly Route[];
}

export async function addPeerDoor(server: FastifyInstance, parts: PeerDoorParts): Promise<void> {
  const callers = new WeakMap<FastifyRequest, string>();
  const keys = new Map(
    [...parts.secrets].map(([peer, secret]) => [
      peer,
      directionPublicKey(secret, peer, parts.self),
    ]),
  );
  const admit = (request: FastifyRequest, body: string | undefined): null => {
    const signed = {
      method: request.method,
      path: request.url,
      body,
      idempotencyKey: idempotencyKey(request) ?? undefined,
    };
    const now = parts.clock.now();
    const verified = verifyMessage(signed, request.headers, (id) => keys.get(id) ?? null, now);
    if (!verified.ok) throw new Problem('peer_refused', { why: verified.why });
    requireRole(request, parts.identity, verified.keyId, now);
    callers.set(request, verified.keyId);
    return null;
  };
  const callerOf = (request: FastifyRequest): string => {
    const caller = callers.get(request);
    if (caller === undefined) throw new Problem('peer_refused', { why: 'missing' });
    return caller;
  };
  await server.register(async (scope) => {
    const rawOf = keepRawBodies(scope);
    const { idempotency, clock, writer } = parts;
    addRoutes(
      scope,
      { idempotency, clock, writer, admit: (_caller, request) => admit(request, rawOf(request)) },
      parts.routes(callerOf),
    );
  });
}

/** A request's id in the body is its Idempotency-Key, too; the role itself keeps the answer. */
export function requireSameKey(request: FastifyRequest, id: string): void {
  const key = idempotencyKey(request);
  if (key === null) throw new Problem('idempotency_key_missing');
  if (key === id) return;
  const errors = [{ path: 'Idempotency-Key', message: 'must be the id in the body' }];
  throw new Problem('malformed_request', { errors });
}
