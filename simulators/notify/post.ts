/** Everything that the gateway tells people through: a mail server and an SMS provider on one machine. */
import { randomBytes } from 'node:crypto';
import type { Watch } from '../wire.ts';
import { NOTIFY_FAULTS } from './faults.ts';
import { MailServer } from './mail.ts';
import { SmsProvider } from './sms.ts';

/** Opens an organ of the world under its name, or notes why it can't be had. */
type Add = <T extends MailServer | SmsProvider>(
  wire: string,
  faults: readonly string[],
  mend: string,
  open: () => Promise<T>,
) => Promise<T | null>;

export interface Arrived {
  readonly channel: 'sms' | 'email';
  readonly to: string;
  /** Of an e-mail. */
  readonly subject?: string;
  readonly text: string;
}

export class Post {
  readonly #ports: { readonly mail: number; readonly sms: number };
  readonly #carrier: (to: string) => string | null;
  readonly #secret = `whsec_${randomBytes(32).toString('base64')}`;
  #mail: MailServer | null = null;
  #sms: SmsProvider | null = null;

  /** `ports` are free ones on loopback; what is told there before {@link Post.open} waits. */
  constructor(
    ports: { readonly mail: number; readonly sms: number },
    /** Who carries a short message to that number, where it does not arrive by itself. */
    carrier: (to: string) => string | null = () => null,
  ) {
    this.#ports = ports;
    this.#carrier = carrier;
  }

  async open(add: Add, watch: Watch): Promise<void> {
    const { mail, sms } = this.#ports;
    [this.#mail, this.#sms] = await Promise.all([
      add('mail', NOTIFY_FAULTS, '', () => MailServer.open({ port: mail, watch })),
      add('sms', NOTIFY_FAULTS, '', () =>
        SmsProvider.open({ port: sms, watch, secret: this.#secret, carrier: this.#carrier }),
      ),
    ]);
  }

  /** The gateway's flags. */
  get flags(): readonly string[] {
    const { mail, sms } = this.#ports;
    return [
      ...['--smtp', `smtp://127.0.0.1:${mail}`, '--mail-from', 'orders@hawker.example'],
      ...['--sms', `http://127.0.0.1:${sms}/messages`],
    ];
  }

  get environment(): NodeJS.ProcessEnv {
    return { HAWKER_SMS_SECRET: this.#secret };
  }

  /** What arrived on phones and in mailboxes: SMS first, each in order. */
  arrived(): Arrived[] {
    const sms = (this.#sms?.sent ?? []).map(({ to, text }) => ({
      channel: 'sms' as const,
      to,
      text,
    }));
    const mails = (this.#mail?.mails ?? []).map(({ to, subject, text }) => ({
      channel: 'email' as const,
      to,
      subject,
      text,
    }));
    return [...sms, ...mails];
  }
}
