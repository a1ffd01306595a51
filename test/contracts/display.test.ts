/** The display contract on the profile's displays; on the simulated ones with an onlooker. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OrganSettings, readBoard, type SettingsOf } from '#firmware/boards.ts';
import { openKiosk } from '#firmware/display/kiosk.ts';
import { openNextion } from '#firmware/display/nextion.ts';
import { HmiPanel } from '#simulators/hmi/panel.ts';
import { KioskBrowser } from '#simulators/kiosk/browser.ts';
import { type DisplayBench, describeDisplayContract, type Onlooker } from './display.ts';

const board = process.env.TERMINAL_BOARD ?? 'simulated';
const isSimulated = board === 'simulated';

async function kioskBench(listen: number, width: number, height: number): Promise<DisplayBench> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'kiosk-'));
  let browser: KioskBrowser | null = null;
  const eye = (): KioskBrowser => {
    assert.ok(browser !== null, 'the browser is open');
    return browser;
  };
  const onlooker: Onlooker = {
    text: () => eye().text(),
    pixels: () => eye().pixels(),
    press: (key) => eye().press(key),
  };
  return {
    async open(events) {
      const kiosk = await openKiosk('screen', { listen, touch: true, dataDirectory }, events);
      if (isSimulated) browser = await KioskBrowser.open({ url: kiosk.url, width, height });
      return kiosk;
    },
    onlooker: isSimulated ? onlooker : null,
    async close() {
      await browser?.close();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}

async function nextionBench(
  port: string,
  baud: SettingsOf<'nextion'>['baud'],
): Promise<DisplayBench> {
  const directory = mkdtempSync(join(tmpdir(), 'hmi-'));
  const path = isSimulated ? join(directory, 'hmi') : port;
  const panel = isSimulated ? await HmiPanel.open({ path }) : null;
  const onlooker: Onlooker | null =
    panel === null
      ? null
      : {
          text: async () => panel.text(),
          pixels: async () => panel.pixels(),
          press: async (key) => panel.press(key),
        };
  return {
    open: (events) => openNextion('customer_panel', { port: path, baud }, events),
    onlooker,
    async close() {
      await panel?.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function describeOrgan(name: string, organ: OrganSettings): void {
  switch (organ.driver) {
    case 'kiosk': {
      const { listen } = organ;
      describeDisplayContract(`${board}.${name}, 800×480`, () => kioskBench(listen, 800, 480));
      if (!isSimulated) break;
      describeDisplayContract(`${board}.${name}, 360×640`, () => kioskBench(listen, 360, 640));
      break;
    }
    case 'nextion':
      describeDisplayContract(`${board}.${name}`, () => nextionBench(organ.port, organ.baud));
      break;
    default:
  }
}

const read = readBoard(readFileSync('boards.json', 'utf8'), board);
assert.ok(read.ok, read.ok ? '' : read.complaints.join('\n'));
for (const [name, organ] of Object.entries(read.profile.organs)) describeOrgan(name, organ);
