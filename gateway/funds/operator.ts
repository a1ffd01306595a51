/** What the operator does about the parties of vouchers, over HTTP. */
import { z } from 'zod';
import { type Route, route } from '../web/routes.ts';
import type { Parties } from './parties.ts';
import { addedPartySchema, addPartySchema, partyIdSchema, renewPartySchema } from './schemas.ts';

const operator = { caller: 'operator', idempotency: 'kept' } as const;

export const fundOperatorRoutes = (parties: Parties): readonly Route[] => [
  route({
    ...{ method: 'POST', path: '/v1/funds/parties', ...operator },
    says: 'Adds a party; its token is shown once',
    body: {
      schema: addPartySchema,
      example: { id: 'chen', name: 'Chen Yi', password: 'a long window' },
    },
    answers: { 201: { says: 'Added', schema: addedPartySchema } },
    problems: ['operator_only', 'party_taken'],
    async handle({ body: { id, name, password = null, phone } }) {
      const token = await parties.add(id, name, password, { phone: phone ?? null });
      if (token === null) return { problem: 'party_taken', extras: { party: id } };
      return { status: 201, body: { id, token } };
    },
  }),
  route({
    ...{ method: 'POST', path: '/v1/funds/parties/{id}/renewals', ...operator },
    says: 'Gives a party a fresh token, shown once, and perhaps a password: the earlier are refused',
    params: z.strictObject({ id: partyIdSchema }),
    body: { schema: renewPartySchema, example: { password: 'a longer window' } },
    answers: { 200: { says: 'Renewed; its sessions are over', schema: addedPartySchema } },
    problems: ['operator_only', 'unknown_party'],
    async handle({ params: { id }, body: { password = null } }) {
      const token = await parties.renew(id, password);
      if (token === null) return { problem: 'unknown_party', extras: { party: id } };
      return { status: 200, body: { id, token } };
    },
  }),
];
