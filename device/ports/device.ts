/** What every organ has in common: it is opened, it may be lost, it is closed. */

export type Role =
  | 'keypad'
  | 'display'
  | 'printer'
  | 'speaker'
  | 'advertiser'
  | 'lamp'
  | 'buzzer'
  | 'reader'
  | 'scanner'
  | 'modem'
  | 'microphone'
  | 'recogniser';

export type DeviceErrorCode =
  | 'absent' /* not plugged in, or its daemon is not there */
  | 'denied' /* there, but this user may not open it */
  | 'busy' /* another program holds it */
  | 'missing_tool' /* a program or library it needs is not installed */
  | 'timeout' /* there, but it does not answer */
  | 'unready' /* it answers, but a person must do something first: load paper, close the cover */
  | 'lost' /* it was open and went away */
  | 'protocol'; /* it answered something that it should not */

/** Broken hardware, as a value: which organ, what kind of failure, and the mend where one is known. */
export class DeviceError extends Error {
  readonly code: DeviceErrorCode;
  readonly organ: string;
  /** What the vendor or installer can do, such as the command that installs a missing program. */
  readonly mend: string | undefined;

  constructor(
    code: DeviceErrorCode,
    organ: string,
    message: string,
    options: { mend?: string; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'DeviceError';
    this.code = code;
    this.organ = organ;
    this.mend = options.mend;
  }
}

export interface Device {
  /** Releases it; resolves when released, also when it is already lost. No event follows. */
  close(): Promise<void>;
}

export interface DeviceEvents {
  /** At most once after opening; the device is then unusable and whoever opened it opens a new one. */
  lost(error: DeviceError): void;
}

/**
 * Opens one organ or rejects with a {@link DeviceError} within a few seconds. `name` is the organ's
 * key in boards.json, `settings` what stands there.
 */
export type Open<Settings, Events extends DeviceEvents, Opened extends Device> = (
  name: string,
  settings: Settings,
  events: Events,
) => Promise<Opened>;
