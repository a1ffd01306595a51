/** Recordings of calls: both directions, mended after a crash, kept for a time, private. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import type { Clock } from '#device/ports/clock.ts';
import type { CallFrame } from '#device/ports/modem.ts';
import { mintCallId, Recordings } from '#firmware/telephone/recordings.ts';
import { until } from '#test/until.ts';

const ID = '20261122T190512Z-1a2b3c4d';
const DAY_MS = 86_400_000;

const frame = (heard: number, said: number): CallFrame => ({
  heard: new Int16Array(160).fill(heard),
  said: new Int16Array(160).fill(said),
});

/** Time that only moves when it is told. */
function handClock(start = 1_700_000_000_000) {
  let now = start;
  let set = 0;
  const due: { at: number; then: () => void }[] = [];
  const clock: Clock = {
    now: () => now,
    monotonic: () => now - set,
    after(ms, then) {
      const timer = { at: now + ms, then };
      due.push(timer);
      return () => {
        if (due.includes(timer)) due.splice(due.indexOf(timer), 1);
      };
    },
  };
  /** What fell due by that is over when it returns: then it waits for its next time again. */
  const pass = async (ms: number): Promise<void> => {
    now += ms;
    for (const timer of due.filter(({ at }) => at <= now)) {
      due.splice(due.indexOf(timer), 1);
      timer.then();
    }
    await until('the end of what fell due', () => due.length > 0);
  };
  /** Somebody, or a dead battery, sets the clock: nothing runs meanwhile. */
  const leap = (ms: number): void => {
    now += ms;
    set += ms;
    for (const timer of due) timer.at += ms;
  };
  return { clock, pass, leap };
}

async function stand(t: { after(work: () => void): void }, keepMs = 30 * DAY_MS) {
  const directory = mkdtempSync(join(tmpdir(), 'calls-'));
  const { clock, pass, leap } = handClock();
  const logs: string[] = [];
  const deleted: string[] = [];
  const begin = (): Promise<Recordings> =>
    Recordings.open({ directory: join(directory, 'recordings'), keepMs }, clock, {
      log: (what) => logs.push(what),
      deleted: (id) => deleted.push(id),
    });
  const recordings = await begin();
  t.after(() => {
    recordings.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const files = join(directory, 'recordings');
  return { recordings, begin, files, clock, pass, leap, logs, deleted };
}

/** All but when they were last looked at, and which are dated ahead. */
const namesIn = (files: string): string[] =>
  readdirSync(files).filter((name) => name !== 'swept' && name !== 'ahead');

/** Of a WAV file. */
const HEAD_BYTES = 44;

/** Of a file that may not be there yet. */
const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** Left and right of a WAV file, by its own head. */
function readStereo(path: string): { left: number[]; right: number[]; rate: number } {
  const bytes = readFileSync(path);
  assert.equal(bytes.toString('latin1', 0, 4), 'RIFF');
  assert.equal(bytes.readUInt32LE(4), bytes.length - 8);
  assert.equal(bytes.toString('latin1', 8, 16), 'WAVEfmt ');
  assert.deepEqual(
    [20, 22, 32, 34].map((at) => bytes.readUInt16LE(at)),
    [1, 2, 4, 16],
  );
  assert.equal(bytes.readUInt32LE(40), bytes.length - 44);
  const pairs = Array.from({ length: (bytes.length - 44) / 4 }, (_, at) => 44 + 4 * at);
  return {
    left: pairs.map((at) => bytes.readInt16LE(at)),
    right: pairs.map((at) => bytes.readInt16LE(at + 2)),
    rate: bytes.readUInt32LE(24),
  };
}

describe('recordings', () => {
  test('the caller is left, we are right; a pause is silence in both', async (t) => {
    const { recordings, files } = await stand(t);
    const { recording, end } = await recordings.begin(ID, '+8613800000001');
    for (let at = 0; at < 100; at += 1) {
      if (at === 50) recording.pause();
      if (at === 60) recording.resume();
      recording.frame(frame(1000 + at, -1000 - at));
    }
    const info = await end('caller');
    assert.deepEqual(info.pauses, [{ from_ms: 1000, to_ms: 1200 }]);
    assert.equal(info.length_ms, 2000);
    const { left, right, rate } = readStereo(join(files, `${ID}.wav`));
    assert.equal(rate, 8000);
    const at = (index: number): number => (index >= 50 && index < 60 ? 0 : 1000 + index);
    const expected = Array.from({ length: 16_000 }, (_, sample) => at(Math.floor(sample / 160)));
    assert.deepEqual(left, expected);
    assert.deepEqual(
      right,
      expected.map((sample) => 0 - sample),
    );
    assert.deepEqual(await recordings.find(ID), info);
  });

  test('directory and files are for their owner alone', async (t) => {
    const { recordings, files } = await stand(t);
    const { end } = await recordings.begin(ID, null);
    await end('us');
    assert.equal(statSync(files).mode & 0o777, 0o700);
    for (const name of namesIn(files)) {
      assert.equal(statSync(join(files, name)).mode & 0o777, 0o600, name);
    }
    assert.equal(await recordings.file('../../etc/passwd'), null);
    assert.equal(await recordings.find('../x'), null);
  });

  test('a clock that leapt years ahead deletes nothing for a day; one that stays so is believed', async (t) => {
    const { recordings, begin, files, clock, pass, leap, logs, deleted } = await stand(t);
    const { end } = await recordings.begin(ID, null);
    await end('caller');
    const looks = (): string => readFileSync(join(files, 'swept'), 'utf8');
    leap(5 * 365 * DAY_MS);
    await pass(DAY_MS / 96);
    const told = /the clock is 1825 days ahead.*if it is wrong, set it/;
    await until('the word about it', () => told.test(logs.join()));
    assert.deepEqual(deleted, []);
    // Also over a restart, with the wrong clock still there.
    recordings.close();
    const second = await begin();
    t.after(() => second.close());
    assert.equal((await second.list()).length, 1);
    leap(-5 * 365 * DAY_MS);
    await pass(DAY_MS / 96);
    assert.equal((await second.list()).length, 1);
    assert.equal(JSON.parse(looks()).believed_at, clock.now());
    // Off for two months: what is over its time goes when the machine has run for a day.
    second.close();
    leap(60 * DAY_MS);
    const third = await begin();
    t.after(() => third.close());
    assert.equal((await third.list()).length, 1);
    await pass(DAY_MS / 2);
    assert.deepEqual(deleted, []);
    await pass(DAY_MS / 2);
    await until('deleted', () => deleted.length === 1);
  });

  test('what a clock dated years ahead goes in its time, once the clock is right', async (t) => {
    const { recordings, begin, files, clock, pass, leap, deleted } = await stand(t);
    const years = 5 * 365 * DAY_MS;
    leap(years);
    const known = mintCallId(clock.now(), Uint8Array.of(1, 2, 3, 4));
    await (await recordings.begin(known, null)).end('caller');
    const unknown = mintCallId(clock.now(), Uint8Array.of(5, 6, 7, 8));
    writeFileSync(join(files, `${unknown}.wav`), new Uint8Array(44));
    leap(-years);
    const right = mintCallId(clock.now(), Uint8Array.of(9, 10, 11, 12));
    await (await recordings.begin(right, null)).end('caller');
    await pass(DAY_MS);
    await until('what is dated ahead', () => sizeOf(join(files, 'ahead')) > 0);
    // Also over a restart, and by whole looks while it runs.
    recordings.close();
    const again = await begin();
    t.after(() => again.close());
    await pass(29 * DAY_MS);
    assert.deepEqual(deleted, []);
    await pass(60_000 + DAY_MS / 96);
    await until('the first deletion', () => deleted.length === 1);
    assert.deepEqual(deleted, [right]);
    await pass(DAY_MS);
    await until('the other deletions', () => deleted.length === 3);
    assert.deepEqual(deleted.toSorted(), [known, right, unknown].toSorted());
    await pass(DAY_MS / 96);
    await until('nothing ahead', () => readFileSync(join(files, 'ahead'), 'utf8') === '{}\n');
  });

  test('off for two months, a call of today is not taken for one of the time before', async (t) => {
    const { recordings, begin, files, clock, pass, leap, deleted } = await stand(t);
    recordings.close();
    leap(60 * DAY_MS);
    const again = await begin();
    t.after(() => again.close());
    const id = mintCallId(clock.now(), Uint8Array.of(1, 2, 3, 4));
    await (await again.begin(id, null)).end('caller');
    await pass(DAY_MS / 96);
    await until('it is taken for one dated ahead', () => sizeOf(join(files, 'ahead')) > 0);
    await pass(DAY_MS);
    await until(
      'the clock is believed',
      () => readFileSync(join(files, 'ahead'), 'utf8') === '{}\n',
    );
    assert.deepEqual(deleted, []);
    await pass(28 * DAY_MS);
    assert.equal((await again.list()).length, 1);
  });

  test('what can’t be mended keeps nobody from calling', async (t) => {
    const { begin, files, recordings, logs } = await stand(t);
    recordings.close();
    mkdirSync(join(files, `${ID}.part`));
    const again = await begin();
    t.after(() => again.close());
    assert.match(logs.join(), new RegExp(`recording ${ID} can't be mended: .*; free some space`));
    assert.deepEqual(await again.list(), []);
  });

  test('sound whose description is broken is deleted in its time, too', async (t) => {
    const { begin, files, recordings, pass, clock, deleted } = await stand(t);
    recordings.close();
    const id = mintCallId(clock.now(), Uint8Array.of(1, 2, 3, 4));
    writeFileSync(join(files, `${id}.wav`), new Uint8Array(44));
    writeFileSync(join(files, `${id}.json`), '{');
    const again = await begin();
    t.after(() => again.close());
    assert.equal(namesIn(files).length, 2);
    await pass(31 * DAY_MS);
    await until('a deletion', () => deleted.length > 0);
    assert.deepEqual(namesIn(files), []);
    assert.deepEqual(deleted, [id]);
  });

  test('killed in mid-call: all but the last second is there, and plays', async (t) => {
    const { begin, files, recordings } = await stand(t);
    recordings.close();
    const script = join(import.meta.dirname, 'recorder.ts');
    const child = spawn(process.execPath, [script, files, ID], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => child.kill('SIGKILL'));
    let last = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      last = Number(line);
      if (last === 130) child.kill('SIGKILL');
    }
    // As a power cut in the middle of a sample would.
    writeFileSync(join(files, `${ID}.part`), Buffer.of(1, 2, 3), { flag: 'a' });
    const again = await begin();
    t.after(() => again.close());
    const info = await again.find(ID);
    assert.equal(info?.ended, 'crash');
    assert.equal(info?.number, '+8613800000001');
    const { left, right } = readStereo(join(files, `${ID}.wav`));
    assert.ok(left.length >= (last - 50) * 160, `${left.length / 160} of ${last} frames`);
    for (const [at, sample] of left.entries()) {
      assert.equal(sample, Math.floor(at / 160) + 1);
      assert.equal(right[at], -sample);
    }
    assert.deepEqual(namesIn(files).sort(), [`${ID}.json`, `${ID}.wav`]);
  });

  test('killed before any sound: it is described all the same', async (t) => {
    const { recordings, begin, files, clock } = await stand(t);
    const id = mintCallId(clock.now(), Uint8Array.of(1, 2, 3, 4));
    const first = await recordings.begin(id, null);
    t.after(() => first.end('us'));
    recordings.close();
    const again = await begin();
    t.after(() => again.close());
    assert.equal((await again.find(id))?.length_ms, 0);
    assert.deepEqual(readStereo(join(files, `${id}.wav`)).left, []);
  });

  test('after its time it is deleted, at a start or while it runs', async (t) => {
    const { recordings, files, pass, deleted } = await stand(t, 2 * DAY_MS);
    const first = await recordings.begin(ID, null);
    await first.end('caller');
    await pass(DAY_MS);
    const later = '20261123T190512Z-1a2b3c4d';
    const second = await recordings.begin(later, null);
    await second.end('caller');
    assert.deepEqual(
      (await recordings.list()).map(({ id }) => id),
      [later, ID],
    );
    await pass(DAY_MS + 60_000);
    await until('a deletion', () => deleted.length > 0);
    assert.deepEqual(deleted, [ID]);
    assert.deepEqual(namesIn(files).sort(), [`${later}.json`, `${later}.wav`]);
  });

  test('a full disk is told once and costs sound alone; with space again it goes on', async (t) => {
    const { recordings, files, logs } = await stand(t);
    const { recording, end } = await recordings.begin(ID, null);
    const file = await open('/dev/null');
    const prototype = Object.getPrototypeOf(file) as FileHandle;
    await file.close();
    const full = t.mock.method(prototype, 'write', async () => {
      throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    });
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    for (let at = 0; at < 200; at += 1) {
      recording.frame(frame(at, at));
      await turn();
    }
    assert.equal(logs.length, 1);
    assert.match(logs[0] ?? '', /ENOSPC.*free some space/);
    full.mock.restore();
    for (let at = 200; at < 300; at += 1) recording.frame(frame(at, at));
    const info = await end('caller');
    assert.equal(info.lost_ms, 0);
    const { left } = readStereo(join(files, `${ID}.wav`));
    assert.equal(left.length, 300 * 160);
    assert.ok(left.every((sample, at) => sample === Math.floor(at / 160)));
  });
});

describe('what must not be kept', () => {
  test('a pause reaches back, into what is on the disk already', async (t) => {
    const { recordings, files } = await stand(t);
    const { recording, end } = await recordings.begin(ID, null);
    const part = join(files, `${ID}.part`);
    for (let at = 0; at < 230; at += 1) {
      recording.frame(frame(1 + at, 1 + at));
      // Some blocks reach the disk before the pause, some are on their way.
      if (at === 120) await until('a block on the disk', () => sizeOf(part) > HEAD_BYTES);
    }
    recording.pause(3000);
    recording.frame(frame(5000, 5000));
    recording.resume();
    recording.frame(frame(6000, 6000));
    const info = await end('caller');
    assert.deepEqual(info.pauses, [{ from_ms: 1600, to_ms: 4620 }]);
    const { left, right } = readStereo(join(files, `${ID}.wav`));
    const expected = [...Array(232).keys()].map((at) => (at < 80 ? at + 1 : at === 231 ? 6000 : 0));
    assert.deepEqual(
      left,
      expected.flatMap((sample) => Array<number>(160).fill(sample)),
    );
    assert.deepEqual(right, left);
  });
});
