/** The authority's HTTP interface: enrolment, renewal, the list of what is revoked, the operator. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { enrolmentRequestSchema, pemSchema } from '#device/messages/enrolment.ts';
import type { Core } from '../core.ts';
import { Problem } from '../web/problems.ts';
import { idempotencyKey, requireOperator } from '../web/requests.ts';
import { addRoutes, type Reply, type Route, type RouteDoc, route } from '../web/routes.ts';
import type { Grant, IdentityDesk } from './desk.ts';
import { type Holder, KINDS } from './kinds.ts';

const csrSchema = pemSchema.describe('PKCS #10 of an ECDSA key on P-256, PEM');
const CSR = '-----BEGIN CERTIFICATE REQUEST-----\n…\n-----END CERTIFICATE REQUEST-----\n';
const GRANTED = {
  ...{ kind: 'merchant', subject: 'lin', expires_at: 1790000000000 },
  certificate: '-----BEGIN CERTIFICATE-----\n…',
  authority: '-----BEGIN CERTIFICATE-----\n…',
};

const grantedSchema = z.strictObject({
  kind: z.enum(KINDS),
  subject: z.string(),
  certificate: pemSchema,
  authority: pemSchema,
  expires_at: z.int(),
});

/** The id of a merchant or party, a role, or a server's name; names are what a server or role answers to. */
const holderSchema = z.strictObject({
  kind: z.enum(KINDS),
  subject: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,62}$/),
});
const codeSchema = holderSchema.extend({
  names: z
    .array(z.string().regex(/^[A-Za-z0-9.:-]{1,253}$/))
    .max(20)
    .default([]),
});

export function identityRoutes(desk: IdentityDesk): readonly Route[] {
  const granted = { 201: { says: 'Granted', schema: grantedSchema, example: GRANTED } };
  return [
    route({
      ...{ method: 'POST', path: '/v1/certificates', caller: 'anybody', idempotency: 'optional' },
      says: 'A merchant, party, role or server gets its certificate by a one-time code',
      body: {
        schema: enrolmentRequestSchema.extend({ csr: csrSchema }),
        example: { code: 'K3ZP…', csr: CSR },
      },
      answers: granted,
      problems: ['code_refused', 'csr_refused', 'idempotency_key_reused'],
      handle: async ({ body, request }) =>
        reply(await desk.enrol(body.code, body.csr, idempotencyKey(request))),
    }),
    route({
      ...{
        method: 'POST',
        path: '/v1/certificates/renewals',
        caller: 'anybody',
        idempotency: 'kept',
      },
      says: 'The next certificate for a key that has a good one, when a third of its time is left',
      body: { schema: z.strictObject({ csr: csrSchema }), example: { csr: CSR } },
      answers: granted,
      problems: ['code_refused', 'csr_refused'],
      handle: async ({ body }) => reply(await desk.renew(body.csr)),
    }),
    route({
      ...{ method: 'POST', path: '/v1/identity/codes', caller: 'operator', idempotency: 'kept' },
      says: 'A one-time code for a terminal, merchant, party, role or server',
      body: { schema: codeSchema, example: { kind: 'merchant', subject: 'lin' } },
      answers: {
        201: {
          says: 'The code, and until when it is good; a terminal’s until it is used',
          schema: z.strictObject({ code: z.string(), until: z.int().nullable() }),
        },
      },
      problems: ['operator_only', 'unknown_holder'],
      async handle({ body: { names, ...holder } }) {
        const issue = await desk.code(holder, names);
        return issue === null ? unknown(holder) : { status: 201, body: issue };
      },
    }),
    route({
      ...{
        method: 'POST',
        path: '/v1/identity/revocations',
        caller: 'operator',
        idempotency: 'kept',
      },
      says: 'Puts a terminal, merchant, party, role or server out, at once',
      body: {
        schema: holderSchema.extend({ because: z.string().min(1).max(200).default('revoked') }),
        example: { kind: 'terminal', subject: 't-0001', because: 'stolen' },
      },
      answers: {
        200: {
          says: 'How many certificates it had',
          schema: z.strictObject({ revoked: z.int() }),
        },
      },
      problems: ['operator_only', 'unknown_holder'],
      async handle({ body: { because, ...holder } }) {
        const revoked = await desk.revoke(holder, because);
        return revoked === null ? unknown(holder) : { status: 200, body: { revoked } };
      },
    }),
  ];
}

const unknown = (holder: Holder): Reply => ({ problem: 'unknown_holder', extras: { ...holder } });

function reply(grant: Grant): Reply {
  if (grant.ok) return { status: 201, body: grant.granted };
  return { problem: grant.code, extras: {} };
}

const FILES = {
  '/v1/identity/authority.pem': 'application/x-pem-file',
  '/v1/identity/crl.pem': 'application/x-pem-file',
  '/v1/identity/crl': 'application/pkix-crl',
} as const;

export const IDENTITY_DOCS: readonly RouteDoc[] = Object.entries(FILES).map(([path, type]) => ({
  ...{ method: 'GET', path, caller: 'anybody', problems: [] },
  says: path.endsWith('authority.pem') ? 'Whom to believe' : 'What is revoked (RFC 5280 §5)',
  answers: { 200: { says: 'It', type } },
}));

/** Installs the authority's routes where this process is one. */
export function addIdentity(server: FastifyInstance, core: Core, operatorToken: string): void {
  const { identity: desk, idempotency, clock, writer } = core;
  if (desk === null) return;
  const admit: Parameters<typeof addRoutes>[1]['admit'] = (caller, request) => {
    if (caller === 'operator') requireOperator(request, operatorToken);
    else if (caller !== 'anybody') throw new Problem('operator_only');
    return null;
  };
  addRoutes(server, { idempotency, clock, writer, admit }, identityRoutes(desk));
  const crl = listOf(core, desk);
  const bodies = {
    '/v1/identity/authority.pem': async () => desk.certificate,
    '/v1/identity/crl.pem': async () => (await crl()).pem,
    '/v1/identity/crl': async () => Buffer.from((await crl()).der),
  };
  for (const [path, body] of Object.entries(bodies)) {
    const type = FILES[path as keyof typeof FILES];
    server.get(path, async (_request, reply) => reply.type(type).send(await body()));
  }
}

/** How long a list is given out again: signing each time would be a way to keep us busy. */
const LIST_FRESH_MS = 5000;

/** The list as it is now: signed when something was revoked, or is a little old. */
function listOf({ clock }: Core, desk: IdentityDesk): () => ReturnType<IdentityDesk['crl']> {
  let last: { at: number; list: ReturnType<IdentityDesk['crl']> } | null = null;
  desk.listen(() => {
    last = null;
  });
  return () => {
    const at = clock.monotonic();
    if (last === null || at - last.at > LIST_FRESH_MS) last = { at, list: desk.crl() };
    return last.list;
  };
}
