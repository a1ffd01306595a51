/**
 * How a terminal becomes one: it brings a one-time code over HTTP and gets its identity, its key and
 * the settings of its stall. It stores them before first use and keeps them across restarts.
 */
import { z } from 'zod';
import { cardKeysSchema, offlineLimitsSchema } from './card.ts';
import { currencySchema, priceMinorSchema } from './money.ts';
import { placeSchema, terminalIdSchema, terminalNumberSchema } from './order.ts';

export const catalogueItemSchema = z.strictObject({
  /** What the vendor keys after `/`. */
  code: z.string().regex(/^\d{1,4}$/),
  name: z.string().min(1).max(60),
  unit_minor: priceMinorSchema,
});
export type CatalogueItem = z.infer<typeof catalogueItemSchema>;

export const languageSchema = z.enum(['en', 'zh-CN']);
export type Language = z.infer<typeof languageSchema>;

/** The one that is not spoken just now. */
export const otherOf = (language: Language): Language => (language === 'en' ? 'zh-CN' : 'en');

/** What an EMVCo payload says of the merchant beyond the name (fields 52, 58 and 60). */
export const merchantSchema = z.strictObject({
  city: z.string().min(1).max(15),
  /** ISO 3166-1 alpha-2. */
  country: z.string().regex(/^[A-Z]{2}$/),
  /** ISO 18245 merchant category code, such as 5814 for fast food. */
  category: z.string().regex(/^\d{4}$/),
});

/** An IANA time zone, such as `Asia/Shanghai`. */
export const timeZoneSchema = z.string().refine(isTimeZone, 'must be a time zone of the IANA list');

/** Those that were found to be one: asking takes longer than all else that is read of a stall. */
const TIME_ZONES = new Set<string>();

function isTimeZone(name: string): boolean {
  if (TIME_ZONES.has(name)) return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    TIME_ZONES.add(name);
    return true;
  } catch {
    return false;
  }
}

/** What a terminal knows of the stall it stands at. */
export const stallSchema = z.strictObject({
  vendor: z.string().min(1).max(80),
  place: placeSchema,
  currency: currencySchema,
  language: languageSchema,
  /** What the clock on a bill is set to. */
  time_zone: timeZoneSchema.default('UTC'),
  catalogue: z.array(catalogueItemSchema).max(500),
  merchant: merchantSchema.default({ city: 'Unknown', country: 'CN', category: '0000' }),
  /** How long an order is offered before it expires. */
  order_lifetime_s: z.int().min(10).max(3600),
  /** What a payer types to pair a phone with this terminal; absent until the gateway has told it. */
  number: terminalNumberSchema.optional(),
  /** How far cards are taken without network, until the vendor sets it at the terminal. */
  card_limits: offlineLimitsSchema.prefault({}),
});
export type Stall = z.infer<typeof stallSchema>;

/** One or more certificates, or a request for one (RFC 7468). */
export const pemSchema = z
  .string()
  .max(8192)
  .regex(/^-----BEGIN [A-Z ]+-----\n/, 'must be PEM');

export const enrolmentRequestSchema = z.strictObject({
  code: z.string().min(8).max(64),
  /** PKCS #10 with the terminal's own public key, whose private half never leaves it. */
  csr: pemSchema.optional(),
});

/** 201 answer of `POST /v1/enrolments`. */
export const identitySchema = z.strictObject({
  terminal: terminalIdSchema,
  /** 32 bytes, base64url: the terminal's secret, from which all its keys are derived. */
  secret: z.string().regex(/^[\w-]{43}$/),
  /** The gateway's Ed25519 public key, base64url: what every downlink is verified with. */
  gateway_key: z.string().regex(/^[\w-]{43}$/),
  /** MQTT broker URL, such as `mqtts://192.168.1.20:8883`. */
  broker: z.url(),
  /** What a payer's QR begins with, such as `https://pay.example/p/`. */
  pay_url: z.url(),
  stall: stallSchema,
  /** Certificate of the key that it asked for one with, PEM; what `mqtts:` is opened with. */
  certificate: pemSchema.optional(),
  /** Certificate of whom it believes to be the broker, PEM. */
  authority: pemSchema.optional(),
  /** Absent where the house has no settlement: the terminal then takes no cards. */
  card_keys: cardKeysSchema.optional(),
});
export type Identity = z.infer<typeof identitySchema>;
