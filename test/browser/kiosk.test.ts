/** The kiosk page in a real browser: restarts, no scripts, accessibility, its speed. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import axe from 'axe-core';
import type { DeviceError } from '#device/ports/device.ts';
import type { Screen } from '#device/ports/display.ts';
import type { Key } from '#device/ports/keypad.ts';
import { type Kiosk, openKiosk } from '#firmware/display/kiosk.ts';
import { KioskBrowser, type KioskBrowserOptions } from '#simulators/kiosk/browser.ts';
import { IDLE, OFFER, PAY_URL } from '#test/contracts/display.ts';
import { readQr } from '#test/eyes.ts';
import { until } from '#test/until.ts';

const keys: Key[] = [];
let dataDirectory = '';

/** What a test has open, closed after it also where it fails. */
const opened: { close(): Promise<void> }[] = [];

async function open(touch = true): Promise<Kiosk> {
  const events = {
    key: (key: Key) => keys.push(key),
    lost: (error: DeviceError) => assert.fail(error),
  };
  const kiosk = await openKiosk('screen', { listen: 0, touch, dataDirectory }, events);
  opened.push(kiosk);
  return kiosk;
}

async function look(
  url: string,
  options: Partial<KioskBrowserOptions> = {},
): Promise<KioskBrowser> {
  const browser = await KioskBrowser.open({ url, width: 800, height: 480, ...options });
  opened.push(browser);
  return browser;
}

before(() => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'kiosk-'));
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});
after(() => rmSync(dataDirectory, { recursive: true, force: true }));

describe('a browser before the kiosk', () => {
  test('covers all while the terminal is gone, and follows the next one by itself', async () => {
    let kiosk = await open();
    await kiosk.show(OFFER);
    const browser = await look(kiosk.url);
    assert.equal(await readQr(await browser.pixels()), PAY_URL);
    await kiosk.close();
    await until('the cover', async () => (await browser.text()).includes('Do not pay now'));
    assert.equal(await readQr(await browser.pixels()), null, 'no stale QR');
    kiosk = await open();
    await kiosk.show({ ...IDLE, big: '¥3.00' });
    await until('the new terminal', async () => (await browser.text()).includes('¥3.00'));
  });

  test('without scripts it is right from the first HTML on, and loads itself anew', async () => {
    const kiosk = await open();
    await kiosk.show(OFFER);
    const browser = await look(kiosk.url, { scripts: false });
    assert.equal(await browser.scan(), PAY_URL);
    await browser.press('cancel');
    await until('the key', () => keys.at(-1) === 'cancel');
    await kiosk.show(IDLE);
    await until('the reload', async () => (await browser.scan()) === null);
  });

  test('a browser that is told where to look follows to another port', async () => {
    const first = await open();
    let url: string | null = null;
    const browser = await look(first.url, {
      url: () => url ?? Promise.reject(new Error('not yet')),
    });
    url = first.url;
    await first.show({ ...IDLE, big: '¥1.00' });
    await until('the first', async () => (await browser.text()).includes('¥1.00'));
    // The second finds the first's port taken, as after a copy of the data directory.
    const second = await open();
    assert.notEqual(second.url, first.url);
    await second.show({ ...IDLE, big: '¥2.00' });
    url = second.url;
    await until('the second', async () => (await browser.text()).includes('¥2.00'));
  });

  test('axe finds nothing to complain of, in any tone', async () => {
    const kiosk = await open();
    const browser = await look(kiosk.url, { width: 360, height: 640 });
    const missing = [{ organ: 'Speaker', why: 'Not connected.', mend: 'Plug it in.' }];
    const screens: Screen[] = [
      { ...IDLE, missing, online: false },
      { ...OFFER, missing },
      { ...IDLE, tone: 'good', lines: ['Paid by •••• 5678'] },
      { ...IDLE, tone: 'bad', lines: ['Not enough money.'] },
    ];
    await browser.page.evaluate(axe.source);
    for (const screen of screens) {
      await kiosk.show(screen);
      await until('the screen', async () => (await browser.text()).includes(screen.title));
      const found = await browser.page.evaluate<string[]>(
        `axe.run().then(({ violations }) => violations.map(({ id, nodes }) =>
          id + ': ' + nodes.map(({ html }) => html.slice(0, 80)).join(' | ')))`,
      );
      assert.deepEqual(found, [], screen.tone);
    }
  });

  test('show → changed page, measured', async (t) => {
    const kiosk = await open(false);
    let changed: (() => void) | undefined;
    const browser = await look(kiosk.url, { changed: () => changed?.() });
    await until('the viewer', () => kiosk.viewers === 1);
    const shown: number[] = [];
    const seen: number[] = [];
    for (let at = 0; at < 20; at += 1) {
      const screen: Screen = { ...OFFER, qr: `${PAY_URL}&n=${at}` };
      const arrived = new Promise<void>((resolve) => {
        changed = resolve;
      });
      const start = performance.now();
      await kiosk.show(screen);
      shown.push(performance.now() - start);
      await arrived;
      seen.push(performance.now() - start);
    }
    assert.equal(await browser.scan({ scale: 0.5, blur: 1 }), `${PAY_URL}&n=19`);
    const median = (values: number[]): string =>
      (values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN).toFixed(1);
    t.diagnostic(`on the wire after ${median(shown)} ms, in the page after ${median(seen)} ms`);
  });
});
