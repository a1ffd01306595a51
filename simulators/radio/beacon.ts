/** A transmitter without a host: what a fraudster puts beside a stall. */
import { readStructures } from '#device/codecs/advertisement.ts';
import { hex } from '#device/codecs/bytes.ts';
import { AdvertisingTimer, type Air, type Pdu, type Spot, type Station } from './air.ts';

export interface BeaconOptions {
  readonly air: Air;
  readonly name: string;
  readonly address: string;
  readonly spot: Spot;
  readonly power_dbm: number;
  readonly interval_ms?: number;
  /** Whole advertising data, flags included. */
  readonly data: Uint8Array;
  /** Where absent, it is not scannable. */
  readonly scanResponse?: Uint8Array;
}

export class Beacon implements Station {
  readonly name: string;
  readonly address: string;
  readonly power_dbm: number;
  readonly sensitivity_dbm = -92;
  readonly loss = 0;
  spot: Spot;
  readonly #air: Air;
  readonly #options: BeaconOptions;
  readonly #timer: AdvertisingTimer;

  private constructor(options: BeaconOptions) {
    this.name = options.name;
    this.address = options.address.toLowerCase();
    this.power_dbm = options.power_dbm;
    this.spot = options.spot;
    this.#air = options.air;
    this.#options = options;
    this.#timer = new AdvertisingTimer(options.air, () => this.#send());
  }

  /** Sends from now on until it is stopped. */
  static start(options: BeaconOptions): Beacon {
    if (readStructures(options.data).length === 0) {
      throw new Error(`${options.name} has nothing to advertise: ${hex(options.data)}`);
    }
    const beacon = new Beacon(options);
    options.air.join(beacon);
    options.air.trace(`${options.name} sends ${hex(options.data)}`);
    beacon.#timer.start(options.interval_ms ?? 100);
    return beacon;
  }

  stop(): void {
    this.#timer.stop();
    this.#air.leave(this);
    this.#air.trace(`${this.name} is silent`);
  }

  hear(pdu: Pdu): void {
    const data = this.#options.scanResponse;
    if (pdu.kind !== 'scan_request' || data === undefined) return;
    this.#air.send(this, { kind: 'scan_response', from: this.address, data });
  }

  #send(): void {
    const { data, scanResponse } = this.#options;
    const scannable = scanResponse !== undefined;
    const from = this.address;
    this.#air.send(this, { kind: 'advertisement', from, connectable: false, scannable, data });
  }
}
