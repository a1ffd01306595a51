/** The HTTP door: pages and JSON on one server. */
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import formbody from '@fastify/formbody';
import Fastify, {
  type FastifyInstance,
  type FastifyRequest,
  type FastifyServerFactory,
  type FastifyServerOptions,
} from 'fastify';
import { addLinkApi } from '../acquirer/links/api.ts';
import { addLinkPages } from '../acquirer/links/pages.ts';
import { addPayerPages } from '../acquirer/payers/pages.ts';
import type { Core } from '../core.ts';
import { addCounterPages } from '../counter/pages.ts';
import { addFunds } from '../funds/web.ts';
import { HOST_IS_CHECKED } from '../host.ts';
import { requireRole } from '../identity/admission.ts';
import { addIdentity } from '../identity/http.ts';
import { type MutualSettings, openMutualDoor, type PeerIdentity } from '../identity/mutual.ts';
import type { OwnCertificate } from '../identity/own.ts';
import { addPlatformReports } from '../pairing/reports.ts';
import { addPairing } from '../pairing/web.ts';
import { addRoleDoors } from '../peers/role-doors.ts';
import { reachable } from '../reachable.ts';
import type { Role } from '../roles.ts';
import { settlementOperatorRoutes } from '../settlement/operator.ts';
import { addShop } from '../shop/web.ts';
import { addTopUpPages } from '../topups/pages.ts';
import { addApi } from './api.ts';
import { findCardData, holdsCard } from './card-data.ts';
import { addCentre } from './centre.ts';
import { addDocuments, keptRoutes } from './documents.ts';
import { addErrors, endBadConnection, requireHost, requireJson, sendBadAddress } from './errors.ts';
import { addFrontPage } from './front.ts';
import { keepAnswers } from './kept-answers.ts';
import { addOperations } from './operations.ts';
import { addPages } from './pages.ts';
import { Problem } from './problems.ts';
import { requireOperator } from './requests.ts';
import { addRoutes, type RouteDoc } from './routes.ts';
import type { Receiver } from './webhooks.ts';

export interface WebSettings {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly publicUrl?: string | undefined;
  /** What terminals reach the broker by. */
  readonly broker: string;
  /** Whether that lets nobody in without a certificate. */
  readonly needsCertificate?: boolean;
  readonly operatorToken: string;
  /** What telephone agents bring. */
  readonly agentToken: string;
  readonly receivers?: readonly Receiver[] | undefined;
  /** Organisations elsewhere that may call this one, and what each shares with it. */
  /** Where they call, with what it shows itself; without it only on this machine. */
  readonly peerDoor?: Omit<MutualSettings, 'identity'> | undefined;
  readonly identity?: PeerIdentity | null;
  /** Pages and interface over HTTPS. */
  readonly tls?: WebTls | undefined;
  readonly peerSecrets?: ReadonlyMap<string, Uint8Array> | undefined;
}

/** Key and certificate (PEM), now and whenever they are renewed. */
export interface WebTls {
  readonly current: () => { readonly key: string; readonly cert: string };
  readonly listen?: OwnCertificate['listen'];
}

export interface Web {
  /** Such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Such as `https://127.0.0.1:8443`; `null` where there is none. */
  readonly peerDoor: string | null;
  /** What it serves, such as `GET /v1/orders/:number`. */
  readonly routes: readonly string[];
  close(): Promise<void>;
}

const BODY_LIMIT = 16 * 1024;

/** Listens, or rejects with the operating system's error. */
export async function openWeb(core: Core, settings: WebSettings): Promise<Web> {
  const server = Fastify({
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: true,
    // A TLS proxy on this machine tells who the caller is; nobody else is believed.
    trustProxy: 'loopback',
    requestTimeout: 15_000,
    routerOptions: { maxParamLength: 2000 },
    frameworkErrors: sendBadAddress,
    clientErrorHandler: endBadConnection,
    http: HOST_IS_CHECKED,
    ...secured(settings.tls),
  });
  let url = '';
  const routes: string[] = [];
  server.addHook('onRoute', ({ method, url: path }) => {
    for (const each of [method].flat()) if (each !== 'HEAD') routes.push(`${each} ${path}`);
  });
  const addresses = () => ({
    broker: settings.broker,
    payUrl: `${settings.publicUrl ?? url}/p/`,
  });
  await server.register(formbody, { bodyLimit: BODY_LIMIT });
  addErrors(server, core);
  server.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
    reply.header('x-content-type-options', 'nosniff');
  });
  server.addHook('onRequest', async (request) => requireHost(request));
  const { identity = null } = settings;
  server.addHook('onRequest', async (request) => {
    const sender = /^\/v1\/webhooks\/([a-z-]+)$/.exec(request.url)?.[1];
    if (sender === 'acquirer' || sender === 'settlement')
      requireRole(request, identity, sender, core.clock.now());
  });
  // Before anything of it is decoded, kept or counted.
  server.addHook('preValidation', async (request) => {
    const { params, query, body } = request;
    requireJson(request);
    const path = findCardData({ params, query, body }) ?? findInKey(request);
    if (path !== null) throw new Problem('card_data_refused', { path });
  });
  let kept: ReadonlySet<string> = new Set();
  keepAnswers(server, core, (route) => kept.has(route));
  addOperations(server, core, settings.operatorToken);
  const docs = new Map<Role, readonly RouteDoc[]>();
  if (core.roles.includes('order-centre')) {
    const { operatorToken, needsCertificate = false } = settings;
    addApi(server, { core, operatorToken, addresses, needsCertificate });
    addIdentity(server, core, operatorToken);
    docs.set('order-centre', await addCentre(server, core, settings));
    addFrontPage(server, core);
    addPages(server, core);
    addPairing(server, core);
    addShop(server, core);
    addCounterPages(server, core, operatorToken);
    addTopUpPages(server, core);
  }
  if (core.roles.includes('acquirer')) {
    const parts = { ...core, links: core.payLinks };
    addLinkPages(server, parts);
    addLinkApi(server, parts);
    addPayerPages(server, core);
  }
  if (core.roles.some((role) => role === 'order-centre' || role === 'acquirer')) {
    await addPlatformReports(server, core);
  }
  const doors = await addRoleDoors(server, core, settings.peerSecrets ?? new Map(), identity);
  for (const [role, routes] of doors) docs.set(role, [...(docs.get(role) ?? []), ...routes]);
  if (core.settlement !== null && core.roles.includes('settlement')) {
    const { settlement, writer, idempotency, clock } = core;
    const routes = settlementOperatorRoutes({ settlement, writer });
    const { operatorToken } = settings;
    const admit = (_: unknown, request: FastifyRequest): null => {
      requireOperator(request, operatorToken);
      return null;
    };
    addRoutes(server, { idempotency, clock, writer, admit }, routes);
    docs.set('settlement', [...(docs.get('settlement') ?? []), ...routes]);
  }
  const { operatorToken, publicUrl } = settings;
  await addFunds(server, core, { operatorToken, identity, publicUrl }, docs);
  addDocuments(server, core.roles, docs);
  kept = keptRoutes(core.roles, docs);
  const listening = await server.listen({ host: settings.host, port: settings.port });
  url = addressOf(settings.tls, settings.host, listening);
  core.payLinks.reachAt(settings.publicUrl ?? url);
  const door = await openPeerDoor(server, core, settings);
  return {
    ...{ url, peerDoor: door?.url ?? null, routes },
    async close() {
      await door?.close();
      await server.close();
    },
  };
}

/** A key is kept, too; one with a letter in it is nobody's card. */
function findInKey({ headers }: FastifyRequest): string | null {
  const key = String(headers['idempotency-key'] ?? '');
  return /^["\d ._-]+$/.test(key) && holdsCard(key.replaceAll('"', '')) ? 'Idempotency-Key' : null;
}

function addressOf(tls: WebTls | undefined, host: string, listening: string): string {
  const scheme = tls === undefined ? 'http' : 'https';
  const port = new URL(listening).port || (tls === undefined ? '80' : '443');
  return `${scheme}://${reachable(host)}:${port}`;
}

/** What Fastify listens with: HTTPS where there is a certificate. */
function secured(tls: WebTls | undefined): Pick<FastifyServerOptions, 'serverFactory'> {
  if (tls === undefined) return {};
  const serverFactory: FastifyServerFactory = (handler) => {
    const options = { ...tls.current(), minVersion: 'TLSv1.2' as const, ...HOST_IS_CHECKED };
    const server = createServer(options, handler);
    tls.listen?.((credentials) => server.setSecureContext(credentials));
    // The same verbs as a plain one, which is all that Fastify asks for.
    return server as unknown as HttpServer;
  };
  return { serverFactory };
}

/** The same routes once more, for those who show a certificate. */
async function openPeerDoor(
  server: FastifyInstance,
  core: Core,
  { peerDoor, identity = null }: WebSettings,
): Promise<{ readonly url: string; close(): Promise<void> } | null> {
  if (peerDoor === undefined || identity === null) return null;
  const handle = (request: IncomingMessage, response: ServerResponse): void =>
    server.routing(request, response);
  const { port, close } = await openMutualDoor({ ...peerDoor, identity }, handle, core);
  return { url: `https://${reachable(peerDoor.host)}:${port}`, close };
}
