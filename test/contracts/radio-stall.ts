/** A stall of radios for tests: our air, and the terminal's controller in it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Advertiser } from '#device/ports/advertiser.ts';
import type { DeviceError } from '#device/ports/device.ts';
import { openHciAdvertiser } from '#firmware/advertiser/advertiser.ts';
import { RadioPhone } from '#simulators/phone/radio.ts';
import { Air } from '#simulators/radio/air.ts';
import { Controller, type ControllerOptions } from '#simulators/radio/controller.ts';
import type { WireEvent } from '#simulators/wire.ts';

export const TERMINAL = '00:a0:50:00:00:01';

/** A stall: our air, the terminal's controller in it, and the settings that open it. */
export class Stall {
  readonly directory = mkdtempSync(join(tmpdir(), 'radio-'));
  readonly events: WireEvent[] = [];
  readonly air = new Air({ watch: (event) => this.events.push(event) });
  readonly losses: DeviceError[] = [];
  readonly path = join(this.directory, 'radio');
  #controller: Controller | null = null;

  async plug(more: Pick<ControllerOptions, 'power' | 'busyAdvertising'> = {}): Promise<Controller> {
    const { air, path } = this;
    const watch = (event: WireEvent): unknown => this.events.push(event);
    const options = { air, name: 'terminal', wire: 'radio', path, address: TERMINAL, watch };
    this.#controller = await Controller.open({ ...options, ...more });
    return this.#controller;
  }

  open(range_m = 5): Promise<Advertiser> {
    const settings = { driver: 'hci-uart', port: this.path, baud: 1_000_000, range_m } as const;
    return openHciAdvertiser('advertiser', settings, { lost: (error) => this.losses.push(error) });
  }

  phone(name: string, distance_m: number): Promise<RadioPhone> {
    return RadioPhone.open({ air: this.air, name, distance_m, directory: this.directory });
  }

  async close(): Promise<void> {
    await this.#controller?.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
