/**
 * The order centre with its HTTP door on a temporary directory, a mail server, an SMS provider, and an
 * acquirer elsewhere that the test plays: it keeps what it was asked, and can be silent.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signWebhook, writeWebhookSecret } from '#device/codecs/standard-webhooks.ts';
import type {
  AcquirerResult,
  CloseLinkAnswer,
  CloseLinkRequest,
  CreateLinkAnswer,
  CreateLinkRequest,
  LinkGate,
} from '#gateway/acquirer/gate.ts';
import { acquirerResultSchema } from '#gateway/acquirer/gate.ts';
import { type Clock, systemChance, systemClock } from '#gateway/clock.ts';
import { type Core, openCore } from '#gateway/core.ts';
import { here, there } from '#gateway/gate.ts';
import { deriveGatewayKeys } from '#gateway/keys.ts';
import type { LogEntry } from '#gateway/log.ts';
import { type NotifySettings, openNotify } from '#gateway/notify/notify.ts';
import { smsReceiver } from '#gateway/notify/sms-reports.ts';
import { applySeed, type Seed, seedSchema } from '#gateway/seed.ts';
import { makeHouseKeys } from '#gateway/settlement/keys.ts';
import { openWeb } from '#gateway/web/server.ts';
import { receiver } from '#gateway/web/webhooks.ts';
import { type Answer, call, freshKey, SEED } from './harness.ts';

export const SECRET = writeWebhookSecret(new Uint8Array(32).fill(3));
export const AGENT = 'agent-of-the-test';
export const PHONE = '+8613800000001';

const product = (code: string, en: string, zh: string, unit_minor: number, stock: number) => ({
  ...{ merchant: 'lin', code, currency: 'CNY' as const, unit_minor, stock },
  name: { en, zh },
  service: { en: 'Delivered within 40 minutes', zh: '40分钟内送达' },
});

export const PRODUCTS: NonNullable<Seed['products']> = [
  product('1', 'Pork dumplings', '猪肉水饺', 1200, 10),
  product('2', 'Chive and egg dumplings', '韭菜鸡蛋水饺', 1000, 50),
  product('3', 'Soy milk', '豆浆', 350, 0),
];

/** An acquirer that makes links, in the same store or elsewhere. */
export class LinkDesk {
  readonly created = new Map<string, CreateLinkRequest>();
  readonly closed = new Map<string, CloseLinkRequest>();
  /** Orders that are paid or being paid: their links can't be closed. */
  readonly held = new Map<string, 'paid' | 'paying'>();
  /** How many questions are done and not answered. */
  silent = 0;
  asked = 0;
  lifetime_ms = 3_600_000;

  create(request: CreateLinkRequest, now: number): CreateLinkAnswer {
    const known = this.created.get(request.id);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(request)) {
      return { said: 'conflict' };
    }
    if (request.merchant === 'gone') return { said: 'refused', code: 'unknown_merchant' };
    this.created.set(request.id, request);
    const link = `https://pay.example/l/${request.order}`;
    return { said: 'created', link, expires_at: now + this.lifetime_ms };
  }

  closeLink(request: CloseLinkRequest, now: number): CloseLinkAnswer {
    const code = this.held.get(request.order);
    if (code !== undefined) return { said: 'refused', code };
    this.closed.set(request.order, request);
    return { said: 'closed', at: now };
  }

  gate(where: 'here' | 'there', clock: Clock): LinkGate {
    const speak = async <A>(answer: A): Promise<A> => {
      this.asked += 1;
      if (this.silent > 0) {
        this.silent -= 1;
        throw new Error('no answer');
      }
      return answer;
    };
    return where === 'here'
      ? {
          createLink: here((_tx, ask: CreateLinkRequest) => this.create(ask, clock.now())),
          closeLink: here((_tx, ask: CloseLinkRequest) => this.closeLink(ask, clock.now())),
        }
      : {
          createLink: there((ask: CreateLinkRequest) => speak(this.create(ask, clock.now()))),
          closeLink: there((ask: CloseLinkRequest) => speak(this.closeLink(ask, clock.now()))),
        };
  }
}

export interface Bench {
  readonly core: Core;
  readonly url: string;
  readonly desk: LinkDesk;
  readonly logged: LogEntry[];
  readonly data: string;
  close(): Promise<void>;
}

export interface BenchOptions {
  readonly where?: 'here' | 'there';
  readonly notify?: NotifySettings;
  readonly clock?: Clock;
  readonly products?: Seed['products'];
}

export async function openBench(options: BenchOptions = {}): Promise<Bench> {
  const { where = 'here', clock = systemClock, notify = {} } = options;
  const data = mkdtempSync(join(tmpdir(), 'hawker-centre-'));
  const logged: LogEntry[] = [];
  const desk = new LinkDesk();
  const core = openCore({
    database: join(data, 'gateway.sqlite'),
    keys: deriveGatewayKeys(new Uint8Array(32).fill(7)),
    house: makeHouseKeys(systemChance),
    ...{ clock, chance: systemChance, log: (entry: LogEntry) => logged.push(entry) },
    defer: (then) => setImmediate(then),
    links: desk.gate(where, clock),
    desk: notify.desk !== undefined,
  });
  await applySeed(core, seedSchema.parse({ ...SEED, products: options.products ?? PRODUCTS }));
  const courier = openNotify(core, notify);
  const web = await openWeb(core, {
    ...{ host: '127.0.0.1', port: 0, broker: 'mqtt://127.0.0.1:1', operatorToken: 'operator' },
    agentToken: AGENT,
    receivers: [
      receiver('acquirer', [SECRET], acquirerResultSchema, (tx, result) => {
        core.tell(tx, result);
      }),
      ...(notify.sms === undefined ? [] : [smsReceiver(notify.sms.secret, clock)]),
    ],
  });
  return {
    ...{ core, url: web.url, desk, logged, data },
    async close() {
      await web.close();
      await courier.close();
      core.close();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

export const place = (
  bench: Pick<Bench, 'url'>,
  body: object = {},
  key = freshKey(),
): Promise<Answer> =>
  call(`${bench.url}/v1/centre/orders`, {
    ...{ key, bearer: AGENT },
    body: { merchant: 'lin', lines: [{ code: '1', quantity: 2 }], phone: PHONE, ...body },
  });

export const look = (bench: Pick<Bench, 'url'>, number: unknown): Promise<Answer> =>
  call(`${bench.url}/v1/centre/orders/${number}`, { bearer: AGENT });

export const change = (
  bench: Pick<Bench, 'url'>,
  number: unknown,
  what: string,
  key = freshKey(),
): Promise<Answer> =>
  call(`${bench.url}/v1/centre/orders/${number}/${what}`, { body: {}, bearer: AGENT, key });

export const stockOf = (bench: Pick<Bench, 'core'>, code: string): number =>
  bench.core.tables.products.find('lin', code)?.stock ?? Number.NaN;

let events = 0;

/** A result as the acquirer tells it of an order that {@link place} answered. */
export function result(
  order: Answer,
  answer: Extract<AcquirerResult, { kind: 'payment' }>['answer'],
  more: Partial<Extract<AcquirerResult, { kind: 'payment' }>> = {},
): AcquirerResult {
  events += 1;
  return acquirerResultSchema.parse({
    ...{ kind: 'payment', event: `event-${events}`, id: 'PAY-1', merchant: 'lin' },
    ...{ order: order.body.number, amount_minor: order.body.amount_minor, currency: 'CNY' },
    ...{ answer, at: Date.now(), ...more },
  });
}

export const PAID = { said: 'paid', payer: '•••• 0001', at: 1_790_000_000_000 } as const;

/** Posts a webhook; `at` is when it was signed. */
export async function tell(
  bench: Pick<Bench, 'url'>,
  message: unknown,
  options: { id?: string; at?: number; secret?: string; sent?: string } = {},
): Promise<Answer> {
  const payload = JSON.stringify(message);
  events += 1;
  const { id = `msg_${events}`, at = Date.now(), secret = SECRET, sent = payload } = options;
  const response = await fetch(`${bench.url}/v1/webhooks/acquirer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...signWebhook(secret, id, at, payload) },
    body: sent,
  });
  const text = await response.text();
  const { status, headers } = response;
  return { status, headers, body: text === '' ? {} : JSON.parse(text) };
}

export interface Hook {
  readonly url: string;
  /** Bodies that came, with the id of each. */
  readonly came: { readonly id: string; readonly headers: object; readonly body: string }[];
  /** Answers the next so many with 500. */
  broken: number;
  close(): Promise<void>;
}

/** An endpoint that webhooks are sent to. */
export async function openHook(): Promise<Hook> {
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const id = String(request.headers['webhook-id']);
      hook.came.push({ id, headers: request.headers, body: Buffer.concat(parts).toString() });
      hook.broken -= 1;
      response.writeHead(hook.broken >= 0 ? 500 : 204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  const hook = {
    url: `http://127.0.0.1:${address.port}/`,
    came: [] as Hook['came'][number][],
    broken: 0,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
  return hook;
}
