/**
 * Cards at the readers of an order centre elsewhere: it brings the card's answers, and is given the
 * next commands. A question that comes twice is answered twice the same; a sitting that nobody goes on
 * with is over.
 */
import { z } from 'zod';
import { fromHex, hex } from '#device/codecs/bytes.ts';
import { cardIdSchema } from '#device/messages/card.ts';
import { terminalIdSchema } from '#device/messages/order.ts';
import { orderNumberSchema } from '#device/messages/order-number.ts';
import {
  apduHexSchema,
  RELAY_GROUP,
  RELAY_STEPS,
  relayEndedSchema,
  relayEndSchema,
  relayIdSchema,
  relayPurposeSchema,
  uidHexSchema,
} from '#device/messages/relay.ts';
import type { Clock } from '../clock.ts';
import type { Relayed, RelayedCard, RelayOutcome } from '../relay/relayed-card.ts';
import {
  jobIdSchema,
  loadSchema,
  makeSchema,
  purchaseSchema,
  type SettlementDrives,
} from './gate.ts';

export const sittingSchema = z.strictObject({
  /** The relay's. */
  id: relayIdSchema,
  terminal: terminalIdSchema,
  uid: uidHexSchema,
  purpose: relayPurposeSchema,
  job: jobIdSchema.optional(),
  /** What the card is to pay. */
  purchase: purchaseSchema.optional(),
  /** What is put on it. */
  load: loadSchema.optional(),
  /** A blank one becomes a card. */
  make: makeSchema.optional(),
  /** Its payment that the vendor gives back. */
  order: orderNumberSchema.optional(),
  /** 0 begins it; then one more for each answer. */
  step: z.int().min(0).max(RELAY_STEPS),
  answers: z.array(apduHexSchema).max(RELAY_GROUP).default([]),
  ended: z.union([relayEndedSchema, z.literal('network')]).optional(),
});
export type SittingStep = z.output<typeof sittingSchema>;

export const outcomeSchema = relayEndSchema
  .omit({ relay: true, purpose: true })
  .extend({ card: cardIdSchema.optional() });
export const sittingAnswerSchema = z.discriminatedUnion('said', [
  z.strictObject({ said: z.literal('send'), apdus: z.array(apduHexSchema) }),
  z.strictObject({ said: z.literal('over'), outcome: outcomeSchema }),
  /** It was given up, or belongs to a process that is no more. */
  z.strictObject({ said: z.literal('unknown_sitting') }),
]);
export type SittingAnswer = z.infer<typeof sittingAnswerSchema>;

/** Longer than any group may take at its terminal, with its network. */
const IDLE_MS = 20_000;
const MOST = 500;

interface Sitting {
  step: number;
  /** Of `step`. */
  answer: Promise<SittingAnswer>;
  take: ((relayed: Relayed) => void) | null;
  tell: (answer: SittingAnswer) => void;
  cancel: () => void;
}

export class Sittings {
  readonly #drives: SettlementDrives;
  readonly #clock: Clock;
  readonly #open = new Map<string, Sitting>();

  constructor(drives: SettlementDrives, clock: Clock) {
    this.#drives = drives;
    this.#clock = clock;
  }

  take(asked: SittingStep): Promise<SittingAnswer> {
    const sitting = this.#open.get(asked.id);
    if (sitting === undefined) {
      if (asked.step !== 0 || this.#open.size >= MOST) {
        return Promise.resolve({ said: 'unknown_sitting' });
      }
      return this.#begin(asked);
    }
    if (asked.step === sitting.step) return sitting.answer;
    const { take } = sitting;
    if (asked.step !== sitting.step + 1 || take === null) {
      return Promise.resolve({ said: 'unknown_sitting' });
    }
    sitting.step = asked.step;
    this.#await(asked.id, sitting);
    const answers = asked.answers.map(fromHex);
    take(asked.ended === undefined ? { answers } : { answers, ended: asked.ended });
    return sitting.answer;
  }

  close(): void {
    for (const { cancel } of this.#open.values()) cancel();
    this.#open.clear();
  }

  #begin(asked: SittingStep): Promise<SittingAnswer> {
    const nothing = (): void => undefined;
    const answer = Promise.resolve<SittingAnswer>({ said: 'unknown_sitting' });
    const sitting: Sitting = { step: 0, answer, take: null, tell: nothing, cancel: nothing };
    this.#open.set(asked.id, sitting);
    this.#await(asked.id, sitting);
    const { id: relay, terminal, uid, purpose, order } = asked;
    let over: Relayed['ended'];
    const card: RelayedCard = {
      ...{ relay, terminal, uid: fromHex(uid), purpose },
      ...(order === undefined ? {} : { order }),
      transport: (apdus) =>
        over !== undefined
          ? Promise.resolve({ answers: [], ended: over })
          : new Promise<Relayed>((resolve) => {
              sitting.take = (relayed) => {
                sitting.take = null;
                over = relayed.ended;
                resolve(relayed);
              };
              sitting.tell({ said: 'send', apdus: apdus.map(hex) });
            }),
    };
    this.#drive(asked, card).then(
      (outcome: RelayOutcome) => sitting.tell({ said: 'over', outcome }),
      () => sitting.tell({ said: 'over', outcome: { said: 'failed' } }),
    );
    return sitting.answer;
  }

  #drive({ job, purchase, load, make }: SittingStep, card: RelayedCard): Promise<RelayOutcome> {
    if (make !== undefined) return this.#drives.make(make, card);
    if (purchase !== undefined) return this.#drives.purchase(purchase, card);
    return load === undefined ? this.#drives.serve(card, job) : this.#drives.load(load, card);
  }

  #await(id: string, sitting: Sitting): void {
    sitting.answer = new Promise((resolve) => {
      sitting.tell = resolve;
    });
    sitting.cancel();
    sitting.cancel = this.#clock.after(IDLE_MS, () => {
      this.#open.delete(id);
      sitting.take?.({ answers: [], ended: 'network' });
    });
  }
}
