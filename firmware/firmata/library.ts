import type { EventEmitter } from 'node:events';

/** What `firmata-io` wants of a serial port. */
export interface Transport extends EventEmitter {
  write(bytes: Uint8Array, written?: () => void): void;
}

/** The part of a `firmata-io` board that is used here; the package ships no types. */
export interface Firmata extends EventEmitter {
  readonly MODES: {
    readonly INPUT: number;
    readonly OUTPUT: number;
    readonly PWM: number;
    readonly I2C: number;
    readonly PULLUP: number;
  };
  readonly pins: {
    readonly supportedModes: readonly number[];
    readonly mode: number | undefined;
    readonly value: number;
    readonly state?: number;
  }[];
  readonly isReady: boolean;
  readonly reportVersionTimeoutId: NodeJS.Timeout;
  reportVersion(then: () => void): void;
  pinMode(pin: number, mode: number): void;
  pwmWrite(pin: number, value: number): void;
  digitalWrite(pin: number, value: number): void;
  /** Changes what is known of the port without sending it. */
  updateDigitalPort(pin: number, value: number): void;
  reportDigitalPin(pin: number, value: 0 | 1): void;
  queryPinState(pin: number, then: () => void): void;
  sysexCommand(message: readonly number[]): void;
}

/** What `firmata-io` exports. */
export interface FirmataLibrary {
  readonly Firmata: new (
    transport: Transport,
    options?: { reportVersionTimeout?: number },
  ) => Firmata;
}
