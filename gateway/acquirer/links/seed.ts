/** The acquirer's part of a seed: details of merchants, methods, and the contracts of payers. */
import { z } from 'zod';
import { base64url } from '#device/codecs/bytes.ts';
import {
  type Currency,
  currencySchema,
  MAX_ORDER_MINOR,
  priceMinorSchema,
} from '#device/messages/money.ts';
import type { Chance } from '../../clock.ts';
import type { GatewayKeys } from '../../keys.ts';
import type { Tables } from '../../store/tables.ts';
import type { ContractRow } from '../../store/tables-links.ts';
import type { Transaction } from '../../store/writer.ts';
import type { Stretch } from '../../stretch.ts';
import { hashContractPassword, sealAccount, sealIdentity } from './contracts.ts';

/** What the acquirer knows of a merchant; without it, all currencies that it sells in. */
export const acquiringSchema = z.strictObject({
  number: z.string().regex(/^[A-Z0-9-]{1,20}$/),
  address: z.string().max(200).default(''),
  state: z.enum(['active', 'suspended']).default('active'),
  currencies: z.array(
    z.strictObject({
      currency: currencySchema,
      least_minor: priceMinorSchema.default(1),
      most_minor: priceMinorSchema.default(MAX_ORDER_MINOR),
    }),
  ),
});
export type Acquiring = z.output<typeof acquiringSchema>;

export const contractsSchema = z.strictObject({
  /** E.164, as registered for each method. */
  phone: z.string().regex(/^\+[1-9]\d{6,14}$/),
  name: z.string().min(1).max(80),
  identity_number: z.string().min(4).max(40),
  password: z.string().min(6).max(200).optional(),
  /** By platform: the account there. */
  platforms: z.record(z.string().regex(/^[a-z0-9-]{1,30}$/), z.string().min(1).max(40)).default({}),
});
export type Contracts = z.output<typeof contractsSchema>;

export interface SeedMerchant {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly acquiring: Acquiring | undefined;
  /** Those that it sells in. */
  readonly currencies: ReadonlySet<Currency>;
}

interface Parts {
  readonly tables: Tables;
  readonly keys: Pick<GatewayKeys, 'digest'>;
  readonly chance: Chance;
  readonly stretch?: Stretch | undefined;
}

/** Hashes passwords first, which is slow; the answer writes in a unit, and adds only what is new. */
export async function prepareContracts(
  { tables, keys, chance, stretch }: Parts,
  contracts: readonly Contracts[],
): Promise<(tx: Transaction) => void> {
  const fresh = contracts.filter((each) => !isKnown(tables, each));
  const hashed = await Promise.all(
    fresh.map(async (each) => ({
      ...each,
      secret:
        each.password === undefined
          ? null
          : await hashContractPassword(keys, each.password, chance.bytes(16), stretch),
    })),
  );
  return (tx) => {
    for (const { phone, name, identity_number, secret, platforms } of hashed) {
      const payer = `ap-${base64url(chance.bytes(8))}`;
      const identity_sealed = sealIdentity(keys, chance, payer, identity_number);
      tx.links.addPayer({ id: payer, name, identity_sealed });
      const add = (method: string, verification: ContractRow['verification'], text: string) =>
        tx.links.addContract({
          ...{ id: `ac-${base64url(chance.bytes(8))}`, payer, method, phone, verification },
          ...{ secret: text, state: 'active' },
        });
      if (secret !== null) add('password', 'password', secret);
      for (const [platform, account] of Object.entries(platforms)) {
        const method = `platform:${platform}`;
        tx.links.putMethod({ id: method, state: 'offered' });
        add(method, 'platform', sealAccount(keys, chance, payer, account));
      }
    }
  };
}

const isKnown = (tables: Pick<Tables, 'links'>, { phone, platforms }: Contracts): boolean =>
  ['password', ...Object.keys(platforms).map((name) => `platform:${name}`)].some(
    (method) => tables.links.contractOf(method, phone) !== undefined,
  );

export function addMerchant(tx: Transaction, merchant: SeedMerchant): void {
  const { id, name, acquiring, currencies } = merchant;
  const number = acquiring?.number ?? id.toUpperCase();
  const address = acquiring?.address || merchant.address;
  tx.links.putMerchant({ id, number, name, address, state: acquiring?.state ?? 'active' });
  const bounds =
    acquiring?.currencies ??
    [...currencies].map((currency) => ({
      currency,
      least_minor: 1,
      most_minor: MAX_ORDER_MINOR,
    }));
  for (const each of bounds) tx.links.putCurrency({ merchant: id, ...each });
}
