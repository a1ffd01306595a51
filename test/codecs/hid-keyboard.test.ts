/** Boot keyboard reports: which keys were pressed, whatever the keyboard does meanwhile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex } from '#device/codecs/bytes.ts';
import { type Down, readReport, splitReports, writeReport } from '#device/codecs/hid-keyboard.ts';

/** What a row of reports types. */
function type(...reports: string[]): string {
  let down: Down = new Set();
  return reports
    .flatMap((report) => {
      const read = readReport(fromHex(report.padEnd(16, '0')), down);
      down = read.down;
      return read.keys;
    })
    .join(' ');
}

test('the keypad, the main row and the signs', () => {
  const keypad = ['59', '5a', '5b', '5c', '5d', '5e', '5f', '60', '61', '62', '63'];
  assert.equal(type(...keypad.map((usage) => `0000${usage}`)), '1 2 3 4 5 6 7 8 9 0 .');
  const row = ['1e', '1f', '20', '21', '22', '23', '24', '25', '26', '27', '37'];
  assert.equal(type(...row.map((usage) => `0000${usage}`)), '1 2 3 4 5 6 7 8 9 0 .');
  const signs = ['54', '55', '56', '57', '58', '28', '2a', '29', '53', '2d', '38'];
  const meanings = '/ * - + enter enter back cancel cancel - /';
  assert.equal(type(...signs.map((usage) => `0000${usage}`)), meanings);
});

test('a held key is pressed once, whatever is pressed beside it', () => {
  assert.equal(type('000059', '000059', '0000595a', '00005a', '00005a59', ''), '1 2 1');
});

test('several new keys in one report come in its order', () => {
  assert.equal(type('00005b595a'), '3 1 2');
});

test('rollover error presses nothing and lets nothing go', () => {
  assert.equal(type('0000595a', '0000010101010101', '0000595a', '0000595a5b'), '1 2 3');
});

test('two zeros on one key, shifted signs, and keys that mean nothing', () => {
  assert.equal(type('0000b0', '', '02002e', '', '020025', '', '00002e', '', '00003a04'), '0 0 + *');
});

test('reports are split where they were joined, and joined where they were cut', () => {
  const bytes = fromHex(`000059${'0'.repeat(10)}${'0'.repeat(16)}00005a`);
  const { reports, rest } = splitReports(bytes);
  assert.deepEqual(reports, [writeReport([0x59]), writeReport([])]);
  assert.deepEqual(rest, fromHex('00005a'));
  assert.deepEqual(splitReports(new Uint8Array(0)).reports, []);
});
