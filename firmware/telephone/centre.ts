/** The order centre over HTTP, with an agent's token (docs/order-centre.md). */
import { z } from 'zod';
import { currencySchema } from '#device/messages/money.ts';
import type { Clock } from '#device/ports/clock.ts';
import type {
  CallerOrder,
  Found,
  OrderCentre,
  OrderWish,
  Placing,
  Product,
} from '#device/ports/order-centre.ts';

const named = z.object({ en: z.string(), zh: z.string() });
const productSchema = z.object({
  code: z.string(),
  ...{ name: named, service: named, currency: currencySchema },
  unit_minor: z.int(),
  stock: z.int(),
});
const orderSchema = z.object({
  number: z.string(),
  state: z.enum(['not_placed', 'unpaid', 'paying', 'paid', 'cancelled', 'expired']),
  reason: z.string().nullable().default(null),
  lines: z.array(z.object({ code: z.string(), quantity: z.int(), name: named })),
  currency: currencySchema,
  amount_minor: z.int(),
  refunded_minor: z.int(),
  phone: z.string(),
  link: z.enum(['none', 'asked', 'made']),
  created_at: z.number(),
  messages: z.array(
    z.object({
      state: z.enum(['waiting', 'delivered', 'failed']),
      report: z.object({ outcome: z.enum(['delivered', 'failed']) }).optional(),
    }),
  ),
});
const problemSchema = z.object({
  code: z.string(),
  line: z.int().optional(),
  left: z.int().optional(),
  errors: z.array(z.object({ path: z.string() })).optional(),
});

const ANSWER_MS = 8000;
/** Between two tries of a placing whose answer was lost. */
const RETRY_MS = 700;
const TRIES = 4;
const WATCH_AGAIN_MS = 1500;
/** The order centre sends a word at least so often. */
const QUIET_MS = 60_000;

export interface CentreSettings {
  readonly url: URL;
  /** An agent's. */
  readonly token: string;
  readonly merchant: string;
  readonly clock: Pick<Clock, 'after'>;
}

function readOrder(body: unknown): CallerOrder {
  const { messages, ...order } = orderSchema.parse(body);
  const newest = messages.at(-1);
  return { ...order, message: newest?.report?.outcome ?? newest?.state ?? 'none' };
}

export class HttpOrderCentre implements OrderCentre {
  readonly #settings: CentreSettings;

  constructor(settings: CentreSettings) {
    this.#settings = settings;
  }

  /** Whose token it is; `null` where it is nobody's. Rejects where there is no answer. */
  async agent(): Promise<string | null> {
    const { status, body } = await this.#ask('/v1/centre/agent');
    if (status === 401) return null;
    return z.object({ agent: z.string() }).parse(body).agent;
  }

  async products(): Promise<readonly Product[]> {
    const query = new URLSearchParams({ merchant: this.#settings.merchant, limit: '200' });
    const { status, body } = await this.#ask(`/v1/centre/products?${query}`);
    if (status !== 200) throw new Error(`the order centre answers ${status}`);
    return z.object({ products: z.array(productSchema) }).parse(body).products;
  }

  /** What a phone ordered before, newest first; rejects where there is no answer. */
  async ofPhone(phone: string): Promise<readonly CallerOrder[]> {
    const { status, body } = await this.#ask('/v1/centre/orders/searches', {
      body: { phone, limit: 10 },
    });
    if (status !== 200) return [];
    return z
      .object({ orders: z.array(z.unknown()) })
      .parse(body)
      .orders.map(readOrder);
  }

  async place(wish: OrderWish, key: string): Promise<Placing> {
    const { merchant } = this.#settings;
    const { email, ...rest } = wish;
    const body = { merchant, ...rest, ...(email === null ? {} : { email }) };
    for (let left = TRIES; left > 0; left -= 1) {
      try {
        const answer = await this.#ask('/v1/centre/orders', { body, key });
        // Another try with the same key is being worked on, or nothing was recorded.
        if (answer.status < 500 && codeOf(answer.body) !== 'request_in_flight') {
          return answer.status === 201
            ? { ok: true, order: readOrder(answer.body) }
            : refusalOf(answer.body);
        }
      } catch {
        // The same key again: it is placed once.
      }
      await new Promise<void>((resolve) => this.#settings.clock.after(RETRY_MS, resolve));
    }
    return { ok: false, why: 'away' };
  }

  async find(number: string, digits: string): Promise<Found> {
    try {
      const { status, body } = await this.#ask(`/v1/centre/orders/${encodeURIComponent(number)}`, {
        digits,
      });
      if (status === 200) return { is: 'found', order: readOrder(body) };
      if (status === 429) return { is: 'slow_down' };
      return { is: status === 404 || status === 400 ? 'not_found' : 'away' };
    } catch {
      return { is: 'away' };
    }
  }

  watch(number: string, told: (order: CallerOrder) => void): { stop(): void } {
    const stopped = new AbortController();
    let cancel = (): void => undefined;
    const go = async (): Promise<void> => {
      const ended = await this.#follow(number, told, stopped.signal).catch(() => false);
      if (ended || stopped.signal.aborted) return;
      cancel = this.#settings.clock.after(WATCH_AGAIN_MS, () => void go());
    };
    void go();
    return {
      stop() {
        stopped.abort();
        cancel();
      },
    };
  }

  /** One stream, to its end; whether the order has ended with it. */
  async #follow(
    number: string,
    told: (order: CallerOrder) => void,
    stop: AbortSignal,
  ): Promise<boolean> {
    const quiet = new AbortController();
    const { url, token, clock } = this.#settings;
    const response = await fetch(new URL(`/v1/centre/orders/${number}/events`, url), {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.any([stop, quiet.signal]),
    });
    if (response.status === 404 || response.status === 401) return true;
    if (!response.ok || response.body === null) return false;
    let over = false;
    let text = '';
    let cancel = clock.after(QUIET_MS, () => quiet.abort());
    try {
      for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
        cancel();
        cancel = clock.after(QUIET_MS, () => quiet.abort());
        text += part;
        const events = text.split('\n\n');
        text = events.pop() ?? '';
        for (const event of events) {
          const data = /^data: (.*)$/m.exec(event)?.[1];
          if (data === undefined) continue;
          const order = readOrder(JSON.parse(data));
          over = ['paid', 'cancelled', 'expired'].includes(order.state);
          told(order);
        }
      }
    } finally {
      cancel();
    }
    return over;
  }

  async #ask(
    path: string,
    more: { readonly body?: unknown; readonly key?: string; readonly digits?: string } = {},
  ): Promise<{ readonly status: number; readonly body: unknown }> {
    const { url, token } = this.#settings;
    const { body, key, digits } = more;
    const response = await fetch(new URL(path, url), {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(digits === undefined
          ? { authorization: `Bearer ${token}` }
          : { 'phone-digits': digits }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    return { status: response.status, body: await response.json().catch(() => null) };
  }
}

const codeOf = (body: unknown): string => problemSchema.safeParse(body).data?.code ?? '';

function refusalOf(body: unknown): Placing {
  const { code = '', line, left, errors = [] } = problemSchema.safeParse(body).data ?? {};
  const where = {
    ...(line === undefined ? {} : { line }),
    ...(left === undefined ? {} : { left }),
  };
  if (code === 'sold_out' || code === 'unknown_product') return { ok: false, why: code, ...where };
  const [first] = errors;
  if (first?.path === 'phone' || first?.path === 'email') return { ok: false, why: first.path };
  return { ok: false, why: 'refused' };
}
