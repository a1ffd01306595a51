/** A mail server that keeps what it takes: real SMTP, with a mailbox that can be read. */
import { SMTPServer } from 'smtp-server';
import type { Simulator, Watch } from '../wire.ts';
import { type NotifyFault, switchFault } from './faults.ts';
import { type ReadMail, readMail } from './mime.ts';

export interface MailOptions {
  /** 0 for any free port, which it keeps. */
  readonly port?: number;
  readonly watch?: Watch;
}

type Said = (error?: (Error & { responseCode?: number }) | null, message?: string) => void;

export class MailServer implements Simulator {
  readonly wire = 'mail';
  /** What was taken, in order; the same Message-ID may be there twice, as in a real mailbox. */
  readonly mails: ReadMail[] = [];
  readonly #watch: Watch;
  #server: SMTPServer;
  #port: number;
  #fault: NotifyFault['fault'] = 'clear';

  private constructor(options: MailOptions) {
    this.#watch = options.watch ?? (() => undefined);
    this.#port = options.port ?? 0;
    this.#server = this.#make();
  }

  /** Resolves when mail can be sent to {@link MailServer.port} on loopback. */
  static async open(options: MailOptions = {}): Promise<MailServer> {
    const mail = new MailServer(options);
    await mail.#listen();
    return mail;
  }

  get port(): number {
    return this.#port;
  }

  async apply(fault: NotifyFault): Promise<void> {
    const start = (): Promise<void> => {
      this.#server = this.#make();
      return this.#listen();
    };
    this.#fault = await switchFault(this.wire, fault, { start, stop: () => this.#stop() });
    this.#watch({ wire: 'mail', direction: 'state', text: fault.fault });
  }

  close(): Promise<void> {
    return this.#stop();
  }

  #make(): SMTPServer {
    return new SMTPServer({
      disabledCommands: ['AUTH', 'STARTTLS'],
      disableReverseLookup: true,
      logger: false,
      closeTimeout: 50,
      onData: (stream, session, said) => {
        const parts: Buffer[] = [];
        stream.on('data', (part: Buffer) => parts.push(part));
        stream.on('end', () => {
          const to = session.envelope.rcptTo.map(({ address }) => address).join(', ');
          this.#take(Buffer.concat(parts).toString('utf8'), to, said);
        });
      },
    });
  }

  #take(raw: string, to: string, said: Said): void {
    switch (this.#fault) {
      case 'hang':
        return;
      case 'busy':
        said(Object.assign(new Error('too busy, try again'), { responseCode: 451 }));
        return;
      case 'refuse':
        said(Object.assign(new Error('no such mailbox'), { responseCode: 550 }));
        return;
      default:
    }
    const mail = readMail(raw);
    this.mails.push(mail);
    this.#watch({ wire: 'mail', direction: 'out', text: `to ${to}: ${mail.subject}` });
    if (this.#fault !== 'lose') {
      said(null, 'kept');
      return;
    }
    this.#fault = 'clear';
    for (const connection of this.#server.connections) connection.close();
  }

  #listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      // A client that goes away is no fault of this server.
      this.#server.on('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', () => {
        const address = this.#server.server.address();
        if (typeof address === 'object' && address !== null) this.#port = address.port;
        resolve();
      });
    });
  }

  #stop(): Promise<void> {
    for (const connection of this.#server.connections) connection.close();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
