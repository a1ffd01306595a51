/** The port through which somebody outside is told something: by SMS, by e-mail, by webhook. */
import { z } from 'zod';
import { base64url } from '#device/codecs/bytes.ts';
import type { Chance } from '../clock.ts';
import type { DeliveryRow } from '../store/tables-centre.ts';
import type { Transaction } from '../store/writer.ts';

export type Told =
  /** Taken by whoever brings it on; `reference` is what that one calls it. */
  | { readonly said: 'taken'; readonly reference: string | null }
  /** Not now: busy, down, or silent. `why` names no person. */
  | { readonly said: 'later'; readonly why: string; readonly after_ms?: number }
  /** Not ever: the recipient or the message is refused. */
  | { readonly said: 'never'; readonly why: string };

export interface Notifier {
  /** Tells it once more or for the first time; the delivery's id stays the same. Never rejects. */
  tell(delivery: DeliveryRow): Promise<Told>;
}

export const smsSchema = z.strictObject({ text: z.string().min(1).max(600) });
export const emailSchema = z.strictObject({
  subject: z.string().min(1).max(200),
  text: z.string().min(1).max(10_000),
});
/** A webhook's payload as it is signed: the very bytes are kept, so that each try sends the same. */
export const webhookSchema = z.strictObject({ payload: z.string() });

export type Outgoing = Pick<DeliveryRow, 'owner' | 'recipient' | 'order_number'> & {
  readonly id?: string;
} & (
    | { readonly channel: 'sms'; readonly body: z.infer<typeof smsSchema> }
    | { readonly channel: 'email'; readonly body: z.infer<typeof emailSchema> }
    | { readonly channel: 'webhook'; readonly body: z.infer<typeof webhookSchema> }
  );

/** Puts it into the outbox, in the transaction of the state that calls for it. */
export function addDelivery(tx: Transaction, chance: Chance, out: Outgoing, now: number): string {
  const id = out.id ?? mintDeliveryId(chance);
  const { owner, channel, recipient, order_number } = out;
  const body = JSON.stringify(out.body);
  tx.deliveries.add({ id, owner, channel, recipient, body, order_number, at: now });
  tx.note({ about: 'delivery' });
  return id;
}

export const mintDeliveryId = (chance: Chance): string => `msg_${base64url(chance.bytes(18))}`;
