/**
 * What a gateway starts with: vendors, terminals with one-time codes, payers with opening balances.
 * Applying it again changes nothing that is already there.
 */
import { z } from 'zod';
import { base64url } from '#device/codecs/bytes.ts';
import {
  catalogueItemSchema,
  languageSchema,
  merchantSchema,
  stallSchema,
  timeZoneSchema,
} from '#device/messages/enrolment.ts';
import { currencySchema, priceMinorSchema } from '#device/messages/money.ts';
import { placeSchema, terminalIdSchema } from '#device/messages/order.ts';
import { merchantAccount } from './acquirer/accounts.ts';
import {
  acquiringSchema,
  addMerchant,
  contractsSchema,
  prepareContracts,
} from './acquirer/links/seed.ts';
import { addProduct, productSeedSchema } from './catalogue/catalogue.ts';
import type { Chance, Clock } from './clock.ts';
import { Parties } from './funds/parties.ts';
import { addPartySchema, partyIdSchema, partyNameSchema } from './funds/schemas.ts';
import { fundingAccount, payerAccount } from './issuer/accounts.ts';
import { identityDigest, maskIdentity } from './issuer/identity.ts';
import { hashPin } from './issuer/pin.ts';
import type { GatewayKeys } from './keys.ts';
import { openAccount, post } from './ledger/ledger.ts';
import type { Role } from './roles.ts';
import type { Tables } from './store/tables.ts';
import type { Transaction, Writer } from './store/writer.ts';
import type { Stretch } from './stretch.ts';
import { codeDigest } from './terminals/enrolment.ts';
import { CARD_MERCHANT } from './topups/topups.ts';

const vendorSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]{1,30}$/),
  name: z.string().min(1).max(80),
  /** What the acquirer knows of it; without it, all currencies that it sells in. */
  acquiring: acquiringSchema.optional(),
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
  /** What the clock on a bill is set to. */
  time_zone: timeZoneSchema.optional(),
  /** What an EMVCo payload says of the merchant. */
  merchant: merchantSchema.optional(),
});

const payerSchema = z.strictObject({
  /** E.164. */
  phone: z.string().regex(/^\+[1-9]\d{6,14}$/),
  pin: z.string().regex(/^\d{4,12}$/),
  state: z.enum(['active', 'blocked', 'closed']).default('active'),
  /** Whose account it is: without it, it pays by PIN alone. */
  holder: z
    .strictObject({
      name: z.string().min(1).max(80),
      identity_number: z.string().min(4).max(40),
    })
    .optional(),
  balances: z.array(
    z.strictObject({
      currency: currencySchema,
      amount_minor: priceMinorSchema,
      /** How far the balance may go below zero. */
      credit_minor: priceMinorSchema.optional(),
    }),
  ),
});

const partySeedSchema = z.strictObject({
  id: partyIdSchema,
  name: partyNameSchema,
  /** For its pages. */
  password: z.string().min(8).max(200).optional(),
  /** Whose orders its vouchers pay by link. */
  phone: addPartySchema.shape.phone,
  /** For its systems; without it the operator adds one. */
  token: z.string().min(16).max(64).optional(),
});

export const seedSchema = z
  .strictObject({
    /** Put before a phone number that was typed without its `+`. */
    calling_code: z.string().regex(/^[1-9]\d{0,3}$/),
    vendors: z.array(vendorSchema),
    terminals: z.array(terminalSchema),
    payers: z.array(payerSchema),
    /** Who pays by link, and how each is verified. */
    contracts: z.array(contractsSchema).default([]),
    /** One of `vendors`, that of the house: money which phones pay for cards goes to it. */
    card_merchant: z.string().optional(),
    /** What is sold by telephone. */
    products: z.array(productSeedSchema).default([]),
    /** Who issues, pays for and redeems vouchers. */
    parties: z.array(partySeedSchema).default([]),
  })
  .superRefine((seed, context) => {
    const known = new Set(seed.vendors.map(({ id }) => id));
    const check = (where: 'terminals' | 'products', at: number, field: string, id: string) => {
      if (known.has(id)) return;
      const message = `no vendor is called ${id}; add it to vendors`;
      context.addIssue({ code: 'custom', path: [where, at, field], message });
    };
    for (const [at, { vendor }] of seed.terminals.entries())
      check('terminals', at, 'vendor', vendor);
    const { card_merchant } = seed;
    if (card_merchant !== undefined && !known.has(card_merchant)) {
      const message = `no vendor is called ${card_merchant}; add it to vendors`;
      context.addIssue({ code: 'custom', path: ['card_merchant'], message });
    }
    for (const [at, { merchant }] of seed.products.entries()) {
      check('products', at, 'merchant', merchant);
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
  readonly stretch?: Stretch | undefined;
  /** Whose part of the seed is applied. */
  readonly roles: readonly Role[];
}

/** Applies a decoded seed in one transaction. */
export async function applySeed(parts: SeedParts, seed: ReadSeed): Promise<void> {
  const { tables, writer, clock, chance, keys, roles } = parts;
  const payers = roles.includes('issuer') ? seed.payers : [];
  const fresh = payers.filter(({ phone }) => tables.payers.byPhone(phone) === undefined);
  const hashed = await Promise.all(
    fresh.map(async (payer) => ({
      ...payer,
      id: `p-${base64url(chance.bytes(8))}`,
      pin: await hashPin(keys.pin, payer.pin, chance.bytes(16), parts.stretch),
    })),
  );
  const addContracts = await prepareContracts(
    parts,
    roles.includes('acquirer') ? seed.contracts : [],
  );
  if (roles.includes('fund-server')) {
    const parties = new Parties(parts);
    for (const { id, name, password = null, token, phone = null } of seed.parties) {
      const more = { phone, ...(token === undefined ? {} : { token }) };
      if (tables.funds.party(id) === undefined) await parties.add(id, name, password, more);
      else await parties.complete(id, phone);
    }
  }
  await writer.run((tx) => {
    addContracts(tx);
    tx.settings.set('calling_code', seed.calling_code);
    if (seed.card_merchant !== undefined) tx.settings.set(CARD_MERCHANT, seed.card_merchant);
    for (const { id, name } of seed.vendors) tx.terminals.addVendor(id, name);
    for (const terminal of seed.terminals) {
      if (roles.includes('order-centre')) addTerminal(tx, keys, seed, terminal);
      if (!roles.includes('acquirer')) continue;
      const { vendor, currency } = terminal;
      openAccount(tx, merchantAccount(vendor, currency), 'liability', currency, 0);
    }
    if (roles.includes('acquirer')) addMerchants(tx, seed);
    for (const payer of hashed) addPayer(tx, keys, payer, clock.now());
    for (const product of seed.products) addProduct(tx, product, clock.now());
    for (const { phone, holder } of payers) {
      const payer = tx.payers.byPhone(phone);
      if (holder === undefined || payer === undefined) continue;
      const { name, identity_number: number } = holder;
      tx.payers.identify(payer.id, name, identityDigest(keys, number), maskIdentity(number));
    }
  });
}

/** Each with the currencies that it sells in, and where. */
function addMerchants(tx: Transaction, seed: ReadSeed): void {
  for (const { id, name, acquiring } of seed.vendors) {
    const terminals = seed.terminals.filter(({ vendor }) => vendor === id);
    const products = seed.products.filter(({ merchant }) => merchant === id);
    const currencies = new Set([...terminals, ...products].map(({ currency }) => currency));
    const address = terminals[0]?.place.name ?? '';
    addMerchant(tx, { id, name, acquiring, currencies, address });
  }
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
}

function addPayer(
  tx: Transaction,
  keys: GatewayKeys,
  payer: ReadSeed['payers'][number] & { readonly id: string },
  now: number,
): void {
  const { id, phone, pin, state, balances } = payer;
  const number = payer.holder?.identity_number;
  tx.payers.add({
    id,
    phone,
    pin,
    state,
    holder_name: payer.holder?.name ?? null,
    identity_digest: number === undefined ? null : identityDigest(keys, number),
    identity_masked: number === undefined ? null : maskIdentity(number),
  });
  for (const { currency, amount_minor, credit_minor } of balances) {
    openAccount(tx, fundingAccount(currency), 'asset', currency, null);
    // The other way round than `-credit_minor`, so that no credit is 0 and not -0.
    openAccount(tx, payerAccount(id, currency), 'liability', currency, 0 - (credit_minor ?? 0));
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
