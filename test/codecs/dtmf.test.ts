/** Keys read out of a call's sound: the limits of ITU-T Q.24, and no key in minutes of speech. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { DtmfReader, dtmfTone } from '#device/codecs/dtmf.ts';
import { FRAME_SAMPLES, type TelephoneKey } from '#device/ports/modem.ts';
import { amid, babble, pinkNoise, speakAs, VOICES } from '#simulators/modem/voices.ts';

interface Case {
  readonly what: string;
  readonly heard: boolean;
  readonly ms?: number;
  readonly off_percent?: number;
  readonly twist_db?: number;
  readonly amplitude?: number;
  readonly noise_db?: number;
  readonly gap_ms?: number;
  readonly hum_hertz?: number;
  readonly hum_db?: number;
}

const { cases } = JSON.parse(readFileSync('test/golden/dtmf.json', 'utf8')) as { cases: Case[] };
const KEYS = [...'0123456789*#ABCD'] as TelephoneKey[];
const silence = (ms: number): Int16Array => new Int16Array(8 * ms);
function joined(...parts: readonly Int16Array[]): Int16Array {
  const whole = new Int16Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** As a call brings it: frame after frame, from some sample on. */
function read(samples: Int16Array, skip = 0): string {
  const reader = new DtmfReader();
  let keys = '';
  for (let at = skip; at < samples.length; at += FRAME_SAMPLES) {
    keys += reader.push(samples.subarray(at, at + FRAME_SAMPLES)).join('');
  }
  return keys;
}

function soundOf(key: TelephoneKey, one: Case, seed: number): Int16Array {
  const { ms = 80, off_percent = 0, twist_db = 0, amplitude = 5000, noise_db, gap_ms } = one;
  const tone = dtmfTone(key, {
    ...{ ms, amplitude, twistDb: twist_db, offShare: off_percent / 100 },
  });
  if (gap_ms !== undefined) tone.fill(0, 8 * 35, 8 * (35 + gap_ms));
  const { hum_hertz, hum_db = 0 } = one;
  if (hum_hertz !== undefined) {
    const gain = amplitude * Math.SQRT2 * 10 ** (-hum_db / 20);
    for (let i = 0; i < tone.length; i += 1) {
      const hum = gain * Math.sin((2 * Math.PI * hum_hertz * i) / 8000);
      tone[i] = Math.round((tone[i] ?? 0) + hum);
    }
  }
  if (noise_db === undefined) return joined(silence(30), tone, silence(60));
  const noise = pinkNoise(tone.length, seed);
  return joined(silence(30), amid(tone, noise, noise_db), silence(60));
}

describe('the limits of a receiver', () => {
  for (const one of cases) {
    test(`${one.what}: ${one.heard ? 'a key' : 'none'}`, () => {
      for (const [seed, key] of KEYS.entries()) {
        const sound = soundOf(key, one, seed);
        for (const skip of [0, 17, 63]) {
          const found = read(sound, skip);
          assert.equal(found, one.heard ? key : '', `${key}, ${skip} samples later`);
        }
      }
    });
  }
});

test('keys one after another, 40 ms each with 40 ms between, the same one twice', () => {
  const keys = [...'13800000001#0*99'] as TelephoneKey[];
  const dialled = keys.flatMap((key) => [dtmfTone(key, { ms: 40 }), silence(40)]);
  for (const skip of [0, 11, 29, 47]) {
    assert.equal(read(joined(silence(20), ...dialled), skip), keys.join(''));
  }
});

test('a key that is held long is one key; one that slides into another is both', () => {
  assert.equal(read(dtmfTone('5', { ms: 3000 })), '5');
  assert.equal(read(joined(dtmfTone('5'), dtmfTone('6'))), '56');
});

/** Long sentences with many vowels, in which a careless reader finds keys. */
const TALK = [
  'Hello, I would like to order two portions of pork dumplings and one pan fried bun please, and a soy milk.',
  'My mother is asking whether you are open this evening, because we are eight people around a small table.',
  'No no no, oh I see, yes, that is right, eight eight eight zero zero one, and the rest is the same as before.',
  'We were late, the train was full, everybody was singing, and the rain came down on the roof all night long.',
];
const HAN = [
  '你好，我想要两份猪肉水饺，一份生煎包，再来一杯豆浆，谢谢。',
  '一二三四五六七八九零，一三八零零零零零零零一，对，就是这个号码。',
];

test('minutes of speech of eight voices, loud and amid others: not one key', async (t) => {
  let seconds = 0;
  let keys = '';
  const voices: Int16Array[] = [];
  const all = Object.values(VOICES).map(async (voice) => {
    for (const text of voice.voice.startsWith('cmn') ? HAN : TALK) {
      const said = await speakAs(voice, text);
      voices.push(said);
      const loudest = said.reduce((most, each) => Math.max(most, Math.abs(each)), 1);
      // What is loud has more that could be taken for a key.
      keys += read(said.map((each) => (each * 30_000) / loudest));
      seconds += said.length / 8000;
    }
  });
  await Promise.all(all);
  const crowd = Int16Array.from(babble(voices.slice(0, 5), 8000 * 30));
  keys += read(crowd);
  seconds += 30;
  t.diagnostic(`${Math.round(seconds)} s of speech`);
  assert.ok(seconds > 200, 'minutes');
  assert.equal(keys, '');
});

test('a key is heard while somebody talks at a distance', async () => {
  assert.ok(VOICES.rms);
  const talk = await speakAs(VOICES.rms, TALK[1] ?? '');
  const tone = dtmfTone('7', { ms: 120 });
  assert.equal(read(amid(tone, talk.subarray(8000), 15)), '7');
});
