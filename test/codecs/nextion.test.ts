import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hex } from '#device/codecs/bytes.ts';
import { colour565, PanelReader, quote, writeInstruction } from '#device/codecs/nextion.ts';

const END = [0xff, 0xff, 0xff];

describe('Nextion', () => {
  test('an instruction is its text and three bytes 0xFF', () => {
    assert.equal(hex(writeInstruction('page 0')), '706167652030ffffff');
  });

  test('texts are quoted so that nothing in them ends them', () => {
    assert.equal(quote('say "hi" \\ there\r\nnow\u0007'), '"say \\"hi\\" \\\\ there\\rnow "');
    const bytes = writeInstruction(`t0.txt=${quote('ÿÿÿ 饺子')}`);
    assert.equal(bytes.indexOf(0xff), bytes.length - 3);
  });

  test('colours have five, six and five bits', () => {
    assert.deepEqual(
      [0xffffff, 0xff0000, 0x00ff00, 0x0000ff, 0].map(colour565),
      [65535, 63488, 2016, 31, 0],
    );
  });

  test('replies are cut out of the stream, wherever it is split', () => {
    const hello = [...'comok 1,101,NX4024T032_011R,52,61488,D264B8204F0E1828,16777216'].map((c) =>
      c.charCodeAt(0),
    );
    const stream = [
      1,
      ...END,
      0x1a,
      ...END,
      0x65,
      0,
      2,
      1,
      ...END,
      0,
      0,
      0,
      ...END,
      0x88,
      ...END,
      ...hello,
      ...END,
    ];
    const expected = [
      { reply: 'done' },
      { reply: 'failed', code: 26, why: 'invalid variable name or attribute' },
      { reply: 'touch', page: 0, part: 2, down: true },
      { reply: 'started' },
      { reply: 'ready' },
      { reply: 'hello', model: 'NX4024T032_011R' },
    ];
    for (let split = 0; split <= stream.length; split += 1) {
      const reader = new PanelReader();
      const first = reader.read(Uint8Array.from(stream.slice(0, split)));
      const rest = reader.read(Uint8Array.from(stream.slice(split)));
      assert.deepEqual([...first, ...rest], expected);
    }
  });

  test('noise costs the reply it hits and no more memory than a frame', () => {
    const reader = new PanelReader();
    assert.deepEqual(reader.read(new Uint8Array(1000)), []);
    assert.equal(reader.read(Uint8Array.from(END)).length <= 1, true);
    assert.deepEqual(reader.read(Uint8Array.from([1, ...END])), [{ reply: 'done' }]);
  });
});
