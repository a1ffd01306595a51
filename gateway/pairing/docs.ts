/** What the document says of the pairing: its JSON interface, and the forms of its page. */
import { z } from 'zod';
import { currencySchema } from '#device/messages/money.ts';
import { orderLineSchema } from '#device/messages/order.ts';
import { formDoc, moved, pageDoc, SIGN_IN } from '../web/page-docs.ts';
import type { RouteDoc } from '../web/routes.ts';
import {
  answerForm,
  answerSchema,
  logInForm,
  logInSchema,
  numberForm,
  pairSchema,
  waitSchema,
} from './schemas.ts';

const at = z.int();
const viewSchema = z.looseObject({
  step: z.enum(['pair', 'wait', 'confirm', 'asking', 'pay', 'paid', 'ended']),
  order: z
    .looseObject({
      number: z.string(),
      amount_minor: z.int(),
      currency: currencySchema,
      lines: z.array(orderLineSchema),
    })
    .optional(),
  attempt: z.looseObject({ state: z.string(), reason: z.string().optional() }).optional(),
});
const shownSchema = z.strictObject({
  version: z.string(),
  view: viewSchema,
  platforms: z.array(z.strictObject({ name: z.string(), title: z.string() })),
});
const SHOWN = {
  version: 'Zm9vYmFyYmF6cXV4eA',
  view: { step: 'wait' },
  platforms: [{ name: 'lotus', title: 'Lotus Pay' }],
};
const shown = (says: string) => ({ says, schema: shownSchema, example: SHOWN });
const SESSION = ['bearer_missing', 'bearer_invalid', 'bearer_expired'] as const;
const LOG_IN = ['wrong_pin', 'account_locked', 'issuer_unreachable'] as const;

const CALLS: readonly RouteDoc[] = [
  {
    ...{ method: 'POST', path: '/v1/pairing/sessions', caller: 'anybody', idempotency: 'kept' },
    says: 'Logs a phone in with the phone number and PIN of its account',
    body: { schema: logInSchema, example: { phone: '+8613800000001', pin: '246810' } },
    answers: {
      201: {
        says: 'The session, told once',
        schema: z.strictObject({ session: z.string(), expires_at: at, payer: z.string() }),
        example: { session: 'q3…', expires_at: 1760028800000, payer: '•••• 0001' },
      },
    },
    problems: LOG_IN,
  },
  {
    ...{ method: 'POST', path: '/v1/pairing/log-out', caller: 'pairing', idempotency: 'kept' },
    says: 'Leaves, and ends the session',
    answers: { 204: { says: 'Done' } },
    problems: SESSION,
  },
  {
    ...{ method: 'POST', path: '/v1/pairings', caller: 'pairing', idempotency: 'kept' },
    says: 'Pairs the phone with the terminal that shows this number',
    body: { schema: pairSchema, example: { number: '104233' } },
    answers: { 201: shown('Paired') },
    problems: [...SESSION, 'unknown_terminal', 'terminal_taken'],
  },
  {
    ...{ method: 'POST', path: '/v1/pairing/leave', caller: 'pairing', idempotency: 'kept' },
    says: 'Ends the pairing; what is being paid is called off',
    answers: { 200: shown('No longer paired') },
    problems: SESSION,
  },
  {
    ...{ method: 'POST', path: '/v1/pairing/answers', caller: 'pairing', idempotency: 'own' },
    says: 'Says yes or no to the order that the phone is asked for',
    body: { schema: answerSchema, example: { order: '06D2A8Y1Z5W3KQ7M', answer: 'yes' } },
    answers: { 201: shown('What follows: on yes the platform’s page, once there is permission') },
    problems: [
      ...SESSION,
      ...(['closed', 'payment_in_flight', 'too_many_attempts', 'not_paired'] as const),
      ...(['no_platform', 'unknown_order'] as const),
    ],
  },
  {
    ...{ method: 'GET', path: '/v1/pairing', caller: 'pairing' },
    says: 'What the phone sees; with `version` and `wait_s` when it is another',
    query: waitSchema,
    answers: { 200: shown('The view') },
    problems: SESSION,
  },
  {
    ...{ method: 'GET', path: '/v1/pairing/events', caller: 'pairing' },
    says: 'The view at once and at each change, as server-sent events',
    answers: { 200: { says: 'Events named view', type: 'text/event-stream' } },
    problems: SESSION,
  },
];

const ORDER = { order: '06D2A8Y1Z5W3KQ7M', answer: 'yes', key: 'k-12345678' };

/** The phone's page. */
const PAGES: readonly RouteDoc[] = [
  pageDoc('/pair', 'The phone’s page', { query: z.strictObject({ t: z.string().optional() }) }),
  formDoc('/pair/log-in', 'Logs the phone in', {
    schema: logInForm,
    example: { phone: '138 0000 0001', pin: '246810', number: '104233' },
  }),
  formDoc(
    '/pair/terminal',
    'Pairs with a terminal',
    { schema: numberForm, example: { number: '104 233' } },
    { answers: SIGN_IN },
  ),
  formDoc(
    '/pair/answer',
    'Yes or no',
    { schema: answerForm, example: ORDER },
    { answers: SIGN_IN },
  ),
  formDoc('/pair/leave', 'Ends the pairing'),
  formDoc('/pair/log-out', 'Ends the session'),
  {
    ...{ method: 'GET', path: '/pair/return/{name}', caller: 'anybody', problems: [] },
    says: 'Where a platform sends the payer back to, with its signed word in the query',
    params: z.strictObject({ name: z.string() }),
    answers: moved('The phone’s page'),
  },
];

export const PAIRING_DOCS: readonly RouteDoc[] = [...CALLS, ...PAGES];
