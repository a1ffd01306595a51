/** What every speaker promises, on a simulated sound card and on metal. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { DeviceError } from '#device/ports/device.ts';
import type { Speaker } from '#device/ports/speaker.ts';
import { sayNotice, sayResult, textOf } from '#device/words/clips.ts';
import type { SoundCard } from '#simulators/speaker/card.ts';
import { until } from '#test/until.ts';

export interface SpeakerBench {
  open(lost: (error: DeviceError) => void): Promise<Speaker>;
  /** Where the driver keeps its clips. */
  readonly clipDirectory: string;
  /** On metal there is none to listen with. */
  readonly card: SoundCard | null;
  close(): Promise<void>;
}

const HEARD_WITHIN_MS = 8000;
const HEADER_BYTES = 44;

const paid = (minor: number): Parameters<typeof sayResult>[0] => ({
  outcome: 'paid',
  amount_minor: minor,
  currency: 'CNY',
});

function clipPcm(directory: string, id: string): Buffer {
  const file = readdirSync(directory).find((name) => name.startsWith(`${id}-`));
  assert.ok(file !== undefined, `${id} is kept as a file`);
  return readFileSync(join(directory, file)).subarray(HEADER_BYTES);
}

/** The clips with 40 ms of silence between them. */
function joined(directory: string, clips: readonly string[], rate: number): Buffer {
  const gap = Buffer.alloc(2 * Math.round(rate * 0.04));
  return Buffer.concat(
    clips.flatMap((id, at) => [...(at > 0 ? [gap] : []), clipPcm(directory, id)]),
  );
}

async function failure(promise: Promise<unknown>): Promise<DeviceError> {
  const error = await promise.then(
    () => assert.fail('it should have failed'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof DeviceError, String(error));
  return error;
}

export function describeSpeakerContract(name: string, setUp: () => Promise<SpeakerBench>): void {
  describe(`speaker contract on ${name}`, () => {
    let bench: SpeakerBench;
    let speaker: Speaker;
    let losses: DeviceError[] = [];

    const open = async (): Promise<Speaker> => {
      losses = [];
      return bench.open((error) => losses.push(error));
    };
    before(async () => {
      bench = await setUp();
      speaker = await open();
    });
    after(async () => {
      await speaker?.close();
      await bench?.close();
    });

    test('what is said is heard, sample for sample, in real time', async (t) => {
      const clips = sayResult(paid(1250), 'en');
      let startedAt = 0;
      await speaker.speak(clips, () => {
        assert.equal(startedAt, 0, 'starts once');
        startedAt = Date.now();
      });
      assert.ok(startedAt > 0 && startedAt <= Date.now());
      if (bench.card === null) return t.diagnostic('nobody listened');
      const text = 'received twelve yuan fifty';
      const heard = await bench.card.waitFor((each) => each.text === text, HEARD_WITHIN_MS);
      const wav = Buffer.from(heard.wav);
      const rate = wav.readUInt32LE(24);
      const expected = joined(bench.clipDirectory, clips, rate);
      const pcm = wav.subarray(HEADER_BYTES);
      assert.ok(pcm.subarray(0, expected.length).equals(expected));
      assert.ok(pcm.subarray(expected.length).every((byte) => byte === 0));
      const lastsMs = (1000 * expected.length) / (2 * rate);
      const tookMs = heard.ended_at - heard.started_at;
      assert.ok(lastsMs < 2500, `it lasts ${lastsMs} ms`);
      assert.ok(tookMs > lastsMs - 60 && tookMs < lastsMs + 2000, `${tookMs} for ${lastsMs} ms`);
      t.diagnostic(`“${text}” lasts ${Math.round(lastsMs)} ms, was heard in ${tookMs} ms`);
    });

    test('of what is said under one mark only the first is heard; the rest count as said', async () => {
      const from = bench.card?.heard().length ?? 0;
      const mark = `mark-${from}-${Math.round(performance.now())}`;
      const began: string[] = [];
      for (const outcome of ['paid', 'cancelled', 'declined'] as const) {
        const clips = sayResult({ ...paid(200), outcome }, 'en');
        await speaker.speak(clips, () => void began.push(outcome), mark);
      }
      assert.deepEqual(began, ['paid', 'cancelled', 'declined']);
      if (bench.card === null) return;
      const { card } = bench;
      await speaker.speak(sayNotice('ready', 'en'));
      await until('what was said after', () => card.heard().length >= from + 2, HEARD_WITHIN_MS);
      const heard = card.heard().slice(from);
      assert.deepEqual(
        heard.map((each) => each.text),
        [textOf(sayResult(paid(200), 'en')), textOf(sayNotice('ready', 'en'))],
      );
    });

    test('what is said at once is heard one after the other, whole and in order', async () => {
      const sentences = [
        sayNotice('ready', 'en'),
        sayResult(paid(200), 'zh-CN'),
        sayResult({ ...paid(1), outcome: 'cancelled' }, 'en'),
      ];
      const from = bench.card?.heard().length ?? 0;
      const began: number[] = [];
      await Promise.all(
        sentences.map((clips, at) => speaker.speak(clips, () => void began.push(at))),
      );
      assert.deepEqual(began, [0, 1, 2]);
      if (bench.card === null) return;
      const { card } = bench;
      await until('three sentences', () => card.heard().length === from + 3, HEARD_WITHIN_MS);
      const heard = card.heard().slice(from);
      assert.deepEqual(
        heard.map((each) => each.text),
        sentences.map(textOf),
      );
      for (const [at, each] of heard.entries()) {
        const before = heard[at - 1];
        if (before !== undefined) assert.ok(each.started_at >= before.ended_at, 'they overlap');
      }
    });

    test('a clip outside the vocabulary is a programmer’s error', () => {
      assert.throws(() => void speaker.speak(['en.nonsense']), RangeError);
    });

    test('pulled out in mid-sentence: lost once, and what waits is refused', async (t) => {
      if (bench.card === null) return t.skip('needs the simulated card');
      const { card } = bench;
      const { promise: started, resolve } = Promise.withResolvers<void>();
      const first = failure(speaker.speak(sayResult(paid(1250), 'en'), resolve));
      const second = failure(speaker.speak(sayNotice('ready', 'en')));
      await started;
      await card.apply({ fault: 'unplug' });
      assert.equal((await first).code, 'lost');
      assert.equal((await second).code, 'lost');
      assert.deepEqual(
        losses.map((error) => [error.code, error.organ]),
        [['lost', 'speaker']],
      );
      assert.equal((await failure(open())).code, 'absent');
      await card.apply({ fault: 'replug' });
      speaker = await open();
      await speaker.speak(sayNotice('no_network', 'en'));
      await card.waitFor((each) => each.text === 'no network', HEARD_WITHIN_MS);
    });

    test('pulled out while nothing is said: lost all the same', async (t) => {
      if (bench.card === null) return t.skip('needs the simulated card');
      await bench.card.apply({ fault: 'unplug' });
      await until('the loss', () => losses.length > 0);
      assert.equal(losses[0]?.code, 'absent');
      await bench.card.apply({ fault: 'replug' });
      speaker = await open();
    });

    test('hung: ends in time with `timeout`, and works again after', async (t) => {
      if (bench.card === null) return t.skip('needs the simulated card');
      await bench.card.apply({ fault: 'hang' });
      const error = await failure(speaker.speak(sayNotice('ready', 'en')));
      assert.equal(error.code, 'timeout');
      assert.deepEqual(
        losses.map((each) => each.code),
        ['timeout'],
      );
      await bench.card.apply({ fault: 'clear' });
      speaker = await open();
      await speaker.speak(sayNotice('try_again', 'en'));
      await bench.card.waitFor((each) => each.text === 'please try again', HEARD_WITHIN_MS);
    });

    test('closed: refuses what comes after, and no event follows', async () => {
      await speaker.close();
      assert.equal((await failure(speaker.speak(sayNotice('ready', 'en')))).code, 'lost');
      assert.deepEqual(losses, []);
    });
  });
}
