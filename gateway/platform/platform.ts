/** Puts a payment platform together: its own store, keys, ledger and door on one data directory. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import formbody from '@fastify/formbody';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { fromBase64url } from '#device/codecs/bytes.ts';
import { type Chance, type Clock, systemChance, systemClock } from '../clock.ts';
import { decode, writeComplaints } from '../decode.ts';
import { findHostTrouble, HOST_IS_CHECKED } from '../host.ts';
import { loadSecret, sameSecret } from '../keys.ts';
import { trialBalance } from '../ledger/trial-balance.ts';
import { type Log, logToStderr } from '../log.ts';
import { reachable } from '../reachable.ts';
import { openSqlite } from '../store/sqlite/engine.ts';
import { StoreError, Writer } from '../store/writer.ts';
import { addChannel, type WithText } from './channel.ts';
import { startPermissionExpiry } from './expiry.ts';
import { platformApi } from './openapi.ts';
import { addPlatformPages, pageLanguage, sendPlatformRefusal } from './pages.ts';
import { derivePlatformKeys, type PlatformParts } from './parts.ts';
import { PlatformProblem, platformProblemBody } from './problems.ts';
import { startResults } from './results.ts';
import { applyPlatformSeed, type PlatformSeed, platformSeedSchema } from './seed.ts';

export interface PlatformOptions {
  /** Made where it is missing; holds the platform's own store, key and operator token. */
  readonly dataDirectory: string;
  /** Port 0 for any free one. */
  readonly http: { readonly host: string; readonly port: number };
  /** What payers' phones reach it by, without a slash at its end. */
  readonly publicUrl?: string | undefined;
  /** What payers know it by. */
  readonly house?: string | undefined;
  readonly seed?: PlatformSeed | undefined;
  readonly clock?: Clock;
  readonly chance?: Chance;
  readonly log?: Log;
}

export interface Platform {
  readonly url: string;
  readonly operatorToken: string;
  /** Ends all connections, commits what is queued, closes the store. */
  close(): Promise<void>;
}

const BODY_LIMIT = 16 * 1024;
export const HOUSE = 'Lotus Pay 莲付';

/** Starts a platform, or rejects with what is wrong; then nothing stays open. */
export async function openPlatform(options: PlatformOptions): Promise<Platform> {
  const { dataDirectory, clock = systemClock, chance = systemChance } = options;
  const log = options.log ?? logToStderr(() => clock.now());
  const seed = readSeed(options.seed);
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  const secret = fromBase64url(loadSecret(join(dataDirectory, 'platform.key'), chance));
  if (secret?.length !== 32) throw new Error('platform.key is damaged: restore it from a backup');
  const operatorToken = loadSecret(join(dataDirectory, 'platform-operator.token'), chance);
  const engine = openSqlite(join(dataDirectory, 'platform.sqlite'));
  const writer = new Writer(engine, (then) => setImmediate(then));
  const keys = derivePlatformKeys(secret);
  const parts: PlatformParts = { tables: engine.tables, writer, clock, chance, keys, log };
  const results = startResults(parts);
  const expiry = startPermissionExpiry(parts);
  let server: FastifyInstance | null = null;
  const close = async (): Promise<void> => {
    await server?.close();
    expiry.stop();
    results.close();
    writer.close();
  };
  try {
    if (seed !== null) await applyPlatformSeed(parts, seed);
    let url = '';
    const house = options.house ?? HOUSE;
    const publicUrl = (): string => options.publicUrl ?? url;
    server = await openDoor({
      ...parts,
      house,
      granted: () => expiry.arm(),
      publicUrl,
      operatorToken,
    });
    const listening = await server.listen(options.http);
    url = `http://${reachable(options.http.host)}:${new URL(listening).port || '80'}`;
    return { url, operatorToken, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function readSeed(seed: PlatformSeed | undefined) {
  if (seed === undefined) return null;
  const decoded = decode(platformSeedSchema, seed);
  if (decoded.ok) return platformSeedSchema.parse(seed);
  throw new Error(`the platform's seed is not one: ${writeComplaints(decoded.complaints)}`);
}

interface DoorParts extends PlatformParts {
  readonly house: string;
  readonly publicUrl: () => string;
  readonly granted: () => void;
  readonly operatorToken: string;
}

async function openDoor(parts: DoorParts): Promise<FastifyInstance> {
  const server = Fastify({
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: true,
    trustProxy: 'loopback',
    requestTimeout: 15_000,
    http: HOST_IS_CHECKED,
    frameworkErrors: (_error, request, reply) =>
      sendPlatformProblem(parts, request, reply, new PlatformProblem('malformed_request')),
  });
  await server.register(formbody, { bodyLimit: BODY_LIMIT });
  server.removeContentTypeParser('application/json');
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    (request as WithText).text = String(body);
    try {
      done(null, JSON.parse(String(body)));
    } catch {
      done(new PlatformProblem('malformed_request'));
    }
  });
  server.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
    reply.header('x-content-type-options', 'nosniff');
  });
  server.addHook('onRequest', async ({ raw }) => {
    const message = findHostTrouble(raw);
    if (message === null) return;
    throw new PlatformProblem('malformed_request', { errors: [{ path: 'Host', message }] });
  });
  addErrors(server, parts);
  addChannel(server, parts);
  addPlatformPages(server, parts);
  server.get('/openapi.json', async () => platformApi());
  server.get('/v1/health', async () => ({ status: 'ok', time: parts.clock.now() }));
  server.get('/v1/ledger/trial-balance', async (request) => {
    requireOwner(request, parts.operatorToken);
    return trialBalance(parts.tables);
  });
  return server;
}

const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/;

/** Lets the platform's own operator through: from this machine, not through a proxy, with the token. */
function requireOwner(request: FastifyRequest, token: string): void {
  const { headers, socket } = request;
  const given = /^Bearer +([\w-]+)$/i.exec(headers.authorization ?? '')?.[1];
  const near = LOOPBACK.test(socket.remoteAddress ?? '');
  const proxied = headers.forwarded !== undefined || headers['x-forwarded-for'] !== undefined;
  if (!near || proxied || given === undefined || !sameSecret(given, token)) {
    throw new PlatformProblem('operator_only');
  }
}

function sendPlatformProblem(
  { house }: DoorParts,
  request: FastifyRequest,
  reply: FastifyReply,
  problem: PlatformProblem,
) {
  const language = pageLanguage(request);
  if (!request.url.startsWith('/v1/')) return sendPlatformRefusal(reply, problem, language, house);
  reply.code(problem.status).header('content-language', language);
  if (problem.code === 'store_unavailable') reply.header('retry-after', '1');
  const body = Buffer.from(JSON.stringify(platformProblemBody(problem, language)));
  return reply.header('content-type', 'application/problem+json').send(body);
}

function addErrors(server: FastifyInstance, parts: DoorParts): void {
  const { log } = parts;
  server.setNotFoundHandler((request, reply) =>
    sendPlatformProblem(parts, request, reply, new PlatformProblem('not_found')),
  );
  server.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    if (problem.status >= 500) {
      // The route's pattern, never the address: a permission is a secret.
      const place = `platform ${request.method} ${request.routeOptions.url ?? 'unknown'}`;
      const says = error instanceof Error ? (error.stack ?? error.message) : String(error);
      log({ level: 'error', place, says });
    }
    return sendPlatformProblem(parts, request, reply, problem);
  });
}

function problemOf(error: unknown): PlatformProblem {
  if (error instanceof PlatformProblem) return error;
  if (error instanceof StoreError) return new PlatformProblem('store_unavailable');
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new PlatformProblem('too_large');
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new PlatformProblem('unsupported_media_type');
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  return new PlatformProblem(status >= 400 && status < 500 ? 'malformed_request' : 'internal');
}
