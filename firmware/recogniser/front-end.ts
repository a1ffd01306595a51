/**
 * What an utterance goes through before it is decoded, and what its sound alone says of it. A network that takes noise away (RNNoise) helps
 * in a crowd and harms in quiet, so it is asked only where it is noisy; and digital silence, which no
 * microphone ever gave, is something the decoder was never trained on, so a little noise is put in.
 */
import { resample } from '#device/speech/resample.ts';
import { loudness } from '#device/speech/voice-activity.ts';

/** The parts of the module that are used; it brings no types. */
interface RNNoise {
  readonly HEAPF32: Float32Array;
  _malloc(bytes: number): number;
  _rnnoise_create(model: number): number;
  _rnnoise_destroy(state: number): void;
  _rnnoise_process_frame(state: number, out: number, input: number): number;
}

const RATE = 16_000;
const FRAME = 320;
/** Less than this between voice and place is noisy. */
export const NOISY_DB = 28;
/** Less than this and nobody could be sure of an amount. */
export const TOO_NOISY_DB = 15;
/** Noise that is put in, below the voice: after the network, which leaves digital silence, and else. */
const COMFORT_AFTER_DB = 30;
const COMFORT_DB = 50;
/** RMS that every voice is brought to. */
const TARGET_DB = 66;

/** Loudness of the place and of the voice in an utterance, in dB above one step. */
export function levelsOf(samples: Int16Array): { readonly place: number; readonly voice: number } {
  const levels: number[] = [];
  for (let at = 0; at + FRAME <= samples.length; at += FRAME) {
    levels.push(loudness(samples.subarray(at, at + FRAME)));
  }
  levels.sort((a, b) => a - b);
  const part = (share: number): number => levels[Math.floor(share * (levels.length - 1))] ?? 0;
  return { place: part(0.08), voice: part(0.85) };
}

/** The network's own frame, at 48 kHz. */
const NETWORK_FRAME = 480;
const NETWORK_RATE = 48_000;

/** Opens the network; what it answers takes noise away from 16 kHz sound. */
export async function openDenoiser(): Promise<(samples: Int16Array) => Int16Array> {
  const module: { default(): Promise<RNNoise> } = await import('@echogarden/rnnoise-wasm');
  const network = await module.default();
  const buffer = network._malloc(4 * NETWORK_FRAME);
  return (samples) => {
    const state = network._rnnoise_create(0);
    const wide = resample(samples, RATE, NETWORK_RATE);
    const out = new Int16Array(wide.length);
    for (let at = 0; at + NETWORK_FRAME <= wide.length; at += NETWORK_FRAME) {
      // Looked up each time: the memory may have grown.
      const heap = network.HEAPF32.subarray(buffer >> 2, (buffer >> 2) + NETWORK_FRAME);
      heap.set(wide.subarray(at, at + NETWORK_FRAME));
      network._rnnoise_process_frame(state, buffer, buffer);
      for (let i = 0; i < NETWORK_FRAME; i += 1) out[at + i] = clip(heap[i] ?? 0);
    }
    network._rnnoise_destroy(state);
    return resample(out, NETWORK_RATE, RATE);
  };
}

const clip = (value: number): number => Math.max(-32_768, Math.min(32_767, Math.round(value)));

/** The same noise each time, so that an utterance is always decoded alike. */
function addComfort(samples: Int16Array, rms: number): Int16Array {
  let state = 0x9e3779b9;
  return samples.map((sample) => {
    let sum = 0;
    for (let i = 0; i < 3; i += 1) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      sum += state / 2 ** 31 - 1;
    }
    return clip(sample + rms * sum);
  });
}

const fromDb = (db: number): number => 10 ** (db / 20);

/** 16 kHz sound, ready to be decoded. */
export function prepare(
  samples: Int16Array,
  denoise: (samples: Int16Array) => Int16Array,
): Int16Array {
  const { place, voice } = levelsOf(samples);
  const noisy = voice - place < NOISY_DB;
  const clean = levelled(noisy ? denoise(samples) : samples);
  return addComfort(clean, fromDb(TARGET_DB - (noisy ? COMFORT_AFTER_DB : COMFORT_DB)));
}

/** With its voice as loud as every other. */
function levelled(samples: Int16Array): Int16Array {
  const gain = fromDb(TARGET_DB - levelsOf(samples).voice);
  return samples.map((sample) => clip(sample * gain));
}

/** What a telephone leaves out begins here; so far below the voice and it is left out. */
const WIDE_HZ = 4400;
const NARROW_DB = 48;
const TAPS = 101;
/** A windowed-sinc high-pass filter. */
const HIGH_PASS = Float64Array.from({ length: TAPS }, (_, at) => {
  const x = at - (TAPS - 1) / 2;
  const low =
    x === 0 ? (2 * WIDE_HZ) / RATE : Math.sin((2 * Math.PI * WIDE_HZ * x) / RATE) / (Math.PI * x);
  return ((x === 0 ? 1 : 0) - low) * (0.54 + 0.46 * Math.cos((2 * Math.PI * x) / (TAPS - 1)));
});

/**
 * Whether 16 kHz sound came through a telephone’s band: *sixty* and *fifty* are told apart by what it
 * leaves out, so nobody could be sure of an amount.
 */
export function isNarrow(samples: Int16Array): boolean {
  const levels: number[] = [];
  const high = new Int16Array(FRAME);
  for (let from = 0; from + FRAME + TAPS <= samples.length; from += FRAME) {
    for (let at = 0; at < FRAME; at += 1) {
      let sum = 0;
      for (let tap = 0; tap < TAPS; tap += 1) {
        sum += (HIGH_PASS[tap] ?? 0) * (samples[from + at + tap] ?? 0);
      }
      high[at] = clip(sum);
    }
    levels.push(loudness(high));
  }
  levels.sort((a, b) => a - b);
  const loud = levels[Math.floor(0.9 * levels.length)] ?? 0;
  return levelsOf(samples).voice - loud > NARROW_DB;
}

/** How much of the sound as it was goes with what the network left of it. */
const AS_IT_WAS = 0.3;
/** As a longer and as a shorter throat would have said it: the model fits some voices only then. */
const LONGER: readonly [up: number, down: number] = [108, 100];
const SHORTER: readonly [up: number, down: number] = [93, 100];

/** One utterance in four ways, each of which makes other mistakes. */
export interface Views {
  readonly noisy: boolean;
  /** How far the voice is above the place. */
  readonly aboveDb: number;
  readonly plain: Int16Array;
  readonly cleaned: Int16Array;
  readonly longer: Int16Array;
  readonly shorter: Int16Array;
}

/** 16 kHz sound in the ways it is to be decoded where it matters. */
export function viewsOf(samples: Int16Array, denoise: (samples: Int16Array) => Int16Array): Views {
  const { place, voice } = levelsOf(samples);
  const aboveDb = voice - place;
  const noisy = aboveDb < NOISY_DB;
  const raw = levelled(samples);
  const clean = levelled(denoise(samples));
  const mixed = raw.map((sample, at) =>
    clip(AS_IT_WAS * sample + (1 - AS_IT_WAS) * (clean[at] ?? 0)),
  );
  const plain = addComfort(raw, fromDb(TARGET_DB - COMFORT_DB));
  const after = fromDb(TARGET_DB - COMFORT_AFTER_DB);
  const base = noisy ? addComfort(clean, after) : plain;
  const stretch = ([up, down]: readonly [number, number]): Int16Array =>
    resample(base, down * 100, up * 100);
  return {
    noisy,
    aboveDb,
    plain,
    cleaned: addComfort(levelled(mixed), after),
    longer: stretch(LONGER),
    shorter: stretch(SHORTER),
  };
}
