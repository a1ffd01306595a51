/**
 * The stall's interface: the page and, below `/v1`, everything that the page does, for scripts. On
 * loopback alone, for this machine's programs and its own page.
 */
import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { addCalls } from './calls.ts';
import { addCardCalls } from './card-calls.ts';
import { refuse } from './guard.ts';
import { addPairingCalls } from './pairing-calls.ts';
import { Problem } from './problems.ts';
import { addScannerCalls } from './scanner-calls.ts';
import { addScreen } from './screen-door.ts';
import { takeSound } from './sound-body.ts';
import type { Stall } from './stall.ts';
import { addTelephoneCalls } from './telephone-calls.ts';
import { viewStall } from './view.ts';

const PAGE = join(import.meta.dirname, 'page');
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The page's own files; the terminal's screen, in a frame, brings a policy of its own. */
const POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

const BEAT_MS = 10_000;

/** Listens on loopback; resolves with the server, whose address it names. */
export async function openInterface(
  stall: Stall,
  port: number,
): Promise<{ url: string; close(): Promise<void> }> {
  const server = Fastify({ forceCloseConnections: true, bodyLimit: 64 * 1024 });
  server.addHook('onRequest', async (request) => {
    const problem = refuse(request.headers);
    if (problem !== null) throw problem;
  });
  server.setErrorHandler((error, _request, reply) => sendProblem(reply, toProblem(error)));
  server.setNotFoundHandler((request, reply) =>
    sendProblem(
      reply,
      new Problem(
        404,
        'Not here',
        `There is no ${request.method} ${request.url}; see docs/stall.md.`,
      ),
    ),
  );
  takeSound(server);
  addPage(server);
  addCalls(server, stall);
  addPairingCalls(server, stall);
  addCardCalls(server, stall);
  addScannerCalls(server, stall);
  addTelephoneCalls(server, stall);
  addScreen(server, stall);
  addEvents(server, stall);
  const url = await server.listen({ host: '127.0.0.1', port });
  return { url, close: () => server.close() };
}

const sendProblem = (reply: FastifyReply, problem: Problem): FastifyReply =>
  reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem));

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { statusCode, message } = error as { statusCode?: number; message?: string };
  if (statusCode !== undefined && statusCode < 500) {
    return new Problem(
      statusCode,
      'Wrong request',
      `${message ?? 'not understood'}; send JSON.`,
      'body',
    );
  }
  return new Problem(500, 'The stall failed', message ?? String(error));
}

function addPage(server: FastifyInstance): void {
  const send = (reply: FastifyReply, name: string): FastifyReply => {
    const type = TYPES[extname(name)];
    // One folder deep, and only the names of files that a page has.
    if (type === undefined || !/^[a-z-]+\.[a-z]+$/.test(name)) {
      throw new Problem(404, 'Not here', `The page has no ${name}.`);
    }
    let body: Buffer;
    try {
      body = readFileSync(join(PAGE, name));
    } catch {
      throw new Problem(404, 'Not here', `The page has no ${name}.`);
    }
    return reply
      .header('content-security-policy', POLICY)
      .header('x-content-type-options', 'nosniff')
      .header('referrer-policy', 'no-referrer')
      .header('cache-control', 'no-cache')
      .type(type)
      .send(body);
  };
  server.get('/', async (_request, reply) => send(reply, 'index.html'));
  server.get<{ Params: { file: string } }>('/:file', async (request, reply) =>
    send(reply, request.params.file),
  );
}

/** Server-sent events: `wire` for each thing on a wire, `state` after each change. */
function addEvents(server: FastifyInstance, stall: Stall): void {
  server.get('/v1/events', (request, reply) => {
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    raw.socket?.setNoDelay(true);
    const send = (event: string, data: unknown, id?: number): void => {
      const head = id === undefined ? '' : `id: ${id}\n`;
      raw.write(`${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    };
    let last = '';
    const sendState = (): void => {
      const state = JSON.stringify(viewStall(stall));
      if (state === last) return;
      last = state;
      raw.write(`event: state\ndata: ${state}\n\n`);
    };
    raw.write('retry: 1000\n\n');
    sendState();
    const after = Number(request.headers['last-event-id'] ?? 0);
    for (const event of stall.trace.since(after)) send('wire', event, event.seq);
    const stopTrace = stall.trace.listen((event) => send('wire', event, event.seq));
    const stopState = stall.listen(sendState);
    // A broadcast that is no longer heard is a change that nobody tells.
    const look = setInterval(sendState, 500);
    const beat = setInterval(() => raw.write(': here\n\n'), BEAT_MS);
    raw.on('close', () => {
      clearInterval(look);
      clearInterval(beat);
      stopTrace();
      stopState();
    });
  });
}
