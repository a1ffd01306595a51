/**
 * The BLE advertiser (rows A5, F2): broadcasts an order number no farther than `range_m`, and lets a
 * browser that connects read the pay URL. The host stack is `@stoprocent/bleno`.
 */
import { writeAdvertisement, writeScanResponse } from '#device/codecs/advertisement.ts';
import { sameBytes } from '#device/codecs/bytes.ts';
import { OPCODE } from '#device/codecs/hci.ts';
import type { Advertiser, Broadcast } from '#device/ports/advertiser.ts';
import { DeviceError, type DeviceEvents, type Open } from '#device/ports/device.ts';
import type { SettingsOf } from '../boards.ts';
import { type BlenoHost, createBlenoHost } from './bleno.ts';
import { HciLink } from './hci-link.ts';
import { openNativePipe, openUartPipe } from './packet-pipes.ts';
import { limitRange } from './transmit-power.ts';

export type HciSettings = SettingsOf<'hci-native'> | SettingsOf<'hci-uart'>;

/** On leaving, how long the controller may take to fall silent. */
const FAREWELL_MS = 500;

/**
 * Opens the controller, limits its range and resolves when it can advertise; nothing is on air yet.
 * A serial `port` must be absolute. Rejects within seconds: `absent`, `denied` and `busy` as the
 * operating system says, `timeout` where the controller does not answer, `protocol` where it can't
 * be limited to `range_m`, each with its mend.
 */
export const openHciAdvertiser: Open<HciSettings, DeviceEvents, Advertiser> = async (
  name,
  settings,
  events,
) => {
  let opened = false;
  let closing = false;
  const link = new HciLink(name, (error) => {
    if (opened && !closing) events.lost(error);
  });
  try {
    const driver = settings.driver === 'hci-native' ? 'native' : 'uart';
    const host = await createBlenoHost(name, driver, link);
    link.attach(
      settings.driver === 'hci-native'
        ? await openNativePipe(name, settings, link, host.native)
        : await openUartPipe(name, settings, link),
    );
    // The kernel has reset a native controller already, and others may be using it.
    if (settings.driver === 'hci-uart') await link.command(OPCODE.reset);
    await host.start();
    await limitRange(name, link, settings.range_m);
    opened = true;
    const air = new OnAir(name, link, host);
    return {
      advertise: async (broadcast) => air.put(broadcast),
      silence: async () => air.put(null),
      async close() {
        closing = true;
        await air.leave();
        await link.close();
      },
    };
  } catch (error) {
    closing = true;
    await link.close();
    throw error;
  }
};

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Brings what is on air to what was asked for last, one change at a time. */
class OnAir {
  readonly #organ: string;
  readonly #link: HciLink;
  readonly #host: BlenoHost;
  #wanted: Broadcast | null = null;
  #actual: Uint8Array | null = null;
  #waiting: Waiting[] = [];
  #working = false;

  constructor(organ: string, link: HciLink, host: BlenoHost) {
    this.#organ = organ;
    this.#link = link;
    this.#host = host;
  }

  /** A call that a newer one overtakes resolves with the newer one. */
  put(broadcast: Broadcast | null): Promise<void> {
    if (broadcast !== null) writeAdvertisement(broadcast.manufacturerData);
    return new Promise((resolve, reject) => {
      this.#wanted = broadcast;
      this.#waiting.push({ resolve, reject });
      if (!this.#working) void this.#work();
    });
  }

  /** Falls silent and sends readers away, if the controller still listens. */
  async leave(): Promise<void> {
    if (this.#link.failure !== null) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, FAREWELL_MS);
    });
    const farewell = async (): Promise<void> => {
      await this.put(null);
      this.#host.bleno.disconnect();
      await this.#link.settled();
    };
    await Promise.race([farewell().catch(() => undefined), late]);
    clearTimeout(timer);
  }

  async #work(): Promise<void> {
    this.#working = true;
    while (this.#waiting.length > 0) {
      const served = this.#waiting.splice(0);
      try {
        await this.#change(this.#wanted);
        for (const { resolve } of served) resolve();
      } catch (error) {
        for (const { reject } of served) reject(error);
      }
    }
    this.#working = false;
  }

  async #change(wanted: Broadcast | null): Promise<void> {
    if (this.#link.failure !== null) throw this.#link.failure;
    this.#host.orders.show(wanted?.url ?? '');
    const { bleno } = this.#host;
    const data = wanted?.manufacturerData ?? null;
    if (data === null ? this.#actual === null : sameBytes(data, this.#actual ?? EMPTY)) return;
    if (this.#actual !== null) {
      this.#actual = null;
      bleno.stopAdvertising();
      await this.#link.settled();
    }
    if (data === null) return;
    const statuses = await this.#link.statuses(OPCODE.leSetAdvertisingEnable, async () => {
      bleno.startAdvertisingWithEIRData(
        Buffer.from(writeAdvertisement(data)),
        Buffer.from(writeScanResponse()),
      );
      await this.#link.settled();
    });
    this.#actual = data.slice();
    // Many controllers can't advertise while someone is connected: bleno enables it afterwards.
    if (statuses.includes(0) || this.#host.connections() > 0) return;
    this.#actual = null;
    throw new DeviceError(
      'protocol',
      this.#organ,
      `the controller refuses to advertise (status ${statuses.join(', ')})`,
    );
  }
}

const EMPTY = new Uint8Array(0);
