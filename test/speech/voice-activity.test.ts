/** Where a voice begins and ends, in quiet and where others talk. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VoiceActivity } from '#device/speech/voice-activity.ts';

const RATE = 16_000;
const FRAME = 320;

/** Frames of a tone, each as loud as it says (dB above one step). */
function soundOf(levels: readonly number[]): Int16Array {
  const out = new Int16Array(levels.length * FRAME);
  for (let at = 0; at < out.length; at += 1) {
    const rms = 10 ** ((levels[Math.floor(at / FRAME)] ?? 0) / 20);
    out[at] = Math.round(Math.SQRT2 * rms * Math.sin((2 * Math.PI * 300 * at) / RATE));
  }
  return out;
}

const held = (level: number, frames: number): number[] => Array<number>(frames).fill(level);
/** As a crowd is: up and down by 20 dB, several times a second. */
const crowd = (peak: number, frames: number): number[] =>
  Array.from({ length: frames }, (_, at) => peak - 10 + 10 * Math.cos(at / 2));

test('in quiet: a voice, its pause and its end', () => {
  const activity = new VoiceActivity(RATE);
  const sound = soundOf([...held(24, 40), ...held(66, 50), ...held(24, 60)]);
  assert.deepEqual(activity.push(sound), ['begin', 'pause', 'end']);
  const seconds = activity.utterance().length / RATE;
  assert.ok(seconds > 1.2 && seconds < 1.8, `${seconds} s`);
});

test('a crowd 20 dB below the voice does not keep it from ending', () => {
  const activity = new VoiceActivity(RATE);
  const sound = soundOf([...crowd(52, 40), ...held(72, 60), ...crowd(53, 60)]);
  const happened = activity.push(sound);
  assert.equal(happened.at(-1), 'end', happened.join());
});

test('a soft word after a loud one belongs to it', () => {
  const activity = new VoiceActivity(RATE);
  const sound = soundOf([...held(24, 40), ...held(72, 30), ...held(52, 30), ...held(24, 60)]);
  assert.deepEqual(activity.push(sound), ['begin', 'pause', 'end']);
  assert.ok(activity.utterance().length > 60 * FRAME);
});

test('a knock is no voice, and the next is waited for', () => {
  const activity = new VoiceActivity(RATE);
  const knock = [...held(24, 40), ...held(80, 4), ...held(24, 60)];
  assert.equal(activity.push(soundOf(knock)).at(-1), 'nothing');
  const voice = soundOf([...held(24, 10), ...held(60, 50), ...held(24, 60)]);
  assert.equal(activity.push(voice).at(-1), 'end');
});
