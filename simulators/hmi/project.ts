/**
 * The HMI project in the simulated panel, an 800×480 NX8048: pages, components with their ids, and
 * their attributes at power-on. The table in docs/displays.md is the same one.
 */
import { KEYS, type Key } from '#device/ports/keypad.ts';

export interface Part {
  readonly id: number;
  readonly name: string;
  readonly kind: 'page' | 'text' | 'qr' | 'picture' | 'number' | 'key';
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly key?: Key;
  /** Numeric and text attributes that may be read and set; no other name is known. */
  readonly attributes: Readonly<Record<string, number | string>>;
  /** Bytes that `txt` holds; longer text is cut, as the panel does it. */
  readonly room?: number;
}

export interface Page {
  readonly id: number;
  readonly name: string;
  readonly parts: readonly Part[];
}

const WHITE = 65535;

function text(
  id: number,
  name: string,
  place: readonly [x: number, y: number, w: number, h: number],
  room: number,
  font: number,
): Part {
  const [x, y, w, h] = place;
  const attributes = { txt: '', font, bco: WHITE, pco: 0 };
  return { id, name, kind: 'text', x, y, w, h, room, attributes };
}

function key(index: number, x: number, y: number, w: number, h: number): Part {
  const name = KEYS[index];
  if (name === undefined) throw new RangeError(`there is no key ${index}`);
  return { id: 20 + index, name: `k${index}`, kind: 'key', x, y, w, h, key: name, attributes: {} };
}

const left: Part = {
  id: 19,
  name: 'left',
  kind: 'number',
  x: 0,
  y: 0,
  w: 0,
  h: 0,
  attributes: { val: 0 },
};

const mark: Part = {
  id: 1,
  name: 'mark',
  kind: 'picture',
  x: 0,
  y: 0,
  w: 64,
  h: 64,
  attributes: { pic: 0 },
};

/** Rows of the key pad on page `say`; each key is 76×70 pixels. */
const PAD: readonly (readonly Key[])[] = [
  ['7', '8', '9', 'back'],
  ['4', '5', '6', '+'],
  ['1', '2', '3', '-'],
  ['.', '0', '*', '/'],
  ['cancel', 'enter'],
];

const pad: Part[] = PAD.flatMap((row, at) =>
  row.map((name, column) => {
    const width = 312 / row.length;
    return key(KEYS.indexOf(name), 484 + column * width, 72 + at * 70, width - 4, 66);
  }),
);

const say: Page = {
  id: 1,
  name: 'say',
  parts: [
    mark,
    text(2, 'title', [64, 0, 736, 64], 48, 1),
    text(3, 'big', [8, 72, 468, 120], 24, 2),
    text(4, 'line0', [8, 200, 468, 38], 72, 0),
    text(5, 'line1', [8, 238, 468, 38], 72, 0),
    text(6, 'line2', [8, 276, 468, 38], 72, 0),
    text(7, 'line3', [8, 314, 468, 38], 72, 0),
    text(8, 'hint', [8, 368, 468, 44], 72, 0),
    text(9, 'note', [8, 430, 784, 44], 120, 0),
    text(10, 'digits', [392, 368, 84, 60], 4, 1),
    left,
    ...pad,
  ],
};

const offer: Page = {
  id: 2,
  name: 'offer',
  parts: [
    mark,
    text(2, 'title', [64, 0, 736, 64], 48, 1),
    text(3, 'big', [380, 72, 412, 110], 24, 2),
    text(4, 'line0', [380, 188, 300, 34], 72, 0),
    text(5, 'line1', [380, 222, 300, 34], 72, 0),
    text(6, 'line2', [380, 256, 300, 34], 72, 0),
    text(7, 'line3', [380, 290, 300, 34], 72, 0),
    text(8, 'hint', [380, 368, 290, 44], 72, 0),
    text(9, 'note', [8, 440, 784, 36], 120, 0),
    text(10, 'digits', [690, 190, 104, 100], 4, 2),
    {
      id: 11,
      name: 'qr',
      kind: 'qr',
      x: 4,
      y: 68,
      w: 368,
      h: 368,
      room: 192,
      attributes: { txt: '' },
    },
    left,
    key(KEYS.indexOf('cancel'), 680, 340, 112, 88),
  ],
};

/** What the panel shows by itself: at power-on, and when the terminal has fallen silent. */
export const BOOT: Page = {
  id: 0,
  name: 'boot',
  parts: [
    {
      ...text(1, 'notice', [0, 190, 800, 100], 40, 1),
      attributes: { txt: 'Not in service', font: 1, bco: WHITE, pco: 0 },
    },
  ],
};

export const PROJECT: readonly Page[] = [BOOT, say, offer];
