/** The very bytes of JSON bodies, because those are what is signed. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from '../web/problems.ts';

/** Within this scope bodies are kept as they came; the answer gives the one of a request. */
export function keepRawBodies(
  scope: FastifyInstance,
): (request: FastifyRequest) => string | undefined {
  const raw = new WeakMap<FastifyRequest, string>();
  scope.removeContentTypeParser('application/json');
  scope.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    raw.set(request, String(body));
    try {
      done(null, JSON.parse(String(body)) as unknown);
    } catch {
      done(new Problem('malformed_request', { errors: [{ path: '', message: 'is no JSON' }] }));
    }
  });
  return (request) => raw.get(request);
}
