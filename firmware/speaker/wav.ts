/** Sound as 16-bit mono samples, and the RIFF/WAVE files that programs exchange it in. */

export interface Sound {
  /** Samples a second. */
  readonly rate: number;
  readonly samples: Int16Array;
}

const HEADER_BYTES = 44;

/**
 * Reads a 16-bit mono PCM WAV file, or answers `null` where it is not one or is cut short. A program
 * that writes to a pipe can't know the length beforehand: `streamed` takes all that follows instead.
 */
export function readWav(bytes: Uint8Array, streamed = false): Sound | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tag = (at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < HEADER_BYTES || tag(0) !== 'RIFF' || tag(8) !== 'WAVE') return null;
  let rate = 0;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at + 4, true);
    const body = at + 8;
    if (tag(at) === 'fmt ') {
      const pcm = view.getUint16(body, true) === 1;
      const mono = view.getUint16(body + 2, true) === 1;
      if (!pcm || !mono || view.getUint16(body + 14, true) !== 16) return null;
      rate = view.getUint32(body + 4, true);
    } else if (tag(at) === 'data' && rate > 0) {
      const there = bytes.length - body;
      if (!streamed && there < length) return null;
      const samples = new Int16Array(Math.floor((streamed ? there : length) / 2));
      for (let i = 0; i < samples.length; i += 1) samples[i] = view.getInt16(body + 2 * i, true);
      return { rate, samples };
    }
    at = body + length + (length % 2);
  }
  return null;
}

/** A whole WAV file. */
export function writeWav({ rate, samples }: Sound): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + 2 * samples.length);
  const view = new DataView(bytes.buffer);
  const tag = (at: number, text: string): void => {
    for (let i = 0; i < text.length; i += 1) view.setUint8(at + i, text.charCodeAt(i));
  };
  tag(0, 'RIFF');
  view.setUint32(4, bytes.length - 8, true);
  tag(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  tag(36, 'data');
  view.setUint32(40, 2 * samples.length, true);
  for (let i = 0; i < samples.length; i += 1) {
    view.setInt16(HEADER_BYTES + 2 * i, samples[i] ?? 0, true);
  }
  return bytes;
}

export const durationMs = ({ rate, samples }: Sound): number => (1000 * samples.length) / rate;

/** Below this a sample is the silence that a synthesiser puts around a word. */
const SILENCE = 330;
/** Loudness that every word is brought to: −15 dB of full scale, for a street. */
const TARGET_RMS = 5800;
const PEAK = 31_000;
const FADE_MS = 4;

/**
 * One word ready to be joined: without the silence around it, as loud as every other word, and
 * starting and ending so softly that a join does not click.
 */
export function trimWord({ rate, samples }: Sound): Sound {
  const from = samples.findIndex((sample) => Math.abs(sample) > SILENCE);
  if (from < 0) return { rate, samples: new Int16Array() };
  const to = samples.findLastIndex((sample) => Math.abs(sample) > SILENCE) + 1;
  const margin = Math.round((rate * FADE_MS) / 1000);
  const word = samples.subarray(Math.max(0, from - margin), to + margin);
  let peak = 1;
  let energy = 0;
  for (const sample of word) {
    peak = Math.max(peak, Math.abs(sample));
    energy += sample * sample;
  }
  const gain = Math.min(TARGET_RMS / Math.sqrt(energy / word.length), PEAK / peak);
  const treated = word.map((sample, at) => {
    const edge = Math.min(at + 1, word.length - at, margin) / margin;
    return Math.round(sample * gain * edge);
  });
  return { rate, samples: treated };
}

const GAP_MS = 40;

/** The words in order, a breath of silence between them. All have one sample rate. */
export function joinWords(words: readonly Sound[]): Sound {
  const rate = words[0]?.rate ?? 22_050;
  const gap = Math.round((rate * GAP_MS) / 1000);
  const length = words.reduce((sum, word) => sum + word.samples.length + gap, -gap);
  const samples = new Int16Array(Math.max(0, length));
  let at = 0;
  for (const word of words) {
    if (word.rate !== rate) throw new RangeError(`words at ${rate} and at ${word.rate} samples/s`);
    samples.set(word.samples, at);
    at += word.samples.length + gap;
  }
  return { rate, samples };
}
