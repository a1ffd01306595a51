/** A gateway of the test's own, a terminal that speaks its bytes, and a phone that speaks HTTP. */
import { mkdtempSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type MqttClient } from 'mqtt';
import { writeBroadcast } from '#device/codecs/broadcast.ts';
import { base64url, fromBase64url, hex } from '#device/codecs/bytes.ts';
import { digitsStep, writeDigits } from '#device/codecs/digits.ts';
import { open, seal } from '#device/codecs/jws.ts';
import { deriveKeys } from '#device/codecs/keys.ts';
import { writeOffer } from '#device/codecs/offer.ts';
import { mintOrderNumber } from '#device/codecs/order-number.ts';
import { type Identity, identitySchema } from '#device/messages/enrolment.ts';
import {
  type Downlink,
  downlinkSchema,
  linesTotal,
  type Order,
  type OrderLine,
  type Uplink,
} from '#device/messages/order.ts';
import { downlinkTopic, uplinkTopic } from '#device/messages/topics.ts';
import { type Clock, systemChance, systemClock } from '#gateway/clock.ts';
import { createGateway, type Gateway, type GatewayOptions } from '#gateway/gateway.ts';
import type { LogEntry } from '#gateway/log.ts';
import type { Seed } from '#gateway/seed.ts';
import { type Stretch, stretchWithScrypt } from '#gateway/stretch.ts';
import { until } from '#test/until.ts';

export const PLACE = { name: 'Stall 12', latitude: 31.23012, longitude: 121.46351, radius_m: 30 };
export const RICH = { phone: '+8613800000001', pin: '246810' };
export const ALSO_RICH = { phone: '+8613800000002', pin: '135790' };
export const POOR = { phone: '+8613800000009', pin: '909090' };
export const BLOCKED = { phone: '+8613800000008', pin: '808080' };

const terminal = (id: string, code: string) => ({
  id,
  vendor: 'lin',
  enrolment_code: code,
  place: PLACE,
  currency: 'CNY' as const,
  language: 'en' as const,
  order_lifetime_s: 120,
  catalogue: [{ code: '1', name: 'Dumplings', unit_minor: 1200 }],
});

const cny = (amount_minor: number) => [{ currency: 'CNY' as const, amount_minor }];

export const SEED: Seed = {
  calling_code: '86',
  vendors: [{ id: 'lin', name: "Lin's Dumplings" }],
  terminals: [terminal('t-0001', 'CODE-0001'), terminal('t-0002', 'CODE-0002')],
  payers: [
    { ...RICH, balances: cny(50_000) },
    { ...ALSO_RICH, balances: cny(50_000) },
    { ...POOR, balances: cny(300) },
    { ...BLOCKED, state: 'blocked', balances: cny(50_000) },
  ],
};

/** The same function on the same threads, at a thousandth of the cost. */
export const stretchLittle: Stretch = (secret, salt) =>
  stretchWithScrypt(secret, salt, { N: 16, r: 8, p: 1 });

export interface TestGateway extends Gateway {
  readonly mqtt: string;
  readonly data: string;
  readonly logged: LogEntry[];
}

/** A gateway on free ports and a temporary directory, both gone after `close`. */
export async function startGateway(options: Partial<GatewayOptions> = {}): Promise<TestGateway> {
  const data = mkdtempSync(join(tmpdir(), 'hawker-gateway-'));
  const logged: LogEntry[] = [];
  const gateway = await createGateway({
    dataDirectory: data,
    http: { host: '127.0.0.1', port: 0 },
    broker: { kind: 'embedded', host: '127.0.0.1', port: 0, plain: true },
    seed: SEED,
    stretch: stretchLittle,
    log: (entry) => logged.push(entry),
    ...options,
  });
  return {
    ...gateway,
    mqtt: gateway.mqtt ?? '',
    data,
    logged,
    async close() {
      await gateway.close();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** The system's clock, `ahead` ms of it ahead; timers run in real time. */
export function shiftedClock(): Clock & { ahead: number } {
  const clock = {
    ahead: 0,
    now: () => Date.now() + clock.ahead,
    monotonic: () => performance.now(),
    after: systemClock.after,
  };
  return clock;
}

export async function enrol(http: string, code = 'CODE-0001'): Promise<Identity> {
  const response = await fetch(`${http}/v1/enrolments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code }),
  });
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
  return identitySchema.parse(await response.json());
}

export const mintNumber = (): string => mintOrderNumber(Date.now(), systemChance.bytes(4));

export function makeOrder(
  identity: Identity,
  lines: readonly OrderLine[] = [{ name: 'Dumplings', quantity: 1, unit_minor: 1250 }],
): Order {
  const { vendor, place, currency } = identity.stall;
  return {
    number: mintNumber(),
    terminal: identity.terminal,
    vendor,
    place,
    currency,
    amount_minor: linesTotal(lines),
    lines: [...lines],
    made_at: Date.now(),
    lifetime_s: 120,
  };
}

/** Receipts that came together as those that came one by one. */
export const singly = (downlink: Downlink): Downlink[] =>
  downlink.kind === 'receipts'
    ? downlink.receipts.map((receipt) => ({ ...downlink, kind: 'receipt', receipt }))
    : [downlink];

export class Terminal {
  readonly identity: Identity;
  readonly client: MqttClient;
  /** Verified downlinks in the order in which they came. */
  readonly heard: Downlink[] = [];
  readonly #keys: ReturnType<typeof deriveKeys>;
  /** Whether results and refunds are answered with `seen`. */
  answers = true;

  private constructor(identity: Identity, client: MqttClient) {
    this.identity = identity;
    this.client = client;
    this.#keys = deriveKeys(identity.secret);
    client.on('message', (_topic, message) => this.#hear(message.toString()));
  }

  /** Connected and subscribed. */
  static async connect(
    identity: Identity,
    broker = identity.broker,
    tls: { readonly key?: string; readonly cert?: string; readonly ca?: string } = {},
  ): Promise<Terminal> {
    const client = connect(broker, {
      clientId: `${identity.terminal}-${hex(systemChance.bytes(3))}`,
      username: identity.terminal,
      password: base64url(deriveKeys(identity.secret).broker),
      reconnectPeriod: 100,
      resubscribe: true,
      ...tls,
    });
    client.on('error', () => undefined);
    const terminal = new Terminal(identity, client);
    client.on('connect', () => {
      const { stream } = client;
      if (stream instanceof Socket) stream.setNoDelay(true);
    });
    await new Promise((resolve) => client.once('connect', resolve));
    await client.subscribeAsync(downlinkTopic(identity.terminal), { qos: 1 });
    return terminal;
  }

  #hear(token: string): void {
    const key = fromBase64url(this.identity.gateway_key) ?? new Uint8Array();
    const opened = open('EdDSA', key, token);
    if (!opened.ok) throw new Error(`downlink: ${opened.why}`);
    const downlink = downlinkSchema.parse(opened.payload);
    this.heard.push(...singly(downlink));
    if (downlink.kind === 'result' && this.answers) {
      void this.say({ kind: 'seen', seen: { order: downlink.result.order } }).catch(
        () => undefined,
      );
    }
    if (downlink.kind === 'refund' && this.answers) {
      const { order, refund } = downlink.refund;
      void this.say({ kind: 'refund_seen', seen: { order, refund } }).catch(() => undefined);
    }
    if (downlink.kind === 'web_paid' && this.answers) {
      const { order } = downlink.paid;
      void this.say({ kind: 'web_paid_seen', seen: { order } }).catch(() => undefined);
    }
  }

  seal(uplink: unknown): string {
    return seal('HS256', this.#keys.uplink, uplink);
  }

  /** Resolves with PUBACK. */
  async say(uplink: Uplink): Promise<void> {
    await this.client.publishAsync(uplinkTopic(this.identity.terminal), this.seal(uplink), {
      qos: 1,
    });
  }

  receipt(order: string, said?: string) {
    return until(`receipt of ${order}`, () =>
      this.heard.find(
        (each) =>
          each.kind === 'receipt' &&
          each.receipt.order === order &&
          (said === undefined || each.receipt.said === said),
      ),
    ).then((each) => {
      if (each.kind !== 'receipt') throw new Error('not a receipt');
      return each.receipt;
    });
  }

  result(order: string) {
    return until(`result of ${order}`, () =>
      this.heard.find((each) => each.kind === 'result' && each.result.order === order),
    ).then((each) => {
      if (each.kind !== 'result') throw new Error('not a result');
      return each.result;
    });
  }

  refunds(order: string) {
    return this.heard.flatMap((each) =>
      each.kind === 'refund' && each.refund.order === order ? [each.refund] : [],
    );
  }

  /** Sends an order and waits for its receipt. */
  async offer(order: Order): Promise<Order> {
    await this.say({ kind: 'order', order });
    await this.receipt(order.number);
    return order;
  }

  token(order: Order, at = Date.now()): string {
    return writeOffer(this.#keys.offer, order.number, order.place, at);
  }

  digits(order: Order, at = Date.now()): string {
    return writeDigits(this.#keys.digits, order.number, digitsStep(at));
  }

  broadcast(order: Order, at = Date.now()): string {
    return hex(writeBroadcast(this.#keys.broadcast, order.number, at, -59));
  }

  close(): Promise<void> {
    return this.client.endAsync(true);
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: { readonly [key: string]: unknown };
}

/** One call; `body` is sent as JSON. */
export async function call(
  url: string,
  options: { body?: unknown; bearer?: string; key?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { body, bearer, key, headers } = options;
  const response = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: JSON.parse(text) };
}

export const match = (http: string, body: unknown): Promise<Answer> =>
  call(`${http}/v1/matches`, { body });

/** Matches by digits and gives the bearer. */
export async function bearerFor(http: string, at: Terminal, order: Order): Promise<string> {
  const answer = await match(http, { qr: at.token(order), digits: at.digits(order) });
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return String(answer.body.bearer);
}

let keys = 0;
export const freshKey = (): string => `key-${process.pid}-${Date.now()}-${keys++}`;

export const pay = (
  http: string,
  order: string,
  bearer: string,
  payer: { phone: string; pin: string },
  key = freshKey(),
): Promise<Answer> => call(`${http}/v1/orders/${order}/payments`, { body: payer, bearer, key });

export const operator = (
  gateway: Gateway,
  path: string,
  sent: { readonly body?: unknown; readonly key?: string } = {},
): Promise<Answer> => call(`${gateway.http}${path}`, { bearer: gateway.operatorToken, ...sent });
