/** Whatever goes wrong on the way to a handler or in it, as a documented problem or a page. */
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Core } from '../core.ts';
import { findHostTrouble } from '../host.ts';
import { StoreError } from '../store/writer.ts';
import { sendRefusal } from './pages.ts';
import { Problem, type ProblemCode, problemBody, retryAfter } from './problems.ts';
import { languageOf } from './requests.ts';

/** Answers a request with a problem: as RFC 9457 under `/v1/`, else as a page. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem) {
  const language = languageOf(request);
  const wait = retryAfter(problem.code);
  if (wait !== null) reply.header('retry-after', String(wait));
  reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
  reply.code(problem.status).header('content-language', language);
  if (!request.url.startsWith('/v1/')) return sendRefusal(reply, problem, language);
  // As bytes, so that no charset is added: the media type has none (RFC 9457 §6.1).
  const body = Buffer.from(JSON.stringify(problemBody(problem, language)));
  return reply.header('content-type', 'application/problem+json').send(body);
}

/** Installs the answers to what handlers throw, and to addresses that nobody has. */
export function addErrors(server: FastifyInstance, core: Pick<Core, 'log'>): void {
  server.setNotFoundHandler((request, reply) =>
    sendProblem(request, reply, new Problem('not_found')),
  );
  server.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    if (problem.status >= 500) {
      const place = `http ${request.method} ${request.routeOptions.url ?? 'unknown'}`;
      // What was decided, such as that a terminal is away, is no fault of the program.
      if (error instanceof Problem) core.log({ level: 'warn', place, says: problem.code });
      else {
        const says = error instanceof Error ? (error.stack ?? error.message) : String(error);
        core.log({ level: 'error', place, says });
      }
    }
    return sendProblem(request, reply, problem);
  });
}

/** What an address is answered that the router itself can't read. */
export function sendBadAddress(error: Error, request: FastifyRequest, reply: FastifyReply) {
  const long = 'code' in error && error.code === 'FST_ERR_MAX_PARAM_LENGTH';
  const errors = [{ path: 'url', message: 'must be percent-encoded UTF-8' }];
  const problem = long ? new Problem('not_found') : new Problem('malformed_request', { errors });
  return sendProblem(request, reply, problem);
}

/** What a connection is answered that brings no HTTP/1.1, too long headers, or them too slowly. */
export function endBadConnection(error: Error, socket: Socket): void {
  const cause = 'code' in error ? String(error.code) : '';
  if (cause === 'ECONNRESET' || socket.destroyed) return;
  const problem = new Problem(BAD_CONNECTIONS[cause] ?? 'malformed_request');
  const body = JSON.stringify(problemBody(problem, 'en'));
  if (socket.writable) {
    socket.write(
      `HTTP/1.1 ${problem.status} ${problem.code}\r\nconnection: close\r\n` +
        'content-type: application/problem+json\r\ncontent-language: en\r\n' +
        `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  }
  socket.destroy(error);
}

const BAD_CONNECTIONS: Readonly<Record<string, ProblemCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'too_slow',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
};

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof StoreError) return new Problem('store_unavailable');
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new Problem('too_large');
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new Problem('unsupported_media_type');
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status >= 400 && status < 500) {
    const message = error instanceof Error ? error.message : String(error);
    return new Problem('malformed_request', { errors: [{ path: '', message }] });
  }
  return new Problem('internal');
}

/** Refuses a request that names no Host, several, or none that could be one. */
export function requireHost({ raw }: FastifyRequest): void {
  const message = findHostTrouble(raw);
  if (message === null) return;
  throw new Problem('malformed_request', { errors: [{ path: 'Host', message }] });
}

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\b/i;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route takes bytes of any type and looks at them itself. */
    readonly anyBody?: boolean;
  }
}

/** Refuses a body that is not JSON where the interface takes nothing else, whatever it parses as. */
export function requireJson(request: FastifyRequest): void {
  if (request.routeOptions.config.anyBody === true) return;
  const type = request.headers['content-type'];
  if (!request.url.startsWith('/v1/') || type === undefined || JSON_TYPE.test(type)) return;
  if (request.body === undefined || request.body === null) return;
  throw new Problem('unsupported_media_type');
}
