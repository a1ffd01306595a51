/** What the document says of the payer's page. */
import { z } from 'zod';
import { formDoc, pageDoc } from '../../web/page-docs.ts';
import type { RouteDoc } from '../../web/routes.ts';
import { attestationSchema } from '../links/passkeys.ts';
import {
  accountForm,
  contractForm,
  logInForm,
  passkeyForm,
  passwordForm,
  whoForm,
} from './schemas.ts';

const WHO = {
  ...{ name: 'Wang Lin', identity_number: '110101199003070011', password: 'wide open window' },
};
const call = (path: string, says: string, more: Pick<RouteDoc, 'answers' | 'body'>): RouteDoc => ({
  ...{ method: 'POST', path: `/payer/${path}`, says, caller: 'payer', ...more },
  problems: ['bearer_expired', 'foreign_form', 'passkey_refused'],
});

export const PAYER_DOCS: readonly RouteDoc[] = [
  pageDoc('/payer', 'A payer’s ways to pay', {
    query: z.strictObject({ done: z.string().optional() }),
  }),
  formDoc('/payer/log-in', 'Logs a payer in by the phone number and PIN of the issuer’s account', {
    schema: logInForm,
    example: { phone: '138 0000 0001', pin: '246810' },
  }),
  formDoc('/payer/log-out', 'Ends the session'),
  formDoc(
    '/payer/identity',
    'Compares name and identity number with the account, and registers a password',
    { schema: whoForm, example: WHO },
  ),
  formDoc('/payer/password', 'Sets or changes the password', {
    schema: passwordForm,
    example: { password: 'a second window' },
  }),
  formDoc(
    '/payer/account',
    'Names the account at a platform, which alone may pay there',
    { schema: accountForm, example: { platform: 'lotus', account: 'alice' } },
    { problems: ['no_platform'] },
  ),
  formDoc('/payer/end', 'Ends a way to pay', {
    schema: contractForm,
    example: { contract: 'ac-Zm9vYmFyYmE' },
  }),
  formDoc('/payer/remove-passkey', 'Takes a passkey away', {
    schema: passkeyForm,
    example: { passkey: 'q2c' },
  }),
  call('registration-options', 'What a new passkey is made with (WebAuthn §5.4)', {
    answers: { 200: { says: 'Options', schema: z.looseObject({ challenge: z.string() }) } },
  }),
  call('registration', 'Adds a passkey', {
    body: {
      schema: attestationSchema,
      example: {
        ...{ id: 'q2c', rawId: 'q2c', type: 'public-key' },
        response: { clientDataJSON: 'e30', attestationObject: 'AA' },
      },
    },
    answers: {
      200: { says: 'Added', schema: z.strictObject({ said: z.literal('registered') }) },
    },
  }),
];
