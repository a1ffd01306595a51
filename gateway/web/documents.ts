/** The OpenAPI documents of the roles that a process is. What is served and not described is a fault. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { LINK_DOCS } from '../acquirer/links/docs.ts';
import { PAYER_DOCS } from '../acquirer/payers/docs.ts';
import { COUNTER_DOCS } from '../counter/docs.ts';
import { OFFICE_DOCS } from '../funds/office.ts';
import { PARTY_PAGE_DOCS } from '../funds/page-docs.ts';
import { PAIRING_DOCS } from '../pairing/docs.ts';
import { PLATFORM_REPORT_DOC } from '../pairing/reports.ts';
import type { Role } from '../roles.ts';
import { SHOP_DOCS } from '../shop/docs.ts';
import { TOP_UP_DOCS } from '../topups/docs.ts';
import { writeOpenApi } from './openapi.ts';
import { OPERATIONS_DOCS } from './operations.ts';
import type { RouteDoc } from './routes.ts';
import { STREET_DOCS, STREET_PAGE_DOCS } from './street-docs.ts';
import { WEBHOOK_DOC } from './webhooks.ts';

const TITLES: Readonly<Record<Role, string>> = {
  'order-centre': 'Hawker order centre',
  acquirer: 'Hawker acquirer',
  issuer: 'Hawker issuer',
  settlement: 'Hawker settlement',
  'fund-server': 'Hawker fund server',
  platform: 'Hawker platform',
};

/** What a role serves beside the tables of routes that describe themselves. */
const BESIDE: Readonly<Record<Role, readonly RouteDoc[]>> = {
  'order-centre': [
    ...STREET_DOCS,
    ...STREET_PAGE_DOCS,
    ...PAIRING_DOCS,
    ...SHOP_DOCS,
    ...COUNTER_DOCS,
    ...TOP_UP_DOCS,
    PLATFORM_REPORT_DOC,
    WEBHOOK_DOC,
  ],
  acquirer: [...LINK_DOCS, ...PAYER_DOCS, PLATFORM_REPORT_DOC],
  issuer: [],
  settlement: [],
  'fund-server': [...PARTY_PAGE_DOCS, ...OFFICE_DOCS],
  platform: [],
};

const documentDoc = (path: string): RouteDoc => ({
  ...{ method: 'GET', path, caller: 'anybody', problems: [] },
  says: 'This document',
  answers: {
    200: { says: 'OpenAPI 3.1', schema: z.looseObject({ openapi: z.literal('3.1.0') }) },
  },
});

/** Where the document of a role is; in one process the short address is the order centre's. */
function addressesOf(role: Role, roles: readonly Role[]): string[] {
  const short = role === 'order-centre' || roles.length === 1 ? ['/openapi.json'] : [];
  return [...short, `/v1/${role}/openapi.json`];
}

/** All that the document of a role describes; `routes` are those of its tables. */
export const docsOf = (
  role: Role,
  roles: readonly Role[],
  routes: readonly RouteDoc[],
): readonly RouteDoc[] => [
  ...OPERATIONS_DOCS,
  ...routes,
  ...BESIDE[role],
  ...addressesOf(role, roles).map(documentDoc),
];

/** Serves the document of each role. */
export function addDocuments(
  server: FastifyInstance,
  roles: readonly Role[],
  tables: ReadonlyMap<Role, readonly RouteDoc[]>,
): void {
  for (const role of roles) {
    const document = writeOpenApi(TITLES[role], docsOf(role, roles, tables.get(role) ?? []));
    for (const path of addressesOf(role, roles)) server.get(path, async () => document);
  }
}

/** The routes of these roles that keep their answers, such as `POST /v1/pairings/:number`. */
export function keptRoutes(
  roles: readonly Role[],
  tables: ReadonlyMap<Role, readonly RouteDoc[]>,
): ReadonlySet<string> {
  const docs = roles.flatMap((role) => docsOf(role, roles, tables.get(role) ?? []));
  const kept = docs.filter(({ idempotency }) => idempotency === 'kept');
  return new Set(
    kept.map(({ method, path }) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
  );
}
