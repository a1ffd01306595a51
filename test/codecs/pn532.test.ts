/** PN532 frames, and what cards say of themselves when they wake. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { concat, fromHex, hex } from '#device/codecs/bytes.ts';
import { historicalOfAtr, historicalOfAts } from '#device/codecs/historical.ts';
import {
  ACK,
  FROM_CHIP,
  PN532,
  Pn532Splitter,
  readTargets,
  SYNTAX_ERROR,
  TO_CHIP,
  writePn532,
} from '#device/codecs/pn532.ts';

describe('PN532 frames', () => {
  test('GetFirmwareVersion is the frame of the user manual (UM0701-02 §7.2.2)', () => {
    const frame = writePn532(TO_CHIP, PN532.getFirmwareVersion, new Uint8Array(0));
    assert.equal(hex(frame), '0000ff02fed4022a00');
  });

  test('every length reads back, in pieces of any size, amid rubbish', () => {
    for (const length of [0, 1, 60, 253, 254, 255, 262]) {
      const data = Uint8Array.from({ length }, (_, at) => (at * 3) & 255);
      const frame = writePn532(FROM_CHIP, 0x41, data);
      for (const size of [1, 7, 300]) {
        const splitter = new Pn532Splitter();
        const line = concat(fromHex('555500'), ACK, frame, fromHex('aa'), SYNTAX_ERROR, frame);
        const frames = Array.from({ length: Math.ceil(line.length / size) }, (_, at) =>
          splitter.push(line.slice(at * size, (at + 1) * size)),
        ).flat();
        assert.deepEqual(
          frames.map(({ kind }) => kind),
          ['ack', 'data', 'error', 'data'],
        );
        const [, first] = frames;
        assert.ok(first?.kind === 'data' && hex(first.data) === hex(data));
      }
    }
  });

  test('a frame with a changed byte is not one, and the next is', () => {
    const frame = writePn532(FROM_CHIP, 0x41, fromHex('00910000'));
    for (let at = 3; at < frame.length - 1; at += 1) {
      const spoilt = frame.slice();
      spoilt[at] = (spoilt[at] ?? 0) ^ 0x04;
      const frames = new Pn532Splitter().push(concat(spoilt, frame, frame, frame));
      const whole = frames.filter((each) => each.kind === 'data' && hex(each.data) === '00910000');
      assert.ok(whole.length >= 1 && whole.length <= 3, `byte ${at}`);
    }
  });

  test('targets are read with UID and answer to select', () => {
    const desfire = '010344200704782e21801d80067577810280';
    const classic = '020004080411223344';
    const targets = readTargets(fromHex(`02${desfire}${classic}`));
    assert.deepEqual(
      targets.map(({ number, uid, blocks, ats }) => [number, hex(uid), blocks, hex(ats)]),
      [
        [1, '04782e21801d80', true, '067577810280'],
        [2, '11223344', false, ''],
      ],
    );
    assert.deepEqual(readTargets(fromHex('00')), []);
    assert.deepEqual(readTargets(fromHex('02')), []);
  });
});

test('historical bytes stand behind the interface bytes, wherever those end', () => {
  assert.equal(hex(historicalOfAtr(fromHex('3b8180018080'))), '80');
  assert.equal(
    hex(historicalOfAtr(fromHex('3b8f8001804f0ca000000306030001000000006a'))),
    '804f0ca00000030603000100000000',
  );
  assert.equal(hex(historicalOfAtr(fromHex('3b00'))), '');
  assert.equal(hex(historicalOfAts(fromHex('067577810280'))), '80');
  assert.equal(hex(historicalOfAts(fromHex('0200'))), '');
});
