/**
 * E-mail over SMTP. A server that took the message and whose answer was lost gets it again: both have
 * the same Message-ID, so that mailboxes can tell (RFC 5322 §3.6.4).
 */
import { createTransport } from 'nodemailer';
import { emailSchema, type Notifier, type Told } from './notifier.ts';

export interface SmtpSettings {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte; else STARTTLS where the server offers it. */
  readonly secure: boolean;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Such as `Lin's Dumplings <orders@example.org>`. */
  readonly from: string;
  readonly timeout_ms?: number;
}

export function emailOverSmtp(settings: SmtpSettings): Notifier & { close(): void } {
  const { host, port, secure, username, password, from, timeout_ms = 10_000 } = settings;
  const domain = /@([\w.-]+)/.exec(from)?.[1] ?? 'localhost';
  const transport = createTransport({
    host,
    port,
    secure,
    // Whoever gives a password must not have it sent in the clear.
    requireTLS: password !== undefined && !secure && !isLoopback(host),
    connectionTimeout: timeout_ms,
    greetingTimeout: timeout_ms,
    socketTimeout: timeout_ms,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(username === undefined ? {} : { auth: { user: username, pass: password ?? '' } }),
  });
  return {
    async tell(delivery): Promise<Told> {
      const { subject, text } = emailSchema.parse(JSON.parse(delivery.body));
      try {
        const sent = await transport.sendMail({
          from,
          // As an address object, so that nothing in it is read as a list.
          to: { name: '', address: delivery.recipient },
          subject,
          text,
          messageId: `<${delivery.id}@${domain}>`,
          headers: { 'Auto-Submitted': 'auto-generated' },
        });
        return { said: 'taken', reference: sent.messageId };
      } catch (error) {
        return refusal(error);
      }
    },
    close: () => transport.close(),
  };
}

/** 5xx is for good (RFC 5321 §4.2.1), but for a login that is wrong: the operator mends that. */
function refusal(error: unknown): Told {
  const { responseCode, code } = error as { responseCode?: unknown; code?: unknown };
  const name = typeof code === 'string' ? code.toLowerCase() : 'no_answer';
  if (typeof responseCode !== 'number') return { said: 'later', why: name };
  const why = `smtp_${responseCode}`;
  return responseCode >= 500 && code !== 'EAUTH' ? { said: 'never', why } : { said: 'later', why };
}

const isLoopback = (host: string): boolean => /^(localhost|127\.[\d.]+|::1)$/.test(host);
