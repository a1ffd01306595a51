/** The street before the stall: customers' phones, where they stand, and what their radios hear. */
import { readBroadcast } from '#device/codecs/broadcast.ts';
import { fromHex } from '#device/codecs/bytes.ts';
import { PhoneBrowser } from '../phone/browser.ts';
import { forgeBroadcast, Phone, type Spot } from '../phone/phone.ts';
import { RadioPhone } from '../phone/radio.ts';
import type { Bill, SeenOrder } from '../phone/wallet.ts';
import type { Air } from '../radio/air.ts';
import type { Watch } from '../wire.ts';
import { notNow, unknown, wrong } from './problems.ts';

export interface StreetOptions {
  readonly air: Air;
  readonly origin: Spot;
  readonly gateway: () => string;
  readonly language: () => 'en' | 'zh-CN';
  /** Where the phones' serial ports are made. */
  readonly directory: string;
  readonly watch: Watch;
  readonly changed: () => void;
}

/** One order's broadcast as a phone hears it now. */
export interface HeardOrder {
  readonly order: string;
  /** Manufacturer data as hexadecimal. */
  readonly broadcast: string;
  readonly rssi: number;
  readonly at: number;
}

export interface PhoneView {
  readonly name: string;
  readonly distance_m: number;
  readonly radio: 'starting' | 'working' | 'missing';
  readonly why: string | null;
  readonly heard: readonly HeardOrder[];
  readonly photo: { readonly text: string; readonly at: number } | null;
  readonly opened: { readonly order: SeenOrder; readonly by: string } | null;
  readonly bill: Bill | null;
  readonly refusal: { readonly code: string; readonly detail: string } | null;
}

/** A broadcast that was not heard for so long is no longer in the air. */
const FRESH_MS = 1500;
const MOST = 8;
const FARTHEST_M = 100_000;

interface Walker {
  readonly phone: Phone;
  radio: RadioPhone | null;
  browser: PhoneBrowser | null;
  state: PhoneView['radio'];
  why: string | null;
  gone: boolean;
}

export class Street {
  readonly #options: StreetOptions;
  readonly #walkers = new Map<string, Walker>();

  constructor(options: StreetOptions) {
    this.#options = options;
  }

  /** Adds a phone; its radio is up about a second later. */
  add(name: string, distance_m: number): Phone {
    if (this.#walkers.has(name)) throw wrong('name', `There is a phone ${name} already.`);
    if (this.#walkers.size >= MOST) throw notNow(`The street has room for ${MOST} phones.`);
    this.#check(distance_m);
    const phone = new Phone({ ...this.#options, name, distance_m });
    const walker: Walker = {
      ...{ phone, radio: null, browser: null },
      ...{ state: 'starting', why: null, gone: false },
    };
    this.#walkers.set(name, walker);
    void this.#switchOn(walker);
    this.#options.changed();
    return phone;
  }

  phone(name: string): Phone {
    return this.#walker(name).phone;
  }

  move(name: string, distance_m: number): void {
    this.#check(distance_m);
    const { phone, radio } = this.#walker(name);
    phone.moveTo(distance_m);
    radio?.moveTo(distance_m);
    this.#options.changed();
  }

  async remove(name: string): Promise<void> {
    const walker = this.#walker(name);
    walker.gone = true;
    this.#walkers.delete(name);
    await Promise.all([walker.radio?.close(), walker.browser?.close()]);
    this.#options.changed();
  }

  /** What a phone hears just now, one entry an order, the newest last. */
  heard(name: string): HeardOrder[] {
    const { radio } = this.#walker(name);
    const orders = new Map<string, HeardOrder>();
    const since = Date.now() - FRESH_MS;
    for (const packet of radio?.heard() ?? []) {
      if (packet.at < since) continue;
      const read = readBroadcast(fromHex(packet.data));
      if (read === null) continue;
      const { data: broadcast, rssi_dbm: rssi, at } = packet;
      orders.delete(read.order);
      orders.set(read.order, { order: read.order, broadcast, rssi, at });
    }
    return [...orders.values()];
  }

  /** What a fraudster would send instead of what this phone hears. */
  forged(name: string): string {
    return forgeBroadcast(this.heard(name).at(-1)?.broadcast ?? null);
  }

  /** The URL that the phone's browser reads over a connection to the terminal. */
  async readUrl(name: string): Promise<string> {
    const { radio } = this.#walker(name);
    if (radio === null || this.heard(name).length === 0) {
      throw notNow(`${name} hears no terminal; move it nearer while an order is offered.`);
    }
    return radio.readUrl();
  }

  /** Opens a page in the phone's browser, in place of the one before. */
  async browse(
    name: string,
    url: string,
    settings: { scripts: boolean; locate: boolean },
  ): Promise<PhoneBrowser> {
    const walker = this.#walker(name);
    await walker.browser?.close();
    const { scripts, locate } = settings;
    const position = locate ? walker.phone.position : null;
    const language = this.#options.language();
    const browser = await PhoneBrowser.open({ url, language, scripts, position });
    walker.browser = browser;
    return browser;
  }

  browser(name: string): PhoneBrowser {
    const { browser } = this.#walker(name);
    if (browser === null) throw notNow(`${name} has no page open; let it browse first.`);
    return browser;
  }

  view(): PhoneView[] {
    return [...this.#walkers].map(([name, { phone, state, why }]) => {
      const { distance_m, photo, bill, refusal, opened } = phone;
      return {
        name,
        distance_m,
        radio: state,
        why,
        heard: this.heard(name),
        photo,
        opened: opened === null ? null : { order: opened.order, by: opened.by },
        bill,
        refusal,
      };
    });
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#walkers.keys()].map((name) => this.remove(name)));
  }

  async #switchOn(walker: Walker): Promise<void> {
    const { air, directory, watch, changed } = this.#options;
    const { name, distance_m } = walker.phone;
    try {
      const radio = await RadioPhone.open({ air, name, distance_m, directory, watch });
      if (walker.gone) return await radio.close();
      walker.radio = radio;
      walker.state = 'working';
      radio.moveTo(walker.phone.distance_m);
      radio.onHeard(changed);
    } catch (error) {
      walker.state = 'missing';
      walker.why = error instanceof Error ? error.message : String(error);
    }
    changed();
  }

  #walker(name: string): Walker {
    const walker = this.#walkers.get(name);
    if (walker !== undefined) return walker;
    const names = [...this.#walkers.keys()].join(', ') || 'none yet';
    throw unknown(`There is no phone ${name}; there are: ${names}.`);
  }

  #check(distance_m: number): void {
    if (distance_m >= 0 && distance_m <= FARTHEST_M) return;
    throw wrong('distance_m', `A phone stands 0 to ${FARTHEST_M} metres away, not ${distance_m}.`);
  }
}
