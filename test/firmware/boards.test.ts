/** Row F7: a profile is right, or refused with the path and the mend. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readBoard } from '#firmware/boards.ts';
import { HOME } from '#test/tidy/sources.ts';

const TEXT = readFileSync(join(HOME, 'boards.json'), 'utf8');
const BOARDS = [
  ...['simulated', 'raspberry-pi-5', 'raspberry-pi-4', 'raspberry-pi-zero-2-w'],
  'raspberry-pi-telephone',
];

/** boards.json with `value` at `path` of the simulated profile; `undefined` takes it away. */
function changed(path: string, value: unknown): string {
  const boards: unknown = JSON.parse(TEXT);
  const steps = ['profiles', 'simulated', ...path.split('.')];
  const last = steps.pop() ?? '';
  const place = steps.reduce<unknown>((at, step) => (isRecord(at) ? at[step] : undefined), boards);
  if (!isRecord(place)) throw new Error(`boards.json has no ${steps.join('.')}`);
  place[last] = value;
  return JSON.stringify(boards);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

describe('boards.json', () => {
  for (const board of BOARDS) {
    test(`${board} is right as it stands`, () => {
      const read = readBoard(TEXT, board);
      assert.deepEqual(read.ok ? [] : read.complaints, []);
    });
  }

  test('a board that is not there is named with those that are', () => {
    const read = readBoard(TEXT, 'raspberry-pi-9');
    assert.equal(read.ok, false);
    assert.match(read.ok ? '' : (read.complaints[0] ?? ''), /raspberry-pi-9.*raspberry-pi-4/);
  });

  test('what is no JSON says where', () => {
    const read = readBoard('{ "profiles": ', 'simulated');
    assert.match(read.ok ? '' : (read.complaints[0] ?? ''), /is not JSON/);
  });

  test('card readers are drivers too, each with a port or a name of its own', () => {
    const pn532 = { driver: 'pn532-uart', port: 'wires/pn532', baud: 115_200 };
    const right = readBoard(changed('organs.reader', pn532), 'simulated');
    assert.deepEqual(right.ok ? [] : right.complaints, []);
    const named = readBoard(changed('organs.reader', { driver: 'pcsc-reader' }), 'simulated');
    assert.deepEqual(named.ok ? [] : named.complaints, []);
    const taken = readBoard(
      changed('organs.reader', { ...pn532, port: 'wires/radio' }),
      'simulated',
    );
    assert.match(taken.ok ? '' : (taken.complaints[0] ?? ''), /port wires\/radio is taken by/);
    const empty = { driver: 'pcsc-reader', reader: '' };
    const wrongName = readBoard(changed('organs.reader', empty), 'simulated');
    assert.match(wrongName.ok ? '' : (wrongName.complaints[0] ?? ''), /organs\.reader\.reader/);
  });

  test('a modem has two ports of its own', () => {
    const same = readBoard(changed('organs.modem.audio_port', 'wires/modem-at'), 'simulated');
    assert.match(
      same.ok ? '' : (same.complaints[0] ?? ''),
      /organs\.modem\.audio_port: port wires\/modem-at is taken by organs\.modem\.port/,
    );
    const none = readBoard(changed('organs.modem.audio_port', undefined), 'simulated');
    assert.match(none.ok ? '' : (none.complaints[0] ?? ''), /organs\.modem\.audio_port: /);
  });

  const wrong: [what: string, path: string, value: unknown, complaint: RegExp][] = [
    [
      'an unknown key',
      'organs.lamp.blue',
      4,
      /^profiles\.simulated\.organs\.lamp: unknown key blue; remove it/,
    ],
    ['an unknown key of the profile', 'colour', 'red', /^profiles\.simulated: unknown key colour/],
    [
      'an unknown driver',
      'organs.screen.driver',
      'kiosky',
      /^profiles\.simulated\.organs\.screen\.driver: unknown driver; use one of .*kiosk/,
    ],
    [
      'a missing setting',
      'organs.printer.port',
      undefined,
      /^profiles\.simulated\.organs\.printer\.port: /,
    ],
    [
      "the microcontroller's serial line",
      'organs.lamp.red',
      1,
      /organs\.lamp\.red: pin 1 is the arduino-uno's serial line; use 2 to 19/,
    ],
    [
      'a pin that is not there',
      'organs.pad.rows.3',
      20,
      /organs\.pad\.rows\[3\]: pin 20 is not on an arduino-uno; use 2 to 19/,
    ],
    [
      'a buzzer without PWM',
      'organs.buzzer.pin',
      14,
      /organs\.buzzer\.pin: pin 14 has no PWM on an arduino-uno; use one of 3, 5/,
    ],
    [
      'two organs on one pin',
      'organs.lamp.red',
      11,
      /organs\.\w+\.\w+: pin 11 of panel is taken by organs\.\w+\.\w+; give each its own/,
    ],
    [
      'one pin twice in a matrix',
      'organs.pad.rows.3',
      4,
      /organs\.pad\.rows\[3\]: pin 4 of panel is taken by organs\.pad\.rows\[2\]/,
    ],
    [
      'a scanner without its ids',
      'organs.scanner.product_id',
      undefined,
      /^profiles\.simulated\.organs\.scanner\.product_id: /,
    ],
    [
      'a keypad that is the scanner',
      'organs.keypad',
      { driver: 'usb-hid-keypad', vendor_id: '05e0', product_id: '1200' },
      /organs\.scanner: USB keyboard 05e0:1200 is taken by organs\.keypad; give each its own/,
    ],
    [
      'two organs on one port',
      'organs.printer.port',
      'wires/radio',
      /organs\.printer\.port: port wires\/radio is taken by organs\.advertiser\.port/,
    ],
    [
      'an organ on the port of a microcontroller',
      'organs.printer.port',
      'wires/panel',
      /organs\.printer\.port: port wires\/panel is taken by microcontrollers\.panel\.port/,
    ],
    [
      'a microcontroller that is not there',
      'organs.lamp.board',
      'pannel',
      /organs\.lamp\.board: no microcontroller is called pannel; there are: panel/,
    ],
    [
      'a matrix with a key too few',
      'organs.pad.keys.1',
      ['4', '5', '6'],
      /organs\.pad\.keys\[1\]: has 3 keys for 4 column pins/,
    ],
    ['a key that no flow knows', 'organs.pad.keys.0.0', 'F13', /organs\.pad\.keys\[0\]\[0\]: /],
    ['a range beyond what is sensible', 'organs.advertiser.range_m', 300, /advertiser\.range_m: /],
    ['a QR format that is none', 'qr.format', 'paper', /^profiles\.simulated\.qr\.format: /],
  ];
  for (const [what, path, value, complaint] of wrong) {
    test(`${what} is refused with its path`, () => {
      const read = readBoard(changed(path, value), 'simulated');
      const found = read.ok ? [] : read.complaints;
      assert.ok(
        found.some((each) => complaint.test(each)),
        `none of ${JSON.stringify(found)} matches ${complaint}`,
      );
    });
  }
});
