/** The fund server's HTTP interface for parties' systems, and for whoever holds a signed voucher. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { voucherNumberSchema } from '#device/messages/voucher.ts';
import { Problem, type ProblemCode } from '../web/problems.ts';
import { type Route, requireKey, route } from '../web/routes.ts';
import { type Action, RULES } from './flow.ts';
import type { Funds } from './funds.ts';
import {
  type ActInput,
  balancesSchema,
  type Checked,
  checkedSchema,
  checkSchema,
  createVoucherSchema,
  entriesQuerySchema,
  entriesSchema,
  nameAccountSchema,
  redeemSchema,
  registeredPhoneSchema,
  registerPhoneSchema,
  transferSchema,
  voucherHistorySchema,
  voucherListSchema,
  voucherViewSchema,
} from './schemas.ts';

const ofVoucher = z.strictObject({ number: voucherNumberSchema });
const party = { caller: 'party' } as const;
const ADMISSION = ['party_refused', 'certificate_refused', 'peer_refused'] as const;
const CREATE = {
  ...{ paying: 'harbour-fund', beneficiary: 'chen', amount_minor: 20_000, currency: 'CNY' },
  ...{ terms: { transferable: true, partial: true }, memo: 'Mid-autumn', expires_at: 1.9e12 },
};
const ACCOUNT = { phone: '+8613800000001', pin: '246810', name: 'Wang Lin' };

/** What an action of the table takes beside its voucher. */
const INPUTS: Partial<
  Record<
    Action,
    {
      readonly schema: z.ZodObject;
      readonly example: unknown;
      readonly read: (body: unknown) => ActInput;
    }
  >
> = {
  name_account: {
    ...{ schema: nameAccountSchema, example: ACCOUNT },
    read: (body) => ({ account: nameAccountSchema.parse(body) }),
  },
  redeem: {
    ...{ schema: redeemSchema, example: { amount_minor: 5000, currency: 'CNY' } },
    read: (body) => ({ redeem: redeemSchema.parse(body) }),
  },
  transfer: {
    ...{ schema: transferSchema, example: { beneficiary: 'zhao' } },
    read: (body) => ({ transfer: transferSchema.parse(body) }),
  },
};

const MEETS: Partial<Record<Action, readonly ProblemCode[]>> = {
  name_account: ['wrong_pin', 'account_locked', 'issuer_unreachable'],
  confirm_account: ['account_refused'],
  ask_change: ['change_refused'],
  redeem: ['voucher_refused'],
  transfer: ['not_transferable', 'unknown_party'],
};

/** Actions that a party may ask for; the others are the fund server's. */
export const PARTY_ACTIONS: readonly Action[] = RULES.filter(
  ({ by }) => !by.includes('fund_server'),
).map(({ action }) => action);

/** Tells which party calls. */
type PartyOf = (request: FastifyRequest) => string;

/** For the systems of parties, which bring a certificate and sign, or their token. */
export const partyRoutes = (funds: Funds, partyOf: PartyOf): readonly Route[] => [
  ...voucherRoutes(funds, partyOf),
  ...PARTY_ACTIONS.map((action) => actionRoute(funds, partyOf, action)),
  ...ownRoutes(funds, partyOf),
];

function voucherRoutes(funds: Funds, partyOf: PartyOf): readonly Route[] {
  return [
    route({
      ...{ method: 'POST', path: '/v1/funds/vouchers', ...party, idempotency: 'own' },
      says: 'Asks a paying party to be payer of a voucher',
      body: { schema: createVoucherSchema, example: CREATE },
      answers: { 201: { says: 'Asked', schema: voucherViewSchema } },
      problems: [...ADMISSION, 'unknown_party'],
      handle: ({ body, request }) => funds.create(partyOf(request), body, requireKey(request)),
    }),
    route({
      ...{ method: 'GET', path: '/v1/funds/vouchers', ...party },
      says: 'The vouchers of the caller, the newest first',
      query: z.strictObject({ before: z.coerce.number().int().min(1).optional() }),
      answers: { 200: { says: 'About 50, and all of the same moment', schema: voucherListSchema } },
      problems: ADMISSION,
      async handle({ query, request }) {
        return { status: 200, body: funds.reading.list(partyOf(request), query.before) };
      },
    }),
    route({
      ...{ method: 'GET', path: '/v1/funds/vouchers/{number}', ...party },
      says: 'One voucher, as the caller may see it',
      params: ofVoucher,
      answers: { 200: { says: 'It', schema: voucherViewSchema } },
      problems: [...ADMISSION, 'unknown_voucher'],
      async handle({ params, request }) {
        const view = funds.reading.view(partyOf(request), params.number);
        if (view === null) return { problem: 'unknown_voucher', extras: {} };
        return { status: 200, body: view };
      },
    }),
    route({
      ...{ method: 'GET', path: '/v1/funds/vouchers/{number}/history', ...party },
      says: 'What was done to it, by whom and when, as far as the caller may see it',
      params: ofVoucher,
      answers: { 200: { says: 'The latest 500, the oldest first', schema: voucherHistorySchema } },
      problems: [...ADMISSION, 'unknown_voucher'],
      async handle({ params: { number }, request }) {
        const events = funds.reading.history(partyOf(request), number);
        if (events === null) return { problem: 'unknown_voucher', extras: {} };
        return { status: 200, body: { number, events } };
      },
    }),
  ];
}

/** What a party has beside its vouchers: a phone number, and what it redeemed. */
function ownRoutes(funds: Funds, partyOf: PartyOf): readonly Route[] {
  return [
    route({
      ...{ method: 'POST', path: '/v1/funds/phone', ...party, idempotency: 'kept' },
      says: 'Registers the phone number whose orders the caller’s vouchers pay by link',
      body: {
        schema: registerPhoneSchema,
        example: { phone: '+8613800000001', pin: '246810' },
      },
      answers: { 200: { says: 'Registered', schema: registeredPhoneSchema } },
      problems: [...ADMISSION, 'wrong_pin', 'account_locked', 'issuer_unreachable'],
      handle: ({ body, request }) => funds.registerPhone(partyOf(request), body),
    }),
    route({
      ...{ method: 'GET', path: '/v1/funds/entries', ...party },
      says: 'What a balance of the caller is made of, the newest first',
      query: entriesQuerySchema,
      answers: { 200: { says: 'Up to 50', schema: entriesSchema } },
      problems: ADMISSION,
      async handle({ query: { currency, before }, request }) {
        return { status: 200, body: funds.reading.entries(partyOf(request), currency, before) };
      },
    }),
    route({
      ...{ method: 'GET', path: '/v1/funds/balances', ...party },
      says: 'What the caller has redeemed, or got back, and was not paid out',
      answers: { 200: { says: 'By currency', schema: balancesSchema } },
      problems: ADMISSION,
      async handle({ request }) {
        const id = partyOf(request);
        return { status: 200, body: { party: id, balances: funds.reading.balances(id) } };
      },
    }),
  ];
}

function actionRoute(funds: Funds, partyOf: PartyOf, action: Action): Route {
  const input = INPUTS[action];
  const name = action.replaceAll('_', '-');
  return route<z.infer<typeof ofVoucher>, undefined, unknown>({
    ...{ method: 'POST', path: `/v1/funds/vouchers/{number}/${name}`, ...party },
    idempotency: 'own',
    says: `${name}: docs/voucher.md tells who may, and in which state`,
    params: ofVoucher,
    ...(input === undefined ? {} : { body: { schema: input.schema, example: input.example } }),
    answers: {
      200: { says: 'Done', schema: voucherViewSchema },
      202: {
        says: 'Recorded, and the same key tells what became of it',
        schema: voucherViewSchema,
      },
    },
    problems: [
      ...ADMISSION,
      ...(['unknown_voucher', 'wrong_party', 'wrong_voucher_state', 'request_in_flight'] as const),
      ...(MEETS[action] ?? []),
    ],
    handle({ params, body, request }) {
      if (input === undefined) requireNothing(request.body);
      return funds.act(
        ...([partyOf(request), params.number, action] as const),
        ...([input?.read(body) ?? {}, requireKey(request)] as const),
      );
    },
  });
}

/** Whoever sends more than an action takes meant something that would not be done. */
function requireNothing(body: unknown): void {
  if (body === undefined || body === null) return;
  if (typeof body === 'object' && !Array.isArray(body) && Object.keys(body).length === 0) return;
  const message = 'must be empty: this action takes nothing';
  throw new Problem('malformed_request', { errors: [{ path: '', message }] });
}

/** For anybody who holds a voucher. */
export const checkRoutes = (
  check: (request: FastifyRequest, token: string) => Checked,
  publicKey: string,
): readonly Route[] => [
  route({
    ...{ method: 'POST', path: '/v1/funds/checks', caller: 'anybody' },
    says: 'Whether a signed voucher is genuine, and what is left of it',
    body: { schema: checkSchema, example: { token: 'eyJhbGciOiJFZERTQSJ9.e30.c2ln' } },
    answers: { 200: { says: 'Genuine, or forged', schema: checkedSchema } },
    problems: ['slow_down'],
    handle: async ({ body, request }) => ({ status: 200, body: check(request, body.token) }),
  }),
  route({
    ...{ method: 'GET', path: '/v1/funds/key', caller: 'anybody' },
    says: 'What vouchers are verified with, also without a connection: Ed25519, base64url',
    answers: {
      200: { says: 'The public key', schema: z.strictObject({ alg: z.string(), key: z.string() }) },
    },
    problems: [],
    handle: async () => ({ status: 200, body: { alg: 'EdDSA', key: publicKey } }),
  }),
];
