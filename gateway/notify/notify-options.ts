/** Flags and environment of what tells people and desks outside. */

import { readWebhookSecret } from '#device/codecs/standard-webhooks.ts';
import type { NotifySettings } from './notify.ts';
import type { WebhookEndpoint } from './webhook-sender.ts';

export const NOTIFY_USAGE = `  --smtp URL             mail server, smtp://HOST:PORT or smtps://…; user and password in
                         HAWKER_SMTP_USER and HAWKER_SMTP_PASSWORD
  --mail-from ADDRESS    whom e-mail comes from, such as "Lin's Dumplings <orders@example.org>"
  --sms URL              SMS provider; HAWKER_SMS_SECRET holds whsec_ and base64
  --desk URL             where the telephone desk takes webhooks; HAWKER_DESK_SECRET likewise
`;

/** For `parseArgs`. */
export const NOTIFY_FLAGS = {
  smtp: { type: 'string' },
  'mail-from': { type: 'string' },
  sms: { type: 'string' },
  desk: { type: 'string' },
} as const;

export type NotifyFlags = { readonly [Name in keyof typeof NOTIFY_FLAGS]?: string | undefined };

/** The settings, or a complaint that names the flag and the mend. */
export function readNotify(
  flags: NotifyFlags,
  environment: Readonly<Record<string, string | undefined>>,
  readUrl: (flag: string, text: string, schemes: readonly string[]) => string,
): NotifySettings | { readonly complaint: string } {
  const endpoint = (
    flag: 'sms' | 'desk',
    variable: string,
  ): WebhookEndpoint | { readonly complaint: string } => {
    const url = readUrl(`--${flag}`, flags[flag] ?? '', ['http:', 'https:']);
    const secret = environment[variable] ?? '';
    if (readWebhookSecret(secret) !== null) return { url, secret };
    return { complaint: `--${flag}: needs ${variable}: put whsec_ and 24 to 64 bytes of base64` };
  };
  const sms = flags.sms === undefined ? undefined : endpoint('sms', 'HAWKER_SMS_SECRET');
  if (sms !== undefined && 'complaint' in sms) return sms;
  const desk = flags.desk === undefined ? undefined : endpoint('desk', 'HAWKER_DESK_SECRET');
  if (desk !== undefined && 'complaint' in desk) return desk;
  if (flags.smtp === undefined) return { sms, desk };
  const from = flags['mail-from'] ?? '';
  if (!/^[^@\s<>]+@[\w.-]+$|^[^<>\r\n]*<[^@\s<>]+@[\w.-]+>$/.test(from)) {
    return { complaint: '--mail-from: is no address; write it like orders@example.org' };
  }
  const url = new URL(readUrl('--smtp', flags.smtp, ['smtp:', 'smtps:']));
  const secure = url.protocol === 'smtps:';
  const smtp = {
    host: url.hostname,
    port: Number(url.port === '' ? (secure ? 465 : 587) : url.port),
    ...{ secure, from },
    username: environment.HAWKER_SMTP_USER,
    password: environment.HAWKER_SMTP_PASSWORD,
  };
  return { smtp, sms, desk };
}
