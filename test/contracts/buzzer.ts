/** What every buzzer promises (device/ports/lamp.ts): three patterns, known without looking. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { DeviceError } from '#device/ports/device.ts';
import type { Buzzer } from '#device/ports/lamp.ts';
import { until } from '#test/until.ts';

export interface Sound {
  readonly length_ms: number;
  readonly duty: number;
}

export interface BuzzerBench {
  open(lost: (error: DeviceError) => void): Promise<Buzzer>;
  /** Every sound so far that is over, oldest first, or `null` where nobody listens. */
  readonly hear: (() => readonly Sound[]) | null;
  close(): Promise<void>;
}

export function describeBuzzerContract(name: string, open: () => Promise<BuzzerBench>): void {
  describe(`buzzer contract: ${name}`, () => {
    let bench: BuzzerBench;
    let buzzer: Buzzer;
    before(async () => {
      bench = await open();
      buzzer = await bench.open((error) => assert.fail(error));
    });
    after(async () => {
      await buzzer?.close();
      await bench?.close();
    });

    /** The next `count` sounds. */
    const hears = async (count: number, act: () => void): Promise<readonly Sound[]> => {
      const before = bench.hear?.().length ?? 0;
      act();
      if (bench.hear === null) return [];
      await until(`${count} sounds`, () => (bench.hear?.().length ?? 0) >= before + count);
      return bench.hear().slice(before);
    };

    test('ticks at a key: short and soft', async (t) => {
      const [tick] = await hears(1, () => buzzer.beep('key'));
      if (tick === undefined) return t.skip('nobody listens');
      const [long] = await hears(1, () => buzzer.beep('bad'));
      // A busy machine draws both out.
      assert.ok(tick.length_ms < (long?.length_ms ?? 0) / 3, `${tick.length_ms} ms`);
    });

    test('rises at a success, and stays long and level at a failure', async (t) => {
      const [first, second] = await hears(2, () => buzzer.beep('good'));
      if (first === undefined || second === undefined) return t.skip('nobody listens');
      assert.ok(second.length_ms > first.length_ms && second.duty > first.duty);
      const sounds = await hears(1, () => buzzer.beep('bad'));
      assert.equal(sounds.length, 1);
      assert.ok((sounds[0]?.length_ms ?? 0) > 500);
    });

    test('a new pattern cuts the old one, and closing cuts all', async (t) => {
      if (bench.hear === null) return t.skip('nobody listens');
      const [whole] = await hears(1, () => buzzer.beep('bad'));
      const wholeMs = whole?.length_ms ?? 0;
      const cut = await hears(2, () => {
        buzzer.beep('bad');
        setTimeout(() => buzzer.beep('key'), 100);
      });
      for (const { length_ms } of cut) assert.ok(length_ms < wholeMs, `${length_ms} ms`);
      const [closed] = await hears(1, () => {
        buzzer.beep('bad');
        setTimeout(() => void buzzer.close(), 100);
      });
      assert.ok((closed?.length_ms ?? 0) < wholeMs, `${closed?.length_ms} ms`);
    });
  });
}
