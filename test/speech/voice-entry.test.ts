/** Row A2 on the wire: sound at the microphone becomes an order, through arecord and the real decoder. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { peek } from '#device/codecs/jws.ts';
import { Journal } from '#device/journal.ts';
import type { Uplink } from '#device/messages/order.ts';
import { DeviceError } from '#device/ports/device.ts';
import type { Screen } from '#device/ports/display.ts';
import type { Microphone } from '#device/ports/microphone.ts';
import type { Recogniser } from '#device/ports/recogniser.ts';
import { vendorVocabulary } from '#device/speech/vocabulary.ts';
import { Terminal } from '#device/terminal.ts';
import { systemChance, systemClock } from '#firmware/clock.ts';
import { driverContext } from '#firmware/drivers.ts';
import { openAlsaMicrophone } from '#firmware/microphone/alsa.ts';
import { Organs } from '#firmware/organs.ts';
import { openPocketsphinx } from '#firmware/recogniser/pocketsphinx.ts';
import { SimulatedMicrophone } from '#simulators/microphone/microphone.ts';
import { Booth, VOICES } from '#test/bench/speech/voices.ts';
import { MemoryDisk, SETTINGS, STALL } from '#test/flows/stand.ts';
import { until } from '#test/until.ts';

let directory = '';
let microphone: SimulatedMicrophone;
const phrase = new Map<string, Int16Array>();
const nobody = { lost: () => undefined };

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'voice-'));
  microphone = new SimulatedMicrophone({ directory: join(directory, 'microphone') });
  Object.assign(process.env, microphone.environment);
  const voice = VOICES.find(({ name }) => name === 'espeak-ng en-us+m1');
  assert.ok(voice);
  const said = ['twelve fifty', 'please wait a moment I will ask him'];
  const sounds = await new Booth(join(directory, 'voices')).render(voice, said);
  for (const [at, sound] of sounds.entries()) {
    // Nobody speaks at the very moment of the beep.
    phrase.set(said[at] ?? '', Int16Array.from([...new Int16Array(8000), ...sound]));
  }
});
after(async () => {
  await microphone?.close();
  rmSync(directory, { recursive: true, force: true });
});

const failure = async (promise: Promise<unknown>): Promise<DeviceError> => {
  const error: unknown = await promise.then(
    () => assert.fail('it should have failed'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof DeviceError, String(error));
  return error;
};

/** A terminal whose only organs are a microphone and a recogniser. */
async function terminalAt(t: TestContext) {
  const screens: Screen[] = [];
  const sent: Uplink[] = [];
  const { journal } = await Journal.open(new MemoryDisk());
  const profile = {
    about: '',
    qr: { format: 'url' as const },
    microcontrollers: {},
    organs: {
      microphone: { driver: 'alsa-microphone' as const, device: 'default' },
      recogniser: { driver: 'pocketsphinx' as const },
    },
  };
  const vocabulary = vendorVocabulary(STALL.currency, STALL.catalogue);
  const context = driverContext(profile, directory, 'en');
  const working = new Set<string>();
  const organs = new Organs(profile, context, vocabulary, systemClock, {
    key: () => undefined,
    scan: () => undefined,
    card: () => undefined,
    log: () => undefined,
    organ(name, state) {
      if (state.is === 'working') working.add(name);
      terminal.push({ is: 'organ', name, state });
    },
  });
  const show = organs.show.bind(organs);
  organs.show = (screen) => {
    screens.push(screen);
    show(screen);
  };
  const terminal = new Terminal(SETTINGS, [], {
    clock: systemClock,
    chance: systemChance,
    journal,
    link: { publish: (token) => void sent.push(peek(token) as Uplink) },
    outlets: organs,
    log: () => undefined,
  });
  // Also where a test fails: what runs on keeps its file from ending.
  t.after(async () => {
    terminal.stop();
    await organs.close();
  });
  await until('microphone and recogniser', () => working.size === 2, 10_000);
  const last = (): Screen | undefined => screens.at(-1);
  return { terminal, sent, last };
}

test('“twelve fifty”, Enter: an order of 12.50', async (t) => {
  const { terminal, sent, last } = await terminalAt(t);
  terminal.push({ is: 'link', up: true });
  terminal.push({ is: 'key', key: '*' });
  await until('listening', () => last()?.title === 'Listening…');
  await microphone.say(phrase.get('twelve fifty') ?? new Int16Array());
  const spoken = performance.now();
  await until('the question', () => last()?.title === 'Is this right?');
  t.diagnostic(`shown ${Math.round(performance.now() - spoken)} ms after the last sample`);
  assert.equal(last()?.big, '¥12.50');
  assert.equal(sent.length, 0);
  terminal.push({ is: 'key', key: 'enter' });
  const order = await until('the order', () =>
    sent.flatMap((uplink) => (uplink.kind === 'order' ? [uplink.order] : [])).at(0),
  );
  assert.equal(order.amount_minor, 1250);
  terminal.push({ is: 'key', key: 'cancel' });
});

test('talk that is no order is not taken for one', async (t) => {
  const { terminal, sent, last } = await terminalAt(t);
  terminal.push({ is: 'key', key: '*' });
  await until('listening', () => last()?.title === 'Listening…');
  await microphone.say(phrase.get('please wait a moment I will ask him') ?? new Int16Array());
  await until('a refusal', () => last()?.tone === 'bad');
  assert.equal(sent.length, 0);
});

describe('what is not there is named, with its mend', () => {
  test('a microphone that is unplugged', async (t) => {
    await microphone.apply({ fault: 'unplug' });
    t.after(() => microphone.apply({ fault: 'replug' }));
    const settings = { device: 'default' };
    const error = await failure(openAlsaMicrophone('microphone', settings, nobody));
    assert.equal(error.code, 'absent');
    assert.match(error.mend ?? '', /arecord -L/);
  });

  test('a microphone that hangs', async (t) => {
    await microphone.apply({ fault: 'hang' });
    t.after(() => microphone.apply({ fault: 'clear' }));
    const settings = { device: 'default' };
    const error = await failure(openAlsaMicrophone('microphone', settings, nobody));
    assert.equal(error.code, 'timeout');
  });

  test('Chinese without a model', async () => {
    const error = await failure(openPocketsphinx('recogniser', 'zh-CN', nobody));
    assert.equal(error.code, 'missing_tool');
    assert.match(error.mend ?? '', /boards\.json.*sherpa/);
  });
});

describe('the recogniser’s process', () => {
  test('that is killed is told of, and another does its work', async (t) => {
    const lost = Promise.withResolvers<DeviceError>();
    const recogniser: Recogniser = await openPocketsphinx('recogniser', 'en', {
      lost: lost.resolve,
    });
    t.after(() => recogniser.close());
    const pid = 'pid' in recogniser ? recogniser.pid : undefined;
    assert.equal(typeof pid, 'number');
    process.kill(pid as number, 'SIGKILL');
    assert.equal((await lost.promise).code, 'lost');
    const next = await openPocketsphinx('recogniser', 'en', nobody);
    t.after(() => next.close());
    const samples = phrase.get('twelve fifty') ?? new Int16Array();
    const vocabulary = vendorVocabulary('CNY', []);
    const result = await next.recognise({ rate: 16_000, samples }, vocabulary);
    assert.deepEqual(result.is === 'heard' && result.texts[0], 'twelve fifty');
  });
});

test('it listens between the key and the answer alone', async (t) => {
  const opened: Microphone = await openAlsaMicrophone('microphone', { device: 'default' }, nobody);
  t.after(() => opened.close());
  const first = Promise.withResolvers<void>();
  const capture = opened.capture({ samples: () => first.resolve(), failed: first.reject });
  await first.promise;
  capture.stop();
});
