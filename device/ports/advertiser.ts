import type { Device } from './device.ts';

export interface Broadcast {
  /** Manufacturer-specific AD structure's data, company identifier included: at most 26 bytes. */
  readonly manufacturerData: Uint8Array;
  /** What a browser that connects reads from the order characteristic: a URL, UTF-8. */
  readonly url: string;
}

export interface Advertiser extends Device {
  /** Replaces what is on air. Resolves when the controller advertises it. */
  advertise(broadcast: Broadcast): Promise<void>;
  /** Takes it off the air; resolves when the controller is silent. */
  silence(): Promise<void>;
}
