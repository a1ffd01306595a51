/**
 * What paired phones paid to a merchant, for the merchant's own list at the acquirer: these payments go
 * from the order centre straight to a platform, and stand in the order centre's books alone.
 */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { currencySchema } from '#device/messages/money.ts';
import { askGate, type Gate, type GateHere, here, type Verb } from '../gate.ts';
import { refundedMinor } from '../orders/refunded-minor.ts';
import type { Tables } from '../store/tables.ts';
import type { AttemptRow } from '../store/tables-pairing.ts';
import type { Writer } from '../store/writer.ts';
import { Problem } from '../web/problems.ts';
import { type Route, route } from '../web/routes.ts';

const merchant = z.string().regex(/^[a-z0-9-]{1,30}$/);

export const pairedQuestionSchema = z.discriminatedUnion('about', [
  /** Open and paid ones behind an order number, by order number. */
  z.strictObject({
    ...{ about: z.literal('page'), merchant },
    after: z.string().max(64),
    limit: z.int().min(1).max(1000),
  }),
  z.strictObject({
    ...{ about: z.literal('payment'), merchant },
    payment: z.string().min(1).max(64),
  }),
]);
export type PairedQuestion = z.infer<typeof pairedQuestionSchema>;

const pairedPaymentSchema = z.strictObject({
  payment: z.string(),
  order: z.string(),
  state: z.enum(['asking', 'paid', 'voided']),
  amount_minor: z.int(),
  currency: currencySchema,
  refunded_minor: z.int(),
  begun_at: z.int(),
  ended_at: z.int().optional(),
  /** The platform's name. */
  platform: z.string(),
});
export type PairedPayment = z.infer<typeof pairedPaymentSchema>;

export const pairedPaymentsSchema = z.strictObject({ payments: z.array(pairedPaymentSchema) });

export interface PairedVerbs {
  readonly payments: Verb<PairedQuestion, z.infer<typeof pairedPaymentsSchema>>;
}
export type PairedGate = Gate<PairedVerbs>;

export const pairedGate = (): GateHere<PairedVerbs> => ({
  payments: here((tx, asked) => ({ payments: pairedPayments(tx, asked) })),
});

type Reads = Pick<Tables, 'pairings' | 'orders' | 'attempts'>;

function pairedPayments(tx: Reads, asked: PairedQuestion): PairedPayment[] {
  const rows =
    asked.about === 'page'
      ? tx.pairings.attemptsFor(asked.merchant, asked.after, asked.limit)
      : tx.pairings.attemptsCalled(asked.merchant, asked.payment);
  return rows.flatMap((row) => viewOf(tx, row));
}

function viewOf(tx: Reads, row: AttemptRow): PairedPayment[] {
  const order = tx.orders.find(row.order_number);
  if (order === undefined) return [];
  const { amount_minor } = order;
  const refunded_minor = refundedMinor(tx, order.number);
  const voided = tx.attempts
    .refundsOf(order.number)
    .some(({ kind, state }) => kind === 'void' && state === 'refunded');
  const paid = row.state === 'paid';
  return [
    {
      payment: row.payment ?? row.id,
      order: order.number,
      state: paid ? (voided ? 'voided' : 'paid') : 'asking',
      ...{ amount_minor, refunded_minor: paid ? refunded_minor : 0 },
      currency: currencySchema.parse(order.currency),
      begun_at: row.made_at,
      ...(paid && order.ended_at !== null ? { ended_at: order.ended_at } : {}),
      platform: row.platform,
    },
  ];
}

/** For the acquirer alone, where that is another process. */
export const pairedRoutes = (
  writer: Writer,
  callerOf: (request: FastifyRequest) => string,
): readonly Route[] => {
  const gate = pairedGate();
  return [
    route({
      ...{ method: 'POST', path: '/v1/centre/paired-payments', caller: 'peer' },
      says: 'What paired phones paid to a merchant, or are paying; changes nothing',
      body: {
        schema: pairedQuestionSchema,
        example: { about: 'page', merchant: 'lin', after: '', limit: 50 },
      },
      answers: { 200: { says: 'They', schema: pairedPaymentsSchema } },
      problems: ['peer_refused'],
      async handle({ body, request }) {
        if (callerOf(request) !== 'acquirer') throw new Problem('peer_refused', { why: 'role' });
        return { status: 200, body: await askGate(writer, gate.payments, body) };
      },
    }),
  ];
};
