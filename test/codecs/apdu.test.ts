/** APDUs in all seven forms of ISO/IEC 7816-4 §5.2. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CommandApdu,
  readCommand,
  readResponse,
  writeCommand,
  writeResponse,
} from '#device/codecs/apdu.ts';
import { fromHex, hex } from '#device/codecs/bytes.ts';

const head = { cla: 0x00, ins: 0xa4, p1: 0x04, p2: 0x0c };
const of = (length: number): Uint8Array => new Uint8Array(length).fill(7);

test('each case, short and extended, has the bytes of the standard and reads back', () => {
  const cases: readonly [data: number, le: number | null, wanted: string][] = [
    [0, null, '00a4040c'],
    [0, 5, '00a4040c05'],
    [0, 256, '00a4040c00'],
    [2, null, '00a4040c020707'],
    [2, 256, '00a4040c02070700'],
    [0, 257, '00a4040c000101'],
    [0, 65_536, '00a4040c000000'],
    [256, null, `00a4040c000100${'07'.repeat(256)}`],
    [256, 65_536, `00a4040c000100${'07'.repeat(256)}0000`],
    [2, 300, '00a4040c0000020707012c'],
  ];
  for (const [length, le, wanted] of cases) {
    const apdu: CommandApdu = { ...head, data: of(length), le };
    assert.equal(hex(writeCommand(apdu)), wanted);
    assert.deepEqual(readCommand(fromHex(wanted)), apdu);
  }
});

test('lengths that do not fit are refused', () => {
  for (const wrong of [
    '',
    '00a404',
    '00a4040c0507',
    '00a4040c01070700',
    '00a4040c00000207',
    '00a4040c00000007',
  ]) {
    assert.equal(readCommand(fromHex(wrong)), null, wrong);
  }
});

test('a response has a status word or is torn', () => {
  assert.deepEqual(readResponse(fromHex('01029000')), { data: fromHex('0102'), sw: 0x9000 });
  assert.equal(hex(writeResponse({ data: of(1), sw: 0x6a82 })), '076a82');
  assert.equal(readResponse(fromHex('90')), null);
  assert.equal(readResponse(new Uint8Array(0)), null);
});
