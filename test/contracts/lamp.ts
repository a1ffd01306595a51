/** What every status lamp promises (device/ports/lamp.ts). */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { DeviceError } from '#device/ports/device.ts';
import type { Lamp } from '#device/ports/lamp.ts';
import { until } from '#test/until.ts';

export interface LampBench {
  open(lost: (error: DeviceError) => void): Promise<Lamp>;
  /** What is seen, or `null` where nobody looks. */
  readonly see: (() => { readonly red: boolean; readonly green: boolean }) | null;
  close(): Promise<void>;
}

const COLOURS = {
  dark: { red: false, green: false },
  green: { red: false, green: true },
  red: { red: true, green: false },
  amber: { red: true, green: true },
};

export function describeLampContract(name: string, open: () => Promise<LampBench>): void {
  describe(`lamp contract: ${name}`, () => {
    let bench: LampBench;
    let lamp: Lamp;
    before(async () => {
      bench = await open();
      lamp = await bench.open((error) => assert.fail(error));
    });
    after(async () => {
      await lamp?.close();
      await bench?.close();
    });

    const sees = async (colour: keyof typeof COLOURS): Promise<void> => {
      const { see } = bench;
      if (see === null) return;
      await until(`a lamp that is ${colour}`, () => isDeepEqual(see(), COLOURS[colour]));
    };

    test('is dark, steadily green, and red', async () => {
      await sees('dark');
      lamp.show('ready');
      await sees('green');
      lamp.show('bad');
      await sees('red');
      lamp.show('off');
      await sees('dark');
    });

    test('blinks amber while busy and stops at once', async () => {
      lamp.show('busy');
      for (const colour of ['amber', 'dark', 'amber', 'dark'] as const) await sees(colour);
      lamp.show('bad');
      await sees('red');
      await stays(bench, COLOURS.red, 400);
    });

    test('blinks green after a success, then rests in green', async () => {
      lamp.show('good');
      for (const colour of ['green', 'dark', 'green', 'dark'] as const) await sees(colour);
      await until('rest', async () => stays(bench, COLOURS.green, 600).then(yes, no));
    });

    test('is dark once closed', async () => {
      lamp.show('busy');
      await lamp.close();
      await sees('dark');
      await stays(bench, COLOURS.dark, 400);
      lamp = await bench.open((error) => assert.fail(error));
      lamp.show('ready');
      await sees('green');
    });
  });
}

const isDeepEqual = (left: object, right: object): boolean =>
  JSON.stringify(left) === JSON.stringify(right);
const yes = (): boolean => true;
const no = (): boolean => false;

/** Watches for `ms`; rejects where the lamp shows anything else. */
async function stays({ see }: LampBench, colours: object, ms: number): Promise<void> {
  const end = performance.now() + ms;
  while (see !== null && performance.now() < end) {
    assert.deepEqual(see(), colours);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
