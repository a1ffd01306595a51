/** Sound that came through a telephone's band is told from sound that did not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNarrow } from '#firmware/recogniser/front-end.ts';
import { chanceOf, inPlace } from '#test/bench/speech/noise.ts';

const RATE = 16_000;

/** Two seconds of hiss, loud and soft in turn as a voice is. */
function hiss(): Int16Array {
  const chance = chanceOf(7);
  return Int16Array.from({ length: 2 * RATE }, (_, at) => {
    const loud = 0.5 + 0.5 * Math.sin(at / 2000);
    return 8000 * loud * (2 * chance() - 1);
  });
}

test('a microphone’s sound is wide, a telephone’s is narrow', () => {
  const voice = hiss();
  for (const place of ['quiet', 'pink 20 dB'] as const) {
    assert.equal(isNarrow(inPlace(voice, place, [], 7)), false, place);
  }
  assert.equal(isNarrow(inPlace(voice, 'telephone', [], 7)), true);
});
