/** The small OLED on a Firmata board: what its dots show, and how little is written for it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { DeviceError } from '#device/ports/device.ts';
import type { Display, Screen } from '#device/ports/display.ts';
import type { Key } from '#device/ports/keypad.ts';
import { openFirmataMatrix } from '#firmware/firmata/matrix.ts';
import { openFirmataSsd1306 } from '#firmware/firmata/ssd1306.ts';
import { scanPixels } from '#simulators/picture.ts';
import type { WireEvent } from '#simulators/wire.ts';
import { until } from '#test/until.ts';
import { type PanelBench, panelBench, WIRING } from './panel-bench.ts';

const SCREEN: Screen = {
  title: 'Scan to pay',
  big: '¥12.50',
  tone: 'plain',
  lines: ['Order 7', '2 x Dumplings'],
  hint: '',
  missing: [],
  online: true,
};
const SHORT_URL = 'https://pay.example/o/K7Q2M9X4?m=A1B2C3D4E5';

describe('OLED', () => {
  let bench: PanelBench;
  let oled: Display;
  const losses: DeviceError[] = [];
  const wires: WireEvent[] = [];
  const open = (): Promise<Display> =>
    openFirmataSsd1306(bench.board)('oled', WIRING.oled, {
      lost: (error) => losses.push(error),
      key: () => undefined,
    });
  /** Bright dots of a part of the display. */
  const bright = (left = 0, right = 128): number => {
    const { data, width } = bench.panel.oled().pixels(1);
    let count = 0;
    for (let at = 0; at < width * 64; at += 1) {
      if (at % width >= left && at % width < right && (data[at * 4] ?? 0) > 0) count += 1;
    }
    return count;
  };

  before(async () => {
    bench = await panelBench({ watch: (event) => wires.push(event) });
    oled = await open();
  });
  after(async () => {
    await oled?.close();
    await bench?.close();
  });

  test('is dark until the first screen, without the snow of its memory', async () => {
    assert.equal(bench.panel.oled().lit, false);
    await oled.show({ ...SCREEN, title: '', big: '', lines: [] });
    assert.equal(bench.panel.oled().lit, true);
    assert.equal(bright(), 0);
  });

  test('a short URL is a symbol that a phone reads off its dots, beside amount and digits', async () => {
    await oled.show({ ...SCREEN, qr: SHORT_URL, digits: '42' });
    assert.equal(scanPixels(bench.panel.oled().pixels(4)), SHORT_URL);
    assert.ok(bright(66) > 200);
  });

  test('where the symbol has too many dots there are words instead', async () => {
    await oled.show({ ...SCREEN, qr: 'https://pay.example/'.padEnd(162, 'x') });
    assert.equal(scanPixels(bench.panel.oled().pixels(4)), null);
    const withoutQr = bench.panel.oled().png(1);
    await oled.show({ ...SCREEN, big: '' });
    await oled.show(SCREEN);
    assert.deepEqual(bench.panel.oled().png(1), withoutQr);
  });

  test('a digit more rewrites little, and nothing new writes nothing', async () => {
    await oled.show({ ...SCREEN, lines: ['7'] });
    const sent = (): number =>
      wires.filter(({ text, direction }) => direction === 'out' && text.includes('I2C request'))
        .length;
    wires.length = 0;
    await oled.show({ ...SCREEN, lines: ['7'] });
    assert.equal(sent(), 0);
    await oled.show({ ...SCREEN, lines: ['8'] });
    assert.ok(sent() > 0 && sent() <= 4, `${sent()} I2C writes for one small digit`);
  });

  test('text of another script is left out rather than shown in pieces', async () => {
    await oled.show({ ...SCREEN, title: '', lines: [] });
    const amountAlone = bench.panel.oled().png(1);
    await oled.show({ ...SCREEN, title: '扫码付款', lines: ['两份饺子'] });
    assert.deepEqual(bench.panel.oled().png(1), amountAlone);
  });

  test('newer screens overtake those that wait, and each is answered', async () => {
    const shown: number[] = [];
    await Promise.all(
      Array.from({ length: 20 }, (_each, at) =>
        oled.show({ ...SCREEN, big: `¥${at}.00` }).then(() => shown.push(at)),
      ),
    );
    assert.equal(shown.length, 20);
    const last = bench.panel.oled().png(1);
    await oled.show({ ...SCREEN, big: '¥19.00' });
    assert.deepEqual(bench.panel.oled().png(1), last);
  });

  test('keys pressed while a picture is written come through, in order', async () => {
    const keys: Key[] = [];
    const pad = await openFirmataMatrix(bench.board)('pad', WIRING.matrix, {
      key: (key) => keys.push(key),
      lost: (error) => losses.push(error),
    });
    const pictures = (async () => {
      for (const qr of [SHORT_URL, 'https://b.example/2', 'https://c.example/3']) {
        await oled.show({ ...SCREEN, qr });
        await oled.show({ ...SCREEN, tone: 'good' });
      }
    })();
    const typed = '1250'.split('') as Key[];
    for (const key of [...typed, 'enter' as const]) {
      await bench.panel.press(key, { hold_ms: 80 });
      // A hand at its pace: it does not wait until it was heard.
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    await until('the keys', () => keys.length === 5);
    assert.deepEqual(keys, [...typed, 'enter']);
    await pictures;
    await pad.close();
  });

  test('is absent where its wires are off, and is back when they are', async () => {
    await oled.close();
    bench.panel.wireOled(false);
    await assert.rejects(open(), { name: 'DeviceError', code: 'absent', mend: /wires/ });
    bench.panel.wireOled(true);
    oled = await open();
    await oled.show(SCREEN);
    assert.ok(bench.panel.oled().lit);
    assert.deepEqual(losses, []);
  });
});
