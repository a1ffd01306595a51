/** The HTTP interfaces of acquirer and issuer, where other organisations may call, and their documents. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { acquirerRoutes } from '../acquirer/http.ts';
import type { Core } from '../core.ts';
import type { PeerIdentity } from '../identity/mutual.ts';
import { issuerRoutes } from '../issuer/http.ts';
import type { Role } from '../roles.ts';
import { writeOpenApi } from '../web/openapi.ts';
import type { Route } from '../web/routes.ts';
import { addPeerDoor } from './door.ts';

type Table = (callerOf: (request: FastifyRequest) => string) => readonly Route[];

/** `secrets` holds what each that may call shares with this process; nobody else is let in. */
export async function addRoleDoors(
  server: FastifyInstance,
  core: Core,
  secrets: ReadonlyMap<string, Uint8Array>,
  identity: PeerIdentity | null,
): Promise<void> {
  const tables: Partial<Record<Role, Table>> = {
    issuer: (callerOf) => issuerRoutes(core, callerOf),
    acquirer: () => acquirerRoutes(core),
  };
  for (const self of core.roles) {
    const routes = tables[self];
    if (routes === undefined) continue;
    const { clock, idempotency } = core;
    await addPeerDoor(server, { self, secrets, clock, identity, idempotency, routes });
    const document = writeOpenApi(`Hawker ${self}`, routes(nobody));
    server.get(`/v1/${self}/openapi.json`, async () => document);
    if (core.roles.length === 1) server.get('/openapi.json', async () => document);
  }
}

/** The document needs no caller. */
function nobody(): string {
  throw new Error('nobody calls');
}
