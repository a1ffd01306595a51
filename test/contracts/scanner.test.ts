/** The scanner contract on the simulated USB scanner, or on that of the board's profile. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { ROLES } from '#firmware/drivers.ts';
import { until } from '#test/until.ts';
import { BOARD, boardOrgans } from './board-organs.ts';
import { describeScannerContract } from './scanner.ts';
import { usbScannerBench } from './usb-scanner-bench.ts';

if (BOARD !== undefined) {
  for (const { title, driver, open } of boardOrgans(BOARD)) {
    if (ROLES[driver] !== 'scanner') continue;
    describeScannerContract(title, async () => ({
      open: ({ scanned: scan, lost }) => open({ key: () => undefined, scan, lost }),
      trigger: null,
      close: async () => undefined,
    }));
  }
} else {
  describeScannerContract('USB scanner', () => usbScannerBench());
}

describe('USB scanner', { skip: BOARD !== undefined }, () => {
  test('killed, it leaves nobody behind who would keep the grab', async (t) => {
    const bench = await usbScannerBench();
    t.after(() => bench.close());
    const scanner = await bench.open({ scanned: () => undefined, lost: () => undefined });
    const driver = bench.simulator.pid ?? assert.fail();
    const children = readFileSync(`/proc/${driver}/task/${driver}/children`, 'utf8').trim();
    assert.match(children, /^\d+$/, 'cat');
    process.kill(driver, 'SIGKILL');
    const stat = `/proc/${children}/stat`;
    // Ended, though nobody may have asked with which code.
    const ended = () => !existsSync(stat) || / Z /.test(readFileSync(stat, 'utf8'));
    await until('the end of cat', ended);
    await scanner.close().catch(() => undefined);
  });

  test('is absent where another is wanted, with the mend', async (t) => {
    const bench = await usbScannerBench({ vendor_id: '0c2e', product_id: '0b61' });
    t.after(() => bench.close());
    const opened = bench.open({ scanned: () => undefined, lost: () => undefined });
    await assert.rejects(opened, { code: 'absent', message: /0c2e:0b61/, mend: /keyboard mode/ });
  });
});
