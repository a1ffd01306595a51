/** The HTTP interfaces of acquirer and issuer, where other organisations may call. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { acquirerRoutes } from '../acquirer/http.ts';
import type { Core } from '../core.ts';
import type { PeerIdentity } from '../identity/mutual.ts';
import { issuerRoutes } from '../issuer/http.ts';
import type { Role } from '../roles.ts';
import type { Route } from '../web/routes.ts';
import { addPeerDoor } from './door.ts';

type Table = (callerOf: (request: FastifyRequest) => string) => readonly Route[];

/**
 * `secrets` holds what each that may call shares with this process; nobody else is let in. The answer
 * is what the documents say of them.
 */
export async function addRoleDoors(
  server: FastifyInstance,
  core: Core,
  secrets: ReadonlyMap<string, Uint8Array>,
  identity: PeerIdentity | null,
): Promise<ReadonlyMap<Role, readonly Route[]>> {
  const tables: Partial<Record<Role, Table>> = {
    issuer: (callerOf) => issuerRoutes(core, callerOf),
    acquirer: () => acquirerRoutes(core),
  };
  const docs = new Map<Role, readonly Route[]>();
  for (const self of core.roles) {
    const routes = tables[self];
    if (routes === undefined) continue;
    const { clock, writer, idempotency } = core;
    await addPeerDoor(server, { self, secrets, clock, writer, identity, idempotency, routes });
    docs.set(self, routes(nobody));
  }
  return docs;
}

/** The document needs no caller. */
function nobody(): string {
  throw new Error('nobody calls');
}
