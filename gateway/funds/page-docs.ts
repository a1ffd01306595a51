/** What the document says of the pages of parties, and of those behind a QR code. */
import { z } from 'zod';
import { voucherNumberSchema } from '#device/messages/voucher.ts';
import { formDoc, pageDoc, SIGN_IN } from '../web/page-docs.ts';
import type { RouteDoc } from '../web/routes.ts';
import { CHECK_PAGE_DOCS } from './check-page.ts';
import { actForm, createForm, listQuery, logInForm, phoneForm } from './forms.ts';
import { PARTY_ACTIONS } from './http.ts';
import { entriesQuerySchema } from './schemas.ts';

const ofVoucher = z.strictObject({ number: voucherNumberSchema });
const FORM = { key: 'Zm9vYmFyYmF6' };

/** Each with its form and example. */
export const PARTY_PAGE_DOCS: readonly RouteDoc[] = [
  pageDoc('/vouchers', 'A party’s vouchers, newest first; `before` as its link has it', {
    query: listQuery,
  }),
  formDoc(
    '/vouchers/log-in',
    'Logs a party in',
    { schema: logInForm, example: { party: 'chen', password: 'a long window' } },
    { problems: ['slow_down'] },
  ),
  formDoc('/vouchers/log-out', 'Ends the session'),
  formDoc(
    '/vouchers',
    'Asks a paying party to be payer',
    {
      schema: createForm,
      example: {
        ...{ ...FORM, paying: 'fund', beneficiary: 'chen', amount: '200', currency: 'CNY' },
        ...{ memo: 'Mid-autumn', days: '30', transferable: '1', partial: '1' },
      },
    },
    { answers: SIGN_IN },
  ),
  pageDoc('/vouchers/entries', 'What a balance of the party is made of', {
    query: entriesQuerySchema,
  }),
  pageDoc('/vouchers/{number}', 'One voucher, with its QR code, also on paper', {
    ...{ params: ofVoucher, problems: ['unknown_voucher'] },
  }),
  ...PARTY_ACTIONS.map((action) =>
    formDoc(
      `/vouchers/{number}/${action.replaceAll('_', '-')}`,
      `${action.replaceAll('_', '-')}, from the page`,
      { schema: actForm, example: FORM },
      { params: ofVoucher, problems: ['unknown_voucher'], answers: SIGN_IN },
    ),
  ),
  formDoc(
    '/vouchers/phone',
    'Registers the party’s phone number',
    { schema: phoneForm, example: { phone: '138 0000 0001', pin: '246810' } },
    { answers: SIGN_IN },
  ),
  ...CHECK_PAGE_DOCS,
];
