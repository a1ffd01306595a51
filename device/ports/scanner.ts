import type { Device, DeviceEvents } from './device.ts';

/** What one pull of the trigger brought. */
export type Scan =
  /** `ended`: the scanner said itself that this was all; else it only fell silent. */
  | { readonly is: 'code'; readonly text: string; readonly ended: boolean }
  /** Keys that write nothing, or of which some were lost; or more than any code holds. */
  | { readonly is: 'unreadable'; readonly why: 'garbled' | 'too_long' };

export interface ScannerEvents extends DeviceEvents {
  /** Once a scan, in the order scanned; a scan that wrote nothing is not told. */
  scanned(scan: Scan): void;
}

/** Promises every scan, once, whole, and that nobody else on the machine gets its characters. */
export type Scanner = Device;
