/** The HTTP interfaces of the roles, where other organisations may call. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { acquirerRoutes } from '../acquirer/http.ts';
import { addMerchantDoor } from '../acquirer/merchants/door.ts';
import { merchantRoutes } from '../acquirer/merchants/http.ts';
import { Merchants } from '../acquirer/merchants/merchants.ts';
import type { Core } from '../core.ts';
import { fundRoutes } from '../funds/till-http.ts';
import type { PeerIdentity } from '../identity/mutual.ts';
import { issuerRoutes } from '../issuer/http.ts';
import { judgeAddress } from '../notify/outside-post.ts';
import { pairedRoutes } from '../pairing/merchant-payments.ts';
import type { Role } from '../roles.ts';
import { settlementRoutes } from '../settlement/http.ts';
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
  const { settlement, funds, writer } = core;
  const tables: Partial<Record<Role, Table>> = {
    issuer: (callerOf) => issuerRoutes(core, callerOf),
    acquirer: () => acquirerRoutes(core),
    'order-centre': (callerOf) => pairedRoutes(writer, callerOf),
    ...(settlement === null
      ? {}
      : { settlement: (callerOf) => settlementRoutes({ settlement, writer }, callerOf) }),
    ...(funds === null ? {} : { 'fund-server': () => fundRoutes({ funds, writer }) }),
  };
  const docs = new Map<Role, readonly Route[]>();
  for (const self of core.roles) {
    const routes = tables[self];
    if (routes === undefined) continue;
    const { clock, writer, idempotency } = core;
    await addPeerDoor(server, { self, secrets, clock, writer, identity, idempotency, routes });
    const merchants = self === 'acquirer' ? await addMerchants(server, core, identity) : [];
    docs.set(self, [...routes(nobody), ...merchants]);
  }
  return docs;
}

/** Merchants' own systems call the acquirer, too. */
async function addMerchants(
  server: FastifyInstance,
  core: Core,
  identity: PeerIdentity | null,
): Promise<readonly Route[]> {
  const { tables, writer, clock, keys, idempotency, payLinks: links } = core;
  const acquirer = core.acquirer.gate();
  const insecure = () => !links.publicUrl.startsWith('https:');
  const { paired, privateWebhooks = false } = core;
  const judge = privateWebhooks ? () => Promise.resolve('public' as const) : judgeAddress;
  const parts = { tables, writer, clock, keys, links, acquirer, insecure, paired, judge };
  const merchants = new Merchants(parts);
  const routes: Parameters<typeof addMerchantDoor>[1]['routes'] = (merchantOf) =>
    merchantRoutes(merchants, merchantOf);
  await addMerchantDoor(server, { tables, clock, writer, idempotency, identity, routes });
  return routes(nobody);
}

/** The document needs no caller. */
function nobody(): never {
  throw new Error('nobody calls');
}
