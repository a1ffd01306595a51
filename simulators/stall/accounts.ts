/** Those who have an account at the platform, as its seed has them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { currencySchema, formatMoney } from '#device/messages/money.ts';
import { HOME } from './wiring.ts';

export const PLATFORM_SEED = join(HOME, 'simulators', 'stall', 'platform.json');

const seedSchema = z.looseObject({
  accounts: z.array(
    z.looseObject({
      name: z.string(),
      password: z.string(),
      balances: z.array(z.strictObject({ currency: currencySchema, amount_minor: z.int() })),
    }),
  ),
});

export interface AccountView {
  readonly account: string;
  readonly password: string;
  readonly label: string;
}

export function readAccounts(): readonly AccountView[] {
  const { accounts } = seedSchema.parse(JSON.parse(readFileSync(PLATFORM_SEED, 'utf8')));
  return accounts.map(({ name: account, password, balances }) => ({
    ...{ account, password },
    label: `${account} (${balances.map(formatMoney).join(', ')})`,
  }));
}
