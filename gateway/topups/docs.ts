/** What the document says of the pages of top-ups. */
import { z } from 'zod';
import { orderNumberSchema } from '#device/messages/order-number.ts';
import { formDoc, pageDoc } from '../web/page-docs.ts';
import type { RouteDoc } from '../web/routes.ts';
import { wishForm } from './pages.ts';

const ofOrder = z.strictObject({ number: orderNumberSchema });
const ORDER = '/top-up/orders/{number}';
const UNKNOWN = ['unknown_order'] as const;

export const TOP_UP_DOCS: readonly RouteDoc[] = [
  pageDoc('/top-up', 'Asks for a card, an amount and whose phone pays', {
    query: z.strictObject({ card: z.string().optional() }),
    problems: ['no_cards'],
  }),
  formDoc(
    '/top-up/orders',
    'Has the acquirer make a link for it; what is paid is put on the card at its next tap',
    {
      schema: wishForm,
      example: { card: 'HC06D2A8Y1Z5W3KQ7M', amount: '20.00', phone: '138 0000 0001' },
    },
    { problems: ['no_cards', 'slow_down'] },
  ),
  pageDoc(ORDER, 'How far it is, for the browser that asked', {
    ...{ params: ofOrder, problems: UNKNOWN },
  }),
  formDoc(`${ORDER}/cancel`, 'Ends it while nobody has paid', undefined, {
    ...{ params: ofOrder, problems: UNKNOWN },
  }),
  {
    ...{ method: 'GET', path: `${ORDER}/state`, caller: 'anybody' },
    says: 'The same for a script',
    ...{ params: ofOrder, problems: UNKNOWN },
    answers: {
      200: {
        says: 'Its state',
        schema: z.strictObject({ state: z.string() }),
        example: { state: 'due' },
      },
    },
  },
];
