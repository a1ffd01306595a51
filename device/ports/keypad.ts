import type { Device, DeviceEvents } from './device.ts';

/**
 * What a key means, whatever carries it: a USB numeric keypad, a matrix, or a touch panel.
 * `back` deletes one digit, `cancel` leaves what is on the screen.
 */
export type Key =
  | '0'
  | '1'
  | '2'
  | '3'
  | '4'
  | '5'
  | '6'
  | '7'
  | '8'
  | '9'
  | '.'
  | '+'
  | '-'
  | '*'
  | '/'
  | 'enter'
  | 'back'
  | 'cancel';

export const KEYS: readonly Key[] = [
  '0',
  '1',
  '2',
  '3',
  '4',
  '5',
  '6',
  '7',
  '8',
  '9',
  '.',
  '+',
  '-',
  '*',
  '/',
  'enter',
  'back',
  'cancel',
];

export interface KeypadEvents extends DeviceEvents {
  /** Once per press, in the order pressed, within 10 ms of the report; never on release or repeat. */
  key(key: Key): void;
}

/** Promises every press, once, in order, at up to 100 presses a second. */
export type Keypad = Device;
