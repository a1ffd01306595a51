/** The OpenAPI 3.1 document of a role, from the table of its routes. */
import { z } from 'zod';
import { PROBLEMS, type ProblemCode } from './problems.ts';
import type { AnswerDoc, Caller, RouteDoc } from './routes.ts';

type Json = { readonly [name: string]: unknown };

const SECURITY: Readonly<Record<Caller, readonly Json[]>> = {
  anybody: [],
  bearer: [{ bearer: [] }],
  operator: [{ operator: [] }],
  agent: [{ agent: [] }],
  agent_or_phone: [{ agent: [] }, { phone_digits: [] }],
  webhook: [{ webhook: [] }],
  peer: [{ peer: [] }],
  pairing: [{ pairing: [] }, { pairing_cookie: [] }],
  merchant: [{ merchant_certificate: [], merchant_signature: [] }],
  payer: [{ payer_cookie: [] }],
  party: [{ party: [] }, { party_certificate: [], party_signature: [] }],
  party_session: [{ party_cookie: [] }],
  platform: [],
};

const SCHEMES: Json = {
  bearer: { type: 'http', scheme: 'bearer', description: 'The right to one order, from a match.' },
  operator: { type: 'http', scheme: 'bearer', description: 'operator.token, from this machine.' },
  agent: { type: 'http', scheme: 'bearer', description: 'Of an agent of the telephone desk.' },
  phone_digits: {
    ...{ type: 'apiKey', in: 'header', name: 'phone-digits' },
    description: 'The last four digits of the phone number of the order.',
  },
  webhook: {
    ...{ type: 'apiKey', in: 'header', name: 'webhook-signature' },
    description: 'Standard Webhooks, with webhook-id and webhook-timestamp.',
  },
  peer: {
    ...{ type: 'apiKey', in: 'header', name: 'signature' },
    description: 'Another organisation of this payment system.',
  },
  pairing: { type: 'http', scheme: 'bearer', description: 'The session of a phone.' },
  pairing_cookie: { type: 'apiKey', in: 'cookie', name: 'pairing_session' },
  payer_cookie: { type: 'apiKey', in: 'cookie', name: 'payer_session' },
  party: { type: 'http', scheme: 'bearer', description: 'Of a party of vouchers.' },
  party_certificate: {
    type: 'mutualTLS',
    description: 'The peer door, with the certificate of a party of vouchers.',
  },
  party_signature: {
    ...{ type: 'apiKey', in: 'header', name: 'signature' },
    description: 'RFC 9421, ecdsa-p256-sha256, with the key of that certificate.',
  },
  party_cookie: { type: 'apiKey', in: 'cookie', name: 'party_session' },
  merchant_certificate: {
    type: 'mutualTLS',
    description: 'The peer door, with the certificate of a merchant.',
  },
  merchant_signature: {
    ...{ type: 'apiKey', in: 'header', name: 'signature' },
    description: 'RFC 9421, ecdsa-p256-sha256, with the key of that certificate.',
  },
};

/** What any route may meet. */
const ALWAYS: readonly ProblemCode[] = [
  ...(['malformed_request', 'card_data_refused', 'headers_too_large'] as const),
  ...(['internal', 'slow_down', 'store_unavailable'] as const),
];
/** Also where no body is asked for, and one comes. */
const OF_POST: readonly ProblemCode[] = ['too_large', 'too_slow', 'unsupported_media_type'];
const WITH_KEY: readonly ProblemCode[] = [
  ...(['idempotency_key_missing', 'idempotency_key_reused', 'request_in_flight'] as const),
];

export function writeOpenApi(title: string, routes: readonly RouteDoc[]): Json {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const each of routes) {
    const path = paths[each.path] ?? {};
    path[each.method.toLowerCase()] = writeOperation(each);
    paths[each.path] = path;
  }
  return {
    openapi: '3.1.0',
    info: { title, version: '1' },
    paths,
    components: {
      securitySchemes: SCHEMES,
      schemas: { Problem: PROBLEM },
    },
  };
}

const PROBLEM: Json = {
  type: 'object',
  description: 'RFC 9457; more fields depend on the code.',
  required: ['type', 'title', 'status', 'code', 'detail'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', enum: Object.keys(PROBLEMS) },
    detail: { type: 'string' },
  },
};

/** Routes that do without a key, too. */
const OPTIONAL: ReadonlySet<RouteDoc['idempotency']> = new Set(['optional', 'kept']);

function writeOperation(each: RouteDoc): Json {
  const { params, query, body, idempotency } = each;
  const parameters = [
    ...writeParameters('path', params),
    ...writeParameters('query', query),
    ...(idempotency === undefined ? [] : [keyParameter(!OPTIONAL.has(idempotency))]),
  ];
  return {
    summary: each.says,
    operationId: operationId(each),
    security: SECURITY[each.caller],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: contentOf(body.type, toSchema(body.schema, 'input'), body.example),
          },
        }),
    responses: writeResponses(each),
  };
}

/** Every problem a caller of the route may meet. */
export function problemsOf(each: RouteDoc): ProblemCode[] {
  const all = [
    ...each.problems,
    ...ALWAYS,
    ...(each.caller === 'peer' ? (['peer_refused', 'certificate_refused'] as const) : []),
    ...(each.method === 'POST' ? OF_POST : []),
    ...(each.idempotency === undefined ? [] : WITH_KEY),
  ];
  return [...new Set(all)];
}

function operationId({ method, path }: RouteDoc): string {
  const words = path.replace(/^\/(v1\/)?/, '').replaceAll(/[{}]/g, '');
  return `${method.toLowerCase()}_${words.replaceAll(/[^a-z0-9]+/gi, '_')}`;
}

function writeParameters(where: 'path' | 'query', schema: z.ZodObject | undefined): Json[] {
  if (schema === undefined) return [];
  return Object.entries(schema.shape).map(([name, field]) => ({
    name,
    in: where,
    required: where === 'path' || !field.safeParse(undefined).success,
    schema: toSchema(field as z.ZodType, 'input'),
  }));
}

const keyParameter = (required: boolean): Json => ({
  name: 'Idempotency-Key',
  in: 'header',
  required,
  schema: { type: 'string', minLength: 1, maxLength: 128 },
});

interface Response {
  readonly description: string;
  readonly content?: Json;
}
type Responses = Readonly<Record<string, Response>>;

/** Answers and problems; a status that is both has the words and the media types of both. */
function writeResponses(each: RouteDoc): Responses {
  const answers = writeAnswers(each.answers);
  const problems = writeProblems(problemsOf(each), each.path.startsWith('/v1/'));
  const both = Object.keys(answers).filter((status) => status in problems);
  const joined = both.map((status): [string, Response] => [
    status,
    {
      description: `${answers[status]?.description ?? ''}; ${problems[status]?.description ?? ''}`,
      content: { ...problems[status]?.content, ...answers[status]?.content },
    },
  ]);
  return { ...answers, ...problems, ...Object.fromEntries(joined) };
}

function writeAnswers(answers: Readonly<Record<number, AnswerDoc>>): Responses {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { says, schema, example, type }]) => [
      status,
      {
        description: says,
        ...(schema !== undefined
          ? { content: contentOf(type, toSchema(schema, 'output'), example) }
          : type !== undefined
            ? { content: { [type]: {} } }
            : {}),
      },
    ]),
  );
}

/** As RFC 9457 under `/v1/`, else as a page. */
function writeProblems(codes: readonly ProblemCode[], asJson: boolean): Responses {
  const content: Json = asJson
    ? { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
    : { 'text/html': {} };
  const byStatus = Map.groupBy(codes, (code) => PROBLEMS[code]);
  return Object.fromEntries(
    [...byStatus]
      .sort(([a], [b]) => a - b)
      .map(([status, these]) => [
        String(status),
        { description: these.map((code) => `\`${code}\``).join(', '), content },
      ]),
  );
}

const contentOf = (type: string | undefined, schema: Json, example: unknown): Json => ({
  [type ?? 'application/json']: { schema, ...(example === undefined ? {} : { example }) },
});

/** JSON Schema 2020-12, which is what OpenAPI 3.1 has. */
function toSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
