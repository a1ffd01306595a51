/**
 * Vouchers in the customers' pockets: the market office issues one over the interface that every
 * party's systems have, and its beneficiary holds the QR before the terminal's scanner.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { CURRENCIES, type Currency } from '#device/messages/money.ts';
import { PartyTokens } from './party-tokens.ts';
import { notNow } from './problems.ts';
import type { StallSeed } from './wiring.ts';

const [ISSUING, BENEFICIARY] = ['office', 'xiaomei'];
/** So many stand on the page. */
const SHOWN = 6;
const MONTH_MS = 30 * 86_400_000;

const accountSchema = z.object({
  ...{ phone: z.string(), pin: z.string(), holder: z.object({ name: z.string() }).optional() },
  state: z.string().default('active'),
  balances: z.array(z.object({ currency: z.string(), amount_minor: z.int() })),
});
const voucherSchema = z.object({
  number: z.string(),
  state: z.string(),
  beneficiary: z.object({ id: z.string() }),
  amount_minor: z.int(),
  redeemed_minor: z.int(),
  currency: z.string(),
  qr: z.string().optional(),
  code: z.string().optional(),
});
const listSchema = z.object({ vouchers: z.array(voucherSchema) });

export interface VoucherInPocket {
  readonly number: string;
  readonly state: string;
  /** What its beneficiary proves itself by at a till; `null` where it is over. */
  readonly code: string | null;
  readonly left_minor: number;
  readonly amount_minor: number;
  readonly currency: string;
  /** What its QR code says; `null` where it is over. */
  readonly text: string | null;
}

export interface VoucherBoxOptions {
  /** Of the stall. */
  readonly directory: string;
  readonly gateway: () => string;
  readonly seed: StallSeed;
}

export class VoucherBox {
  readonly #options: VoucherBoxOptions;
  readonly #tokens: PartyTokens;

  constructor(options: VoucherBoxOptions) {
    this.#options = options;
    this.#tokens = new PartyTokens(options);
  }

  /** Those of the beneficiary, the newest first; not those that it pays for somebody else. */
  async view(): Promise<VoucherInPocket[]> {
    const { vouchers } = listSchema.parse(await this.#call(BENEFICIARY, 'vouchers'));
    const own = vouchers.filter(({ beneficiary }) => beneficiary.id === BENEFICIARY);
    const issued = own.filter(({ state, qr }) => qr !== undefined || state === 'redeemed');
    return issued.slice(0, SHOWN).map((each) => this.#inPocket(each));
  }

  async find(number: string): Promise<VoucherInPocket> {
    return this.#inPocket(voucherSchema.parse(await this.#call(BENEFICIARY, `vouchers/${number}`)));
  }

  #inPocket(told: z.infer<typeof voucherSchema>): VoucherInPocket {
    const { number, state, code = null, amount_minor, redeemed_minor, currency, qr } = told;
    const text = qr === undefined ? null : `${this.#options.gateway().toUpperCase()}/V/${qr}`;
    const left_minor = amount_minor - redeemed_minor;
    return { number, state, code, left_minor, amount_minor, currency, text };
  }

  /** From asking the payer to `issued`: the office issues, and pays by the richest payer's account. */
  async issue(amountMinor: number, partial: boolean): Promise<VoucherInPocket> {
    const { currency } = this.#options.seed.terminals[0];
    const { number } = voucherSchema.parse(
      await this.#call(ISSUING, 'vouchers', {
        ...{ paying: ISSUING, beneficiary: BENEFICIARY, amount_minor: amountMinor, currency },
        ...{ terms: { transferable: true, partial }, expires_at: Date.now() + MONTH_MS },
      }),
    );
    // Who pays itself has agreed.
    await this.#call(ISSUING, `vouchers/${number}/request-issue`, {});
    await this.#call(ISSUING, `vouchers/${number}/name-account`, this.#account(currency));
    await this.#call(ISSUING, `vouchers/${number}/confirm-account`, {});
    return this.find(number);
  }

  #account(currency: string): { phone: string; pin: string; name: string } {
    const payers = z.array(accountSchema).parse(this.#options.seed.payers);
    const has = ({ balances }: z.infer<typeof accountSchema>): number =>
      balances.find((balance) => balance.currency === currency)?.amount_minor ?? 0;
    const payer = payers
      .filter(({ state }) => state === 'active')
      .toSorted((left, right) => has(right) - has(left))
      .find(({ holder }) => holder !== undefined);
    if (payer?.holder === undefined) throw notNow('The seed has no payer whose holder is named.');
    return { phone: payer.phone, pin: payer.pin, name: payer.holder.name };
  }

  async #call(party: string, path: string, body?: object): Promise<unknown> {
    const ask = (token: string): Promise<Response> =>
      fetch(`${this.#options.gateway()}/v1/funds/${path}`, {
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          'idempotency-key': randomUUID(),
        },
      }).catch(() => {
        throw notNow('The gateway is off; switch it on first.');
      });
    const token = this.#tokens.of(party);
    const first = await ask(token);
    const answer =
      first.status === 401 ? await ask(await this.#tokens.instead(party, token)) : first;
    const told: unknown = await answer.json();
    if (answer.ok) return told;
    const { detail } = z.object({ detail: z.string() }).parse(told);
    throw notNow(`The gateway says: ${detail}`);
  }
}

/** Whole units of that currency as minor units. */
export const wholeUnits = (units: number, currency: string): number =>
  units * 10 ** CURRENCIES[currency as Currency].places;
