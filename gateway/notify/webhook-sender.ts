/** Webhooks to named endpoints, signed anew at each try, until one answers 2xx. */

import { signWebhook } from '#device/codecs/standard-webhooks.ts';
import type { Clock } from '../clock.ts';
import { postJson, whyNoAnswer } from './http-call.ts';
import { type Notifier, type Told, webhookSchema } from './notifier.ts';

export interface WebhookEndpoint {
  readonly url: string;
  /** `whsec_…` */
  readonly secret: string;
}

/** Rejects where no answer came. */
export type Post = (
  url: string,
  payload: string,
  headers: Readonly<Record<string, string>>,
) => Promise<{ readonly status: number }>;

/** `endpoints` names the recipients of deliveries; one that is not there (yet) waits for it. */
export const webhooksOverHttp = (
  endpoints: (name: string) => WebhookEndpoint | undefined,
  clock: Pick<Clock, 'now'>,
  post: Post = postJson,
): Notifier => ({
  async tell(delivery): Promise<Told> {
    const endpoint = endpoints(delivery.recipient);
    if (endpoint === undefined) return { said: 'later', why: 'no_such_endpoint' };
    const { payload } = webhookSchema.parse(JSON.parse(delivery.body));
    const headers = signWebhook(endpoint.secret, delivery.id, clock.now(), payload);
    try {
      const { status } = await post(endpoint.url, payload, { ...headers });
      if (status >= 200 && status < 300) return { said: 'taken', reference: null };
      return { said: 'later', why: `status_${status}` };
    } catch (error) {
      return { said: 'later', why: whyNoAnswer(error) };
    }
  },
});
