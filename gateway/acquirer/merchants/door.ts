/**
 * Where merchants' own systems come in: over the peer door, by certificate, each request signed with
 * the key of that certificate. Who calls is known by that alone, never by what a body says.
 */

import { TLSSocket } from 'node:tls';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Clock } from '../../clock.ts';
import { type PeerIdentity, shownBy } from '../../identity/mutual.ts';
import { verifyMessageOf } from '../../peers/message-signature.ts';
import { keepRawBodies } from '../../peers/raw-bodies.ts';
import type { Tables } from '../../store/tables.ts';
import type { MerchantRow } from '../../store/tables-links.ts';
import type { Writer } from '../../store/writer.ts';
import type { Idempotency } from '../../web/idempotency.ts';
import { Problem } from '../../web/problems.ts';
import { idempotencyKey } from '../../web/requests.ts';
import { addRoutes, type Route } from '../../web/routes.ts';

export interface MerchantDoorParts {
  readonly tables: Pick<Tables, 'links'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly writer: Writer;
  readonly idempotency: Idempotency;
  /** `null` where there is no peer door: then no merchant is let in. */
  readonly identity: PeerIdentity | null;
  readonly routes: (merchantOf: (request: FastifyRequest) => MerchantRow) => readonly Route[];
}

export async function addMerchantDoor(
  server: FastifyInstance,
  parts: MerchantDoorParts,
): Promise<void> {
  const merchants = new WeakMap<FastifyRequest, MerchantRow>();
  await server.register(async (scope) => {
    const rawOf = keepRawBodies(scope);
    const { clock, writer, idempotency, routes } = parts;
    const admit = (request: FastifyRequest): null => {
      merchants.set(request, requireMerchant(parts, request, rawOf(request)));
      return null;
    };
    const merchantOf = (request: FastifyRequest): MerchantRow => {
      const merchant = merchants.get(request);
      if (merchant === undefined) throw new Problem('certificate_refused', { why: 'missing' });
      return merchant;
    };
    const all = {
      clock,
      writer,
      idempotency,
      admit: (_: unknown, each: FastifyRequest) => admit(each),
    };
    addRoutes(scope, all, routes(merchantOf));
  });
}

/** The merchant of this connection, where the request is signed by it, too. */
function requireMerchant(
  { tables, clock, identity }: MerchantDoorParts,
  request: FastifyRequest,
  body: string | undefined,
): MerchantRow {
  const now = clock.now();
  const { socket } = request.raw;
  const shown =
    identity === null
      ? ({ ok: false, why: 'missing' } as const)
      : shownBy(request.raw, identity.trust, ['merchant'], now);
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
  const merchant = tables.links.merchant(subject);
  if (merchant === undefined) throw new Problem('unknown_merchant');
  return merchant;
}
