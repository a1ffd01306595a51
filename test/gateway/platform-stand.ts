/** A platform of the test's own, a merchant's server before it, and a payer with a bare browser. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import { base64url } from '#device/codecs/bytes.ts';
import { verifyWebhook } from '#device/codecs/standard-webhooks.ts';
import { type Clock, systemChance, systemClock } from '#gateway/clock.ts';
import type { TrialBalance } from '#gateway/ledger/trial-balance.ts';
import type { LogEntry } from '#gateway/log.ts';
import { signMessage } from '#gateway/peers/message-signature.ts';
import { openPlatform, type Platform, type PlatformOptions } from '#gateway/platform/platform.ts';
import type { PlatformSeed } from '#gateway/platform/seed.ts';
import type { Answer } from './harness.ts';

export const ALICE = { account: 'alice', password: 'correct horse battery' };
export const POOR_BOB = { account: 'bob', password: 'staple staple staple' };
export const BLOCKED_EVE = { account: 'eve', password: 'no way in at all' };
export const CODE = 'REGISTER-HAWKER-1';

const cny = (amount_minor: number) => [{ currency: 'CNY' as const, amount_minor }];
const holder = ({ account, password }: typeof ALICE) => ({ name: account, password });

export const PLATFORM_SEED: PlatformSeed = {
  clients: [
    { id: 'hawker', name: 'Hawker', registration_code: CODE },
    { id: 'other', name: 'Another', registration_code: 'REGISTER-OTHER-1' },
  ],
  accounts: [
    { ...holder(ALICE), balances: cny(50_000) },
    { ...holder(POOR_BOB), balances: cny(300) },
    { ...holder(BLOCKED_EVE), state: 'blocked', balances: cny(50_000) },
  ],
};

/** The platform's own clock, `ahead` ms of the machine's; timers run in real time. */
export function platformClock(): Clock & { ahead: number } {
  const clock = { ...systemClock, ahead: 0, now: () => Date.now() + clock.ahead };
  return clock;
}

export interface TestPlatform extends Platform {
  readonly data: string;
  readonly logged: LogEntry[];
  balances(): Promise<ReadonlyMap<string, number>>;
  /** Stops it and starts it anew on the same data and port. */
  restart(): Promise<void>;
}

export async function startPlatform(options: Partial<PlatformOptions> = {}): Promise<TestPlatform> {
  const data = mkdtempSync(join(tmpdir(), 'hawker-platform-'));
  const logged: LogEntry[] = [];
  const all = {
    dataDirectory: data,
    http: { host: '127.0.0.1', port: 0 },
    seed: PLATFORM_SEED,
    log: (entry: LogEntry) => void logged.push(entry),
    ...options,
  };
  let platform = await openPlatform(all);
  const { url, operatorToken } = platform;
  return {
    url,
    operatorToken,
    data,
    logged,
    async balances() {
      const response = await fetch(`${url}/v1/ledger/trial-balance`, {
        headers: { authorization: `Bearer ${operatorToken}` },
      });
      const body = (await response.json()) as TrialBalance;
      if (body.balanced !== true) throw new Error(JSON.stringify(body.complaints));
      const rows = body.currencies.flatMap((each) => each.accounts);
      return new Map(
        rows.map((row) => [row.account.replace(/a-[\w-]{11}/, 'someone'), row.balance_minor]),
      );
    },
    async restart() {
      await platform.close();
      const http = { host: '127.0.0.1', port: Number(new URL(url).port) };
      platform = await openPlatform({ ...all, http });
    },
    async close() {
      await platform.close();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

export interface Webhook {
  readonly id: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A merchant's server that signs what it asks and takes webhooks; `refuses` so many of them first. */
export class Merchant {
  readonly platform: string;
  readonly key = ed25519.utils.randomSecretKey();
  readonly webhooks: Webhook[] = [];
  readonly forged: string[] = [];
  refuses = 0;
  keyId = '';
  secret = '';
  readonly #server: Server;
  readonly #now: () => number;
  readonly url: string;

  private constructor(platform: string, server: Server, url: string, now: () => number) {
    this.#now = now;
    this.platform = platform;
    this.#server = server;
    this.url = url;
    server.on('request', (request, response) => {
      let text = '';
      request.on('data', (bytes) => {
        text += String(bytes);
      });
      request.on('end', () => {
        response.statusCode = this.#take(request.headers, text);
        response.end();
      });
    });
  }

  static async open(
    platform: string,
    { code = CODE, clock = systemClock }: { code?: string; clock?: Pick<Clock, 'now'> } = {},
  ): Promise<Merchant> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no port');
    const merchant = new Merchant(platform, server, `http://127.0.0.1:${address.port}`, () =>
      clock.now(),
    );
    const answer = await merchant.register(code);
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
    merchant.keyId = String(answer.body.client);
    merchant.secret = String(answer.body.webhook_secret);
    return merchant;
  }

  register(code: string, key = this.key): Promise<Answer> {
    const body = {
      code,
      key: base64url(ed25519.getPublicKey(key)),
      webhook_url: `${this.url}/webhooks`,
      return_url: `${this.url}/return`,
    };
    return this.ask('/v1/registrations', { body, keyId: 'self', key });
  }

  permission(change: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
    const id = base64url(systemChance.bytes(9));
    const body = {
      id,
      merchant: "Lin's Dumplings",
      order: '06D2ABCDEFGH0123',
      amount_minor: 1250,
      currency: 'CNY',
      return_url: `${this.url}/return?order=1`,
      ...change,
    };
    return this.ask('/v1/permissions', { body, id: String(body.id) });
  }

  /** One signed call. */
  async ask(
    path: string,
    options: {
      body?: unknown;
      id?: string;
      keyId?: string;
      key?: Uint8Array;
      now?: number;
      change?: Record<string, string>;
    } = {},
  ): Promise<Answer> {
    const { body, id, keyId = this.keyId, key = this.key, now = this.#now(), change } = options;
    const post = body !== undefined;
    const text = post ? JSON.stringify(body) : undefined;
    const parts = { method: post ? 'POST' : 'GET', path, body: text, idempotencyKey: id };
    const response = await fetch(this.platform + path, {
      method: parts.method,
      headers: {
        ...(post ? { 'content-type': 'application/json' } : {}),
        ...signMessage(parts, keyId, key, now),
        ...change,
      },
      ...(text === undefined ? {} : { body: text }),
    });
    return {
      status: response.status,
      headers: response.headers,
      body: JSON.parse(await response.text()),
    };
  }

  #take(headers: Readonly<Record<string, unknown>>, text: string): number {
    const verified = verifyWebhook([this.secret], headers, text, this.#now());
    if (!verified.ok) {
      this.forged.push(verified.why);
      return 401;
    }
    if (this.refuses > 0) {
      this.refuses -= 1;
      return 503;
    }
    this.webhooks.push({ id: verified.id, ...JSON.parse(text) });
    return 204;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export interface Seen {
  readonly status: number;
  readonly text: string;
  readonly bytes: number;
  readonly location: string;
  readonly headers: Headers;
}

/** A browser without JavaScript that keeps cookies and follows nothing by itself. */
export class BareBrowser {
  readonly cookies = new Map<string, string>();
  readonly language: string;

  constructor(language: 'en' | 'zh-CN' = 'en') {
    this.language = language;
  }

  get(url: string, headers: Record<string, string> = {}): Promise<Seen> {
    return this.#go(url, { headers });
  }

  post(
    url: string,
    fields: Readonly<Record<string, string>>,
    headers: Record<string, string> = {},
  ): Promise<Seen> {
    return this.#go(url, { method: 'POST', body: new URLSearchParams(fields), headers });
  }

  async #go(url: string, init: RequestInit): Promise<Seen> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      redirect: 'manual',
      ...init,
      headers: { 'accept-language': this.language, cookie, ...init.headers },
    });
    for (const text of response.headers.getSetCookie()) {
      const [pair = ''] = text.split(';');
      const [name = '', value = ''] = pair.split('=');
      if (/max-age=0/i.test(text)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const body = await response.text();
    const head = [...response.headers].map(([name, value]) => `${name}: ${value}\r\n`).join('');
    return {
      status: response.status,
      text: body,
      bytes: Buffer.byteLength(head) + Buffer.byteLength(body),
      location: response.headers.get('location') ?? '',
      headers: response.headers,
    };
  }
}
