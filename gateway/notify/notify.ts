/** The order centre's way out to people and desks: an outbox worker over what was set up. */
import type { Core } from '../core.ts';
import { CENTRE } from '../orders/telephone/messages.ts';
import { Courier } from './courier.ts';
import { emailOverSmtp, type SmtpSettings } from './email-smtp.ts';
import { type SmsSettings, smsOverHttp } from './sms-http.ts';
import { type WebhookEndpoint, webhooksOverHttp } from './webhook-sender.ts';

export interface NotifySettings {
  readonly smtp?: SmtpSettings | undefined;
  readonly sms?: SmsSettings | undefined;
  /** Where the telephone desk is told of endings. */
  readonly desk?: WebhookEndpoint | undefined;
}

/** Starts with what an earlier process left. */
export function openNotify(core: Core, settings: NotifySettings): { close(): Promise<void> } {
  const { clock, chance, writer, log, tables } = core;
  const { smtp, sms, desk } = settings;
  const email = smtp === undefined ? undefined : emailOverSmtp(smtp);
  const courier = new Courier({
    owner: CENTRE,
    deliveries: tables.deliveries,
    ...{ writer, clock, chance, log },
    notifiers: {
      email,
      sms: sms === undefined ? undefined : smsOverHttp(sms, clock),
      webhook: webhooksOverHttp((name) => (name === 'desk' ? desk : undefined), clock),
    },
  });
  return {
    async close() {
      courier.close();
      email?.close();
    },
  };
}
