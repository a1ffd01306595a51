import type { Device } from './device.ts';

/** A receipt as words; the driver lays it out in its own columns. */
export interface PrintedReceipt {
  readonly title: string;
  /** Label and value, such as `2 × Dumplings` and `9.00`; a label alone takes the whole line. */
  readonly rows: readonly { readonly label: string; readonly value?: string }[];
  readonly total: { readonly label: string; readonly value: string };
  readonly footer: readonly string[];
  readonly qr?: string;
}

export interface Printer extends Device {
  /** Prints and cuts; resolves when the printer took every byte, rejects with a `DeviceError`. */
  print(receipt: PrintedReceipt): Promise<void>;
  /** Asks whether it could print now; rejects as `print` would. */
  check(): Promise<void>;
}
