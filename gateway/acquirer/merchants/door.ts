/**
 * Where merchants' own systems come in: over the peer door, by certificate, each request signed with
 * the key of that certificate. Who calls is known by that alone, never by what a body says.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Clock } from '../../clock.ts';
import type { PeerIdentity } from '../../identity/mutual.ts';
import { requireHolder } from '../../peers/certificate-door.ts';
import { keepRawBodies } from '../../peers/raw-bodies.ts';
import type { Tables } from '../../store/tables.ts';
import type { MerchantRow } from '../../store/tables-links.ts';
import type { Writer } from '../../store/writer.ts';
import type { Idempotency } from '../../web/idempotency.ts';
import { Problem } from '../../web/problems.ts';
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
  parts: MerchantDoorParts,
  request: FastifyRequest,
  body: string | undefined,
): MerchantRow {
  const merchant = parts.tables.links.merchant(requireHolder(parts, request, body, 'merchant'));
  if (merchant === undefined) throw new Problem('unknown_merchant');
  return merchant;
}
