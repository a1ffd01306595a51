/** What the document says of the web shop: its pages and forms, and how a page follows its order. */
import { z } from 'zod';
import { orderNumberSchema } from '#device/messages/order-number.ts';
import { merchantIdSchema } from '../catalogue/catalogue.ts';
import { formDoc, pageDoc } from '../web/page-docs.ts';
import type { RouteDoc } from '../web/routes.ts';
import { waitSchema } from './live.ts';
import { shopOrderSchema } from './orders.ts';
import { digitsForm, keyForm, numberForm } from './pages.ts';

const ofShop = z.strictObject({ merchant: merchantIdSchema });
const ofOrder = z.strictObject({ merchant: merchantIdSchema, number: orderNumberSchema });
const ofNumber = z.strictObject({ number: orderNumberSchema });
const picked = z.looseObject({ 'q.1': z.string().optional() });
const ORDER = '/shop/{merchant}/orders/{number}';
const UNKNOWN = ['unknown_order'] as const;

const EXAMPLE = {
  version: 'Zm9vYmFyYmF6cXV4',
  order: {
    ...{ number: '06D2QF8Z3K7M1N5P', state: 'unpaid', step: 'tap', reader: '104233' },
    merchant: { id: 'lin', name: "Lin's Dumplings / 林记饺子" },
    lines: [
      { code: '1', name: { en: 'Pork dumplings', zh: '猪肉水饺' }, quantity: 2, unit_minor: 1200 },
    ],
    ...{ currency: 'CNY', amount_minor: 2400 },
    ...{ created_at: 1760000000000, expires_at: 1760000900000 },
  },
};

export const SHOP_DOCS: readonly RouteDoc[] = [
  pageDoc('/shop/{merchant}', 'Goods of a shop; `q.CODE` is how many are picked, `find` searches', {
    ...{ params: ofShop, query: picked, problems: ['not_found'] },
  }),
  pageDoc('/shop/{merchant}/basket', 'The basket, with what is picked as in the page of goods', {
    ...{ params: ofShop, query: picked, problems: ['not_found'] },
  }),
  formDoc(
    '/shop/{merchant}/orders',
    'Orders what is picked, and takes its stock; once for each `key`',
    { schema: keyForm.loose(), example: { key: '3Xb1kq0fWQ', 'q.1': '2' } },
    { params: ofShop, problems: ['not_found', 'idempotency_key_reused', 'request_in_flight'] },
  ),
  pageDoc(ORDER, 'Payment of an order at its step, and its bill; for the browser that ordered', {
    ...{ params: ofOrder, problems: UNKNOWN },
  }),
  formDoc(
    `${ORDER}/reader`,
    'Chooses the reader of a terminal, which then shows two digits',
    { schema: numberForm, example: { number: '104 233' } },
    { params: ofOrder, problems: [...UNKNOWN, 'slow_down'] },
  ),
  formDoc(
    `${ORDER}/digits`,
    'Proves that the customer stands before that terminal; its reader then waits for the card',
    { schema: digitsForm, example: { digits: '47' } },
    { params: ofOrder, problems: [...UNKNOWN, 'slow_down'] },
  ),
  formDoc(`${ORDER}/tap`, 'Has the reader that this browser knows wait for the card', undefined, {
    ...{ params: ofOrder, problems: UNKNOWN },
  }),
  formDoc(`${ORDER}/other-reader`, 'Forgets the reader', undefined, {
    ...{ params: ofOrder, problems: UNKNOWN },
  }),
  formDoc(`${ORDER}/cancel`, 'Cancels an order that is not paid; its stock comes back', undefined, {
    ...{ params: ofOrder, problems: UNKNOWN },
  }),
  {
    ...{ method: 'GET', path: '/v1/shop/orders/{number}', caller: 'anybody' },
    says: 'The order, for the browser that ordered; with `version` it waits for another one',
    ...{ params: ofNumber, query: waitSchema, problems: UNKNOWN },
    answers: {
      200: {
        says: 'The order, and a short name of what it looks like',
        schema: z.strictObject({ version: z.string(), order: shopOrderSchema }),
        example: EXAMPLE,
      },
    },
  },
  {
    ...{ method: 'GET', path: '/v1/shop/orders/{number}/events', caller: 'anybody' },
    says: 'The same as server-sent events `view`, until the order is over',
    ...{ params: ofNumber, problems: [...UNKNOWN, 'store_unavailable'] },
    answers: { 200: { says: 'Events', type: 'text/event-stream' } },
  },
];
