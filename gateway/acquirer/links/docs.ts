/** What the document says of the pages behind payment links, and of what their script calls. */
import { z } from 'zod';
import { formDoc, moved, pageDoc } from '../../web/page-docs.ts';
import type { RouteDoc } from '../../web/routes.ts';
import { assertionSchema, attestationSchema } from './passkeys.ts';
import { passwordForm, platformForm, voucherForm } from './schemas.ts';

const params = z.strictObject({ token: z.string() });
const OWN = ['unknown_link', 'link_elsewhere', 'foreign_form'] as const;
const PASSKEY = { id: 'q2c', rawId: 'q2c', type: 'public-key' };

/** A call of the page's own script. */
const call = (path: string, says: string, more: Pick<RouteDoc, 'answers' | 'problems' | 'body'>) =>
  ({
    ...{ method: 'POST', path: `/pay/{token}/${path}`, says, caller: 'anybody', params, ...more },
    problems: [...OWN, ...more.problems],
  }) satisfies RouteDoc;

const said = (text: string) => z.strictObject({ said: z.literal(text) });

export const LINK_DOCS: readonly RouteDoc[] = [
  pageDoc('/pay/{token}', 'The cashier page of a payment link', {
    ...{ params, problems: ['unknown_link'] },
    query: z.strictObject({ method: z.string().optional() }),
  }),
  formDoc(
    '/pay/{token}/password',
    'Pays by password',
    { schema: passwordForm, example: { phone: '138 0000 0001', password: 'wide open window' } },
    { params, problems: ['unknown_link'] },
  ),
  formDoc(
    '/pay/{token}/voucher',
    'Pays by voucher, where its beneficiary has registered the phone number of the order',
    { schema: voucherForm, example: { voucher: '1234 5678 9015', code: '482913' } },
    { params, problems: ['unknown_link', 'slow_down'] },
  ),
  formDoc(
    '/pay/{token}/platform',
    'Asks the platform for permission, and leads to its page',
    { schema: platformForm, example: { method: 'platform:lotus' } },
    { params, problems: ['unknown_link', 'no_platform'] },
  ),
  {
    ...{ method: 'GET', path: '/pay-return/{name}', caller: 'anybody', problems: ['unknown_link'] },
    says: 'Where a platform sends the payer back to, with its signed word in the query',
    params: z.strictObject({ name: z.string() }),
    answers: moved('The page of the link'),
  },
  call('passkey-options', 'What the authenticator is asked for (WebAuthn §5.5)', {
    answers: { 200: { says: 'Options', schema: z.looseObject({ challenge: z.string() }) } },
    problems: ['link_ended'],
  }),
  call('passkey', 'Pays by face or fingerprint', {
    body: {
      schema: assertionSchema,
      example: {
        ...PASSKEY,
        response: { clientDataJSON: 'e30', authenticatorData: 'AA', signature: 'AA' },
      },
    },
    answers: { 200: { says: 'It is being paid', schema: z.strictObject({ said: z.string() }) } },
    problems: ['link_ended', 'passkey_refused'],
  }),
  call('registration-options', 'What a new passkey is made with (WebAuthn §5.4)', {
    answers: { 200: { says: 'Options', schema: z.looseObject({ challenge: z.string() }) } },
    problems: ['passkey_refused'],
  }),
  call('registration', 'Adds a passkey', {
    body: {
      schema: attestationSchema,
      example: { ...PASSKEY, response: { clientDataJSON: 'e30', attestationObject: 'AA' } },
    },
    answers: { 200: { says: 'Added', schema: said('registered') } },
    problems: ['passkey_refused'],
  }),
  {
    ...{ method: 'GET', path: '/pay/{token}/events', caller: 'anybody', params, problems: OWN },
    says: 'The state at once and at each change, as server-sent events',
    answers: { 200: { says: 'Events named state', type: 'text/event-stream' } },
  },
];
