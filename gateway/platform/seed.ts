/** What a platform starts with: merchants' servers that may register, and accounts. */
import { z } from 'zod';
import { base64url } from '#device/codecs/bytes.ts';
import { writeWebhookSecret } from '#device/codecs/standard-webhooks.ts';
import { currencySchema, priceMinorSchema } from '#device/messages/money.ts';
import { openAccount, post } from '../ledger/ledger.ts';
import { hashPassword } from '../password.ts';
import { accountName } from './accounts.ts';
import { digestOf, holderAccount, type PlatformParts, platformFunding } from './parts.ts';

const clientSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]{1,30}$/),
  /** What payers are shown beside the merchant. */
  name: z.string().min(1).max(80),
  /** Lets one server, with one key, register. */
  registration_code: z.string().min(8).max(64),
});

const accountSchema = z.strictObject({
  name: z
    .string()
    .min(2)
    .max(60)
    .refine((name) => accountName(name) === name, 'must be in lower case, without spaces'),
  password: z.string().min(8).max(200),
  state: z.enum(['active', 'blocked']).default('active'),
  balances: z.array(z.strictObject({ currency: currencySchema, amount_minor: priceMinorSchema })),
});

export const platformSeedSchema = z.strictObject({
  clients: z.array(clientSchema),
  accounts: z.array(accountSchema),
});
export type PlatformSeed = z.input<typeof platformSeedSchema>;

/** Applies a decoded seed in one transaction; what is already there stays as it is. */
export async function applyPlatformSeed(
  parts: PlatformParts,
  seed: z.output<typeof platformSeedSchema>,
): Promise<void> {
  const { tables, writer, clock, chance, keys } = parts;
  const fresh = seed.accounts.filter(
    ({ name }) => tables.platform.accountOfName(name) === undefined,
  );
  const hashed = await Promise.all(
    fresh.map(async (account) => ({
      ...account,
      id: `a-${base64url(chance.bytes(8))}`,
      password: await hashPassword(keys.password, account.password, chance.bytes(16)),
    })),
  );
  await writer.run((tx) => {
    for (const { id, name, registration_code } of seed.clients) {
      const code = digestOf(keys, `code\n${registration_code}`);
      const webhook_secret = writeWebhookSecret(chance.bytes(32));
      tx.platform.addClient({ id, name, code, webhook_secret });
    }
    for (const { id, name, password, state, balances } of hashed) {
      tx.platform.addAccount({ id, name, password, state });
      for (const { currency, amount_minor } of balances) {
        openAccount(tx, platformFunding(currency), 'asset', currency, null);
        openAccount(tx, holderAccount(id, currency), 'liability', currency, 0);
        post(tx, {
          reference: `platform-opening:${id}:${currency}`,
          kind: 'opening',
          order_number: null,
          at: clock.now(),
          postings: [
            { account: platformFunding(currency), amount_minor: -amount_minor },
            { account: holderAccount(id, currency), amount_minor },
          ],
        });
      }
    }
  });
}
