/** What a controller does in the air, without a word of HCI: it advertises, scans and connects. */
import { hex } from '#device/codecs/bytes.ts';
import { STATUS } from '#device/codecs/hci.ts';
import { STREET } from '#device/codecs/radio-range.ts';
import { AdvertisingTimer, type Air, type Pdu, type Spot, type Station } from './air.ts';
import { type AclFrame, AirLink, type LinkEnd, type LinkParameters } from './air-link.ts';

/** Told to whoever drives the link layer: a host behind HCI. */
export interface LinkLayerEvents {
  /** `type` as in the advertising report (Part E §7.7.65.2). */
  report(type: number, address: string, data: Uint8Array, rssi_dbm: number): void;
  connected(
    status: number,
    handle: number,
    peripheral: boolean,
    address: string,
    link: LinkParameters,
  ): void;
  disconnected(handle: number, reason: number): void;
  received(handle: number, frame: AclFrame): void;
  acknowledged(handle: number, count: number): void;
}

export interface LinkLayerOptions {
  readonly air: Air;
  readonly name: string;
  readonly address: string;
  readonly spot: Spot;
  readonly power_dbm: number;
}

const REPORT = { connectable: 0, scannable: 2, plain: 3, scanResponse: 4 } as const;
const EMPTY = new Uint8Array(0);
const NO_LINK: LinkParameters = { interval_ms: 0, supervision_ms: 0 };

export class LinkLayer implements LinkEnd {
  readonly name: string;
  readonly address: string;
  readonly sensitivity_dbm = STREET.phoneSensitivity;
  power_dbm: number;
  loss = 0;
  advertisement: Uint8Array = EMPTY;
  scanResponse: Uint8Array = EMPTY;
  advertising = { interval_ms: 1280, connectable: true, scannable: true };
  /** `duty` is the share of time that it listens. */
  scan = { active: false, duty: 1 };
  readonly #air: Air;
  readonly #events: LinkLayerEvents;
  readonly #defaultPower: number;
  readonly #timer: AdvertisingTimer;
  readonly #links = new Map<number, AirLink>();
  #spot: Spot;
  #isAdvertising = false;
  #scanning: { seen: Set<string> | null } | null = null;
  #initiating: { to: string; parameters: LinkParameters } | null = null;
  #nextHandle = 0x40;

  constructor(options: LinkLayerOptions, events: LinkLayerEvents) {
    this.name = options.name;
    this.address = options.address.toLowerCase();
    this.power_dbm = options.power_dbm;
    this.#defaultPower = options.power_dbm;
    this.#spot = options.spot;
    this.#air = options.air;
    this.#events = events;
    this.#timer = new AdvertisingTimer(options.air, () => this.#advertise());
  }

  get spot(): Spot {
    return this.#spot;
  }

  set spot(spot: Spot) {
    this.#spot = spot;
    for (const link of this.#links.values()) link.check();
  }

  get isAdvertising(): boolean {
    return this.#isAdvertising;
  }

  get isConnected(): boolean {
    return this.#links.size > 0;
  }

  get isScanning(): boolean {
    return this.#scanning !== null;
  }

  /** As after power-on; whoever is connected notices by supervision timeout. */
  reset(): void {
    this.#timer.stop();
    if (this.#isAdvertising) this.#air.trace(`${this.name} is silent`);
    this.#isAdvertising = false;
    this.#scanning = null;
    this.#initiating = null;
    this.power_dbm = this.#defaultPower;
    this.advertisement = EMPTY;
    this.scanResponse = EMPTY;
    for (const link of [...this.#links.values()]) {
      this.#forget(link);
      link.vanish();
    }
  }

  enableAdvertising(enable: boolean): void {
    if (enable === this.#isAdvertising) return;
    this.#isAdvertising = enable;
    if (enable) this.#timer.start(this.advertising.interval_ms);
    else this.#timer.stop();
    const what = enable ? `advertises ${hex(this.advertisement)}` : 'is silent';
    this.#air.trace(`${this.name} ${what} at ${this.power_dbm} dBm`);
  }

  enableScanning(enable: boolean, filterDuplicates: boolean): void {
    this.#scanning = enable ? { seen: filterDuplicates ? new Set() : null } : null;
  }

  /** False where it is connecting already. */
  connect(to: string, parameters: LinkParameters): boolean {
    if (this.#initiating !== null) return false;
    this.#initiating = { to, parameters };
    return true;
  }

  /** False where it was not connecting. */
  cancelConnect(): boolean {
    if (this.#initiating === null) return false;
    const { to } = this.#initiating;
    this.#initiating = null;
    this.#events.connected(STATUS.unknownConnection, 0, false, to, NO_LINK);
    return true;
  }

  link(handle: number): AirLink | undefined {
    return this.#links.get(handle);
  }

  /** dBm at which the other side is received. */
  strength(handle: number): number {
    const link = this.#links.get(handle);
    return link === undefined ? 127 : Math.round(this.#air.strength(link.other(this), this));
  }

  /** Ends one connection as asked by this side. */
  disconnect(handle: number, reason: number): void {
    const link = this.#links.get(handle);
    if (link === undefined) return;
    if (link.central === this) link.close(STATUS.hereEnded, reason);
    else link.close(reason, STATUS.hereEnded);
  }

  hear(pdu: Pdu, rssi_dbm: number, from: Station): void {
    switch (pdu.kind) {
      case 'advertisement':
        if (this.#scanning !== null && this.#air.chance() < this.scan.duty) {
          const type = pdu.connectable ? REPORT.connectable : REPORT.plain;
          const scannable = !pdu.connectable && pdu.scannable;
          this.#report(scannable ? REPORT.scannable : type, pdu.from, pdu.data, rssi_dbm);
          if (this.scan.active && pdu.scannable) {
            this.#air.send(this, { kind: 'scan_request', from: this.address, to: pdu.from });
          }
        }
        if (pdu.connectable && this.#initiating?.to === pdu.from) {
          const { parameters } = this.#initiating;
          const to = pdu.from;
          this.#air.send(this, { kind: 'connect_request', from: this.address, to, ...parameters });
        }
        break;
      case 'scan_request':
        if (!this.#isAdvertising || !this.advertising.scannable) break;
        this.#air.send(this, {
          kind: 'scan_response',
          from: this.address,
          data: this.scanResponse,
        });
        break;
      case 'scan_response':
        if (this.#scanning === null || !this.scan.active) break;
        this.#report(REPORT.scanResponse, pdu.from, pdu.data, rssi_dbm);
        break;
      case 'connect_request':
        if (!this.#isAdvertising || !this.advertising.connectable) break;
        if (from instanceof LinkLayer) this.#accept(from, pdu);
        break;
    }
  }

  take(link: AirLink, frame: AclFrame): void {
    const handle = this.#handleOf(link);
    if (handle !== null) this.#events.received(handle, frame);
  }

  acknowledge(link: AirLink, count: number): void {
    const handle = this.#handleOf(link);
    if (handle !== null) this.#events.acknowledged(handle, count);
  }

  end(link: AirLink, reason: number): void {
    const handle = this.#forget(link);
    if (handle !== null) this.#events.disconnected(handle, reason);
  }

  #accept(central: LinkLayer, parameters: LinkParameters): void {
    // An advertiser stops when it is connected to (Vol 6 Part B §4.4.2.3).
    this.enableAdvertising(false);
    const { interval_ms, supervision_ms } = parameters;
    const link = new AirLink(this.#air, central, this, { interval_ms, supervision_ms });
    central.#initiating = null;
    central.#establish(link);
    this.#establish(link);
  }

  #establish(link: AirLink): void {
    const handle = this.#nextHandle;
    this.#nextHandle = handle === 0xeff ? 0x40 : handle + 1;
    this.#links.set(handle, link);
    const peripheral = link.peripheral === this;
    this.#events.connected(0, handle, peripheral, link.other(this).address, link.parameters);
  }

  #advertise(): void {
    const { connectable, scannable } = this.advertising;
    this.#air.send(this, {
      kind: 'advertisement',
      from: this.address,
      connectable,
      scannable,
      data: this.advertisement,
    });
  }

  #report(type: number, address: string, data: Uint8Array, rssi_dbm: number): void {
    const seen = this.#scanning?.seen;
    const key = `${address} ${type === REPORT.scanResponse}`;
    if (seen?.has(key)) return;
    seen?.add(key);
    this.#events.report(type, address, data, rssi_dbm);
  }

  #handleOf(link: AirLink): number | null {
    for (const [handle, each] of this.#links) if (each === link) return handle;
    return null;
  }

  #forget(link: AirLink): number | null {
    const handle = this.#handleOf(link);
    if (handle !== null) this.#links.delete(handle);
    return handle;
  }
}
