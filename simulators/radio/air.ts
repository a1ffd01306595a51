/**
 * The air between radios: what one sends reaches every other that is near enough, weaker with
 * distance, and now and then not at all. Only 2.4 GHz advertising and the start of connections pass
 * here; an established connection is in air-link.ts.
 */
import { STREET } from '#device/codecs/radio-range.ts';
import type { Clock } from '#device/ports/clock.ts';
import { realClock } from '../clock.ts';
import type { Watch } from '../wire.ts';

/** Metres on the ground. */
export interface Spot {
  readonly x_m: number;
  readonly y_m: number;
}

/** What passes through the air: the advertising channel PDUs of Vol 6 Part B §2.3. */
export type Pdu =
  | {
      readonly kind: 'advertisement';
      readonly from: string;
      readonly connectable: boolean;
      readonly scannable: boolean;
      readonly data: Uint8Array;
    }
  | { readonly kind: 'scan_request'; readonly from: string; readonly to: string }
  | { readonly kind: 'scan_response'; readonly from: string; readonly data: Uint8Array }
  | {
      readonly kind: 'connect_request';
      readonly from: string;
      readonly to: string;
      readonly interval_ms: number;
      readonly supervision_ms: number;
    };

/** A radio as the air knows it. */
export interface Station {
  readonly name: string;
  readonly address: string;
  readonly spot: Spot;
  /** Of what it sends on the advertising channels. */
  readonly power_dbm: number;
  readonly sensitivity_dbm: number;
  /** Share of packets that it loses, 0 to 1. */
  readonly loss: number;
  hear(pdu: Pdu, rssi_dbm: number, from: Station): void;
}

export interface AirOptions {
  readonly watch?: Watch;
  readonly clock?: Clock;
  /** Uniform in [0, 1). */
  readonly chance?: () => number;
  readonly lossAtOneMetre?: number;
  readonly lossPerDecade?: number;
}

/** Bodies and reflections take up to this much, mostly little; they never add. */
const FADING_DB = 6;

export class Air {
  readonly clock: Clock;
  readonly chance: () => number;
  readonly #options: AirOptions;
  readonly #stations = new Set<Station>();

  constructor(options: AirOptions = {}) {
    this.#options = options;
    this.clock = options.clock ?? realClock;
    this.chance = options.chance ?? Math.random;
  }

  join(station: Station): void {
    for (const other of this.#stations) {
      if (other.name !== station.name && other.address !== station.address) continue;
      throw new Error(`${station.name} ${station.address} is in the air already`);
    }
    this.#stations.add(station);
  }

  leave(station: Station): void {
    this.#stations.delete(station);
  }

  find(address: string): Station | undefined {
    return [...this.#stations].find((station) => station.address === address);
  }

  distance(one: Spot, other: Spot): number {
    return Math.hypot(one.x_m - other.x_m, one.y_m - other.y_m);
  }

  /** dBm that `to` receives of `from` where nobody stands between. */
  strength(from: Station, to: Station): number {
    const { lossAtOneMetre = STREET.lossAtOneMetre, lossPerDecade = STREET.lossPerDecade } =
      this.#options;
    const distance_m = Math.max(0.05, this.distance(from.spot, to.spot));
    return from.power_dbm - lossAtOneMetre - lossPerDecade * Math.log10(distance_m);
  }

  /** Whether packets of each can reach the other. */
  joined(one: Station, other: Station): boolean {
    return (
      this.#stations.has(one) &&
      this.#stations.has(other) &&
      this.strength(one, other) >= other.sensitivity_dbm &&
      this.strength(other, one) >= one.sensitivity_dbm
    );
  }

  /** Sends to everyone near enough, or to `to` alone. */
  send(from: Station, pdu: Pdu): void {
    for (const station of [...this.#stations]) {
      if (station === from || ('to' in pdu && pdu.to !== station.address)) continue;
      const rssi = this.strength(from, station) - FADING_DB * this.chance() ** 3;
      if (rssi < station.sensitivity_dbm) continue;
      if (this.chance() < from.loss || this.chance() < station.loss) continue;
      station.hear(pdu, Math.round(rssi), from);
    }
  }

  trace(text: string): void {
    this.#options.watch?.({ wire: 'air', direction: 'state', text });
  }
}

/** Sends at an interval with the random delay of 0 to 10 ms that Vol 6 Part B §4.4.2.2 asks for. */
export class AdvertisingTimer {
  readonly #air: Air;
  readonly #send: () => void;
  #cancel: (() => void) | null = null;

  constructor(air: Air, send: () => void) {
    this.#air = air;
    this.#send = send;
  }

  start(interval_ms: number): void {
    this.stop();
    const again = (delay_ms: number): void => {
      this.#cancel = this.#air.clock.after(delay_ms, () => {
        again(interval_ms + this.#air.chance() * 10);
        this.#send();
      });
    };
    again(this.#air.chance() * 10);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}
