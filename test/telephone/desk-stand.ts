/** The agents' desk in this process, before an order centre that answers over HTTP, with calls made by hand. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import type { CallLine, Conversation, HandlerName, Handover } from '#device/ports/call-handler.ts';
import type { Clock } from '#device/ports/clock.ts';
import { FRAME_SAMPLES } from '#device/ports/modem.ts';
import { systemChance, systemClock } from '#firmware/clock.ts';
import { AWAY_MS } from '#firmware/telephone/agent-calls.ts';
import { type AgentDesk, openAgentDesk } from '#firmware/telephone/agent-desk.ts';
import type { DeskEvent } from '#firmware/telephone/desk.ts';
import { until } from '#test/until.ts';

export const tokenOf = (agent: string): string => `token-of-${agent.padEnd(20, '-')}`;

const DUMPLINGS = {
  ...{ code: '1', name: { en: 'Pork dumplings', zh: '猪肉水饺' }, unit_minor: 1200, stock: 40 },
  ...{ service: { en: 'with vinegar', zh: '配醋' }, currency: 'CNY' },
};

/** Orders placed, by their key; `hold` keeps the answers back. */
export class StubCentre {
  readonly placed = new Map<string, number>();
  readonly asked: string[] = [];
  hold: Promise<void> = Promise.resolve();
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  async open(): Promise<URL> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const send = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const path = request.url ?? '';
    if (path === '/v1/centre/agent') {
      const agent = /^Bearer token-of-([a-z]+)-*$/.exec(request.headers.authorization ?? '')?.[1];
      return agent === undefined ? send(401, {}) : send(200, { agent });
    }
    if (path.startsWith('/v1/centre/products')) return send(200, { products: [DUMPLINGS] });
    if (path.endsWith('/searches')) return send(200, { orders: [] });
    if (path.endsWith('/events')) {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': here\n\n');
      return;
    }
    const key = String(request.headers['idempotency-key']);
    this.asked.push(key);
    const number = this.placed.get(key) ?? this.placed.size + 1;
    this.placed.set(key, number);
    await this.hold;
    send(201, orderOf(number));
  }
}

const orderOf = (number: number) => ({
  ...{ number: `220000000${number}`, state: 'unpaid', lines: [], currency: 'CNY', link: 'made' },
  ...{ amount_minor: 2400, refunded_minor: 0, phone: '•••• 0001', created_at: 0, messages: [] },
});

/** A call as the terminal gives it to a handler. */
export class MadeCall {
  readonly said: Int16Array[] = [];
  readonly went: (HandlerName | 'hung up')[] = [];
  readonly line: CallLine;
  conversation: Conversation | null = null;

  constructor(id: string, from: string | null, handover: Handover | null = null) {
    this.line = {
      ...{ id, from, handover, language: 'en' },
      say: async (samples) => this.said.push(samples) > 0,
      hush: () => undefined,
      ahead: () => 0,
      pauseRecording: () => undefined,
      resumeRecording: () => undefined,
      hangUp: () => this.#end('hung up'),
      handOver: (to) => this.#end(to),
    };
  }

  /** A frame of the caller's, filled with one level. */
  speak(level: number): void {
    const heard = new Int16Array(FRAME_SAMPLES).fill(level);
    this.conversation?.frame({ heard, said: new Int16Array(FRAME_SAMPLES) });
  }

  #end(how: HandlerName | 'hung up'): void {
    this.went.push(how);
    this.conversation?.ended(how === 'hung up' ? 'us' : null);
    this.conversation = null;
  }
}

type Word = Readonly<Record<string, unknown>> & { readonly is: string };

interface SeenCalls {
  readonly ready: boolean;
  readonly ringing: readonly { readonly id: string }[];
  readonly call: { readonly id: string; readonly handover: Handover | null } | null;
}

/** An agent's page, without the page. */
export class SeatedAgent {
  readonly words: Word[] = [];
  readonly heard: Int16Array[] = [];
  readonly #url: string;
  readonly #cookie: string;
  #socket: WebSocket | null = null;

  constructor(url: string, cookie: string) {
    this.#url = url;
    this.#cookie = cookie;
  }

  async connect(): Promise<void> {
    const { origin, host } = new URL(this.#url);
    const headers = { origin, cookie: this.#cookie };
    const socket = new WebSocket(`ws://${host}/socket`, { headers });
    this.#socket = socket;
    socket.on('message', (data: Buffer, binary) => {
      if (binary) this.heard.push(new Int16Array(new Uint8Array(data).buffer));
      else this.words.push(JSON.parse(data.toString()) as Word);
    });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  }

  send(word: object): void {
    this.#socket?.send(JSON.stringify(word));
  }

  speak(level: number): void {
    this.#socket?.send(Buffer.from(new Int16Array(FRAME_SAMPLES).fill(level).buffer));
  }

  /** The connection is gone without a word. */
  drop(): void {
    this.#socket?.terminate();
  }

  /** What it saw last. */
  get calls(): SeenCalls {
    const last = this.words.findLast(({ is }) => is === 'calls');
    return (last ?? { ready: true, ringing: [], call: null }) as unknown as SeenCalls;
  }
}

export class DeskStand {
  readonly centre = new StubCentre();
  readonly events: DeskEvent[] = [];
  #desk: AgentDesk | null = null;
  #away: (() => void)[] = [];

  /** `port` 0 for any. */
  async open(port = 0, url: URL | null = null): Promise<this> {
    this.#desk = await openAgentDesk({
      ...{ host: '127.0.0.1', port, url: url ?? (await this.centre.open()), merchant: 'lin' },
      recordings: { list: async () => [], file: async () => null, find: async () => null },
      ...{ clock: this.#clock(), chance: systemChance },
      tell: (event) => void this.events.push(event),
    });
    return this;
  }

  get url(): string {
    return this.#desk?.url ?? '';
  }

  get handler(): AgentDesk['handler'] {
    if (this.#desk === null) throw new Error('open it first');
    return this.#desk.handler;
  }

  /** Those who left are given up, as after {@link AWAY_MS}. */
  giveUp(): void {
    for (const over of this.#away.splice(0)) over();
  }

  async agent(name: string): Promise<SeatedAgent> {
    const { origin } = new URL(this.url);
    const response = await fetch(`${this.url}login`, {
      ...{ method: 'POST', redirect: 'manual', headers: { origin } },
      body: new URLSearchParams({ token: tokenOf(name) }),
    });
    const cookie = response.headers.get('set-cookie')?.split(';')[0] ?? '';
    const agent = new SeatedAgent(this.url, cookie);
    await agent.connect();
    await until('its first word', () => agent.words.length > 0);
    return agent;
  }

  /** A call that comes; `null` where no agent is free. */
  ring(id: string, handover: Handover | null = null): MadeCall | null {
    const call = new MadeCall(id, '+8613800000001', handover);
    call.conversation = this.handler.take(call.line);
    return call.conversation === null ? null : call;
  }

  async closeDesk(): Promise<void> {
    await this.#desk?.close();
    this.#desk = null;
  }

  async close(): Promise<void> {
    await this.closeDesk();
    await this.centre.close();
  }

  /** Time as it is, but for how long an agent may be away. */
  #clock(): Clock {
    return {
      ...systemClock,
      after: (ms, then) => {
        if (ms !== AWAY_MS) return systemClock.after(ms, then);
        this.#away.push(then);
        return () => {
          this.#away = this.#away.filter((each) => each !== then);
        };
      },
    };
  }
}
