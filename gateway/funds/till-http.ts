/** The fund server's HTTP interface for the acquirer: vouchers at tills. */
import { z } from 'zod';
import { askGate } from '../gate.ts';
import {
  debitAnswerSchema,
  debitSchema,
  issuerRefundAnswerSchema,
  issuerRefundSchema,
  issuerStatusSchema,
  requestIdSchema,
  reverseAnswerSchema,
  reverseSchema,
} from '../issuer/gate.ts';
import { reply } from '../issuer/http.ts';
import { PeerError } from '../peers/client.ts';
import { requireSameKey } from '../peers/door.ts';
import type { Writer } from '../store/writer.ts';
import { Problem } from '../web/problems.ts';
import { type Reply, type Route, route } from '../web/routes.ts';
import type { Funds } from './funds.ts';
import { type FundGate, voucherAdmitSchema, voucherAdmittedSchema } from './gate.ts';
import { voucherLookedUpSchema, voucherLookUpSchema } from './schemas.ts';

const NUMBER = '123456789015';
const peer = { caller: 'peer', idempotency: 'own' } as const;

/** What the acquirer asks, in the issuer's words. */
export function fundRoutes({
  funds,
  writer,
}: {
  readonly funds: Funds;
  readonly writer: Writer;
}): readonly Route[] {
  const gate = funds.gate();
  return [...takingRoutes(gate, writer), ...returningRoutes(gate, writer)];
}

function takingRoutes(gate: FundGate, writer: Writer): readonly Route[] {
  return [
    route({
      ...{ method: 'POST', path: '/v1/funds/debits', ...peer },
      says: 'Redeems of a voucher at a till',
      body: {
        schema: debitSchema,
        example: {
          ...{ id: 'PAY-06D2', amount_minor: 1250, currency: 'CNY', merchant: 'lin' },
          ...{ reference: '06D2A8Y1Z5W3KQ7M' },
          payer: { by: 'voucher', number: NUMBER, code: '482913' },
        },
      },
      answers: { 200: { says: 'What became of it', schema: debitAnswerSchema } },
      problems: ['peer_refused', 'issuer_unreachable'],
      handle({ body, request }) {
        requireSameKey(request, body.id);
        const asked = { ...body, payer: { proof: body.payer } };
        return answered(askGate(writer, gate.debit, asked));
      },
    }),
    route({
      ...{ method: 'POST', path: '/v1/funds/admissions', caller: 'peer' },
      says: 'Whether a voucher would pay an order from afar; takes nothing, and wrong codes count',
      body: {
        schema: voucherAdmitSchema,
        example: {
          ...{ amount_minor: 1250, currency: 'CNY', reference: '06D2A8Y1Z5W3KQ7M' },
          payer: { by: 'voucher', number: NUMBER, code: '482913', phone: '+8613800000001' },
        },
      },
      answers: { 200: { says: 'Whether it would', schema: voucherAdmittedSchema } },
      problems: ['peer_refused', 'issuer_unreachable'],
      handle: ({ body }) => answered(askGate(writer, gate.admit, body)),
    }),
    route({
      ...{ method: 'POST', path: '/v1/funds/look-ups', caller: 'peer' },
      says: 'What vouchers are verified with, and what is true of one; takes nothing',
      body: { schema: voucherLookUpSchema, example: { token: 'eyJhbGciOiJFZERTQSJ9.e30.c2ln' } },
      answers: { 200: { says: 'The key, and the voucher', schema: voucherLookedUpSchema } },
      problems: ['peer_refused'],
      handle: async ({ body }) => ({ status: 200, body: await askGate(writer, gate.lookUp, body) }),
    }),
  ];
}

/** What a till gives back, and what became of anything that it asked. */
function returningRoutes(gate: FundGate, writer: Writer): readonly Route[] {
  const of = { id: 'R-1', of: 'PAY-06D2' };
  return [
    route({
      ...{ method: 'POST', path: '/v1/funds/reversals', ...peer },
      says: 'Undoes a redemption, also one that has not arrived: then it is refused when it does',
      body: { schema: reverseSchema, example: of },
      answers: { 200: { says: 'What became of it', schema: reverseAnswerSchema } },
      problems: ['peer_refused', 'issuer_unreachable'],
      handle({ body, request }) {
        requireSameKey(request, body.id);
        return answered(askGate(writer, gate.reverse, body));
      },
    }),
    route({
      ...{ method: 'POST', path: '/v1/funds/refunds', ...peer },
      says: 'Gives back what a till took, or a part, to the voucher, where that is good',
      body: { schema: issuerRefundSchema, example: { ...of, amount_minor: 500 } },
      answers: { 200: { says: 'What became of it', schema: issuerRefundAnswerSchema } },
      problems: ['peer_refused', 'issuer_unreachable'],
      handle({ body, request }) {
        requireSameKey(request, body.id);
        return answered(askGate(writer, gate.refund, body));
      },
    }),
    route({
      ...{ method: 'GET', path: '/v1/funds/requests/{id}', caller: 'peer' },
      says: 'What a request of a till was answered',
      params: z.strictObject({ id: requestIdSchema }),
      answers: { 200: { says: 'Its answer, or `unknown`', schema: issuerStatusSchema } },
      problems: ['peer_refused', 'issuer_unreachable'],
      handle: ({ params }) => answered(askGate(writer, gate.status, params.id)),
    }),
  ];
}

/** What nobody knows yet is asked for again. */
const answered = (answer: Promise<{ readonly said: string }>): Promise<Reply> =>
  answer.then(reply, (cause: unknown) => {
    if (cause instanceof PeerError) throw new Problem('issuer_unreachable');
    throw cause;
  });
