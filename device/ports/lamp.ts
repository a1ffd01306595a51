import type { Device } from './device.ts';

/** Ready is steady green, busy blinks amber, good blinks green for a while, bad is red. */
export type LampSignal = 'off' | 'ready' | 'busy' | 'good' | 'bad';

export interface Lamp extends Device {
  show(signal: LampSignal): void;
}

/** `key` a tick, `good` two rising notes, `bad` one long low note: known without looking. */
export type BeepPattern = 'key' | 'good' | 'bad';

export interface Buzzer extends Device {
  beep(pattern: BeepPattern): void;
}
