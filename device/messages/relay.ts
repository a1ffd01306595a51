/**
 * A card at a terminal, driven from the gateway: the terminal carries command APDUs to the card and
 * its answers back, and knows nothing of what they mean. Keys that load stay with settlement.
 *
 *   gateway ──relay_invite──▶ "hold the card …"          (or the card is simply put there)
 *   terminal ──relay_wanted──▶ the card is here; what it answered to the opening
 *   gateway ──relay──▶ a group of APDUs ──relay_answer──▶ … ──relay_end──▶ what the screen says
 *
 * Nothing of it is journalled or sent again: a relay that is lost is begun anew, and what it did on
 * the card is told by the card's counter and Transaction MAC.
 */
import { z } from 'zod';
import { currencySchema, priceMinorSchema } from './money.ts';
import { orderNumberSchema } from './order-number.ts';

/** Most commands of one group; most groups of one relay. */
export const RELAY_GROUP = 12;
export const RELAY_STEPS = 32;
/** Longest time a group may take at the card, and an invitation may stay on the screen. */
export const RELAY_GROUP_MS = 10_000;
export const RELAY_INVITE_MS = 300_000;

/** One APDU: short fields alone, 261 bytes at most (ISO/IEC 7816-4:2020 §5.2). */
export const apduHexSchema = z
  .string()
  .regex(/^(?:[0-9a-f]{2}){2,261}$/, 'must be 2 to 261 bytes in lower-case hex');

/** As the reader tells it; only the secure channel proves which card it is. */
export const uidHexSchema = z
  .string()
  .regex(/^(?:[0-9a-f]{2}){4,10}$/, 'must be 4 to 10 bytes in lower-case hex');

export const relayIdSchema = z.string().regex(/^[A-Za-z0-9_-]{8,40}$/);

/** What it is for; the screen says it in the vendor's language. */
export const relayPurposeSchema = z.enum(['pay', 'load', 'refund', 'inspect', 'personalise']);

const groupSchema = z.array(apduHexSchema).min(1).max(RELAY_GROUP);
const answersSchema = z.array(apduHexSchema).max(RELAY_GROUP);

/** Why the terminal stopped before the group's end; the card may have done the command after it. */
export const relayEndedSchema = z.enum([
  'card' /* pulled away while a command was under way */,
  'silent' /* no answer in time */,
  'reader' /* unplugged */,
  'daemon' /* the system's card service ended */,
  'no_card' /* nothing lay there when the group came */,
  'another_card' /* the one there has another UID */,
  'busy' /* the terminal is taking a payment; nothing was sent to the card */,
]);

/** How a relay ended, for the screen. */
export const relaySaidSchema = z.enum([
  'done',
  'nothing_due' /* this card has nothing to collect */,
  'unknown_card' /* not one of the house */,
  'blocked_card',
  'insufficient_funds',
  'too_much' /* over what a card may hold */,
  'again' /* it is not known what the card did: hold the same card again */,
  'failed',
]);

// ── Gateway → terminal ──────────────────────────────────────────────────────────────────────────

/** Asks for a card; the terminal shows it, and runs `opening` on the next card that arrives. */
export const relayInviteSchema = z.strictObject({
  invite: relayIdSchema,
  purpose: relayPurposeSchema,
  amount_minor: priceMinorSchema.optional(),
  currency: currencySchema,
  /** Who asks, such as a shop's name. */
  label: z.string().min(1).max(80).optional(),
  /**
   * No card yet: the terminal shows the two digits of this order (see codecs/digits), which whoever
   * stands before it types elsewhere.
   */
  digits_of: orderNumberSchema.optional(),
  /** From when the terminal hears it. */
  lifetime_ms: z.int().min(1000).max(RELAY_INVITE_MS),
  /** Commands that need no answer of the gateway: they go to the card at once. */
  opening: z.array(apduHexSchema).max(RELAY_GROUP),
});

/** The invitation no longer stands. */
export const relayWithdrawSchema = z.strictObject({ invite: relayIdSchema });

/** Commands for the card with this UID, in their order, up to the first that it does not accept. */
export const relayGroupSchema = z.strictObject({
  relay: relayIdSchema,
  /** Counts up from 1; another one of the same number is not run again. */
  step: z.int().min(1).max(RELAY_STEPS),
  uid: uidHexSchema,
  apdus: groupSchema,
  /** For the whole group; the terminal runs nothing after it. */
  timeout_ms: z.int().min(100).max(RELAY_GROUP_MS),
  purpose: relayPurposeSchema,
});

export const relayEndSchema = z.strictObject({
  relay: relayIdSchema,
  purpose: relayPurposeSchema,
  said: relaySaidSchema,
  amount_minor: priceMinorSchema.optional(),
  currency: currencySchema.optional(),
  /** On the card now. */
  balance_minor: z.int().min(0).optional(),
});

// ── Terminal → gateway ──────────────────────────────────────────────────────────────────────────

/** A card lies here that the gateway may drive: it was invited, or the vendor asks what it is due. */
export const relayWantedSchema = z.strictObject({
  /** Minted by the terminal; all of this relay carries it. */
  relay: relayIdSchema,
  uid: uidHexSchema,
  /** The invitation it answers; absent where the vendor asks. */
  invite: relayIdSchema.optional(),
  purpose: relayPurposeSchema,
  /** The payment by this card that the vendor gives back; absent where it is given what it is due. */
  order: orderNumberSchema.optional(),
  /** What was sent to the card already, and what it answered; fewer answers where it was torn. */
  opened: z.strictObject({ apdus: groupSchema, answers: answersSchema }).optional(),
});

/** Answers in the order of the commands; the last may be a refusal of the card. */
export const relayAnswerSchema = z.strictObject({
  relay: relayIdSchema,
  step: z.int().min(1).max(RELAY_STEPS),
  answers: answersSchema,
  ended: relayEndedSchema.optional(),
});

/** The vendor sent the invitation away: no card comes of it. */
export const relayDeclinedSchema = z.strictObject({ invite: relayIdSchema });

export type RelayPurpose = z.infer<typeof relayPurposeSchema>;
export type RelayEnded = z.infer<typeof relayEndedSchema>;
export type RelaySaid = z.infer<typeof relaySaidSchema>;
export type RelayInvite = z.infer<typeof relayInviteSchema>;
export type RelayWithdraw = z.infer<typeof relayWithdrawSchema>;
export type RelayGroup = z.infer<typeof relayGroupSchema>;
export type RelayEnd = z.infer<typeof relayEndSchema>;
export type RelayWanted = z.infer<typeof relayWantedSchema>;
export type RelayAnswer = z.infer<typeof relayAnswerSchema>;
