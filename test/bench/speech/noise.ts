/** What a street and a telephone do to a voice. Repeatable: each noise comes from a seed. */

export type Condition = 'quiet' | 'pink 20 dB' | 'babble 20 dB' | 'pink 10 dB' | 'telephone';
export const CONDITIONS: readonly Condition[] = [
  'quiet',
  'pink 20 dB',
  'babble 20 dB',
  'pink 10 dB',
  'telephone',
];

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function chanceOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Pink noise by Paul Kellet's filter: 3 dB less each octave. */
function pink(length: number, chance: () => number): Float64Array {
  const out = new Float64Array(length);
  let [b0, b1, b2] = [0, 0, 0];
  for (let at = 0; at < length; at += 1) {
    const white = 2 * chance() - 1;
    b0 = 0.99765 * b0 + white * 0.099046;
    b1 = 0.963 * b1 + white * 0.2965164;
    b2 = 0.57 * b2 + white * 1.0526913;
    out[at] = b0 + b1 + b2 + white * 0.1848;
  }
  return out;
}

/** Six people at once, each somewhere in what they say. */
function babble(length: number, chance: () => number, talk: readonly Int16Array[]): Float64Array {
  const out = new Float64Array(length);
  for (let person = 0; person < 6; person += 1) {
    let voice = talk[Math.floor(chance() * talk.length)] ?? new Int16Array(1);
    let from = Math.floor(chance() * voice.length);
    const level = 1 / (rms(voice) || 1);
    for (let at = 0; at < length; at += 1) {
      out[at] = (out[at] ?? 0) + level * (voice[from] ?? 0);
      from += 1;
      if (from < voice.length) continue;
      voice = talk[Math.floor(chance() * talk.length)] ?? voice;
      from = 0;
    }
  }
  return out;
}

export function rms(samples: ArrayLike<number>): number {
  let energy = 0;
  for (let at = 0; at < samples.length; at += 1) energy += (samples[at] ?? 0) ** 2;
  return Math.sqrt(energy / Math.max(1, samples.length));
}

/** Loudness of what is voice, without the silence in it. */
function speechLevel(samples: Int16Array): number {
  const loud = samples.filter((sample) => Math.abs(sample) > 200);
  return rms(loud) || 1;
}

/** 300 to 3400 Hz at 8 kHz, through µ-law (ITU-T G.711), and back at 16 kHz. */
function telephone(samples: Float64Array): Float64Array {
  const narrow = bandPass(samples, 300, 3400);
  const out = new Float64Array(samples.length);
  for (let at = 0; at < out.length; at += 1) {
    const clean = Math.max(-1, Math.min(1, (narrow[at] ?? 0) / 32_768));
    const folded = Math.sign(clean) * (Math.log1p(255 * Math.abs(clean)) / Math.log1p(255));
    const coded = Math.round(folded * 127) / 127;
    out[at] = Math.sign(coded) * (((1 + 255) ** Math.abs(coded) - 1) / 255) * 32_768;
  }
  return bandPass(out, 300, 3400);
}

const RATE = 16_000;
const TAPS = 255;

/** A windowed-sinc band-pass filter. */
function bandPass(samples: Float64Array, low: number, high: number): Float64Array {
  const half = (TAPS - 1) / 2;
  const kernel = Float64Array.from({ length: TAPS }, (_, at) => {
    const x = at - half;
    const lobe = (f: number): number =>
      x === 0 ? (2 * f) / RATE : Math.sin((2 * Math.PI * f * x) / RATE) / (Math.PI * x);
    return (lobe(high) - lobe(low)) * (0.54 + 0.46 * Math.cos((Math.PI * x) / half));
  });
  return Float64Array.from(samples, (_, at) => {
    let sum = 0;
    for (let tap = 0; tap < TAPS; tap += 1) {
      sum += (kernel[tap] ?? 0) * (samples[at + tap - half] ?? 0);
    }
    return sum;
  });
}

const BEFORE = 0.5 * RATE;
const AFTER = 1.0 * RATE;
/** A microphone is never silent: −66 dB of full scale. */
const ROOM = 16;

/** The phrase as a microphone gets it: half a second of the place before it, a second after it. */
export function inPlace(
  voice: Int16Array,
  condition: Condition,
  talk: readonly Int16Array[],
  seed: number,
): Int16Array {
  const chance = chanceOf(seed);
  const length = BEFORE + voice.length + AFTER;
  const mixed = new Float64Array(length);
  const level = speechLevel(voice);
  const gain = 3000 / level;
  for (let at = 0; at < voice.length; at += 1) mixed[BEFORE + at] = gain * (voice[at] ?? 0);
  const [kind = '', decibels = ''] = condition.split(' ');
  const noise = kind === 'babble' ? babble(length, chance, talk) : pink(length, chance);
  const noisy = decibels !== '';
  const loudness = noisy ? 3000 / 10 ** (Number(decibels) / 20) : ROOM;
  const scale = loudness / (rms(noise) || 1);
  for (let at = 0; at < length; at += 1) mixed[at] = (mixed[at] ?? 0) + scale * (noise[at] ?? 0);
  const heard = condition === 'telephone' ? telephone(mixed) : mixed;
  return Int16Array.from(heard, (each) => Math.max(-32_768, Math.min(32_767, Math.round(each))));
}
