/**
 * What a gateway starts with: vendors, terminals with one-time codes, payers with opening balances.
 * Applying it again changes nothing that is already there.
 */
import { z } from 'zod';
import { base64url } from '#device/codecs/bytes.ts';
import { catalogueItemSchema, languageSchema, stallSchema } from '#device/messages/enrolment.ts';
import { currencySchema, priceMinorSchema } from '#device/messages/money.ts';
import { placeSchema, terminalIdSchema } from '#device/messages/order.ts';
import type { Chance, Clock } from './clock.ts';
import { hashPin } from './issuer/pin.ts';
import type { GatewayKeys } from './keys.ts';
import { fundingAccount, openAccount, payerAccount, post, vendorAccount } from './ledger/ledger.ts';
import type { Tables } from './store/tables.ts';
import type { Transaction, Writer } from './store/writer.ts';
import { codeDigest } from './terminals/enrolment.ts';

const vendorSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]{1,30}$/),
  name: z.string().min(1).max(80),
});

const terminalSchema = z.strictObject({
  id: terminalIdSchema,
  /** Identifier of one of `vendors`. */
  vendor: z.string(),
  enrolment_code: z.string().min(8).max(64),
  place: placeSchema,
  currency: currencySchema,
  language: languageSchema,
  order_lifetime_s: z.int().min(10).max(3600),
  catalogue: z.array(catalogueItemSchema).max(500),
});

const payerSchema = z.strictObject({
  /** E.164. */
  phone: z.string().regex(/^\+[1-9]\d{6,14}$/),
  pin: z.string().regex(/^\d{4,12}$/),
  state: z.enum(['active', 'blocked']).default('active'),
  balances: z.array(z.strictObject({ currency: currencySchema, amount_minor: priceMinorSchema })),
});

export const seedSchema = z
  .strictObject({
    /** Put before a phone number that was typed without its `+`. */
    calling_code: z.string().regex(/^[1-9]\d{0,3}$/),
    vendors: z.array(vendorSchema),
    terminals: z.array(terminalSchema),
    payers: z.array(payerSchema),
  })
  .superRefine((seed, context) => {
    for (const [at, { vendor }] of seed.terminals.entries()) {
      if (seed.vendors.some(({ id }) => id === vendor)) continue;
      const message = `no vendor is called ${vendor}; add it to vendors`;
      context.addIssue({ code: 'custom', path: ['terminals', at, 'vendor'], message });
    }
  });
export type Seed = z.input<typeof seedSchema>;
type ReadSeed = z.output<typeof seedSchema>;

export interface SeedParts {
  readonly tables: Tables;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly keys: GatewayKeys;
}

/** Applies a decoded seed in one transaction. */
export async function applySeed(parts: SeedParts, seed: ReadSeed): Promise<void> {
  const { tables, writer, clock, chance, keys } = parts;
  const fresh = seed.payers.filter(({ phone }) => tables.payers.byPhone(phone) === undefined);
  const hashed = await Promise.all(
    fresh.map(async (payer) => ({
      ...payer,
      id: `p-${base64url(chance.bytes(8))}`,
      pin: await hashPin(keys.pin, payer.pin, chance.bytes(16)),
    })),
  );
  await writer.run((tx) => {
    tx.settings.set('calling_code', seed.calling_code);
    for (const { id, name } of seed.vendors) tx.terminals.addVendor(id, name);
    for (const terminal of seed.terminals) addTerminal(tx, keys, seed, terminal);
    for (const payer of hashed) addPayer(tx, payer, clock.now());
  });
}

function addTerminal(
  tx: Transaction,
  keys: GatewayKeys,
  seed: ReadSeed,
  terminal: ReadSeed['terminals'][number],
): void {
  const { id, vendor, enrolment_code, ...settings } = terminal;
  const name = seed.vendors.find((each) => each.id === vendor)?.name;
  const stall = stallSchema.parse({ vendor: name, ...settings });
  tx.terminals.put(id, vendor, JSON.stringify(stall));
  tx.terminals.addCode(codeDigest(keys, enrolment_code), id);
  openAccount(tx, vendorAccount(vendor, stall.currency), 'liability', stall.currency, 0);
}

function addPayer(
  tx: Transaction,
  payer: ReadSeed['payers'][number] & { readonly id: string },
  now: number,
): void {
  const { id, phone, pin, state, balances } = payer;
  tx.payers.add({ id, phone, pin, state });
  for (const { currency, amount_minor } of balances) {
    openAccount(tx, fundingAccount(currency), 'asset', currency, null);
    openAccount(tx, payerAccount(id, currency), 'liability', currency, 0);
    post(tx, {
      reference: `opening:${id}:${currency}`,
      kind: 'opening',
      order_number: null,
      at: now,
      postings: [
        { account: fundingAccount(currency), amount_minor: -amount_minor },
        { account: payerAccount(id, currency), amount_minor },
      ],
    });
  }
}
