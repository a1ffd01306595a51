/** How a race reaches the fund server: in its own process, or over HTTP. */
import type { VoucherState } from '#device/messages/voucher.ts';
import type { Action } from '#gateway/funds/flow.ts';
import type { ActInput, CreateVoucher } from '#gateway/funds/schemas.ts';
import type { Seed } from '#gateway/seed.ts';
import type { Tables } from '#gateway/store/tables.ts';

export type Kind = 'together' | 'apart';

export const ACCOUNTS = 20;
export const CREDIT_MINOR = 10_000;
export const DAY_MS = 86_400_000;

export interface Size {
  readonly vouchers: number;
  readonly parties: number;
}

/** Of account number `at`: from poor to rich, so that at any time of a long race one is running dry. */
const fundsOf = (at: number, vouchers: number): number => 5_000 + at * 20 * vouchers;

/** What all accounts hold at first. */
export const fundsOfAll = ({ vouchers }: Size): number =>
  Array.from({ length: ACCOUNTS }, (_, at) => fundsOf(at, vouchers)).reduce((a, b) => a + b);

/** What a race knows of a voucher: over HTTP as the last answer told, and so of a moment ago. */
export interface Known {
  readonly number: string;
  readonly state: VoucherState;
  readonly issuing: string;
  readonly paying: string;
  readonly beneficiary: string;
  readonly face_minor: number;
}

/** What the books of the issuer and of the fund server say; together they are the same. */
export interface Books {
  readonly bank: Tables;
  readonly funds: Tables;
  close(): void;
}

export interface Way {
  /** The fund server's clock. */
  now(): number;
  /** How long a new voucher is good, ms; `chance` is from 0 to below 1. */
  lifeMs(chance: number): number;
  /** `null` where it is refused. */
  create(party: string, wish: CreateVoucher, key: string): Promise<Known | null>;
  look(number: string): Known | undefined;
  /** Whether it was done, now or under the same key before; insists until it knows. */
  act(
    party: string,
    number: string,
    action: Action,
    input: ActInput,
    key: string,
  ): Promise<boolean>;
  /** Pays a merchant from account number `at`; whether it did. */
  spend(id: string, at: number, amountMinor: number): Promise<boolean>;
  /** Redeems at a till; whether it did. */
  till(id: string, number: string, amountMinor: number): Promise<boolean>;
  /** Called all the while with the share that is done: now and then something breaks. */
  pass(share: number): Promise<void>;
  /** Lets all vouchers expire, and gives the books when nothing is open any more. */
  end(numbers: readonly string[]): Promise<Books>;
  /** How often a process was killed, or worse. */
  readonly kills: number;
  /** What did not agree on the way. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

export const payerOf = (at: number) => ({
  ...{ phone: `+86138${String(10_000_000 + at)}`, pin: '246810', name: `Payer ${at}` },
});

export const tokenOf = (party: string): string => `token-of-party-number-${party.slice(1)}`;

/** Twenty accounts, and parties `p0`, `p1` … with a token each. */
export function seedOf({ vouchers, parties }: Size): Seed {
  return {
    ...{ calling_code: '86', vendors: [], terminals: [] },
    payers: Array.from({ length: ACCOUNTS }, (_, at) => {
      const { phone, pin, name } = payerOf(at);
      const funds = { amount_minor: fundsOf(at, vouchers), credit_minor: CREDIT_MINOR };
      const holder = { name, identity_number: '110101199003070011' };
      return { phone, pin, holder, balances: [{ currency: 'CNY' as const, ...funds }] };
    }),
    parties: Array.from({ length: parties }, (_, at) => ({
      ...{ id: `p${at}`, name: `Party ${at}`, token: tokenOf(`p${at}`) },
    })),
  };
}
