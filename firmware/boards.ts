/**
 * boards.json: which organ sits where (row F7). A profile is checked whole before anything is opened:
 * every complaint names the path and the mend, and one complaint is enough to refuse the profile.
 */
import { z } from 'zod';
import { KEYS, type Key } from '#device/ports/keypad.ts';

const port = z.string().min(1).describe('serial port; a relative path is below the data directory');
const pin = z.int().min(0).max(69);
const baud = z.union(
  [9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600, 1000000].map((n) => z.literal(n)),
);
const usbId = z
  .string()
  .regex(/^[0-9a-f]{4}$/, 'must be 4 hexadecimal digits, as lsusb prints them');
const key = z.enum(KEYS as readonly [Key, ...Key[]]);

const organSchema = z.discriminatedUnion('driver', [
  /** A USB numeric keypad, through hidraw. */
  z.strictObject({
    driver: z.literal('usb-hid-keypad'),
    vendor_id: usbId.optional(),
    product_id: usbId.optional(),
  }),
  /** A USB barcode scanner that types what it scans, through evdev. */
  z.strictObject({
    driver: z.literal('evdev-scanner'),
    vendor_id: usbId,
    product_id: usbId,
    /** Whether nobody misses it where it was not plugged in yet; false where it is left out. */
    optional: z.boolean().optional(),
  }),
  /** A key matrix on a Firmata board: `keys[row][column]`. */
  z.strictObject({
    driver: z.literal('firmata-matrix'),
    board: z.string(),
    rows: z.array(pin).min(1).max(8),
    columns: z.array(pin).min(1).max(8),
    keys: z.array(z.array(key)),
  }),
  z.strictObject({
    driver: z.literal('firmata-lamp'),
    board: z.string(),
    red: pin,
    green: pin,
  }),
  z.strictObject({ driver: z.literal('firmata-buzzer'), board: z.string(), pin }),
  /** Bluetooth controller of the operating system. */
  z.strictObject({
    driver: z.literal('hci-native'),
    device: z.int().min(0).max(15),
    range_m: z.number().min(1).max(30),
  }),
  /** Bluetooth controller that speaks H4 on a serial port. */
  z.strictObject({
    driver: z.literal('hci-uart'),
    port,
    baud,
    range_m: z.number().min(1).max(30),
  }),
  /** A page on loopback for a browser in kiosk mode. */
  z.strictObject({
    driver: z.literal('kiosk'),
    listen: z.int().min(0).max(65535),
    /** Whether the page has keys to touch; false where it is left out. */
    touch: z.boolean().optional(),
  }),
  /** A serial HMI panel with the Nextion instruction set. */
  z.strictObject({ driver: z.literal('nextion'), port, baud }),
  /** A 128×64 OLED on the I2C pins of a Firmata board. */
  z.strictObject({
    driver: z.literal('firmata-ssd1306'),
    board: z.string(),
    address: z.int().min(0x08).max(0x77),
  }),
  z.strictObject({
    driver: z.literal('escpos'),
    port,
    baud,
    columns: z.union([z.literal(32), z.literal(42), z.literal(48)]),
    /** `gb18030` where it is left out; `cp858` for a printer without Chinese characters. */
    charset: z.enum(['gb18030', 'cp858']).optional(),
  }),
  /** A card reader that PC/SC knows; `reader` is part of its name, any where it is left out. */
  z.strictObject({ driver: z.literal('pcsc-reader'), reader: z.string().min(1).optional() }),
  /** A PN532 module on a serial port. */
  z.strictObject({ driver: z.literal('pn532-uart'), port, baud }),
  /** A GSM/LTE modem: commands on `port`, the call's audio on `audio_port`. */
  z.strictObject({
    ...{ driver: z.literal('sim7600'), port, audio_port: port, baud },
    /** Who finds out which keys a caller presses: the modem tells, or the tones are read here. */
    keys: z.enum(['modem', 'tones']).optional(),
  }),
  z.strictObject({
    driver: z.literal('alsa-speaker'),
    /** As `aplay -D` takes it. */
    device: z.string().min(1),
  }),
  z.strictObject({
    driver: z.literal('alsa-microphone'),
    /** As `arecord -D` takes it. */
    device: z.string().min(1),
  }),
  /** English, from Debian's packages. */
  z.strictObject({ driver: z.literal('pocketsphinx') }),
  /** Any language that there is a model of; a relative path is below the data directory. */
  z.strictObject({ driver: z.literal('sherpa'), model: z.string().min(1) }),
]);

const microcontrollerSchema = z.strictObject({
  kind: z.enum(['arduino-uno', 'arduino-nano', 'arduino-mega']),
  port,
  baud,
});

const nameSchema = z.string().regex(/^[a-z][a-z0-9_]{0,30}$/, 'must be a short lower-case name');

const profileSchema = z.strictObject({
  about: z.string().max(200),
  qr: z.strictObject({ format: z.enum(['url', 'emvco']) }),
  microcontrollers: z.record(nameSchema, microcontrollerSchema).default({}),
  organs: z.record(nameSchema, organSchema),
});

export type OrganSettings = z.infer<typeof organSchema>;
export type Driver = OrganSettings['driver'];
export type SettingsOf<D extends Driver> = Extract<OrganSettings, { driver: D }>;
export type Microcontroller = z.infer<typeof microcontrollerSchema>;
export type Profile = z.infer<typeof profileSchema>;

export type ReadBoard =
  | { readonly ok: true; readonly profile: Profile }
  | { readonly ok: false; readonly complaints: readonly string[] };

/** Digital pins, the two of the serial line to the host, and those that can do PWM. */
const PINS: Record<
  Microcontroller['kind'],
  { last: number; pwm: readonly number[]; i2c: number[] }
> = {
  'arduino-uno': { last: 19, pwm: [3, 5, 6, 9, 10, 11], i2c: [18, 19] },
  'arduino-nano': { last: 19, pwm: [3, 5, 6, 9, 10, 11], i2c: [18, 19] },
  'arduino-mega': { last: 69, pwm: [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13], i2c: [20, 21] },
};

/**
 * Reads the profile `board` out of the text of a boards.json.
 * Complaints read `profiles.NAME.organs.pad.rows[1]: pin 1 …; use 2 to 19`.
 */
export function readBoard(text: string, board: string): ReadBoard {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return {
      ok: false,
      complaints: [`is not JSON: ${error instanceof Error ? error.message : ''}`],
    };
  }
  const shape = z.strictObject({
    $comment: z.string().optional(),
    profiles: z.record(z.string(), z.unknown()),
  });
  const whole = shape.safeParse(json);
  if (!whole.success) return { ok: false, complaints: complain(whole.error, '') };
  const names = Object.keys(whole.data.profiles);
  if (!names.includes(board)) {
    return {
      ok: false,
      complaints: [`profiles.${board}: there is no such board; there are ${names.join(', ')}`],
    };
  }
  const parsed = profileSchema.safeParse(whole.data.profiles[board]);
  if (!parsed.success)
    return { ok: false, complaints: complain(parsed.error, `profiles.${board}`) };
  const conflicts = findConflicts(parsed.data).map((each) => `profiles.${board}.${each}`);
  return conflicts.length > 0
    ? { ok: false, complaints: conflicts }
    : { ok: true, profile: parsed.data };
}

function complain(error: z.ZodError, prefix: string): string[] {
  return error.issues.map((issue) => {
    const path = issue.path.reduce<string>(
      (text, step) => (typeof step === 'number' ? `${text}[${step}]` : `${text}.${String(step)}`),
      prefix,
    );
    return `${path.replace(/^\./, '')}: ${explain(issue)}`;
  });
}

function explain(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') {
    return `unknown key ${issue.keys.join(', ')}; remove it or correct its spelling`;
  }
  if (issue.code === 'invalid_union' && issue.discriminator === 'driver') {
    const drivers = organSchema.options.map((option) => option.shape.driver.value);
    return `unknown driver; use one of ${drivers.join(', ')}`;
  }
  return issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
}

interface Use {
  /** What only one may have, such as `port /dev/ttyUSB0` or `pin 3 of panel`. */
  readonly of: string;
  readonly path: string;
  /** Several organs may share it, such as an I2C bus. */
  readonly shared?: boolean;
}

/** Complaints below `profiles.NAME.`: pins a board has not, and two organs on one thing. */
function findConflicts(profile: Profile): string[] {
  const complaints: string[] = [];
  const uses: Use[] = [];
  for (const [name, board] of Object.entries(profile.microcontrollers)) {
    uses.push({ of: `port ${board.port}`, path: `microcontrollers.${name}.port` });
  }
  for (const [name, organ] of Object.entries(profile.organs)) {
    const path = `organs.${name}`;
    uses.push(...usesOf(organ, path));
    complaints.push(...wrongPins(organ, path, profile), ...wrongMatrix(organ, path));
  }
  const owners = new Map<string, Use>();
  for (const use of uses) {
    const owner = owners.get(use.of);
    if (owner !== undefined && !(owner.shared && use.shared)) {
      complaints.push(`${use.path}: ${use.of} is taken by ${owner.path}; give each its own`);
    } else owners.set(use.of, use);
  }
  return complaints;
}

function pinsOf(organ: OrganSettings): [path: string, pin: number][] {
  switch (organ.driver) {
    case 'firmata-matrix':
      return [
        ...organ.rows.map((pin, at): [string, number] => [`rows[${at}]`, pin]),
        ...organ.columns.map((pin, at): [string, number] => [`columns[${at}]`, pin]),
      ];
    case 'firmata-lamp':
      return [
        ['red', organ.red],
        ['green', organ.green],
      ];
    case 'firmata-buzzer':
      return [['pin', organ.pin]];
    default:
      return [];
  }
}

function usesOf(organ: OrganSettings, path: string): Use[] {
  const uses: Use[] = [];
  if ('port' in organ) uses.push({ of: `port ${organ.port}`, path: `${path}.port` });
  if ('audio_port' in organ) {
    uses.push({ of: `port ${organ.audio_port}`, path: `${path}.audio_port` });
  }
  if ('board' in organ) {
    for (const [at, pin] of pinsOf(organ)) {
      uses.push({ of: `pin ${pin} of ${organ.board}`, path: `${path}.${at}` });
    }
  }
  switch (organ.driver) {
    case 'hci-native':
      uses.push({ of: `Bluetooth controller hci${organ.device}`, path: `${path}.device` });
      break;
    case 'kiosk':
      if (organ.listen !== 0) uses.push({ of: `TCP port ${organ.listen}`, path: `${path}.listen` });
      break;
    case 'alsa-speaker':
      uses.push({ of: `sound device ${organ.device}`, path: `${path}.device` });
      break;
    case 'alsa-microphone':
      uses.push({ of: `sound input ${organ.device}`, path: `${path}.device` });
      break;
    case 'pocketsphinx':
    case 'sherpa':
      uses.push({ of: 'voice entry', path });
      break;
    case 'firmata-ssd1306':
      uses.push({ of: `I2C address ${organ.address} of ${organ.board}`, path: `${path}.address` });
      break;
    case 'pcsc-reader':
      uses.push({ of: `PC/SC reader ${organ.reader ?? 'any'}`, path: `${path}.reader` });
      break;
    case 'usb-hid-keypad':
    case 'evdev-scanner':
      uses.push({
        of: `USB keyboard ${organ.vendor_id ?? 'any'}:${organ.product_id ?? 'any'}`,
        path,
      });
      break;
    default:
  }
  return uses;
}

function wrongPins(organ: OrganSettings, path: string, profile: Profile): string[] {
  if (!('board' in organ)) return [];
  const board = profile.microcontrollers[organ.board];
  if (board === undefined) {
    const known = Object.keys(profile.microcontrollers).join(', ') || 'none';
    return [`${path}.board: no microcontroller is called ${organ.board}; there are: ${known}`];
  }
  const { last, pwm, i2c } = PINS[board.kind];
  const complaints: string[] = [];
  const usesI2c = Object.values(profile.organs).some(
    (other) => other.driver === 'firmata-ssd1306' && other.board === organ.board,
  );
  for (const [at, pin] of pinsOf(organ)) {
    const where = `${path}.${at}: pin ${pin}`;
    if (pin < 2) complaints.push(`${where} is the ${board.kind}'s serial line; use 2 to ${last}`);
    else if (pin > last) complaints.push(`${where} is not on an ${board.kind}; use 2 to ${last}`);
    else if (organ.driver === 'firmata-buzzer' && !pwm.includes(pin)) {
      complaints.push(`${where} has no PWM on an ${board.kind}; use one of ${pwm.join(', ')}`);
    } else if (usesI2c && i2c.includes(pin)) {
      complaints.push(`${where} is the ${board.kind}'s I2C bus, which the OLED needs; use another`);
    }
  }
  return complaints;
}

function wrongMatrix(organ: OrganSettings, path: string): string[] {
  if (organ.driver !== 'firmata-matrix') return [];
  const { rows, columns, keys } = organ;
  const complaints: string[] = [];
  if (keys.length !== rows.length) {
    complaints.push(`${path}.keys: has ${keys.length} rows for ${rows.length} row pins; list each`);
  }
  for (const [at, row] of keys.entries()) {
    if (row.length === columns.length) continue;
    complaints.push(
      `${path}.keys[${at}]: has ${row.length} keys for ${columns.length} column pins; list each`,
    );
  }
  return complaints;
}
