/**
 * A payment platform in memory, behind the port of `pairing/platforms/platform.ts`: it permits, is paid
 * on a page of its own, refuses, is away for a while, approves late, and tells its results over weather.
 */
import { createHmac } from 'node:crypto';
import type { AttemptReason } from '#device/messages/order.ts';
import type {
  PaymentPlatform,
  Permission,
  PermissionWish,
  PlatformMessage,
  PlatformResult,
  PlatformStatus,
  RefundWish,
} from '#gateway/pairing/platforms/platform.ts';
import type { SeededChance } from '#simulators/simulation/chance.ts';
import type { VirtualTime } from '#simulators/simulation/time.ts';
import type { Weather } from '#simulators/simulation/weather.ts';
import type { GatewayMachine } from './gateway-machine.ts';
import { PAYERS, POOR } from './people.ts';
import { PLATFORM_PAYMENT, type PlatformBooks } from './platform-books.ts';
import type { Trace } from './trace.ts';

export interface PlatformParts {
  readonly time: VirtualTime;
  readonly beganAt: number;
  readonly chance: SeededChance;
  readonly trace: Trace;
  readonly books: PlatformBooks;
  /** Between organisations. */
  readonly weather: Weather;
  readonly centre: () => GatewayMachine;
}

interface Permitted {
  readonly wish: PermissionWish;
  state: 'requested' | 'paid' | 'failed';
  reason: AttemptReason;
  payment: string;
  wrong: number;
  given_minor: number;
  readonly refunds: Set<string>;
}

export const PLATFORM = 'lotus';
const PAGE = 'https://platform.test/pay/';
const TIMEOUT_MS = 5000;
/** It goes by a clock of its own: a payer is let in so long after the order's time. */
const LENIENT_MS = 60_000;
const WRONG_PASSWORDS = 3;
/** Its payer is just paying: then the status has to be watched. */
const CANNOT_CALL_OFF = 0.3;
const WEBHOOK_PAUSES_MS = [0, 2000, 10_000, 60_000];

export type OnPage = 'gone' | 'away' | 'wrong_password' | 'failed' | 'paid';

export class PlatformHouse {
  /** Nobody answers. */
  away = false;
  readonly #parts: PlatformParts;
  readonly #key: Uint8Array;
  readonly #permissions = new Map<string, Permitted>();
  readonly #balances: Map<string, number>;
  #payments = 0;

  constructor(parts: PlatformParts) {
    this.#parts = parts;
    this.#key = parts.chance.stream('key').bytes(32);
    this.#balances = new Map(
      PAYERS.map(({ phone }) => [phone, phone === POOR ? 2000 : 500_000] as const),
    );
  }

  /** What one life of the order centre reaches it by. */
  port(isOn: () => boolean): PaymentPlatform {
    const call = <A>(answer: () => A): Promise<A> =>
      new Promise((resolve, reject) => {
        const { time, weather } = this.#parts;
        time.after(TIMEOUT_MS, () => {
          if (isOn()) reject(new Error('the platform did not answer in time'));
        });
        weather.carry(() => {
          if (this.away) return;
          const said = answer();
          weather.carry(() => {
            if (isOn()) resolve(said);
          });
        });
      });
    return {
      ...{ name: PLATFORM, title: 'Lotus', pageOrigin: new URL(PAGE).origin },
      requestPermission: (wish) => call(() => this.#permit(wish)),
      status: (id) => call(() => this.#statusOf(id)),
      withdraw: (id) => call(() => this.#withdraw(id)),
      refund: (wish) => call(() => this.#refund(wish)),
      maskAccount: (account) => `•••• ${account.slice(-4)}`,
      digestAccount: async (account) => this.#sign(account),
      verifyResult: async (message) => this.#verify(message),
    };
  }

  /** The attempt that a page is for. */
  static attemptOn = (pageUrl: string): string => decodeURIComponent(pageUrl.slice(PAGE.length));

  /** A payer at the page: account and password are the platform's business alone. */
  payOnPage(id: string, account: string, right: boolean): OnPage {
    const found = this.#permissions.get(id);
    const { beganAt, time } = this.#parts;
    if (this.away) return 'away';
    if (found === undefined) return 'gone';
    if (found.state !== 'requested') return found.state;
    const { amount_minor, expires_at } = found.wish;
    if (!right) {
      found.wrong += 1;
      if (found.wrong < WRONG_PASSWORDS) return 'wrong_password';
      return this.#fail(id, found, 'account_locked');
    }
    if (beganAt + time.now > expires_at + LENIENT_MS) return this.#fail(id, found, 'expired');
    const has = this.#balances.get(account) ?? 0;
    if (has < amount_minor) return this.#fail(id, found, 'insufficient_funds');
    this.#balances.set(account, has - amount_minor);
    this.#payments += 1;
    found.state = 'paid';
    found.payment = `${PLATFORM_PAYMENT}${this.#payments}`;
    this.#parts.trace.say('platform', `${found.payment} pays ${id}`);
    this.#parts.books.took(found.wish, found.payment);
    this.#tell(id);
    return 'paid';
  }

  /** What a payer brings back from the page. */
  returnOf(id: string): PlatformMessage {
    return this.#message('return', { id, status: this.#statusOf(id), message: null });
  }

  /** What a payer makes up. */
  forgedReturn(id: string, amount_minor: number): PlatformMessage {
    const payment = `${PLATFORM_PAYMENT}0`;
    const status = { state: 'paid', payment, amount_minor, currency: 'CNY' } as const;
    const body = JSON.stringify({ result: { id, status, message: null }, mark: 'made up' });
    return { by: 'return', headers: {}, body, query: new URLSearchParams() };
  }

  #permit(wish: PermissionWish): Permission {
    const known = this.#permissions.get(wish.id);
    if (known === undefined) this.#parts.books.asked(wish);
    const found = known ?? this.#add(wish);
    if (known === undefined && this.#parts.chance.happens(0.04)) {
      this.#fail(wish.id, found, 'platform_refused');
    }
    if (found.state === 'failed') return { said: 'refused', reason: found.reason };
    return { said: 'permitted', page_url: `${PAGE}${encodeURIComponent(wish.id)}` };
  }

  #add(wish: PermissionWish): Permitted {
    const fresh = { state: 'requested', reason: 'withdrawn', payment: '', wrong: 0 } as const;
    const added: Permitted = { wish, ...fresh, given_minor: 0, refunds: new Set() };
    this.#permissions.set(wish.id, added);
    return added;
  }

  #statusOf(id: string): PlatformStatus {
    const found = this.#permissions.get(id);
    if (found === undefined) return { state: 'unknown' };
    const { beganAt, time } = this.#parts;
    const isOver = beganAt + time.now > found.wish.expires_at + LENIENT_MS;
    if (found.state === 'requested' && isOver) this.#fail(id, found, 'expired');
    const { state, reason, payment, wish } = found;
    if (state === 'requested') return { state };
    if (state === 'failed') return { state, reason };
    const { amount_minor, currency } = wish;
    return { state, payment, payer: '•••• lotus', amount_minor, currency };
  }

  #withdraw(id: string): PlatformStatus {
    const found = this.#permissions.get(id);
    if (found === undefined) {
      // It may be on its way: it is refused when it arrives.
      const nothing = { merchant: '', order: '', amount_minor: 0, currency: 'CNY' } as const;
      const added = this.#add({ id, ...nothing, return_url: '', expires_at: 0 });
      added.state = 'failed';
    } else if (found.state === 'requested' && !this.#parts.chance.happens(CANNOT_CALL_OFF)) {
      this.#fail(id, found, 'withdrawn');
    }
    return this.#statusOf(id);
  }

  #refund({ id, of, amount_minor }: RefundWish): { readonly said: 'refunded' | 'refused' } {
    const found = this.#permissions.get(of);
    if (found?.refunds.has(id)) return { said: 'refunded' };
    const left = found?.state === 'paid' ? found.wish.amount_minor - found.given_minor : 0;
    if (found === undefined || amount_minor > left) return { said: 'refused' };
    found.refunds.add(id);
    found.given_minor += amount_minor;
    this.#parts.trace.say('platform', `gives ${amount_minor} of ${found.payment} back`);
    this.#parts.books.gaveBack(of, amount_minor);
    return { said: 'refunded' };
  }

  #fail(id: string, found: Permitted, reason: AttemptReason): 'failed' {
    found.state = 'failed';
    found.reason = reason;
    this.#tell(id);
    return 'failed';
  }

  /** By webhook, a few times; whoever missed them all has to ask. */
  #tell(id: string): void {
    const { time, weather, centre } = this.#parts;
    let taken = false;
    for (const pause of WEBHOOK_PAUSES_MS) {
      time.after(pause + 1, () => {
        if (taken || this.away) return;
        weather.carry(() => {
          const result = { id, status: this.#statusOf(id), message: `${id} ended` };
          const said = centre().life?.core.pairing.take(PLATFORM, this.#message('webhook', result));
          said?.then(
            () => {
              taken = true;
            },
            () => undefined,
          );
        });
      });
    }
  }

  #message(by: PlatformMessage['by'], result: PlatformResult): PlatformMessage {
    const mark = this.#sign(JSON.stringify(result));
    const body = JSON.stringify({ result, mark });
    return { by, headers: {}, body, query: new URLSearchParams() };
  }

  #verify({ body }: PlatformMessage): PlatformResult | null {
    const { result, mark } = JSON.parse(body) as { result: PlatformResult; mark: string };
    return this.#sign(JSON.stringify(result)) === mark ? result : null;
  }

  #sign = (text: string): string => createHmac('sha256', this.#key).update(text).digest('hex');
}
