/** What a scanned matrix says, ghosts and bounces included. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  confirmCells,
  type HeldCells,
  holdCells,
  type MatrixImage,
  newCells,
} from '#device/codecs/key-matrix.ts';

const NONE: HeldCells = new Map();
const RELEASE_MS = 9;

/** Cells as `row.column`. */
const names = (held: HeldCells, image: MatrixImage): string =>
  newCells(held, image)
    .map(({ row, column }) => `${row}.${column}`)
    .join(' ');

const hold = (image: MatrixImage): HeldCells =>
  holdCells(NONE, image, newCells(NONE, image), 0, RELEASE_MS);

test('one key, two keys anywhere, and three in a line are told', () => {
  assert.equal(names(NONE, [0, 0b0100, 0, 0]), '1.2');
  assert.equal(names(NONE, [0b0001, 0, 0, 0b1000]), '0.0 3.3');
  assert.equal(names(NONE, [0b1011, 0, 0, 0]), '0.0 0.1 0.3');
  assert.equal(names(NONE, [1, 1, 0, 1]), '0.0 1.0 3.0');
});

test('of a rectangle nothing new is believed', () => {
  assert.equal(names(NONE, [0b0011, 0b0011, 0, 0]), '');
  // Two held, the third pressed: it and its ghost look alike.
  assert.equal(names(hold([0b0011, 0, 0, 0]), [0b0011, 0b0011, 0, 0]), '');
  // A key elsewhere is not in doubt.
  assert.equal(names(NONE, [0b0011, 0b0011, 0, 0b1000]), '3.3');
});

test('the real key is told once the rectangle is gone', () => {
  const held = hold([0b0011, 0, 0, 0]);
  assert.equal(names(held, [0b0001, 0b0001, 0, 0]), '1.0');
});

test('what a second look does not show was a bounce', () => {
  const seen = newCells(NONE, [0b0101, 0, 0, 0]);
  assert.deepEqual(confirmCells(seen, [0b0100, 0, 0, 0]), [{ row: 0, column: 2 }]);
});

test('a contact that chatters while it opens stays one press', () => {
  const held = hold([1, 0, 0, 0]);
  const chattered = holdCells(held, [0, 0, 0, 0], [], RELEASE_MS - 1, RELEASE_MS);
  assert.equal(names(chattered, [1, 0, 0, 0]), '');
  const released = holdCells(held, [0, 0, 0, 0], [], RELEASE_MS, RELEASE_MS);
  assert.equal(names(released, [1, 0, 0, 0]), '0.0');
});
