/** What the operator asks for and does at the fund server, over HTTP. */
import { z } from 'zod';
import { voucherNumberSchema } from '#device/messages/voucher.ts';
import type { Tables } from '../store/tables.ts';
import { type Route, route } from '../web/routes.ts';
import { overviewOf, overviewSchema, trailOf, voucherTrailSchema } from './overview.ts';
import type { Parties } from './parties.ts';
import { addedPartySchema, addPartySchema, partyIdSchema, renewPartySchema } from './schemas.ts';

const operator = { caller: 'operator', idempotency: 'kept' } as const;

export const fundOperatorRoutes = (tables: Tables, parties: Parties): readonly Route[] => [
  ...partyAccessRoutes(parties),
  route({
    ...{ method: 'GET', path: '/v1/funds/overview', caller: 'operator' },
    says: 'Vouchers that stand, what is owed for captured ones, and questions without an answer',
    answers: { 200: { says: 'As of now', schema: overviewSchema } },
    problems: ['operator_only'],
    handle: async () => ({ status: 200, body: overviewOf(tables) }),
  }),
  route({
    ...{ method: 'GET', path: '/v1/funds/vouchers/{number}/trail', caller: 'operator' },
    says: 'Who did what to a voucher, and what was asked of the issuer about it',
    params: z.strictObject({ number: voucherNumberSchema }),
    answers: { 200: { says: 'Its trail, the oldest first', schema: voucherTrailSchema } },
    problems: ['operator_only', 'unknown_voucher'],
    async handle({ params: { number } }) {
      const trail = trailOf(tables, number);
      if (trail === null) return { problem: 'unknown_voucher', extras: {} };
      return { status: 200, body: trail };
    },
  }),
];

const partyAccessRoutes = (parties: Parties): readonly Route[] => [
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
