/** The operator's interface for the agents of the telephone desk. */
import { z } from 'zod';
import type { Agents } from '../orders/telephone/agents.ts';
import { type Route, route } from './routes.ts';

const nameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,29}$/, 'must be 1 to 30 small letters, digits and hyphens');
const at = z.int();
const agentSchema = z.strictObject({ agent: nameSchema, made_at: at, revoked_at: at.optional() });

export const agentRoutes = (agents: Agents): Route[] => [
  route({
    ...{ method: 'GET', path: '/v1/centre/agents', caller: 'operator' },
    says: 'The agents of the telephone desk, without their tokens',
    answers: {
      200: {
        says: 'All of them',
        schema: z.strictObject({ agents: z.array(agentSchema) }),
        example: { agents: [{ agent: 'mei', made_at: 1760000000000 }] },
      },
    },
    problems: ['operator_only'],
    async handle() {
      const all = agents.list().map(({ id, made_at, revoked_at }) => ({
        ...{ agent: id, made_at },
        ...(revoked_at === null ? {} : { revoked_at }),
      }));
      return { status: 200, body: { agents: all } };
    },
  }),
  route({
    ...{ method: 'GET', path: '/v1/centre/agent', caller: 'agent' },
    says: 'Whose token it is',
    answers: {
      200: {
        says: 'The agent',
        schema: z.strictObject({ agent: nameSchema }),
        example: { agent: 'mei' },
      },
    },
    problems: ['bearer_missing', 'bearer_invalid'],
    handle: async ({ agent }) => ({ status: 200, body: { agent: agent ?? '' } }),
  }),
  route({
    ...{ method: 'POST', path: '/v1/centre/agents', caller: 'operator', idempotency: 'kept' },
    says: 'A token for an agent, told once; the earlier one of that name ends',
    body: { schema: z.strictObject({ agent: nameSchema }), example: { agent: 'mei' } },
    answers: {
      201: {
        says: 'The token',
        schema: z.strictObject({ agent: nameSchema, token: z.string(), made_at: at }),
        example: { agent: 'mei', token: 'q3Jx…', made_at: 1760000000000 },
      },
    },
    problems: ['operator_only'],
    handle: async ({ body: { agent } }) => ({ status: 201, body: await agents.make(agent) }),
  }),
  route({
    ...{
      method: 'POST',
      path: '/v1/centre/agents/{agent}/revocation',
      caller: 'operator',
      idempotency: 'kept',
    },
    says: 'Ends the token of an agent, at once',
    params: z.strictObject({ agent: nameSchema }),
    answers: {
      200: {
        says: 'Revoked, now or before',
        schema: z.strictObject({ agent: nameSchema, revoked_at: at }),
        example: { agent: 'mei', revoked_at: 1760000000000 },
      },
    },
    problems: ['operator_only', 'unknown_agent'],
    async handle({ params: { agent } }) {
      const revoked_at = await agents.revoke(agent);
      if (revoked_at === null) return { problem: 'unknown_agent', extras: { agent } };
      return { status: 200, body: { agent, revoked_at } };
    },
  }),
];
