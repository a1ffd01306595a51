/**
 * SMS through a provider's HTTP interface: POST of `{to, text, reference}`, signed as a Standard
 * Webhook. The delivery's id is the Idempotency-Key, so that a lost answer never sends twice.
 */

import { signWebhook } from '#device/codecs/standard-webhooks.ts';
import type { Clock } from '../clock.ts';
import { postJson, whyNoAnswer } from './http-call.ts';
import { type Notifier, smsSchema, type Told } from './notifier.ts';

export interface SmsSettings {
  readonly url: string;
  /** `whsec_…`, shared with the provider. */
  readonly secret: string;
  readonly timeout_ms?: number;
}

/**
 * Statuses under 500 that asking again may change: time-out, in flight, too early, too many; and a
 * secret that is wrong, which the operator mends.
 */
const PASSING: readonly number[] = [401, 403, 408, 409, 425, 429];

export const smsOverHttp = (settings: SmsSettings, clock: Pick<Clock, 'now'>): Notifier => ({
  async tell(delivery): Promise<Told> {
    const { text } = smsSchema.parse(JSON.parse(delivery.body));
    const payload = JSON.stringify({ to: delivery.recipient, text, reference: delivery.id });
    const { url, secret, timeout_ms } = settings;
    const headers = {
      ...signWebhook(secret, delivery.id, clock.now(), payload),
      'idempotency-key': delivery.id,
    };
    try {
      const answer = await postJson(url, payload, headers, timeout_ms);
      if (answer.status >= 200 && answer.status < 300) {
        return { said: 'taken', reference: readReference(answer.text) };
      }
      const why = `status_${answer.status}`;
      const passes = answer.status >= 500 || PASSING.includes(answer.status);
      if (!passes) return { said: 'never', why };
      const { retry_after_ms } = answer;
      return {
        said: 'later',
        why,
        ...(retry_after_ms === null ? {} : { after_ms: retry_after_ms }),
      };
    } catch (error) {
      return { said: 'later', why: whyNoAnswer(error) };
    }
  },
});

/** The provider's `id` of the message, where it gives one. */
function readReference(text: string): string | null {
  try {
    const { id } = JSON.parse(text) as { id?: unknown };
    return typeof id === 'string' ? id.slice(0, 100) : null;
  } catch {
    return null;
  }
}
