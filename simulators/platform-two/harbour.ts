/**
 * A payment platform of the older kind, as merchants meet it: form-encoded calls that are signed as a
 * sorted query, a cashier page of its own, and form-encoded notifications. One store: its memory.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

export interface HarbourOptions {
  readonly port?: number;
  /** Merchant number → key. */
  readonly merchants: Readonly<Record<string, string>>;
  /** Account → password and balance in minor units. */
  readonly accounts: Readonly<Record<string, { password: string; balance: number }>>;
}

type Fields = Record<string, string>;

interface Trade {
  readonly fields: Fields;
  readonly cashier: string;
  status: 'WAIT' | 'PAID' | 'CLOSED';
  why: string;
  trade_no: string;
  buyer: string;
  readonly refunds: Map<string, number>;
}

export class Harbour {
  readonly url: string;
  readonly accounts: Map<string, { password: string; balance: number }>;
  /** Notifications that were taken, by trade. */
  readonly notified: string[] = [];
  readonly #server: Server;
  readonly #merchants: Readonly<Record<string, string>>;
  readonly #trades = new Map<string, Trade>();
  readonly #closedEarly = new Set<string>();

  private constructor(server: Server, url: string, options: HarbourOptions) {
    this.#server = server;
    this.url = url;
    this.#merchants = options.merchants;
    this.accounts = new Map(
      Object.entries(options.accounts).map(([name, each]) => [name, { ...each }]),
    );
    server.on('request', (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        response.statusCode = 500;
        response.end(String(error));
      });
    });
  }

  static async open(options: HarbourOptions): Promise<Harbour> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no port');
    return new Harbour(server, `http://127.0.0.1:${address.port}`, options);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    const fields = Object.fromEntries(new URLSearchParams(await readText(request)));
    if (url.pathname.startsWith('/cashier/')) {
      const trade = [...this.#trades.values()].find(({ cashier }) => cashier === url.pathname);
      if (trade === undefined) return void response.writeHead(404).end('no such trade');
      if (request.method !== 'POST') return this.#page(response, trade, '');
      return this.#pay(response, trade, fields);
    }
    const key = this.#merchants[fields.merchant ?? ''];
    if (key === undefined || !isSigned(fields, key)) {
      return void response.writeHead(403).end('sign is wrong');
    }
    const answer: Fields = { ...this.#call(url.pathname, fields), merchant: fields.merchant ?? '' };
    response.writeHead(200, { 'content-type': 'application/x-www-form-urlencoded' });
    response.end(new URLSearchParams({ ...answer, sign: sign(answer, key) }).toString());
  }

  #call(path: string, fields: Fields): Fields {
    const id = fields.out_trade_no ?? '';
    const trade = this.#trades.get(id);
    switch (path) {
      case '/api/precreate':
        return this.#create(id, trade, fields);
      case '/api/query':
        return trade === undefined ? { trade_status: 'NONE' } : this.#told(id, trade);
      case '/api/close':
        if (trade === undefined) {
          this.#closedEarly.add(id);
          return { out_trade_no: id, trade_status: 'CLOSED', why: 'MERCHANT_CLOSE' };
        }
        if (trade.status === 'WAIT') this.#end(trade, 'CLOSED', 'MERCHANT_CLOSE');
        return this.#told(id, trade);
      case '/api/refund':
        return this.#refund(trade, fields);
      default:
        throw new Error(`there is no ${path}`);
    }
  }

  #create(id: string, earlier: Trade | undefined, fields: Fields): Fields {
    if (this.#closedEarly.has(id)) return { result: 'CLOSED' };
    const trade: Trade = earlier ?? {
      fields,
      cashier: `/cashier/${randomBytes(16).toString('hex')}`,
      status: 'WAIT',
      why: '',
      trade_no: '',
      buyer: '',
      refunds: new Map(),
    };
    if (trade.fields.total !== fields.total) return { result: 'CONFLICT' };
    this.#trades.set(id, trade);
    return { result: 'OK', cashier_url: this.url + trade.cashier };
  }

  /** Who bought is masked, and told apart by a digest under the merchant's key. */
  #told(id: string, trade: Trade): Fields {
    const { status, why, trade_no, buyer, fields } = trade;
    const { total = '', currency = '', merchant = '' } = fields;
    const told = { out_trade_no: id, trade_status: status, why, trade_no, total, currency };
    if (buyer === '') return { ...told, buyer, buyer_id: '' };
    const digest = createHmac('sha256', this.#merchants[merchant] ?? '').update(`buyer\n${buyer}`);
    return { ...told, buyer: `${buyer.slice(0, 1)}***`, buyer_id: digest.digest('hex') };
  }

  #refund(trade: Trade | undefined, fields: Fields): Fields {
    const amount = minor(fields.refund ?? '');
    const id = fields.out_request_no ?? '';
    if (trade?.status !== 'PAID') return { result: 'NOT_PAID' };
    if (trade.refunds.get(id) === amount) return { result: 'OK' };
    const back = [...trade.refunds.values()].reduce((total, each) => total + each, 0);
    if (back + amount > minor(trade.fields.total ?? '')) return { result: 'TOO_MUCH' };
    trade.refunds.set(id, amount);
    const holder = this.accounts.get(trade.buyer);
    if (holder !== undefined) holder.balance += amount;
    return { result: 'OK' };
  }

  #page(response: ServerResponse, trade: Trade, says: string): void {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    const text = (value: string) => value.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
    response.end(`<!doctype html><html lang="en"><meta charset="utf-8"><title>Harbour Pay</title>
<h1>${text(trade.fields.subject ?? '')}: ${text(trade.fields.total ?? '')}</h1><p role="alert">${says}</p>
<form method="post"><label>Account <input name="account" required></label>
<label>Password <input name="password" type="password" required></label><button>Pay</button></form></html>`);
  }

  #pay(response: ServerResponse, trade: Trade, { account = '', password }: Fields): void {
    const holder = this.accounts.get(account);
    if (trade.status === 'WAIT') {
      if (holder === undefined || holder.password !== password) {
        this.#page(response, trade, 'Account or password is wrong.');
        return;
      }
      const amount = minor(trade.fields.total ?? '');
      const expired = Number(trade.fields.expires) <= Date.now();
      if (expired) this.#end(trade, 'CLOSED', 'TIMEOUT');
      else if (holder.balance < amount) this.#end(trade, 'CLOSED', 'BALANCE');
      else {
        holder.balance -= amount;
        trade.buyer = account;
        trade.trade_no = `HB${randomBytes(8).toString('hex')}`;
        this.#end(trade, 'PAID', '');
      }
    }
    const key = this.#merchants[trade.fields.merchant ?? ''] ?? '';
    const result: Fields = {
      ...this.#told(trade.fields.out_trade_no ?? '', trade),
      merchant: trade.fields.merchant ?? '',
    };
    const back = new URL(trade.fields.return_url ?? this.url);
    back.search = new URLSearchParams({ ...result, sign: sign(result, key) }).toString();
    response.writeHead(303, { location: back.href }).end();
  }

  #end(trade: Trade, status: 'PAID' | 'CLOSED', why: string): void {
    trade.status = status;
    trade.why = why;
    void this.notify(trade.fields.out_trade_no ?? '');
  }

  /** Sends the notification of a trade (again); resolves with what the merchant answered. */
  async notify(id: string): Promise<string> {
    const trade = this.#trades.get(id);
    if (trade === undefined) throw new Error(`there is no trade ${id}`);
    const { merchant = '', notify_url = '' } = trade.fields;
    const fields: Fields = {
      ...this.#told(id, trade),
      merchant,
      notify_id: `n-${id}-${trade.status}`,
    };
    const signed = { ...fields, sign: sign(fields, this.#merchants[merchant] ?? '') };
    const body = new URLSearchParams(signed);
    const answer = await fetch(notify_url, { method: 'POST', body }).catch(() => null);
    const text = answer === null ? 'no answer' : await answer.text();
    if (text === 'success') this.notified.push(id);
    return text;
  }
}

function sign(fields: Fields, key: string): string {
  const sorted = Object.entries(fields)
    .filter(([name, value]) => name !== 'sign' && value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHmac('sha256', key).update(new URLSearchParams(sorted).toString()).digest('hex');
}

function isSigned(fields: Fields, key: string): boolean {
  const made = Buffer.from(sign(fields, key));
  const given = Buffer.from(fields.sign ?? '');
  return made.length === given.length && timingSafeEqual(made, given);
}

const minor = (total: string): number => Math.round(Number(total) * 100);

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
