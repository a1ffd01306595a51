/** Buzzer and OLED on the real firmware. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Key } from '#device/ports/keypad.ts';
import { openFirmataBuzzer } from '#firmware/firmata/buzzer.ts';
import { openFirmataMatrix } from '#firmware/firmata/matrix.ts';
import { openFirmataSsd1306 } from '#firmware/firmata/ssd1306.ts';
import { scanPixels } from '#simulators/picture.ts';
import { WIRING } from '#test/contracts/panel-bench.ts';
import { until } from '#test/until.ts';
import { type AtmegaBench, atmegaBench } from './atmega-bench.ts';

describe('buzzer and OLED on the real firmware', () => {
  let real: AtmegaBench;
  const lost = (error: Error): void => assert.fail(error);
  before(async () => {
    real = await atmegaBench();
  });
  after(() => real?.close());

  test('the buzzer sounds at the pitch of the board, and falls silent', async () => {
    const buzzer = await openFirmataBuzzer(real.board)('buzzer', WIRING.buzzer, { lost });
    let [last, still] = [-1, 0];
    const isSilent = async (): Promise<boolean> => {
      still = last === real.chip.edges ? still + 1 : 0;
      last = real.chip.edges;
      await new Promise((resolve) => setTimeout(resolve, 40));
      return still >= 5;
    };
    const before = real.chip.edges;
    // 490 Hz for 0.7 s by the host's clock: two edges a wave, fewer where the chip runs slowly.
    await until('200 waves', async () => {
      buzzer.beep('bad');
      still = 0;
      await until('silence', isSilent);
      return real.chip.edges - before > 400;
    });
    await buzzer.close();
  });

  test('the OLED shows a QR that a phone reads, while keys are pressed', async () => {
    const keys: Key[] = [];
    const pad = await openFirmataMatrix(real.board)('pad', WIRING.matrix, {
      lost,
      key: (key) => keys.push(key),
    });
    const oled = await openFirmataSsd1306(real.board)('oled', WIRING.oled, {
      lost,
      key: () => undefined,
    });
    const qr = 'https://pay.example/o/K7Q2M9X4?m=A1B2C3D4E5';
    const [title, big, hint] = ['Scan to pay', '¥12.50', ''];
    const screen = {
      title,
      big,
      tone: 'plain',
      lines: [],
      hint,
      missing: [],
      online: true,
    } as const;
    const shown = oled.show({ ...screen, qr });
    await real.chip.press('5', { hold_ms: 80 });
    await shown;
    const { pixels, lit, unknown } = await real.chip.oled();
    assert.equal(scanPixels(pixels), qr);
    assert.ok(lit);
    assert.deepEqual(unknown, []);
    await until('the key', () => keys.length > 0);
    assert.deepEqual(keys, ['5']);
    await oled.close();
    await pad.close();
  });

  test('the OLED is absent at another address', async () => {
    const opened = openFirmataSsd1306(real.board)(
      'oled',
      { address: 0x3d },
      { lost, key: () => undefined },
    );
    await assert.rejects(opened, { name: 'DeviceError', code: 'absent', organ: 'oled' });
  });
});
