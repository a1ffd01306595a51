/**
 * One table of routes: what installs a route also describes it, so that the served document and the
 * interface can't differ.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { canonical, type Idempotency, type Keep } from './idempotency.ts';
import { Problem, type ProblemCode } from './problems.ts';
import { decodeBody, idempotencyKey } from './requests.ts';

/** Who may call: by which security scheme of the document. */
export type Caller =
  | 'anybody'
  | 'bearer'
  | 'operator'
  | 'agent'
  | 'agent_or_phone'
  | 'webhook'
  | 'peer'
  | 'pairing'
  | 'merchant'
  /** A payment platform, as that signs. */
  | 'platform';

export interface AnswerDoc {
  readonly says: string;
  /** JSON; absent for any other media type. */
  readonly schema?: z.ZodType;
  readonly example?: unknown;
  readonly type?: string;
}

/** What the document says of a route. */
export interface RouteDoc {
  readonly method: 'GET' | 'POST';
  /** Parameters in braces, such as `/v1/orders/{number}`. */
  readonly path: string;
  readonly says: string;
  readonly caller: Caller;
  /** `own`: required, and the service itself keeps the answer under it. */
  readonly idempotency?: 'required' | 'optional' | 'own';
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** JSON where no other type is named. */
  readonly body?: {
    readonly schema: z.ZodType;
    readonly example: unknown;
    readonly type?: string;
  };
  readonly answers: Readonly<Record<number, AnswerDoc>>;
  readonly problems: readonly ProblemCode[];
}

export type Reply =
  | { readonly status: number; readonly body: unknown }
  | { readonly problem: ProblemCode; readonly extras: Readonly<Record<string, unknown>> };

export interface Call<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly request: FastifyRequest;
  /** To be called in the unit that decides, where the route has `idempotency: 'required'`. */
  readonly keep: Keep<Reply>;
}

export interface Route extends RouteDoc {
  handle(call: Call<unknown, unknown, unknown>): Promise<Reply>;
}

interface Typed<P, Q, B> extends RouteDoc {
  readonly params?: z.ZodObject & z.ZodType<P>;
  readonly query?: z.ZodObject & z.ZodType<Q>;
  readonly body?: { readonly schema: z.ZodType<B>; readonly example: unknown };
  handle(call: Call<P, Q, B>): Promise<Reply>;
}

/** A route whose handler gets what its schemas decode. */
export function route<P = undefined, Q = undefined, B = undefined>(typed: Typed<P, Q, B>): Route {
  return {
    ...typed,
    // The schemas beside it made them what they are.
    handle: (call) =>
      typed.handle({
        ...call,
        params: call.params as P,
        query: call.query as Q,
        body: call.body as B,
      }),
  };
}

export interface RouteParts {
  readonly idempotency: Idempotency;
  /** Lets the caller through, or throws a problem. */
  readonly admit: (caller: Caller, request: FastifyRequest) => void;
}

/** Installs each route of the table. */
export function addRoutes(
  server: FastifyInstance,
  parts: RouteParts,
  routes: readonly Route[],
): void {
  for (const each of routes) {
    server.route({
      method: each.method,
      url: each.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      handler: (request, reply) => answer(parts, each, request, reply),
    });
  }
}

async function answer(
  parts: RouteParts,
  each: Route,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  parts.admit(each.caller, request);
  const key = each.idempotency === 'required' ? requireKey(request) : null;
  const call = {
    params: each.params === undefined ? undefined : decodeBody(each.params, request.params),
    query: each.query === undefined ? undefined : decodeBody(each.query, request.query),
    body: each.body === undefined ? undefined : decodeBody(each.body.schema, request.body),
    request,
    keep: unkept,
  };
  if (key === null) return send(reply, await each.handle(call));
  const { params, query, body } = call;
  const content = canonical({ params, query, body });
  const keyed = { scope: `${each.method} ${each.path}`, key, content };
  const once = await parts.idempotency.once<Reply>(keyed, (keep) => each.handle({ ...call, keep }));
  if (!once.ok) {
    throw new Problem(once.code === 'reused' ? 'idempotency_key_reused' : 'request_in_flight');
  }
  if (once.replayed) reply.header('idempotency-replayed', 'true');
  return send(reply, once.answer);
}

export function requireKey(request: FastifyRequest): string {
  const key = idempotencyKey(request);
  if (key === null) throw new Problem('idempotency_key_missing');
  return key;
}

const unkept: Keep<Reply> = () => {
  throw new Error('this route keeps no answers: give it idempotency');
};

function send(reply: FastifyReply, made: Reply): FastifyReply {
  if ('problem' in made) throw new Problem(made.problem, made.extras);
  return reply.code(made.status).send(made.body);
}
