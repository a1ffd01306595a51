/**
 * The operator's side of a card: has settlement make and load one, at the reader of the stall's own
 * terminal, over the interface that every operator has.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { notNow } from './problems.ts';

export interface CardOfficeOptions {
  /** Of the gateway. */
  readonly directory: string;
  readonly gateway: () => string;
  readonly terminal: string;
  readonly currency: string;
}

const workSchema = z.object({ id: z.string(), state: z.string(), card: z.string().optional() });
const jobSchema = z.object({ id: z.string(), state: z.string() });
/** A whole personalisation, with the daemon's looks. */
const PATIENCE_MS = 12_000;

export class CardOffice {
  readonly #options: CardOfficeOptions;

  constructor(options: CardOfficeOptions) {
    this.#options = options;
  }

  /** The terminal asks for the blank card; `hold` lays it there. Resolves with the new card's name. */
  async issue(hold: () => Promise<void>): Promise<string> {
    const { terminal, currency } = this.#options;
    const wish = { terminal, currency, act: 'personalise' };
    const { id } = workSchema.parse(await this.#call('card-counter', wish));
    await hold();
    let made: string | undefined;
    await this.#until(async () => {
      const { state, card } = workSchema.parse(await this.#call(`card-counter/${id}`));
      if (state === 'done') made = card;
      return made !== undefined;
    });
    return made ?? '';
  }

  /** Takes the money in; `hold` lays the card on the reader, which then gets it. */
  async load(card: string, amountMinor: number, hold: () => Promise<void>): Promise<void> {
    const body = { amount_minor: amountMinor };
    const { id } = jobSchema.parse(await this.#call(`settlement/cards/${card}/loads`, body));
    await hold();
    await this.#until(async () => {
      const { state } = jobSchema.parse(await this.#call(`settlement/jobs/${id}`));
      return state === 'done';
    });
  }

  async #until(done: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!(await done())) {
      if (performance.now() > deadline) {
        throw notNow('The card was not done with in time: end the order on the screen, try again.');
      }
      await sleep(100);
    }
  }

  async #call(path: string, body?: object): Promise<unknown> {
    const { directory, gateway } = this.#options;
    const token = readFileSync(join(directory, 'operator.token'), 'utf8').trim();
    const response = await fetch(`${gateway()}/v1/${path}`, {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        'idempotency-key': crypto.randomUUID(),
      },
    });
    const answer: unknown = await response.json();
    if (response.ok) return answer;
    const { detail } = z.object({ detail: z.string() }).parse(answer);
    throw notNow(`The gateway says: ${detail}`);
  }
}
