import type { Device, DeviceEvents } from './device.ts';
import type { Key } from './keypad.ts';

export type Tone = 'plain' | 'busy' | 'good' | 'bad';

/** One organ that does not work, in the vendor's language. */
export interface MissingOrgan {
  readonly organ: string;
  readonly why: string;
  /** What brings it back, such as a command or "plug it in". */
  readonly mend: string;
}

/**
 * Everything a display shows, already in the vendor's language. Each display leaves out, from the
 * bottom of this list up, what it has no room for.
 */
export interface Screen {
  /** What the terminal is doing, such as `Scan to pay`. */
  readonly title: string;
  /** The one thing to read from two metres: nearly always an amount, such as `¥12.50`. */
  readonly big: string;
  readonly tone: Tone;
  /** What the QR symbol holds; absent where nothing is offered. */
  readonly qr?: string;
  /** Two digits beside the QR, for a payer whose phone can't give its position. */
  readonly digits?: string;
  /** Items, reasons, the order number: short lines in order of importance. */
  readonly lines: readonly string[];
  /** Which keys do what just now. */
  readonly hint: string;
  readonly missing: readonly MissingOrgan[];
  /** Whether the gateway can be reached. */
  readonly online: boolean;
}

export interface DisplayEvents extends DeviceEvents {
  /** A touch display's keys; absent presses are simply never reported. */
  key(key: Key): void;
}

export interface Display extends Device {
  /**
   * Shows `screen`, replacing all that was shown. Resolves when it is on the wire. A newer screen
   * overtakes one that waits: a slow display skips, it never lags.
   */
  show(screen: Screen): Promise<void>;
}
