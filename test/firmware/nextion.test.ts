/** A serial HMI panel with faults: each ends in a right picture or in a named loss. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import type { Clock } from '#device/ports/clock.ts';
import { DeviceError } from '#device/ports/device.ts';
import type { Display } from '#device/ports/display.ts';
import { openNextion } from '#firmware/display/nextion.ts';
import { realClock } from '#simulators/clock.ts';
import { HmiPanel, type HmiPanelOptions } from '#simulators/hmi/panel.ts';
import { IDLE, OFFER, PAY_URL } from '#test/contracts/display.ts';
import { until } from '#test/until.ts';

let directory = '';
let number = 0;
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'hmi-'));
});
/** What a test has open, closed after it also where it fails. */
const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});
after(() => rmSync(directory, { recursive: true, force: true }));

interface Bench {
  readonly panel: HmiPanel;
  readonly losses: DeviceError[];
  open(): Promise<Display>;
}

async function bench(options: Partial<HmiPanelOptions> = {}): Promise<Bench> {
  number += 1;
  const path = join(directory, `hmi-${number}`);
  const panel = await HmiPanel.open({ path, ...options });
  opened.push(panel);
  const losses: DeviceError[] = [];
  const events = { key: () => undefined, lost: (error: DeviceError) => losses.push(error) };
  return {
    panel,
    losses,
    async open() {
      const display = await openNextion('customer_panel', { port: path, baud: 115200 }, events);
      opened.push(display);
      return display;
    },
  };
}

const coded =
  (...codes: string[]) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof DeviceError, String(error));
    assert.ok(codes.includes(error.code), `${error.code}: ${error.message}`);
    return true;
  };

describe('serial HMI panel', () => {
  test('a new panel at 9600 is found and set to the speed of the profile', async () => {
    const heard: string[] = [];
    const { panel, open } = await bench({ baud: 9600, watch: ({ text }) => heard.push(text) });
    const first = await open();
    await first.show(OFFER);
    assert.equal(panel.qr(), PAY_URL);
    await first.close();
    heard.length = 0;
    await open();
    // At the first speed that is tried: it is not set again.
    assert.ok(heard.includes('comok') && !heard.some((text) => text.startsWith('bauds=')));
  });

  test('nobody there: absent; nobody answers: timeout, in a few seconds', async () => {
    const { panel, open } = await bench();
    await panel.apply({ fault: 'hang' });
    const start = performance.now();
    await assert.rejects(open(), coded('timeout'));
    assert.ok(performance.now() - start < 15_000);
    await panel.apply({ fault: 'unplug' });
    await assert.rejects(open(), coded('absent'));
  });

  test('unplugged while it shows: lost once; plugged in again it opens and shows', async () => {
    const { panel, losses, open } = await bench();
    const display = await open();
    await display.show(OFFER);
    await panel.apply({ fault: 'unplug' });
    await until('the loss', () => losses.length > 0);
    await assert.rejects(display.show(IDLE), coded('lost'));
    await panel.apply({ fault: 'replug' });
    const again = await open();
    await again.show(OFFER);
    assert.equal(panel.qr(), PAY_URL);
    assert.deepEqual(
      losses.map(({ code }) => code),
      ['lost'],
    );
  });

  test('a panel that hangs is lost with a timeout', async () => {
    const { panel, losses, open } = await bench();
    const display = await open();
    await display.show(IDLE);
    await panel.apply({ fault: 'hang' });
    await assert.rejects(display.show(OFFER), coded('timeout'));
    assert.deepEqual(
      losses.map(({ code }) => code),
      ['timeout'],
    );
  });

  test('a panel that was switched off and on is drawn again by itself', async () => {
    const { panel, losses, open } = await bench();
    const display = await open();
    await display.show(OFFER);
    panel.powerCycle();
    assert.equal(panel.page, 'boot');
    await until('the offer', () => panel.qr() === PAY_URL);
    assert.deepEqual(losses, []);
  });

  test('noise on its answers: one disturbed screen is sent again', async () => {
    const state = { disturb: 0 };
    // The first byte of an answer is hit, twice: then the wire is clean.
    const chance = (): number => (state.disturb-- > 0 ? 0 : 1);
    const { panel, losses, open } = await bench({ chance });
    const display = await open();
    await display.show(IDLE);
    await panel.apply({ fault: 'noise', probability: 0.5 });
    state.disturb = 2;
    await display.show(OFFER);
    assert.ok(state.disturb < 0, 'the noise has hit');
    assert.equal(panel.qr(), PAY_URL);
    assert.equal(panel.text().includes('¥12.50'), true);
    assert.deepEqual(losses, []);
  });

  test('on a slow wire the newest screen overtakes those that wait', async () => {
    const drawn: string[] = [];
    const { panel, open } = await bench({
      watch: ({ text }) => void (/"\d+"$/.test(text) && drawn.push(text)),
    });
    const display = await open();
    await display.show(IDLE);
    await panel.apply({ fault: 'slow', bits_per_second: 9600 });
    const shows = Array.from({ length: 50 }, (_, at) => display.show({ ...OFFER, big: `${at}` }));
    await Promise.all(shows);
    assert.ok(drawn.length > 0 && drawn.length < 20, 'it did not draw all fifty');
    assert.match(panel.text(), /^49$/m);
  });

  test('a silent terminal leaves no QR in sight', async () => {
    const fast: Clock = { ...realClock, after: (ms, then) => realClock.after(ms / 100, then) };
    const { panel, open } = await bench({ clock: fast });
    const display = await open();
    await display.show(OFFER);
    await display.close();
    await until('the panel has given up', () => panel.page === 'boot');
    assert.equal(panel.qr(), null);
  });

  test('a QR longer than the panel draws is left out, never cut', async () => {
    const { panel, open } = await bench();
    const display = await open();
    await display.show({ ...OFFER, qr: 'x'.repeat(178) });
    assert.equal(panel.qr(), null);
    assert.match(panel.text(), /07/);
  });
});
