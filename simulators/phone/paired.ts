/**
 * A phone that is paired with a terminal: it logs in over the local network, says yes or no, and its
 * browser goes to the platform's page, types account and password, and comes back.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Answer } from './wallet.ts';

const viewSchema = z.looseObject({
  step: z.enum(['pair', 'wait', 'confirm', 'asking', 'pay', 'paid', 'ended']),
  unpaired: z.string().optional(),
  terminal: z.looseObject({ number: z.string(), vendor: z.string() }).optional(),
  order: z.looseObject({ number: z.string(), state: z.string(), amount_minor: z.int() }).optional(),
  attempt: z
    .looseObject({
      attempt: z.int(),
      state: z.string(),
      reason: z.string().optional(),
      page_url: z.string().optional(),
    })
    .optional(),
});
export type PairedView = z.infer<typeof viewSchema>;

const seenSchema = z.looseObject({ version: z.string(), view: viewSchema });
const sessionSchema = z.looseObject({ session: z.string() });
const problemSchema = z.looseObject({ code: z.string(), detail: z.string() });

export interface PairedOptions {
  readonly gateway: () => string;
  readonly language: () => 'en' | 'zh-CN';
}

/** How long a phone waits for something to change before it shows what there is, s. */
const WAIT_S = 8;

export class PairedPhone {
  readonly #options: PairedOptions;
  #session: string | null = null;
  #version = '';
  #end = new AbortController();
  /** What its page showed last; `null` until it has logged in. */
  view: PairedView | null = null;

  constructor(options: PairedOptions) {
    this.#options = options;
  }

  /** Logs in and types the terminal's number. */
  async pair(number: string, account: { phone: string; pin: string }): Promise<Answer<PairedView>> {
    const logged = await this.#ask('POST', '/v1/pairing/sessions', sessionSchema, account);
    if (!logged.ok) return logged;
    this.#session = logged.value.session;
    return this.#see(await this.#ask('POST', '/v1/pairings', seenSchema, { number }));
  }

  /** Looks again; waits until its page is at `step` where one is named. */
  async look(step?: PairedView['step']): Promise<Answer<PairedView>> {
    const deadline = performance.now() + WAIT_S * 1000;
    for (let query = ''; ; ) {
      const seen = await this.#ask('GET', `/v1/pairing${query}`, seenSchema);
      if (!seen.ok) return seen;
      const { version, view } = seen.value;
      const done = step === undefined || view.step === step || performance.now() > deadline;
      if (done) return this.#see(seen);
      query = `?wait_s=1&version=${version}`;
    }
  }

  /** Says yes or no to the order it is asked for; on yes its view has the platform's page. */
  async answer(answer: 'yes' | 'no'): Promise<Answer<PairedView>> {
    const asked = await this.look('confirm');
    if (!asked.ok) return asked;
    const order = asked.value.order?.number ?? '';
    const body = { order, answer };
    const said = await this.#ask('POST', '/v1/pairing/answers', seenSchema, body, randomUUID());
    return this.#see(said);
  }

  /** Types account and password on the platform's page, and lets its browser be sent back. */
  async payAtPlatform(holder: { account: string; password: string }): Promise<boolean> {
    const page = this.view?.attempt?.page_url;
    if (page === undefined) return false;
    const body = new URLSearchParams(holder);
    const typed = await fetch(page, { method: 'POST', body, redirect: 'manual' });
    const back = typed.headers.get('location');
    await typed.body?.cancel();
    if (back === null) return false;
    const returned = await fetch(back, { redirect: 'manual' });
    await returned.body?.cancel();
    await this.look();
    return true;
  }

  /** Waits a while for something new, as its page does; whether there was. */
  async next(): Promise<boolean> {
    const before = this.#version;
    const query = `?wait_s=20&version=${before}`;
    const seen = await this.#ask('GET', `/v1/pairing${query}`, seenSchema);
    if (!seen.ok) throw new Error(seen.detail);
    this.#see(seen);
    return this.#version !== before;
  }

  /** Ends what it is waiting for. */
  hangUp(): void {
    this.#end.abort();
  }

  async leave(): Promise<Answer<PairedView>> {
    return this.#see(await this.#ask('POST', '/v1/pairing/leave', seenSchema, {}));
  }

  #see(seen: Answer<z.infer<typeof seenSchema>>): Answer<PairedView> {
    if (!seen.ok) return seen;
    this.view = seen.value.view;
    this.#version = seen.value.version;
    return { ok: true, value: this.view };
  }

  async #ask<T>(
    method: 'GET' | 'POST',
    path: string,
    schema: z.ZodType<T>,
    body?: object,
    key?: string,
  ): Promise<Answer<T>> {
    const response = await fetch(new URL(path, this.#options.gateway()), {
      method,
      headers: {
        'accept-language': this.#options.language(),
        ...(this.#session === null ? {} : { authorization: `Bearer ${this.#session}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.any([AbortSignal.timeout(25_000), this.#end.signal]),
    });
    const json: unknown = await response.json();
    if (response.ok) return { ok: true, value: schema.parse(json) };
    const { code, detail } = problemSchema.parse(json);
    return { ok: false, status: response.status, code, detail };
  }
}
