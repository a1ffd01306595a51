/**
 * One table of routes: what installs a route also describes it, so that the served document and the
 * interface can't differ.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Clock } from '../clock.ts';
import { FIRST_AGENT } from '../orders/telephone/agents.ts';
import type { Transaction, Writer } from '../store/writer.ts';
import { canonical, type Idempotency } from './idempotency.ts';
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
  | 'payer'
  /** A party of vouchers, by the token of its systems. */
  | 'party'
  | 'party_session'
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
  /**
   * `own`: required, and the service itself keeps the answer under it; `optional`: it may do so;
   * `kept`: may be repeated without harm, and keeps its answer where a key comes (`kept-answers.ts`).
   */
  readonly idempotency?: 'required' | 'optional' | 'own' | 'kept';
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
  /** `replayed`: under this key it was answered before. */
  | { readonly status: number; readonly body: unknown; readonly replayed?: boolean }
  | { readonly problem: ProblemCode; readonly extras: Readonly<Record<string, unknown>> };

/** As {@link Keep}; what an agent does is noted in the same unit. */
export type Keeps = (tx: Pick<Transaction, 'answers' | 'agents'>, made: Reply) => Reply;

export interface Call<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly request: FastifyRequest;
  /** Who calls, where that is an agent of the telephone desk. */
  readonly agent: string | null;
  /** To be called in the unit that decides, where the route has `idempotency: 'required'`. */
  readonly keep: Keeps;
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
  /** Lets the caller through, or throws a problem; the name of an agent, `null` for all others. */
  readonly admit: (caller: Caller, request: FastifyRequest) => string | null;
  readonly clock: Pick<Clock, 'now'>;
  readonly writer: Writer;
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
  const agent = parts.admit(each.caller, request);
  const key = each.idempotency === 'required' ? requireKey(request) : null;
  const call = {
    params: each.params === undefined ? undefined : decodeBody(each.params, request.params),
    query: each.query === undefined ? undefined : decodeBody(each.query, request.query),
    body: each.body === undefined ? undefined : decodeBody(each.body.schema, request.body),
    ...{ request, agent },
    keep: unkept,
  };
  const note = noteFor(parts, each, agent, call.params);
  if (key === null) {
    const made = await each.handle(call);
    // The service itself keeps the answer, in units of its own.
    if (agent !== null && each.method === 'POST') await parts.writer.run((tx) => note(tx, made));
    return send(reply, made);
  }
  const { params, query, body } = call;
  const content = canonical({ params, query, body });
  const keyed = { scope: ofAgent(`${each.method} ${each.path}`, agent), key, content };
  const once = await parts.idempotency.once<Reply>(keyed, (keep) =>
    each.handle({ ...call, keep: (tx, made) => keep(tx, note(tx, made)) }),
  );
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

/** Two agents may use the same key; keys from before agents had names stay good. */
export const ofAgent = (name: string, agent: string | null): string =>
  agent === null || agent === FIRST_AGENT ? name : `${name} by ${agent}`;

/** Writes down which agent did it, and what came of it. */
function noteFor(
  { clock }: RouteParts,
  { method, path }: Route,
  agent: string | null,
  params: unknown,
): (tx: Pick<Transaction, 'agents'>, made: Reply) => Reply {
  return (tx, made) => {
    if (agent === null) return made;
    const outcome = 'problem' in made ? made.problem : String(made.status);
    const named = Object.values(params ?? {}).map(String);
    const reference = named.length > 0 ? named.join('/') : numberIn(made);
    const at = Math.floor(clock.now());
    tx.agents.act({ agent, act: `${method} ${path}`, reference, outcome, at });
    return made;
  };
}

/** The order that was made, where the address names none. */
function numberIn(made: Reply): string {
  if ('problem' in made) return '';
  const { number } = (made.body ?? {}) as { number?: unknown };
  return typeof number === 'string' ? number : '';
}

const unkept: Keeps = () => {
  throw new Error('this route keeps no answers: give it idempotency');
};

function send(reply: FastifyReply, made: Reply): FastifyReply {
  if ('problem' in made) throw new Problem(made.problem, made.extras);
  if (made.replayed === true) reply.header('idempotency-replayed', 'true');
  return reply.code(made.status).send(made.body);
}
