import type { Device, DeviceError } from './device.ts';

/** Samples a second of every microphone: 16-bit, mono. */
export const MICROPHONE_RATE = 16_000;

export interface Capture {
  /** Ends it; no samples come afterwards. */
  stop(): void;
}

export interface CaptureEvents {
  /** In order, as they come, about every 50 ms. */
  samples(samples: Int16Array): void;
  /** At most once; no samples come afterwards. */
  failed(error: DeviceError): void;
}

/** Listens only between `capture` and `stop`: nobody at a stall is recorded unasked. */
export interface Microphone extends Device {
  /** One at a time. */
  capture(events: CaptureEvents): Capture;
}
