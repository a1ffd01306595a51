/**
 * What an app on a customer's phone says to the gateway over its public HTTP interface (docs/http.md),
 * and how it behaves when the network does not: it asks again with the same key, never with a new one.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '#device/ports/clock.ts';
import { realClock } from '../clock.ts';

const orderSchema = z.looseObject({
  number: z.string(),
  state: z.enum(['offered', 'paid', 'declined', 'cancelled', 'expired']),
  vendor: z.string(),
  place: z.looseObject({ name: z.string() }),
  currency: z.string(),
  amount_minor: z.int(),
  lines: z.array(
    z.looseObject({ name: z.string().optional(), quantity: z.int(), unit_minor: z.int() }),
  ),
  expires_at: z.number(),
  reason: z.string().optional(),
});
export type SeenOrder = z.infer<typeof orderSchema>;

const matchSchema = z.object({ order: orderSchema, bearer: z.string() });
const paymentSchema = z.object({
  outcome: z.enum(['paid', 'declined']),
  payment: z.string().optional(),
  reason: z.string().optional(),
  order: orderSchema,
});
export type PaymentAnswer = z.infer<typeof paymentSchema>;
const problemSchema = z.looseObject({ code: z.string(), title: z.string(), detail: z.string() });

export const billSchema = z.looseObject({
  payment: z.string(),
  order: z.string(),
  vendor: z.string(),
  currency: z.string(),
  amount_minor: z.int(),
  lines: z.array(z.looseObject({ quantity: z.int(), unit_minor: z.int() })),
  payer: z.string(),
});
export type Bill = z.infer<typeof billSchema>;

/** The gateway's refusal, or `no_answer` where nothing came back. */
export interface Refusal {
  readonly ok: false;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}
export type Answer<T> = { readonly ok: true; readonly value: T } | Refusal;

/** What the phone shows as proof of where it is. */
export type Presence =
  | { readonly qr: string; readonly position: Position }
  | { readonly qr: string; readonly digits: string }
  | { readonly qr: string }
  | { readonly broadcast: string };

export interface Position {
  readonly latitude: number;
  readonly longitude: number;
  readonly accuracy_m: number;
}

export interface WalletOptions {
  /** Base URL of the gateway that this app belongs to. */
  readonly gateway: () => string;
  readonly language: () => 'en' | 'zh-CN';
  readonly clock?: Clock;
}

/** How often an app asks again before it tells its owner. */
const TRIES = 6;
const PATIENCE_MS = 400;

export class Wallet {
  readonly #options: WalletOptions;
  readonly #clock: Clock;

  constructor(options: WalletOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
  }

  /** Asks which order this is; an order that is still on its way is asked for again. */
  async match(presence: Presence): Promise<Answer<{ order: SeenOrder; bearer: string }>> {
    return this.#persist('/v1/matches', matchSchema, { body: presence }, ['unknown_order']);
  }

  /** Pays under one idempotency key, whatever happens on the way. */
  async pay(
    order: string,
    bearer: string,
    account: { phone: string; pin: string },
    key: string = randomUUID(),
  ): Promise<Answer<PaymentAnswer>> {
    const headers = { authorization: `Bearer ${bearer}`, 'idempotency-key': key };
    const path = `/v1/orders/${order}/payments`;
    return this.#persist(path, paymentSchema, { headers, body: account }, ['payment_in_flight']);
  }

  /** Looks again, such as when somebody else may have paid. */
  async look(order: string, bearer: string): Promise<Answer<SeenOrder>> {
    const headers = { authorization: `Bearer ${bearer}` };
    const wrapped = z.union([orderSchema, z.object({ order: orderSchema })]);
    const answer = await this.#persist(`/v1/orders/${order}`, wrapped, { headers }, []);
    if (!answer.ok) return answer;
    const { value } = answer;
    return { ok: true, value: 'number' in value ? value : (value.order as SeenOrder) };
  }

  async bill(order: string, bearer: string): Promise<Answer<Bill>> {
    const headers = { authorization: `Bearer ${bearer}` };
    return this.#persist(`/v1/orders/${order}/bill`, billSchema, { headers }, []);
  }

  async #persist<T>(
    path: string,
    schema: z.ZodType<T>,
    request: { headers?: Record<string, string>; body?: object },
    again: readonly string[],
  ): Promise<Answer<T>> {
    for (let tries = 1; ; tries += 1) {
      const answer = await this.#ask(path, schema, request);
      if (answer.ok || tries === TRIES) return answer;
      const worth = answer.status === 0 || answer.status === 503 || again.includes(answer.code);
      if (!worth) return answer;
      await new Promise<void>((resolve) => this.#clock.after(PATIENCE_MS, resolve));
    }
  }

  async #ask<T>(
    path: string,
    schema: z.ZodType<T>,
    request: { headers?: Record<string, string>; body?: object },
  ): Promise<Answer<T>> {
    let response: Response;
    let body: unknown;
    try {
      response = await fetch(new URL(path, this.#options.gateway()), {
        method: request.body === undefined ? 'GET' : 'POST',
        headers: {
          'accept-language': this.#options.language(),
          ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...request.headers,
        },
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
        signal: AbortSignal.timeout(5000),
      });
      body = await response.json();
    } catch (error) {
      const detail = error instanceof Error ? error.message : 'no answer';
      return { ok: false, status: 0, code: 'no_answer', detail };
    }
    if (response.ok) return { ok: true, value: schema.parse(body) };
    const problem = problemSchema.parse(body);
    return { ok: false, status: response.status, code: problem.code, detail: problem.detail };
  }
}
