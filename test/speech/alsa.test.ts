/** The ALSA speaker's own promises: its cache, its programs, and a sentence that outlives its terminal. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { DeviceError } from '#device/ports/device.ts';
import type { Clip, Speaker } from '#device/ports/speaker.ts';
import { sayNotice, sayResult, VOCABULARY } from '#device/words/clips.ts';
import { openAlsaSpeaker } from '#firmware/speaker/alsa.ts';
import { SoundCard } from '#simulators/speaker/card.ts';
import { until } from '#test/until.ts';

const SENTENCE = sayNotice('no_network', 'en');
const PATH = process.env.PATH ?? '';

let directory = '';
let card: SoundCard;

const clips = (): string => join(directory, 'clips');
const files = (): string[] => readdirSync(clips()).filter((name) => name.endsWith('.wav'));
const open = (
  cacheDirectory = clips(),
  vocabulary: readonly Clip[] = VOCABULARY,
): Promise<Speaker> =>
  openAlsaSpeaker(
    'speaker',
    { device: 'default', cacheDirectory, vocabulary },
    { lost: () => undefined },
  );

/** A PATH that has these programs alone, under these names. */
function only(programs: readonly string[]): string {
  const bin = mkdtempSync(join(directory, 'bin-'));
  for (const program of programs) {
    symlinkSync(which(program), join(bin, program));
  }
  return bin;
}

function which(program: string): string {
  const where = execFileSync('/bin/sh', ['-c', `command -v ${program}`], { env: { PATH } });
  return where.toString().trim();
}

async function failure(promise: Promise<unknown>): Promise<DeviceError> {
  const error = await promise.then(
    () => assert.fail('it should have failed'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof DeviceError, String(error));
  return error;
}

const allClips = (): Promise<true> =>
  until('the whole vocabulary', () => files().length === VOCABULARY.length, 30_000);

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'alsa-'));
  card = await SoundCard.open({ directory: join(directory, 'card'), clipDirectory: clips() });
  Object.assign(process.env, card.environment);
});
after(async () => {
  await card?.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('programs', () => {
  test('without espeak-ng it names the command that brings it', async () => {
    process.env.PATH = only(['aplay', 'sh']);
    const error = await failure(open());
    process.env.PATH = PATH;
    assert.equal(error.code, 'missing_tool');
    assert.equal(error.mend, 'sudo apt-get install espeak-ng');
  });

  test('without aplay too', async () => {
    process.env.PATH = only(['espeak-ng', 'sh']);
    const error = await failure(open());
    process.env.PATH = PATH;
    assert.equal(error.code, 'missing_tool');
    assert.equal(error.mend, 'sudo apt-get install alsa-utils');
  });

  test('a card that another program holds is busy, one that is forbidden is denied', async () => {
    const bin = mkdtempSync(join(directory, 'bin-'));
    for (const [said, code] of [
      ['Device or resource busy', 'busy'],
      ['Permission denied', 'denied'],
      ['No such device', 'absent'],
    ] as const) {
      const script = `#!/bin/sh\necho 'aplay: main:831: audio open error: ${said}' >&2\nexit 1\n`;
      writeFileSync(join(bin, 'aplay'), script);
      chmodSync(join(bin, 'aplay'), 0o755);
      process.env.PATH = `${bin}:${PATH}`;
      const error = await failure(open());
      process.env.PATH = PATH;
      assert.equal(error.code, code);
      assert.ok((error.mend ?? '') !== '');
    }
  });
});

describe('the clips', () => {
  test('a first start does not wait for the vocabulary, and speaks at once', async (t) => {
    rmSync(clips(), { recursive: true, force: true });
    const began = performance.now();
    const speaker = await open();
    const opened = performance.now();
    assert.ok(files().length < VOCABULARY.length, 'most of it is still to be rendered');
    const { promise: started, resolve } = Promise.withResolvers<void>();
    const spoken = speaker.speak(SENTENCE, resolve);
    await started;
    const said = performance.now();
    assert.ok(files().length < VOCABULARY.length, 'what was asked for came first');
    t.diagnostic(`open in ${Math.round(opened - began)} ms, ${Math.round(said - opened)} to speak`);
    await spoken;
    await allClips();
    t.diagnostic(`${VOCABULARY.length} clips after ${Math.round(performance.now() - began)} ms`);
    await speaker.close();
  });

  test('a second start needs espeak-ng no more and renders nothing again', async () => {
    await allClips();
    const times = files().map((name) => statSync(join(clips(), name)).mtimeMs);
    process.env.PATH = only(['aplay', 'sh']);
    const speaker = await open();
    await speaker.speak(SENTENCE);
    await speaker.close();
    process.env.PATH = PATH;
    assert.deepEqual(
      files().map((name) => statSync(join(clips(), name)).mtimeMs),
      times,
    );
  });

  test('a changed text is rendered again, and its old clip removed', async () => {
    const cache = join(directory, 'upgrade');
    const clip = (text: string): Clip => ({ id: 'en.ready', language: 'en', text });
    const first = await open(cache, [clip('ready to sell')]);
    const [old] = await until('the clip', () => {
      const there = readdirSync(cache).filter((name) => name.endsWith('.wav'));
      return there.length === 1 && there;
    });
    await first.close();
    const second = await open(cache, [clip('open for business')]);
    const [next] = await until('the new clip', () => {
      const there = readdirSync(cache).filter((name) => /^en\.ready.*wav$/.test(name));
      return there.length === 1 && there[0] !== old && there;
    });
    await second.close();
    assert.match(next ?? '', /^en\.ready-[0-9a-f]{12}\.wav$/);
  });

  test('half a clip is rendered again', async () => {
    await allClips();
    const name = files().find((each) => each.startsWith('en.received-')) ?? '';
    const whole = readFileSync(join(clips(), name));
    writeFileSync(join(clips(), name), whole.subarray(0, whole.length >> 1));
    const speaker = await open();
    await until('the whole clip', () => readFileSync(join(clips(), name)).equals(whole));
    await speaker.close();
  });

  test('on a full disk it speaks all the same', async () => {
    // Nothing can be made below a file: what a full or read-only disk comes to.
    writeFileSync(join(directory, 'full'), '');
    const speaker = await open(join(directory, 'full', 'clips'));
    const from = card.heard().length;
    await speaker.speak(SENTENCE);
    await until('the sentence', () => card.heard().length > from);
    assert.equal(card.heard().at(-1)?.text, 'no network');
    await speaker.close();
  });

  test('are loud, equally so, free of silence at their ends, and start and end softly', async () => {
    await allClips();
    for (const name of files()) {
      const pcm = readFileSync(join(clips(), name)).subarray(44);
      const samples = new Int16Array(pcm.length / 2).map((_, at) => pcm.readInt16LE(2 * at));
      const peak = samples.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
      const rms = Math.sqrt(samples.reduce((sum, each) => sum + each * each, 0) / samples.length);
      assert.ok(peak > 12_000 && peak <= 31_000, `${name}: peak ${peak}`);
      assert.ok(rms > 2500 && rms < 6000, `${name}: ${Math.round(rms)} RMS`);
      for (const edge of [samples[0] ?? 0, samples.at(-1) ?? 0]) {
        assert.ok(Math.abs(edge) < 300, `${name} would click: ${edge}`);
      }
      const loudFrom = samples.findIndex((each) => Math.abs(each) > 600);
      assert.ok(loudFrom < 1500, `${name}: ${loudFrom} quiet samples before it`);
    }
  });
});

describe('a terminal that is killed', () => {
  const script = `
    import { openAlsaSpeaker } from '#firmware/speaker/alsa.ts';
    import { VOCABULARY } from '#device/words/clips.ts';
    const [cacheDirectory, mark, ...clips] = process.argv.slice(1);
    const speaker = await openAlsaSpeaker(
      'speaker', { device: 'default', cacheDirectory, vocabulary: VOCABULARY },
      { lost: (error) => console.log(error.message) });
    await speaker.speak(clips, () => console.log('started'), mark);
  `;
  const PAID = sayResult({ outcome: 'paid', amount_minor: 1250, currency: 'CNY' }, 'en');

  const terminal = (mark: string): ChildProcess =>
    spawn(process.execPath, ['--input-type=module', '-e', script, clips(), mark, ...PAID], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });

  /** What is said under `mark` was heard whole, once, and the next sentence waits for it. */
  async function nextWaits(mark: string, from: number): Promise<void> {
    const speaker = await open();
    await speaker.speak(PAID, undefined, mark);
    await speaker.speak(sayNotice('ready', 'en'));
    await until('both sentences', () => card.heard().length === from + 2);
    const [first, second] = card.heard().slice(from);
    assert.equal(first?.text, 'received twelve yuan fifty');
    assert.equal(second?.text, 'ready to sell');
    assert.ok((second?.started_at ?? 0) >= (first?.ended_at ?? 0));
    await speaker.close();
  }

  test('in mid-sentence: it is heard to the end, and the next one waits for it', async () => {
    await allClips();
    const from = card.heard().length;
    const child = terminal('mid-sentence');
    const exited = new Promise((resolve) => child.once('exit', resolve));
    await new Promise<void>((resolve) => {
      child.stdout?.on('data', (bytes: Buffer) => {
        if (bytes.toString().includes('started')) resolve();
      });
    });
    child.kill('SIGKILL');
    await exited;
    await nextWaits('mid-sentence', from);
  });

  test('before anything is heard: the same', async () => {
    await allClips();
    const from = card.heard().length;
    // Who makes the mark forgets what was noted of the one who speaks, and ends the terminal.
    const bin = mkdtempSync(join(directory, 'bin-'));
    const note = join(clips(), 'playing.pid');
    const ending = `rm -f '${note}'\nkill -9 "$(ps -o ppid= -p $PPID | tr -d ' ')"`;
    writeFileSync(join(bin, 'mkdir'), `#!/bin/sh\n${ending}\nexec ${which('mkdir')} "$@"\n`);
    chmodSync(join(bin, 'mkdir'), 0o755);
    process.env.PATH = `${bin}:${PATH}`;
    const child = terminal('beginning');
    process.env.PATH = PATH;
    await new Promise((resolve) => child.once('exit', resolve));
    assert.equal(child.signalCode, 'SIGKILL');
    await until('the note', () => existsSync(note));
    await nextWaits('beginning', from);
  });
});

test('the ear does not know what is no clip', async () => {
  const wav = join(directory, 'whistle.wav');
  execFileSync('sox', [
    '-n',
    '-r',
    '22050',
    '-c',
    '1',
    '-b',
    '16',
    wav,
    'synth',
    '0.3',
    'sine',
    '880',
  ]);
  const from = card.heard().length;
  // The card lives in this process: it must not be blocked while aplay plays.
  spawn('aplay', ['-q', wav]);
  await until('the whistle', () => card.heard().length > from);
  assert.equal(card.heard().at(-1)?.text, null);
  assert.deepEqual(card.heard().at(-1)?.clips, []);
});
