import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hex } from '#device/codecs/bytes.ts';
import { columnsOf, encodeText, wrapText } from '#device/codecs/charset.ts';
import { isFence, isStatus, layRow, printQr, readTrouble } from '#device/codecs/escpos.ts';

describe('text for receipt printers', () => {
  test('every character of GBK comes back from the decoder as it was', () => {
    const decoder = new TextDecoder('gb18030', { fatal: true });
    let count = 0;
    for (let code = 0x4e00; code <= 0x9fa5; code += 1) {
      const character = String.fromCharCode(code);
      assert.equal(decoder.decode(encodeText(character, 'gb18030')), character);
      count += 1;
    }
    assert.equal(count, 20_902);
    assert.equal(hex(encodeText('收款￥', 'gb18030')), 'cad5bfeea3a4');
  });

  test('code page 858 has the signs of Western Europe', () => {
    assert.equal(
      hex(encodeText('café £1 €2 ¥3', 'cp858')),
      '636166822 09c3120d53220be33'.replaceAll(' ', ''),
    );
  });

  test('what a set lacks becomes the nearest sign', () => {
    const gb = (text: string): string =>
      new TextDecoder('gb18030').decode(encodeText(text, 'gb18030'));
    assert.equal(gb('¥12 ₹5 piñata • 😀'), '￥12 Rs5 pinata · ?');
    assert.equal(new TextDecoder().decode(encodeText('饺子 “ok”', 'cp858')), '?? "ok"');
    assert.equal(encodeText('\u001b@\n\u007f', 'gb18030').length, 1);
  });

  test('wrapped lines are never wider than asked, and lose no letter', () => {
    const texts = [
      'Dumplings with pork and leek',
      '猪肉白菜饺子（大份，加醋）',
      'abcdefghijklmnopqrstuvwxyz',
      '',
    ];
    for (const text of texts) {
      for (let width = 2; width <= 32; width += 1) {
        const lines = wrapText(text, width, 'gb18030');
        assert.ok(lines.length > 0);
        for (const line of lines)
          assert.ok(columnsOf(line, 'gb18030') <= width, `${width}: ${line}`);
        assert.equal(lines.join('').replaceAll(' ', ''), text.replaceAll(' ', ''));
      }
    }
  });

  test('a row ends at the right edge, whatever stands in it', () => {
    for (const label of ['Tea', '2 × 猪肉白菜饺子（大份，加醋）', 'x'.repeat(40)]) {
      for (const value of ['3.50', '￥999,999.99', '合计']) {
        const last = layRow(label, value, 32, 'gb18030').at(-1) ?? '';
        assert.ok(last.endsWith(value));
        assert.equal(columnsOf(last, 'gb18030'), 32);
      }
    }
  });
});

describe('ESC/POS', () => {
  test('the QR command is that of the reference: model 2, size, correction M, store, print', () => {
    assert.equal(
      hex(printQr('AB', 32)),
      '1b6101' +
        '1d286b0400314132 00'.replaceAll(' ', '') +
        '1d286b0300314308' +
        '1d286b0300314531' +
        '1d286b0500315030' +
        '4142' +
        '1d286b0300315130' +
        '0a',
    );
  });

  test('answers to DLE EOT are read bit by bit', () => {
    assert.equal(readTrouble(0x12, 0x12, 0x12, 0x12), null);
    assert.equal(readTrouble(0x1a, 0x32, 0x12, 0x7e), 'paper_out');
    assert.equal(readTrouble(0x1a, 0x16, 0x12, 0x12), 'cover_open');
    assert.equal(readTrouble(0x1a, 0x52, 0x1a, 0x12), 'cutter_jam');
    assert.equal(readTrouble(0x1a, 0x52, 0x32, 0x12), 'broken');
    assert.equal(readTrouble(0x1a, 0x12, 0x12, 0x12), 'offline');
    assert.equal(readTrouble(0x12, 0x12, 0x12, 0x1e), null, 'a roll that is nearly empty prints');
    assert.deepEqual(
      [isStatus(0x12), isStatus(0x13), isFence(0x0c), isFence(0x12)],
      [true, false, true, false],
    );
  });
});
