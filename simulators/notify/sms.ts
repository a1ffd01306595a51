/**
 * A provider that sends SMS for whoever posts them: real HTTP, signatures verified by its own code,
 * and one SMS for each Idempotency-Key. What "arrived on a phone" can be read.
 */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Simulator, Watch } from '../wire.ts';
import { type NotifyFault, switchFault } from './faults.ts';

export interface Sms {
  readonly to: string;
  readonly text: string;
  readonly reference: string;
}

export interface SmsOptions {
  /** Shared with the sender: `whsec_` and base64. */
  readonly secret: string;
  readonly port?: number;
  readonly watch?: Watch;
  /** Who carries a message to that number; `null` where it arrives by itself. */
  readonly carrier?: (to: string) => string | null;
}

const SIGNED = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];

export class SmsProvider implements Simulator {
  readonly wire = 'sms';
  /** What arrived on phones, in order. */
  readonly sent: Sms[] = [];
  /** Requests that came, whatever became of them. */
  requests = 0;
  readonly #options: SmsOptions;
  readonly #answers = new Map<string, { body: string; id: string }>();
  #server: Server;
  #port: number;
  #fault: NotifyFault['fault'] = 'clear';

  private constructor(options: SmsOptions) {
    this.#options = options;
    this.#port = options.port ?? 0;
    this.#server = this.#make();
  }

  static async open(options: SmsOptions): Promise<SmsProvider> {
    const provider = new SmsProvider(options);
    await provider.#listen();
    return provider;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/messages`;
  }

  async apply(fault: NotifyFault): Promise<void> {
    const start = (): Promise<void> => {
      this.#server = this.#make();
      return this.#listen();
    };
    this.#fault = await switchFault(this.wire, fault, { start, stop: () => this.#stop() });
    this.#watchState(fault.fault);
  }

  close(): Promise<void> {
    return this.#stop();
  }

  #watchState(text: string): void {
    this.#options.watch?.({ wire: 'sms', direction: 'state', text });
  }

  #make(): Server {
    return createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => this.#take(request, response, Buffer.concat(parts).toString()));
    });
  }

  #take(request: IncomingMessage, response: ServerResponse, body: string): void {
    this.#answer(request, response, body).catch(() => response.writeHead(400).end('{}'));
  }

  async #answer(request: IncomingMessage, response: ServerResponse, body: string): Promise<void> {
    this.requests += 1;
    const said = await this.#decide(request, body);
    switch (said) {
      case 'hang':
        break;
      case 'hang up':
        request.socket.destroy();
        break;
      default:
        response.writeHead(said[0], { 'content-type': 'application/json' });
        response.end(JSON.stringify(said[1]));
    }
  }

  async #decide(
    request: IncomingMessage,
    body: string,
  ): Promise<[number, unknown] | 'hang' | 'hang up'> {
    if (request.method !== 'POST' || request.url !== '/messages') return [404, {}];
    if (this.#fault === 'hang') return 'hang';
    if (this.#fault === 'busy') return [503, { error: 'busy' }];
    if (!this.#isSigned(request, body)) return [401, { error: 'not signed' }];
    if (this.#fault === 'refuse') return [400, { error: 'no such number' }];
    const key = request.headers['idempotency-key'];
    if (typeof key !== 'string') return [400, { error: 'no Idempotency-Key' }];
    const known = this.#answers.get(key);
    if (known !== undefined) {
      return known.body === body ? [200, { id: known.id }] : [422, { error: 'reused' }];
    }
    const { to } = JSON.parse(body) as Sms;
    const carrier = this.#options.carrier?.(to) ?? null;
    return carrier === null ? this.#send(key, body) : this.#carry(carrier, request, body);
  }

  /** Hands it on as it came; who carries it looks at the signature and the key, too. */
  async #carry(
    url: string,
    { headers: given }: IncomingMessage,
    body: string,
  ): Promise<[number, unknown] | 'hang up'> {
    const named = ['content-type', 'idempotency-key', ...SIGNED];
    const headers = Object.fromEntries(named.map((name) => [name, String(given[name] ?? '')]));
    try {
      const response = await fetch(url, { method: 'POST', headers, body });
      const answer: unknown = await response.json();
      this.#options.watch?.({ wire: 'sms', direction: 'out', text: `carried: ${response.status}` });
      if (this.#fault !== 'lose') return [response.status, answer];
      this.#fault = 'clear';
      return 'hang up';
    } catch {
      return [503, { error: 'the carrier does not answer' }];
    }
  }

  #send(key: string, body: string): [number, unknown] | 'hang up' {
    const { to, text, reference } = JSON.parse(body) as Sms;
    if (!/^\+\d{7,15}$/.test(to)) return [400, { error: 'no such number' }];
    this.sent.push({ to, text, reference });
    const id = `sms-${this.sent.length}`;
    this.#answers.set(key, { body, id });
    this.#options.watch?.({ wire: 'sms', direction: 'out', text: `to ${to}: ${text}` });
    if (this.#fault !== 'lose') return [202, { id }];
    this.#fault = 'clear';
    return 'hang up';
  }

  #isSigned(request: IncomingMessage, body: string): boolean {
    const {
      'webhook-id': id,
      'webhook-timestamp': at,
      'webhook-signature': given,
    } = request.headers;
    const key = Buffer.from(this.#options.secret.replace(/^whsec_/, ''), 'base64');
    const made = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64');
    const fresh = Math.abs(Date.now() / 1000 - Number(at)) < 300;
    return fresh && String(given).split(' ').includes(`v1,${made}`);
  }

  #listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', () => {
        const address = this.#server.address();
        if (typeof address === 'object' && address !== null) this.#port = address.port;
        resolve();
      });
    });
  }

  #stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
