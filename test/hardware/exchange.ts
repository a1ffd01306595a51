/** A conversation with StandardFirmata on an Arduino Uno: what is sent, and keys pressed between. */

export interface Step {
  readonly what: string;
  /** Hexadecimal. */
  readonly send?: string;
  /** A key of the matrix, by its row and column, closed or opened before. */
  readonly contact?: { readonly row: number; readonly column: number; readonly closed: boolean };
  /** The firmware answers something. */
  readonly answered?: true;
}

/** Asks the state of each pin; few at a time, for the chip has room for 64 bytes that wait. */
const askStates = (when: string): Step[] =>
  [0, 5, 10, 15].map((first) => ({
    what: `pins from ${first} ${when}`,
    send: [0, 1, 2, 3, 4].map((pin) => `f0 6d ${byte(first + pin)} f7`).join(' '),
    answered: true,
  }));

function byte(value: number): string {
  return value.toString(16).padStart(2, '0');
}

/** An I2C write to the OLED of so many data bytes. */
const i2cWrite = (count: number): string => `f0 76 3c 00 40 00 ${'55 01 '.repeat(count)}f7`;

export const EXCHANGE: readonly Step[] = [
  { what: 'version', send: 'f9', answered: true },
  { what: 'firmware', send: 'f0 79 f7', answered: true },
  { what: 'capabilities', send: 'f0 6b f7', answered: true },
  { what: 'analog mapping', send: 'f0 69 f7', answered: true },
  ...askStates('at first'),
  { what: 'state of no pin', send: 'f0 6d 20 f7 f0 6d f7', answered: true },
  { what: 'columns pulled up', send: 'f4 06 0b f4 07 0b f4 08 0b f4 09 0b' },
  {
    what: 'rows low',
    send: 'f4 02 00 f4 02 01 f4 03 00 f4 03 01 f4 04 00 f4 04 01 f4 05 00 f4 05 01',
  },
  { what: 'first port reported', send: 'd0 01', answered: true },
  { what: 'second port reported', send: 'd1 01', answered: true },
  { what: 'asked again: answered again', send: 'd0 01 d1 01', answered: true },
  { what: 'a key', contact: { row: 1, column: 2, closed: true }, answered: true },
  { what: 'and let go', contact: { row: 1, column: 2, closed: false }, answered: true },
  { what: 'a key on the other port', contact: { row: 3, column: 0, closed: true }, answered: true },
  { what: 'another on the same column', contact: { row: 0, column: 0, closed: true } },
  { what: 'a third row lets go of nothing', send: 'f4 04 0b', answered: true },
  { what: 'only the first row low', send: 'f4 03 0b f4 05 0b d0 01 d1 01', answered: true },
  { what: 'one let go', contact: { row: 0, column: 0, closed: false }, answered: true },
  { what: 'both let go', contact: { row: 3, column: 0, closed: false } },
  {
    what: 'a pulled-up pin drives high as an output',
    send: 'f4 05 01 f0 6d 05 f7',
    answered: true,
  },
  { what: 'held column', contact: { row: 3, column: 3, closed: true } },
  { what: 'low again by its port', send: '90 00 00', answered: true },
  { what: 'high by its pin', send: 'f5 05 01 f0 6d 05 f7', answered: true },
  { what: 'let go', contact: { row: 3, column: 3, closed: false } },
  { what: 'reports off', send: 'd0 00 d1 00' },
  { what: 'not reported', contact: { row: 0, column: 0, closed: true } },
  { what: 'and not let go', contact: { row: 0, column: 0, closed: false } },
  { what: 'a pin written that is an input', send: 'f4 02 00 f5 02 01 f0 6d 02 f7', answered: true },
  { what: 'an input pulled up by its port', send: '90 04 00 f0 6d 02 f7 d0 01', answered: true },
  { what: 'and left so', send: '90 00 00 f0 6d 02 f7 d0 01 d0 00', answered: true },
  { what: 'PWM', send: 'f4 0b 03 eb 00 01 f0 6d 0b f7', answered: true },
  { what: 'PWM by extended analog', send: 'f0 6f 0b 18 00 f7 f0 6d 0b f7', answered: true },
  { what: 'PWM back to output', send: 'f4 0b 01 f0 6d 0b f7', answered: true },
  { what: 'PWM where there is none', send: 'f4 0c 03 f0 6d 0c f7', answered: true },
  { what: 'no such mode', send: 'f4 0c 09 f0 6d 0c f7', answered: true },
  { what: 'LEDs', send: 'f4 0c 01 f4 0d 01 91 30 00 f0 6d 0c f7 f0 6d 0d f7', answered: true },
  // The chip's next sample, some milliseconds later, must not fall between the two.
  { what: 'a long sampling interval', send: 'f0 7a 7f 7f f7' },
  { what: 'an analog input, reported once', send: 'c0 01 c0 00', answered: true },
  { what: 'sampling interval', send: 'f0 7a 32 00 f7 f0 7a 13 00 f7' },
  { what: 'I2C before its setup reads nothing', send: 'f0 78 00 00 f7' },
  { what: 'its pins', send: 'f0 6d 12 f7 f0 6d 13 f7', answered: true },
  { what: 'status of the OLED', send: 'f0 76 3c 08 01 00 f7', answered: true },
  { what: 'nobody at this address', send: 'f0 76 29 08 01 00 f7', answered: true },
  { what: 'ten-bit address', send: 'f0 76 3c 28 01 00 f7', answered: true },
  { what: 'a write', send: i2cWrite(28) },
  { what: 'a write to nobody', send: 'f0 76 29 00 01 00 f7' },
  { what: 'more than its buffer holds', send: i2cWrite(60) },
  { what: 'still there', send: 'f0 76 3c 08 01 00 f7', answered: true },
  { what: 'a string', send: 'f0 71 48 00 69 00 f7' },
  { what: 'a message it does not know', send: 'f0 01 02 03 f7 f0 62 00 f7' },
  { what: 'an end without a beginning, data without a command', send: 'f7 01 02 03' },
  { what: 'a command inside another', send: 'f4 06 f9', answered: true },
  { what: 'a port it does not have', send: '9f 7f 01 df 01' },
  { what: 'reset', send: 'ff' },
  ...askStates('after a reset'),
  { what: 'reports are off after it', contact: { row: 2, column: 2, closed: true } },
];
