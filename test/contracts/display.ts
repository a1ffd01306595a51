/** What every display promises, before a simulated eye and on metal. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { DeviceError } from '#device/ports/device.ts';
import type { Display, DisplayEvents, Screen } from '#device/ports/display.ts';
import type { Key } from '#device/ports/keypad.ts';
import type { Pixels } from '#simulators/picture.ts';
import { readQr } from '#test/eyes.ts';
import { until } from '#test/until.ts';

/** Whoever stands before the display. */
export interface Onlooker {
  text(): Promise<string>;
  pixels(): Promise<Pixels>;
  /** Absent where the display has no keys. */
  press?(key: Key): Promise<void>;
}

export interface DisplayBench {
  open(events: DisplayEvents): Promise<Display>;
  /** On metal nobody looks. */
  readonly onlooker: Onlooker | null;
  close(): Promise<void>;
}

export const IDLE: Screen = {
  title: 'Enter amount',
  big: '¥',
  tone: 'plain',
  lines: [],
  hint: 'Enter = offer   + = next item',
  missing: [],
  online: true,
};

/** 76 bytes: a pay URL of the usual length. */
export const PAY_URL = 'https://pay.stall.example/p/AZqk3mH0b1xYd5cQe8fRg7hSi6jT?lang=zh-CN&v=1';

export const OFFER: Screen = {
  ...IDLE,
  title: 'Scan to pay',
  big: '¥12.50',
  tone: 'busy',
  qr: PAY_URL,
  digits: '07',
  lines: ['2 × Dumplings "pork" \\ leek  9.00', '1 × Soy milk  3.50'],
  hint: 'Cancel = void this order',
};

const PAID: Screen = { ...IDLE, title: 'Paid', big: '¥12.50', tone: 'good' };

const CHINESE: Screen = {
  ...OFFER,
  title: '请扫码付款',
  lines: ['2 × 猪肉饺子  9.00'],
  hint: '取消＝作废这一单',
  missing: [{ organ: '喇叭', why: '没有接上。', mend: '请插上。' }],
  online: false,
};

export function describeDisplayContract(name: string, setUp: () => Promise<DisplayBench>): void {
  describe(`display contract on ${name}`, () => {
    let bench: DisplayBench;
    let display: Display;
    const keys: Key[] = [];
    const losses: DeviceError[] = [];

    before(async () => {
      bench = await setUp();
      display = await bench.open({
        key: (key) => keys.push(key),
        lost: (error) => losses.push(error),
      });
    });
    after(async () => {
      await display?.close();
      await bench?.close();
    });

    /** Waits until `words` are all to be read. */
    const read = async (...words: string[]): Promise<string> => {
      const { onlooker } = bench;
      if (onlooker === null) return '';
      return until(`"${words.join('", "')}" on the display`, async () => {
        const text = await onlooker.text();
        return words.every((word) => text.includes(word)) ? text : null;
      });
    };

    test('an offer shows amount, digits and items, and a QR that a phone reads off its pixels', async () => {
      await display.show(OFFER);
      await read('Scan to pay', '¥12.50', '07', 'Dumplings "pork" \\ leek', 'Soy milk');
      if (bench.onlooker !== null) {
        assert.equal(await readQr(await bench.onlooker.pixels()), PAY_URL);
      }
    });

    test('the QR is gone with the offer', async () => {
      await display.show(OFFER);
      await display.show(PAID);
      const text = await read('Paid');
      assert.equal(text.includes('07'), false);
      if (bench.onlooker !== null) {
        assert.equal(await readQr(await bench.onlooker.pixels()), null);
      }
    });

    test('Chinese, a missing organ and the lost network are shown', async () => {
      await display.show(CHINESE);
      await read('请扫码付款', '猪肉饺子', '喇叭', '没有接上', '请插上', '离线');
      await display.show({ ...OFFER, online: false });
      await read('Offline');
    });

    test('of many screens the newest stays, and each call comes back', async () => {
      const screens = Array.from({ length: 60 }, (_, at) => ({ ...IDLE, big: `¥${at}` }));
      await Promise.all(screens.map((screen) => display.show(screen)));
      await read('¥59');
    });

    test('hostile words are shown as words', async () => {
      const big = '<b>"\\';
      await display.show({ ...IDLE, big, lines: ['</main><script>1</script> ﾿ÿÿÿ page 0'] });
      await read(big, 'Enter amount');
      await display.show(IDLE);
    });

    test('a touch on a key is that key, once', async (t) => {
      const { onlooker } = bench;
      if (onlooker?.press === undefined) return t.skip('nobody touches it');
      await display.show(IDLE);
      await read('Enter amount');
      keys.length = 0;
      const wanted: Key[] = ['1', '2', '.', '5', '0', 'back', 'enter'];
      for (const key of wanted) await onlooker.press(key);
      await until('seven keys', () => keys.length >= wanted.length);
      assert.deepEqual(keys, wanted);
    });

    test('it was never lost', () => assert.deepEqual(losses, []));
  });
}
