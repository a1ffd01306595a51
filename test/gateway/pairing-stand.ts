/** A gateway, a platform, the way between them, a terminal, and phones that speak JSON. */
import {
  request as ask,
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Order } from '#device/messages/order.ts';
import type { Gateway, GatewayOptions } from '#gateway/gateway.ts';
import type { LogEntry } from '#gateway/log.ts';
import type { PairingView } from '#gateway/pairing/view.ts';
import { until } from '#test/until.ts';
import { type Constellation, type Kind, type Own, openConstellation } from './constellation.ts';
import { type Answer, call, enrol, freshKey, makeOrder, operator, Terminal } from './harness.ts';
import { ALICE, BareBrowser, CODE, startPlatform, type TestPlatform } from './platform-stand.ts';

/** The way from the gateway to the platform: whole, or losing answers, or down. */
export class Way {
  mode: 'whole' | 'loses_answers' | 'down' = 'whole';
  readonly asked: string[] = [];
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  static async open(target: () => string): Promise<Way> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no port');
    const way = new Way(server, `http://127.0.0.1:${address.port}`);
    server.on('request', (request, response) => {
      way.asked.push(`${request.method} ${request.url}`);
      if (way.mode === 'down') request.socket.destroy();
      else way.#forward(target(), request, response);
    });
    return way;
  }

  #forward(target: string, request: IncomingMessage, response: ServerResponse): void {
    const { method, headers, url } = request;
    const onward = ask(target + url, { method, headers, agent: false }, (answer) => {
      if (this.mode === 'loses_answers') {
        answer.resume().on('end', () => request.socket.destroy());
        return;
      }
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
    });
    onward.on('error', () => request.socket.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export class PairingStand {
  readonly all: Constellation;
  /** The order centre. */
  readonly gateway: Gateway & { readonly logged: LogEntry[] };
  readonly platform: TestPlatform;
  readonly way: Way;
  /** From the platform, and from payers who return, to the gateway. */
  readonly back: Way;
  readonly terminal: Terminal;
  readonly number: string;

  private constructor(parts: {
    all: Constellation;
    platform: TestPlatform;
    way: Way;
    back: Way;
    terminal: Terminal;
    number: string;
  }) {
    this.all = parts.all;
    this.gateway = { ...parts.all.centre, logged: parts.all.logged };
    this.platform = parts.platform;
    this.way = parts.way;
    this.back = parts.back;
    this.terminal = parts.terminal;
    this.number = parts.number;
  }

  static async open(
    options: Partial<GatewayOptions> = {},
    kind: Kind = 'together',
    more: Own = {},
  ): Promise<PairingStand> {
    const platform = await startPlatform();
    const way = await Way.open(() => platform.url);
    let http = '';
    const back = await Way.open(() => http);
    const title = 'Lotus Pay';
    const centre = {
      publicUrl: back.url,
      platforms: [
        { kind: 'lotus', title, url: way.url, pageUrl: platform.url, secret: CODE } as const,
        ...(options.platforms ?? []),
      ],
    };
    const { clock, seed } = options;
    const both = {
      ...(clock === undefined ? {} : { clock }),
      ...(seed === undefined ? {} : { seed }),
    };
    const all = await openConstellation(kind, both, {
      ...more,
      'order-centre': { ...centre, ...more['order-centre'] },
    });
    http = all.http;
    const identity = await enrol(http);
    const terminal = await Terminal.connect(identity);
    return new PairingStand({
      all,
      platform,
      way,
      back,
      terminal,
      number: identity.stall.number ?? '',
    });
  }

  async phone(payer: { phone: string; pin: string }): Promise<PhoneClient> {
    return PhoneClient.logIn(this.gateway.http, payer);
  }

  offer(change: Partial<Order> = {}): Promise<Order> {
    return this.terminal.offer({ ...makeOrder(this.terminal.identity), ...change });
  }

  /** The newest attempt message that the terminal heard of an order, where it is like this. */
  attempt(order: Order, state: string, nth?: number) {
    return until(`attempt ${nth ?? ''} of ${order.number} ${state}`, () => {
      const heard = this.terminal.heard.flatMap((each) =>
        each.kind === 'attempt' && each.attempt.order === order.number ? [each.attempt] : [],
      );
      const last = heard.at(-1);
      return last?.state === state && (nth === undefined || last.attempt === nth) ? last : null;
    });
  }

  async trail(order: Order): Promise<{ events: { kind: string }[]; transfers: object[] }> {
    const answer = await operator(this.gateway, `/v1/orders/${order.number}/trail`);
    return answer.body as unknown as { events: { kind: string }[]; transfers: object[] };
  }

  /** Until the order's trail has an event of this kind. */
  event(order: Order, kind: string) {
    return until(`${kind} of ${order.number}`, async () =>
      (await this.trail(order)).events.find((each) => each.kind === kind),
    );
  }

  /** What the platform owes the gateway's owner, minor units. */
  async owed(): Promise<number> {
    return (await this.platform.balances()).get('platform:merchant:hawker:CNY') ?? 0;
  }

  async close(): Promise<void> {
    await this.terminal.close();
    await this.all.close();
    await this.way.close();
    await this.back.close();
    await this.platform.close();
  }
}

export interface Seen {
  readonly version: string;
  readonly view: PairingView;
}

/** A phone on the local network, over the JSON interface; its browser goes to the platform. */
export class PhoneClient {
  readonly http: string;
  readonly session: string;
  readonly browser = new BareBrowser();

  constructor(http: string, session: string) {
    this.http = http;
    this.session = session;
  }

  static async logIn(http: string, payer: { phone: string; pin: string }): Promise<PhoneClient> {
    const answer = await call(`${http}/v1/pairing/sessions`, { body: payer });
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
    return new PhoneClient(http, String(answer.body.session));
  }

  ask(path: string, body?: unknown, key?: string): Promise<Answer> {
    const bearer = this.session;
    const options = { bearer, ...(body === undefined ? {} : { body }) };
    return call(this.http + path, key === undefined ? options : { ...options, key });
  }

  pair(number: string): Promise<Answer> {
    return this.ask('/v1/pairings', { number });
  }

  async look(): Promise<PairingView> {
    return (await this.seen()).view;
  }

  async seen(query = ''): Promise<Seen> {
    const answer = await this.ask(`/v1/pairing${query}`);
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
    return answer.body as unknown as Seen;
  }

  /** Waits by long polling until the view is at this step. */
  async step(step: PairingView['step']): Promise<PairingView> {
    let seen = await this.seen();
    const deadline = performance.now() + 20_000;
    while (seen.view.step !== step) {
      if (performance.now() > deadline) {
        throw new Error(`waited for ${step}: ${JSON.stringify(seen.view)}`);
      }
      seen = await this.seen(`?wait_s=1&version=${seen.version}`);
    }
    return seen.view;
  }

  answer(order: Order, answer: 'yes' | 'no', key = freshKey(), platform?: string): Promise<Answer> {
    const chosen = platform === undefined ? {} : { platform };
    return this.ask('/v1/pairing/answers', { order: order.number, answer, ...chosen }, key);
  }

  /** Says yes and gives the platform's page. */
  async agree(order: Order): Promise<string> {
    const said = await this.answer(order, 'yes');
    const page = (said.body as unknown as Seen).view?.attempt?.page_url;
    if (page === undefined) throw new Error(JSON.stringify(said.body));
    return page;
  }

  /** Types account and password at the platform, and goes back where `returns`. */
  async payAt(page: string, holder = ALICE, returns = true) {
    const done = await this.browser.post(page, holder);
    if (returns && done.status === 303) await this.browser.get(done.location);
    return done;
  }
}
