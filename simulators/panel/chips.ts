/** The microcontrollers StandardFirmata runs on, and what its firmware says of their pins. */

export interface Chip {
  readonly pins: number;
  readonly firstAnalog: number;
  readonly pwm: readonly number[];
  readonly i2c: readonly number[];
}

export const CHIPS = {
  'arduino-uno': { pins: 20, firstAnalog: 14, pwm: [3, 5, 6, 9, 10, 11], i2c: [18, 19] },
  'arduino-nano': { pins: 22, firstAnalog: 14, pwm: [3, 5, 6, 9, 10, 11], i2c: [18, 19] },
  'arduino-mega': {
    pins: 70,
    firstAnalog: 54,
    pwm: [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 44, 45, 46],
    i2c: [20, 21],
  },
} satisfies Record<string, Chip>;

/** Pin modes of Firmata 2.5. */
export const MODE = { input: 0, output: 1, analog: 2, pwm: 3, servo: 4, i2c: 6, pullup: 11 };

/** The first two pins are the serial line; a Nano's last two can only measure. */
export const isDigital = ({ pins }: Chip, pin: number): boolean =>
  pin >= 2 && pin < (pins === 22 ? 20 : pins);

export const isAnalog = ({ firstAnalog, pins }: Chip, pin: number): boolean =>
  pin >= firstAnalog && pin < pins;

const sysex = (command: number, ...data: readonly number[]): number[] => [
  0xf0,
  command,
  ...data,
  0xf7,
];

/** Each byte as two of seven bits, the low one first. */
const halves = (bytes: Iterable<number>): number[] =>
  [...bytes].flatMap((byte) => [byte & 0x7f, byte >> 7]);

/** A number from groups of seven bits, the lowest first. */
export const sevenBits = (data: readonly number[]): number =>
  data.reduce((value, byte, at) => value | (byte << (7 * at)), 0);

export const VERSION: readonly number[] = [0xf9, 2, 5];

export const FIRMWARE: readonly number[] = sysex(
  0x79,
  2,
  5,
  ...halves(Buffer.from('StandardFirmata.ino')),
);

export const writeString = (text: string): number[] => sysex(0x71, ...halves(Buffer.from(text)));

export const writeI2cReply = (address: number, register: number, bytes: Uint8Array): number[] =>
  sysex(0x77, ...halves([address, register, ...bytes]));

/** Modes and resolutions, pin by pin. */
export function writeCapabilities(chip: Chip): number[] {
  const data: number[] = [];
  for (let pin = 0; pin < chip.pins; pin += 1) {
    if (isDigital(chip, pin)) data.push(MODE.input, 1, MODE.pullup, 1, MODE.output, 1);
    if (isAnalog(chip, pin)) data.push(MODE.analog, 10);
    if (chip.pwm.includes(pin)) data.push(MODE.pwm, 8);
    if (isDigital(chip, pin)) data.push(MODE.servo, 14);
    if (chip.i2c.includes(pin)) data.push(MODE.i2c, 1);
    data.push(0x7f);
  }
  return sysex(0x6c, ...data);
}

export function writeAnalogMapping(chip: Chip): number[] {
  const channels = Array.from({ length: chip.pins }, (_each, pin) =>
    isAnalog(chip, pin) ? pin - chip.firstAnalog : 0x7f,
  );
  return sysex(0x6a, ...channels);
}
