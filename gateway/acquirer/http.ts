/** The acquirer's HTTP interface, for the order centre. */
import { z } from 'zod';
import { voucherLookedUpSchema, voucherLookUpSchema } from '../funds/schemas.ts';
import { askGate } from '../gate.ts';
import { admitAnswerSchema, admitSchema } from '../issuer/gate.ts';
import { reply } from '../issuer/http.ts';
import { PeerError } from '../peers/client.ts';
import { requireSameKey } from '../peers/door.ts';
import type { Writer } from '../store/writer.ts';
import { type Route, route } from '../web/routes.ts';
import type { Acquirer } from './acquirer.ts';
import {
  type AcquirerGate,
  acquirerCaptureSchema,
  acquirerRefundSchema,
  acquirerStatusSchema,
  captureAnswerSchema,
  closeLinkAnswerSchema,
  closeLinkSchema,
  createLinkAnswerSchema,
  createLinkSchema,
  payAnswerSchema,
  paymentIdSchema,
  paySchema,
  refundAnswerSchema,
  voidAnswerSchema,
  voidSchema,
} from './gate.ts';
import type { Links } from './links/links.ts';

const PAY = {
  ...{ id: 'PAY-06D2', merchant: 'lin', order: '06D2A8Y1Z5W3KQ7M', amount_minor: 1250 },
  currency: 'CNY',
  payer: { by: 'pin', phone: '+8613800000001', pin: '246810' },
};
const PROBLEMS = ['peer_refused'] as const;

export interface AcquirerRouteParts {
  readonly acquirer: Acquirer;
  readonly payLinks: Links;
  readonly writer: Writer;
}

export function acquirerRoutes({
  acquirer,
  writer,
  payLinks,
}: AcquirerRouteParts): readonly Route[] {
  const gate: AcquirerGate = acquirer.gate();
  const ends = (schema: z.ZodType) => ({ 200: { says: 'What became of it', schema } });
  return [
    route({
      ...{ method: 'POST', path: '/v1/acquirer/admissions', caller: 'peer' },
      says: 'Whether a payer is who they say, as the issuer knows; each wrong PIN counts',
      body: { schema: admitSchema, example: { payer: PAY.payer } },
      answers: { 200: { says: 'Who it is, or why not', schema: admitAnswerSchema } },
      problems: ['peer_refused', 'issuer_unreachable'],
      async handle({ body }) {
        const payer = await gate.present(body.payer);
        try {
          return { status: 200, body: await askGate(writer, gate.admit, { payer }) };
        } catch (cause) {
          if (!(cause instanceof PeerError)) throw cause;
          return { problem: 'issuer_unreachable', extras: {} };
        }
      },
    }),
    route({
      ...{ method: 'POST', path: '/v1/acquirer/voucher-look-ups', caller: 'peer' },
      says: 'What vouchers are verified with, and what is true of one, as the fund server knows',
      body: { schema: voucherLookUpSchema, example: { token: 'eyJhbGciOiJFZERTQSJ9.e30.c2ln' } },
      answers: { 200: { says: 'The key, and the voucher', schema: voucherLookedUpSchema } },
      problems: ['peer_refused', 'issuer_unreachable'],
      async handle({ body }) {
        try {
          return { status: 200, body: await askGate(writer, gate.lookUpVoucher, body) };
        } catch (cause) {
          if (!(cause instanceof PeerError)) throw cause;
          return { problem: 'issuer_unreachable', extras: {} };
        }
      },
    }),
    route({
      ...{ method: 'POST', path: '/v1/acquirer/payments', caller: 'peer', idempotency: 'own' },
      says: 'Pays an order; `pending` where the issuer has not answered yet',
      body: { schema: paySchema, example: PAY },
      answers: ends(payAnswerSchema),
      problems: PROBLEMS,
      async handle({ body, request }) {
        requireSameKey(request, body.id);
        const payer = await gate.present(body.payer);
        return reply(await askGate(writer, gate.pay, { ...body, payer }));
      },
    }),
    route({
      ...{ method: 'POST', path: '/v1/acquirer/captures', caller: 'peer', idempotency: 'own' },
      says: 'Takes what a payment with `capture: later` has frozen, or a part',
      body: {
        schema: acquirerCaptureSchema,
        example: { id: 'C-1', payment: PAY.id, amount_minor: 1250 },
      },
      answers: ends(captureAnswerSchema),
      problems: PROBLEMS,
      async handle({ body, request }) {
        requireSameKey(request, body.id);
        return reply(await askGate(writer, gate.capture, body));
      },
    }),
    route({
      ...{ method: 'POST', path: '/v1/acquirer/voids', caller: 'peer', idempotency: 'own' },
      says: 'Undoes a payment, also one that has not arrived or is not known yet',
      body: { schema: voidSchema, example: { id: 'V-1', payment: PAY.id } },
      answers: ends(voidAnswerSchema),
      problems: PROBLEMS,
      async handle({ body, request }) {
        requireSameKey(request, body.id);
        return reply(await askGate(writer, gate.void, body));
      },
    }),
    route({
      ...{ method: 'POST', path: '/v1/acquirer/refunds', caller: 'peer', idempotency: 'own' },
      says: 'Gives a payment back, or a part, never more than was paid',
      body: {
        schema: acquirerRefundSchema,
        example: { id: 'REF-1', payment: PAY.id, amount_minor: 500 },
      },
      answers: ends(refundAnswerSchema),
      problems: PROBLEMS,
      async handle({ body, request }) {
        requireSameKey(request, body.id);
        return reply(await askGate(writer, gate.refund, body));
      },
    }),
    ...linkRoutes(payLinks, writer),
    route({
      ...{ method: 'GET', path: '/v1/acquirer/payments/{id}', caller: 'peer' },
      says: 'What became of a payment',
      params: z.strictObject({ id: paymentIdSchema }),
      answers: ends(acquirerStatusSchema),
      problems: ['peer_refused'],
      async handle({ params }) {
        return { status: 200, body: await askGate(writer, gate.status, params.id) };
      },
    }),
  ];
}

function linkRoutes(links: Links, writer: Writer): readonly Route[] {
  const gate = links.gate();
  const order = { merchant: 'lin', order: '4839201740' };
  return [
    route({
      ...{ method: 'POST', path: '/v1/acquirer/links', caller: 'peer', idempotency: 'own' },
      says: 'Makes the link of the cashier page of an order',
      body: {
        schema: createLinkSchema,
        example: {
          ...{ id: 'link:4839201740', ...order, amount_minor: 2400, currency: 'CNY' },
          lines: [{ name: 'Pork dumplings', code: '1', quantity: 2, unit_minor: 1200 }],
          phone: '+8613800000001',
        },
      },
      answers: { 200: { says: 'The link, or why there is none', schema: createLinkAnswerSchema } },
      problems: PROBLEMS,
      async handle({ body, request }) {
        requireSameKey(request, body.id);
        return reply(await askGate(writer, gate.createLink, body));
      },
    }),
    route({
      ...{ method: 'POST', path: '/v1/acquirer/link-closings', caller: 'peer', idempotency: 'own' },
      says: 'Ends the link of an order, also one that is not made yet',
      body: { schema: closeLinkSchema, example: { id: 'close:1', ...order } },
      answers: { 200: { says: 'Whether nobody can pay any more', schema: closeLinkAnswerSchema } },
      problems: PROBLEMS,
      async handle({ body, request }) {
        requireSameKey(request, body.id);
        return reply(await askGate(writer, gate.closeLink, body));
      },
    }),
  ];
}
