/** What the document says of the counter's pages and forms. */
import { z } from 'zod';
import { cardIdSchema } from '#device/messages/card.ts';
import { orderNumberSchema } from '#device/messages/order-number.ts';
import { waitSchema } from '../shop/live.ts';
import { formDoc, pageDoc, SIGN_IN } from '../web/page-docs.ts';
import type { RouteDoc } from '../web/routes.ts';
import { counterViewSchema, VIEW } from './http.ts';
import { becauseForm, refundForm, tokenForm, workForm } from './pages.ts';

const ofWork = z.strictObject({ id: orderNumberSchema });
const ofCard = z.strictObject({ card: cardIdSchema });
const WORK = '/counter/works/{id}';
const CARD = '/counter/cards/{card}';
const NO_CARDS = ['no_cards', 'store_unavailable'] as const;

export const COUNTER_DOCS: readonly RouteDoc[] = [
  pageDoc('/counter', 'What a cashier does with cards; whoever is not signed in is asked to', {
    answers: SIGN_IN,
  }),
  formDoc(
    '/counter/sign-in',
    'Signs an agent in, or on this machine the operator',
    { schema: tokenForm, example: { token: 'q3Jx8…' } },
    { problems: ['slow_down'] },
  ),
  formDoc('/counter/sign-out', 'Ends the session'),
  formDoc(
    '/counter/works',
    'Has a terminal ask for a card, once for each `key`',
    {
      schema: workForm,
      example: { key: '3Xb1kq0fWQ', terminal: '104 233', act: 'load', amount: '20.00' },
    },
    { answers: SIGN_IN },
  ),
  pageDoc(WORK, 'How far it is with that card', { params: ofWork, answers: SIGN_IN }),
  formDoc(`${WORK}/withdrawal`, 'Asks for no card any more', undefined, {
    ...{ params: ofWork, answers: SIGN_IN },
  }),
  {
    ...{ method: 'GET', path: `${WORK}/state`, caller: 'anybody' },
    says: 'The same for who is signed in; with `version` it waits for another one',
    ...{ params: ofWork, query: waitSchema, problems: ['bearer_missing', 'not_found'] },
    answers: {
      200: {
        says: 'How far it is, and a short name of what it looks like',
        schema: z.strictObject({ version: z.string(), work: counterViewSchema }),
        example: { version: 'Zm9vYmFyYmF6cXV4', work: VIEW },
      },
    },
  },
  {
    ...{ method: 'GET', path: `${WORK}/events`, caller: 'anybody' },
    says: 'The same as server-sent events `view`, until it is over',
    ...{ params: ofWork, problems: ['bearer_missing', 'not_found', 'store_unavailable'] },
    answers: { 200: { says: 'Events', type: 'text/event-stream' } },
  },
  pageDoc('/counter/cards', 'Leads to the card whose number is typed', {
    query: z.strictObject({ card: z.string().optional() }),
    answers: SIGN_IN,
  }),
  pageDoc(CARD, 'A card: what is on it, its last ten, and what can be done', {
    ...{ params: ofCard, problems: NO_CARDS, answers: SIGN_IN },
  }),
  formDoc(
    `${CARD}/blocking`,
    'Blocks the card: terminals hear of it at once',
    { schema: becauseForm, example: { because: 'Reported lost' } },
    { params: ofCard, problems: NO_CARDS, answers: SIGN_IN },
  ),
  formDoc(`${CARD}/unblocking`, 'Takes the block off', undefined, {
    ...{ params: ofCard, problems: NO_CARDS, answers: SIGN_IN },
  }),
  formDoc(
    `${CARD}/refunds`,
    'Gives what is left of a payment back to the card, at its next tap',
    { schema: refundForm, example: { key: '3Xb1kq0fWQ', order: '06D2QF8Z3K7M1N5P' } },
    { params: ofCard, problems: NO_CARDS, answers: SIGN_IN },
  ),
];
