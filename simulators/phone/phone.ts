/**
 * A customer's phone and the person who holds it: it stands somewhere, photographs codes, hears
 * broadcasts, opens an order and pays. It knows nothing of the terminal but what it sees and hears.
 */
import { randomBytes } from 'node:crypto';
import { fromHex, hex } from '#device/codecs/bytes.ts';
import { distanceMetres } from '#device/codecs/place-time.ts';
import type { Watch } from '../wire.ts';
import {
  type Answer,
  type Bill,
  type PaymentAnswer,
  type Position,
  type Presence,
  type SeenOrder,
  Wallet,
} from './wallet.ts';

export interface Spot {
  readonly latitude: number;
  readonly longitude: number;
}

export interface PhoneOptions {
  readonly name: string;
  /** Where the terminal stands. */
  readonly origin: Spot;
  readonly distance_m: number;
  readonly gateway: () => string;
  readonly language: () => 'en' | 'zh-CN';
  readonly watch?: Watch;
}

export interface OpenedOrder {
  readonly order: SeenOrder;
  readonly bearer: string;
  readonly by: 'qr' | 'broadcast';
}

/** The spot `metres` east of `origin`. */
export function eastOf(origin: Spot, metres: number): Spot {
  const here = { latitude: origin.latitude, longitude: origin.longitude + 0.001 };
  const perDegree = distanceMetres(origin, here) / 0.001;
  return { latitude: origin.latitude, longitude: origin.longitude + metres / perDegree };
}

export class Phone {
  readonly name: string;
  readonly #options: PhoneOptions;
  readonly #wallet: Wallet;
  #distance_m: number;
  #photo: { text: string; at: number } | null = null;
  #opened: OpenedOrder | null = null;
  #bill: Bill | null = null;
  #refusal: { code: string; detail: string } | null = null;

  constructor(options: PhoneOptions) {
    this.name = options.name;
    this.#options = options;
    this.#distance_m = options.distance_m;
    this.#wallet = new Wallet(options);
  }

  get distance_m(): number {
    return this.#distance_m;
  }

  /** The last code it photographed, which it can show again elsewhere or later. */
  get photo(): { text: string; at: number } | null {
    return this.#photo;
  }

  get opened(): OpenedOrder | null {
    return this.#opened;
  }

  get bill(): Bill | null {
    return this.#bill;
  }

  /** Why the last thing it tried was refused, in its owner's language. */
  get refusal(): { code: string; detail: string } | null {
    return this.#refusal;
  }

  get position(): Position {
    return { ...eastOf(this.#options.origin, this.#distance_m), accuracy_m: 5 };
  }

  moveTo(distance_m: number): void {
    this.#distance_m = distance_m;
  }

  keepPhoto(text: string): void {
    this.#photo = { text, at: Date.now() };
    this.#say(`photographed ${text.length} characters`);
  }

  /** Opens what a code says, with its position, or with the two digits its owner typed. */
  async openCode(qr: string, digits?: string): Promise<Answer<OpenedOrder>> {
    const presence: Presence =
      digits === undefined ? { qr, position: this.position } : { qr, digits };
    return this.#open(presence, 'qr');
  }

  /** Opens what it heard: manufacturer data as hexadecimal. */
  async openBroadcast(broadcast: string): Promise<Answer<OpenedOrder>> {
    return this.#open({ broadcast }, 'broadcast');
  }

  /** Pays the order that is open; `null` where none is. */
  async pay(account: { phone: string; pin: string }): Promise<Answer<PaymentAnswer> | null> {
    const opened = this.#opened;
    if (opened === null) return null;
    const { number } = opened.order;
    const answer = await this.#wallet.pay(number, opened.bearer, account);
    this.#note(answer, 'pay');
    if (!answer.ok) {
      await this.look();
      return answer;
    }
    this.#opened = { ...opened, order: answer.value.order };
    this.#say(`${number}: ${answer.value.outcome}`);
    if (answer.value.outcome === 'paid') await this.#fetchBill();
    return answer;
  }

  /** Asks what became of the order that is open. */
  async look(): Promise<SeenOrder | null> {
    const opened = this.#opened;
    if (opened === null) return null;
    const answer = await this.#wallet.look(opened.order.number, opened.bearer);
    if (!answer.ok) return null;
    this.#opened = { ...opened, order: answer.value };
    if (answer.value.state === 'paid' && this.#bill === null) await this.#fetchBill();
    return answer.value;
  }

  /** Puts the order away. */
  forget(): void {
    this.#opened = null;
    this.#bill = null;
    this.#refusal = null;
  }

  async #open(presence: Presence, by: 'qr' | 'broadcast'): Promise<Answer<OpenedOrder>> {
    this.forget();
    const answer = await this.#wallet.match(presence);
    this.#note(answer, 'open');
    if (!answer.ok) return answer;
    this.#opened = { ...answer.value, by };
    this.#say(`opened ${answer.value.order.number} by ${by}`);
    return { ok: true, value: this.#opened };
  }

  async #fetchBill(): Promise<void> {
    const opened = this.#opened;
    if (opened === null) return;
    const answer = await this.#wallet.bill(opened.order.number, opened.bearer);
    if (answer.ok) this.#bill = answer.value;
  }

  #note(answer: Answer<unknown>, what: string): void {
    this.#refusal = answer.ok ? null : { code: answer.code, detail: answer.detail };
    if (!answer.ok) this.#say(`${what} refused: ${answer.code}`);
  }

  #say(text: string): void {
    this.#options.watch?.({ wire: 'phones', direction: 'state', text: `${this.name}: ${text}` });
  }
}

/**
 * What a fraudster's radio would say: a true broadcast with another order's number, or, where none
 * was heard, one made up. Its authenticator can't be right.
 */
export function forgeBroadcast(heard: string | null): string {
  const bytes = heard === null ? made() : fromHex(heard);
  // The order number's chance, bytes 9 to 12: another order of the same millisecond.
  bytes.set(randomBytes(4), 9);
  return hex(bytes);
}

function made(): Uint8Array {
  const bytes = new Uint8Array(randomBytes(24));
  bytes.set([0xff, 0xff, 0x48]);
  return bytes;
}
