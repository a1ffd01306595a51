/**
 * What the stall's parties of vouchers call the gateway with: the tokens of the seed. A store that was
 * made before the seed named them has others; then the operator's interface gives new ones, which are kept.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { notNow, unknown } from './problems.ts';
import type { StallSeed } from './wiring.ts';

export interface PartyTokensOptions {
  /** Of the stall. */
  readonly directory: string;
  readonly gateway: () => string;
  readonly seed: StallSeed;
}

const seededSchema = z.object({ id: z.string(), token: z.string().optional() });
const renewedSchema = z.object({ token: z.string() });

export class PartyTokens {
  readonly #options: PartyTokensOptions;
  readonly #renewing = new Map<string, Promise<string>>();

  constructor(options: PartyTokensOptions) {
    this.#options = options;
  }

  /** Throws a problem for a party that the seed has no token for. */
  of(party: string): string {
    const parties = z.array(seededSchema).parse(this.#options.seed.parties);
    const seeded = parties.find(({ id }) => id === party)?.token;
    if (seeded === undefined) throw unknown(`The seed has no party ${party} with a token.`);
    return this.#kept()[party] ?? seeded;
  }

  /** Another one, for a party whose token was refused; one renewal for all who are refused at once. */
  instead(party: string, refused: string): Promise<string> {
    const token = this.of(party);
    if (token !== refused) return Promise.resolve(token);
    const renewing =
      this.#renewing.get(party) ??
      this.#renew(party).finally(() => void this.#renewing.delete(party));
    this.#renewing.set(party, renewing);
    return renewing;
  }

  async #renew(party: string): Promise<string> {
    const { directory, gateway } = this.#options;
    const operator = readFileSync(join(directory, 'gateway', 'operator.token'), 'utf8').trim();
    const answer = await fetch(`${gateway()}/v1/funds/parties/${party}/renewals`, {
      method: 'POST',
      body: '{}',
      headers: {
        authorization: `Bearer ${operator}`,
        'content-type': 'application/json',
        'idempotency-key': crypto.randomUUID(),
      },
    });
    if (!answer.ok) {
      throw notNow(
        `The gateway's store has no party ${party}: open the stall with another --data.`,
      );
    }
    const { token } = renewedSchema.parse(await answer.json());
    const kept = { ...this.#kept(), [party]: token };
    writeFileSync(this.#path(), JSON.stringify(kept), { mode: 0o600 });
    return token;
  }

  #path(): string {
    return join(this.#options.directory, 'party-tokens.json');
  }

  #kept(): Record<string, string> {
    try {
      return z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(this.#path(), 'utf8')));
    } catch {
      return {};
    }
  }
}
