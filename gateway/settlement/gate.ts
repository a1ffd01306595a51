/**
 * What the settlement shows the order centre: it takes what terminals tell of cards, answers whether a
 * card is good, and drives cards through their readers. What becomes known later it tells by itself.
 */
import { z } from 'zod';
import {
  cardDebitSchema,
  cardIdSchema,
  type cardKeysSchema,
  cardPaymentSchema,
  cardReceiptSchema,
  cardUidSchema,
  HOTLIST_LIMIT,
  transactionMacSchema,
} from '#device/messages/card.ts';
import { currencySchema, priceMinorSchema } from '#device/messages/money.ts';
import { terminalIdSchema } from '#device/messages/order.ts';
import { orderNumberSchema } from '#device/messages/order-number.ts';
import type { Gate, Verb } from '../gate.ts';
import type { RelayedCard, RelayOutcome } from '../relay/relayed-card.ts';
import type { Transaction } from '../store/writer.ts';

const at = z.int().min(0);
const vendorSchema = z.string().regex(/^[a-z0-9-]{1,30}$/);
const told = { terminal: terminalIdSchema, vendor: vendorSchema };
const balanceSchema = z.int().min(0).max(0x7fff_ffff);

/** What a terminal told of a card, and whose terminal it is. */
export const takeCardSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('payment'), ...told, payment: cardPaymentSchema }),
  z.strictObject({ kind: z.literal('unknown'), ...told, unknown: cardDebitSchema }),
]);
export type TakeCard = z.infer<typeof takeCardSchema>;
export type TakeAnswer = z.infer<typeof cardReceiptSchema>;
export const takeAnswerSchema = cardReceiptSchema;

/** A card as it presents itself at a reader. */
export const validateSchema = z.strictObject({
  uid: cardUidSchema,
  /** As it stands on the card. */
  card: cardIdSchema.optional(),
  balance_minor: balanceSchema,
  counter: z.int().min(0),
  mac: transactionMacSchema.optional(),
});
export type ValidateCard = z.infer<typeof validateSchema>;

export const validatedSchema = z.discriminatedUnion('said', [
  z.strictObject({
    said: z.literal('valid'),
    card: cardIdSchema,
    currency: currencySchema,
    /** Transactions that the card has done and that have not arrived yet. */
    not_here_yet: z.int().min(0),
    balance_minor: balanceSchema,
  }),
  z.strictObject({
    said: z.literal('invalid'),
    why: z.enum([
      'unknown_card',
      'another_card',
      'not_personalised',
      'blocked_card',
      'ended_card',
      'rolled_back',
      'wrong_balance',
      'wrong_mac',
    ]),
  }),
]);
export type Validated = z.infer<typeof validatedSchema>;

/** Sixteen digits, minted by whoever asks: repeating it does nothing more. */
export const jobIdSchema = orderNumberSchema;

/** `load` was paid in; `refund` gives an order back, to the card that paid it. */
export const askJobSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...{ kind: z.literal('load'), id: jobIdSchema, card: cardIdSchema },
    amount_minor: priceMinorSchema,
  }),
  z.strictObject({
    ...{ kind: z.literal('refund'), id: jobIdSchema, order: orderNumberSchema },
    /** All that is left, where it is not named. */
    amount_minor: priceMinorSchema.optional(),
  }),
]);
export type AskJob = z.infer<typeof askJobSchema>;

export const jobSchema = z.strictObject({
  id: jobIdSchema,
  kind: z.enum(['load', 'refund', 'pay']),
  card: cardIdSchema,
  amount_minor: z.int(),
  currency: currencySchema,
  /** `asked` waits for the card; `unknown` until the card, or what it does next, tells. */
  state: z.enum(['asked', 'sent', 'unknown', 'done', 'failed']),
  reason: z.string().optional(),
  order: orderNumberSchema.optional(),
  ended_at: at.optional(),
});
export type JobView = z.infer<typeof jobSchema>;

export const jobAnswerSchema = z.discriminatedUnion('said', [
  z.strictObject({ said: z.literal('job'), job: jobSchema }),
  z.strictObject({
    said: z.literal('refused'),
    code: z.enum([
      'unknown_card',
      'unknown_job',
      'blocked_card',
      'not_personalised',
      'not_paid_by_card',
      'too_much',
      'vendor_funds',
      'under_way',
    ]),
    left_minor: z.int().optional(),
  }),
  /** The id was used for something else. */
  z.strictObject({ said: z.literal('conflict') }),
]);
export type JobAnswer = z.infer<typeof jobAnswerSchema>;

export const hotlistStateSchema = z.strictObject({
  version: z.int().min(0),
  entries: z.array(cardIdSchema).max(HOTLIST_LIMIT),
});
export type HotlistState = z.infer<typeof hotlistStateSchema>;

/** What became of a payment that the settlement drives. */
export const purchasedSchema = z.strictObject({ said: z.enum(['paid', 'in_doubt', 'none']) });
export type Purchased = z.infer<typeof purchasedSchema>;

/** A card as whoever serves its holder sees it: no name, and no phone number. */
export const cardBriefSchema = z.strictObject({
  card: cardIdSchema,
  state: z.enum(['new', 'active', 'blocked', 'ended']),
  because: z.string().optional(),
  currency: currencySchema,
  /** By all that is known here. */
  balance_minor: z.int(),
  most_minor: z.int(),
  /** Waits for the card's next tap. */
  due_minor: z.int().min(0),
  /** The newest first, ten at most. */
  last: z.array(
    z.strictObject({
      at,
      kind: z.enum(['debit', 'load', 'refund']),
      amount_minor: z.int(),
      balance_minor: z.int(),
      /** Order, load or refund. */
      reference: z.string(),
      /** What of a payment can still be given back. */
      left_minor: z.int().min(0),
    }),
  ),
});
export type CardBrief = z.infer<typeof cardBriefSchema>;

export const cardAnswerSchema = z.discriminatedUnion('said', [
  z.strictObject({ said: z.literal('card'), card: cardBriefSchema }),
  z.strictObject({ said: z.literal('refused'), code: z.enum(['unknown_card', 'card_ended']) }),
]);
export type CardAnswer = z.infer<typeof cardAnswerSchema>;

export const changeCardSchema = z.strictObject({
  card: cardIdSchema,
  act: z.enum(['block', 'unblock']),
  because: z.string().min(1).max(200),
});
export type ChangeCard = z.infer<typeof changeCardSchema>;

/** Debits that one answer tells at most, and that one question names. */
export const DEBITS_LIMIT = 500;

/** Which debits of a terminal the settlement has: those behind `after`, and those that are named. */
export const debitsWishSchema = z.strictObject({
  terminal: terminalIdSchema,
  after: z.int().min(0),
  named: z.array(z.strictObject({ card: cardIdSchema, counter: z.int().min(1) })).max(DEBITS_LIMIT),
});
export type DebitsWish = z.infer<typeof debitsWishSchema>;

const debitSchema = z.strictObject({
  /** Grows with each that the settlement takes. */
  place: z.int().min(1),
  card: cardIdSchema,
  counter: z.int().min(1),
  order: orderNumberSchema,
  amount_minor: priceMinorSchema,
});
export type TakenDebit = z.infer<typeof debitSchema>;

export const debitsSchema = z.strictObject({
  /** Behind `after`, oldest first. */
  debits: z.array(debitSchema).max(DEBITS_LIMIT),
  /** Those that were named and are there. */
  named: z.array(debitSchema).max(DEBITS_LIMIT),
});
export type TakenDebits = z.infer<typeof debitsSchema>;

/** How many terminals do not have this version of the cards' keys yet. */
export const keySpreadSchema = z.strictObject({
  key_version: z.int().min(0).max(255),
  waiting: z.int().min(0),
});
export type KeySpread = z.infer<typeof keySpreadSchema>;

export interface SettlementVerbs {
  readonly take: Verb<TakeCard, TakeAnswer>;
  readonly validate: Verb<ValidateCard, Validated>;
  readonly ask: Verb<AskJob, JobAnswer>;
  readonly job: Verb<string, JobAnswer>;
  /** Ends what waits for its card; what was sent to it can't be. */
  readonly cancel: Verb<string, JobAnswer>;
  /** Of an order's number. */
  readonly purchased: Verb<string, Purchased>;
  readonly keys: Verb<null, z.infer<typeof cardKeysSchema>>;
  /** How far a version of them has come. */
  readonly spread: Verb<KeySpread, KeySpread>;
  readonly hotlist: Verb<null, HotlistState>;
  readonly debits: Verb<DebitsWish, TakenDebits>;
  /** Of a card's id. */
  readonly card: Verb<string, CardAnswer>;
  readonly change: Verb<ChangeCard, CardAnswer>;
}

export const purchaseSchema = z.strictObject({
  order: orderNumberSchema,
  merchant: vendorSchema,
  currency: currencySchema,
  amount_minor: priceMinorSchema,
});
export type Purchase = z.infer<typeof purchaseSchema>;

/** Money that was paid in for whichever card is held there. */
export const loadSchema = z.strictObject({
  id: jobIdSchema,
  currency: currencySchema,
  amount_minor: priceMinorSchema,
});
export type Load = z.infer<typeof loadSchema>;

/** A blank card becomes the one that waits to be made, or else a new one. */
export const makeSchema = z.strictObject({ currency: currencySchema });
export type Make = z.infer<typeof makeSchema>;

export interface SettlementDrives {
  /**
   * Does with a card at a reader what it is there for: makes a purse of it, or puts on it what is due,
   * or `job` alone. Never rejects where the card is at fault.
   */
  readonly serve: (card: RelayedCard, job?: string) => Promise<RelayOutcome>;
  /** Takes the amount of an order from a card at a reader: once, from whichever card. */
  readonly purchase: (purchase: Purchase, card: RelayedCard) => Promise<RelayOutcome>;
  /** Puts an amount on the card at a reader: once, and on the first card that it was begun with. */
  readonly load: (load: Load, card: RelayedCard) => Promise<RelayOutcome>;
  readonly make: (make: Make, card: RelayedCard) => Promise<RelayOutcome>;
}

export type SettlementGate = Gate<SettlementVerbs> & SettlementDrives;

/** What the order centre is told by itself; deduplicated by `event`. */
export const cardEventSchema = z.discriminatedUnion('kind', [
  /** A card paid this order; the goods are gone. */
  z.strictObject({
    kind: z.literal('paid'),
    event: z.string(),
    order: orderNumberSchema,
    card: cardIdSchema,
    counter: z.int().min(1),
    /** `null` where the gateway drove the card. */
    terminal: terminalIdSchema.nullable(),
    amount_minor: z.int(),
    currency: currencySchema,
    /** Left on the card then. */
    balance_minor: balanceSchema,
    at,
  }),
  /** It is certain that the card did nothing for this order. */
  z.strictObject({
    kind: z.literal('undone'),
    event: z.string(),
    order: orderNumberSchema,
    card: cardIdSchema,
    at,
  }),
  z.strictObject({
    kind: z.literal('verdict'),
    event: z.string(),
    terminal: terminalIdSchema,
    order: orderNumberSchema,
    card: cardIdSchema,
    counter_before: z.int().min(0),
    committed: z.boolean(),
    at,
  }),
  z.strictObject({
    kind: z.literal('hotlist'),
    event: z.string(),
    hotlist: hotlistStateSchema,
    at,
  }),
  /** Terminals are given other keys of cards. */
  z.strictObject({ kind: z.literal('keys'), event: z.string(), set_at: at, at }),
]);
export type CardEvent = z.infer<typeof cardEventSchema>;

/** How the settlement tells, inside the unit that knows it. */
export interface TellCard {
  /** In the same store at once, else by an outbox of webhooks. */
  readonly event: (tx: Transaction, event: CardEvent) => void;
  /**
   * A debit for this order is about to be sent to this card; `false` where it may not be. Elsewhere the
   * order centre has agreed before it asked.
   */
  readonly begun: (tx: Transaction, order: string, card: string) => boolean;
}
