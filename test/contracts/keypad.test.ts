/** The keypad contract on the USB keypad and on the matrix, or on those of the board's profile. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ROLES } from '#firmware/drivers.ts';
import { openFirmataMatrix } from '#firmware/firmata/matrix.ts';
import { until } from '#test/until.ts';
import { BOARD, boardOrgans } from './board-organs.ts';
import { describeKeypadContract } from './keypad.ts';
import { MATRIX_RATE, panelBench, WIRING } from './panel-bench.ts';
import { usbKeypadBench } from './usb-keypad-bench.ts';

if (BOARD !== undefined) {
  for (const { title, driver, open } of boardOrgans(BOARD)) {
    if (ROLES[driver] !== 'keypad') continue;
    const alone = { fingers: null, keys: [], rate: 0, tries: 1, close: async () => undefined };
    describeKeypadContract(title, async () => ({ ...alone, open }));
  }
} else {
  describeKeypadContract('USB keypad', () => usbKeypadBench());
  describeKeypadContract('matrix on our panel', async () => {
    const bench = await panelBench();
    return {
      open: (events) => openFirmataMatrix(bench.board)('pad', WIRING.matrix, events),
      fingers: bench.panel,
      keys: WIRING.matrix.keys.flat(),
      rate: MATRIX_RATE,
      tries: 40,
      async close() {
        assert.equal(bench.panel.shorts, 0, 'no two outputs were ever connected');
        assert.deepEqual(bench.panel.unknown, [], 'the firmware understood every message');
        await bench.close();
      },
    };
  });
}

describe('USB keypad', { skip: BOARD !== undefined }, () => {
  test('sets Num Lock, keeps its keys from the kernel, and gives them back', async (t) => {
    const bench = await usbKeypadBench({ vendor_id: '1a2c', product_id: '0e24' });
    t.after(() => bench.close());
    const keypad = await bench.open({ key: () => undefined, lost: () => undefined });
    await until('the lamp', () => bench.simulator.leds.length > 0);
    assert.deepEqual(bench.simulator.leds, [1]);
    assert.ok(bench.simulator.inhibited);
    await keypad.close();
  });

  test('is absent where the only keyboard is the scanner', async (t) => {
    const bench = await usbKeypadBench({
      others: [{ vendor_id: '1a2c', product_id: '0e24' }],
    });
    t.after(() => bench.close());
    const opened = bench.open({ key: () => undefined, lost: () => undefined });
    await assert.rejects(opened, { code: 'absent' });
  });

  test('is absent where another keypad is wanted', async (t) => {
    const bench = await usbKeypadBench({ vendor_id: '046d' });
    t.after(() => bench.close());
    const opened = bench.open({ key: () => undefined, lost: () => undefined });
    await assert.rejects(opened, { code: 'absent', message: /046d:\*/, mend: /lsusb/ });
  });
});
