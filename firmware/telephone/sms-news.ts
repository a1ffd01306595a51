/** Tells the gateway what became of a message that it had this terminal send: a signed webhook. */
import { signWebhook } from '#device/codecs/standard-webhooks.ts';
import { postJson } from '#firmware/post.ts';
import type { SmsNews } from './sms-desk.ts';

/** Answers whether the gateway knows it now, or never will; never rejects. */
export function smsNewsOverHttp(
  gateway: URL,
  secret: string,
  now: () => number,
  log: (why: string) => void,
): (news: SmsNews) => Promise<boolean> {
  const url = new URL('/v1/webhooks/sms', gateway);
  return async ({ key, reference, outcome, at }) => {
    const body = { type: `sms.${outcome}`, data: { reference, at } };
    const headers = signWebhook(secret, `report:${key}`, now(), JSON.stringify(body));
    try {
      const { status } = await postJson(url, { ...headers }, body);
      if (status >= 200 && status < 300) return true;
      log(`the gateway answers ${status} to a delivery report; check HAWKER_SMS_SECRET there`);
      // Asked again where that may help; a message that it does not know it never will.
      return status === 404 || status === 422 || status === 400;
    } catch {
      return false;
    }
  };
}
