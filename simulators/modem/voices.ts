/**
 * Callers' voices: synthesised, in the band of a telephone, with the noise of where they stand. What a
 * seed made once it makes again.
 */
import { spawn } from 'node:child_process';
import { resample } from '#device/codecs/resample.ts';
import { CALL_RATE } from '#device/ports/modem.ts';
import { fractions } from '#simulators/simulation/chance.ts';

export interface CallerVoice {
  readonly program: 'espeak-ng' | 'flite';
  /** As the program names it: `en-us+f3`, `cmn-latn-pinyin`; `rms`, `slt`. */
  readonly voice: string;
  /** Words a minute; espeak-ng alone. */
  readonly rate?: number;
}

/** Speakers who differ enough to be told apart. */
export const VOICES: Readonly<Record<string, CallerVoice>> = {
  ann: { program: 'espeak-ng', voice: 'en-us+f3', rate: 150 },
  ben: { program: 'espeak-ng', voice: 'en-gb+m3', rate: 160 },
  carl: { program: 'espeak-ng', voice: 'en-us+m7', rate: 175 },
  dora: { program: 'espeak-ng', voice: 'en-gb-scotland+f2', rate: 145 },
  rms: { program: 'flite', voice: 'rms' },
  slt: { program: 'flite', voice: 'slt' },
  li: { program: 'espeak-ng', voice: 'cmn-latn-pinyin', rate: 160 },
  mei: { program: 'espeak-ng', voice: 'cmn-latn-pinyin+f3', rate: 150 },
};

const INSTALL = { 'espeak-ng': 'espeak-ng', flite: 'flite' } as const;
const MOST_MS = 20_000;
/** It goes back to write the length when all is said, so it needs a file. */
const FLITE =
  'f=$(mktemp) && flite -voice "$1" -t "$2" -o "$f" && cat "$f"; r=$?; rm -f "$f"; exit $r';

/** What that caller says, as the network brings it: 8 kHz, 300 to 3400 Hz. Rejects with the mend. */
export async function speakAs(voice: CallerVoice, text: string): Promise<Int16Array> {
  const { rate, samples } = await synthesise(voice, text);
  return telephoneBand(resample(samples, rate, CALL_RATE));
}

/** The same as it left the mouth, at the synthesiser's own rate. */
export const synthesise = async (
  voice: CallerVoice,
  text: string,
): Promise<{ readonly rate: number; readonly samples: Int16Array }> =>
  readWav(await run(voice, text));

function run({ program, voice, rate = 160 }: CallerVoice, text: string): Promise<Buffer> {
  const args =
    program === 'espeak-ng'
      ? ['-v', voice, '-s', String(rate), '--stdout', '--', text]
      : ['-c', FLITE, 'flite', voice, text];
  return new Promise((resolve, reject) => {
    const child = spawn(program === 'flite' ? 'sh' : program, args, {
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: MOST_MS,
    });
    const parts: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => parts.push(part));
    child.once('error', () => {
      reject(new Error(`${program} is missing: sudo apt-get install ${INSTALL[program]}`));
    });
    child.once('close', (code) => {
      if (code === 0) resolve(Buffer.concat(parts));
      else if (code === 127) reject(new Error(`flite is missing: sudo apt-get install flite`));
      else reject(new Error(`${program} ended with ${code} for ${voice}`));
    });
  });
}

/** 16-bit mono; a program that writes to a pipe can't know the length, so all that follows is sound. */
function readWav(bytes: Buffer): { rate: number; samples: Int16Array } {
  const at = bytes.indexOf('data', 12, 'latin1');
  if (at < 0 || bytes.readUInt16LE(22) !== 1) throw new Error('the synthesiser gave no mono WAV');
  const sound = bytes.subarray(at + 8);
  const samples = Int16Array.from({ length: sound.length >> 1 }, (_, i) =>
    sound.readInt16LE(2 * i),
  );
  return { rate: bytes.readUInt32LE(24), samples };
}

/** Two poles at each edge, as a telephone network has at least. */
export function telephoneBand(samples: Int16Array): Int16Array {
  const low = filter(samples, edge(3400, 'low'));
  return Int16Array.from(filter(low, edge(300, 'high')), clip);
}

const clip = (level: number): number => Math.max(-32_768, Math.min(32_767, Math.round(level)));

type Biquad = readonly [b0: number, b1: number, b2: number, a1: number, a2: number];

/** A Butterworth edge by the bilinear transform. */
function edge(hertz: number, kind: 'low' | 'high'): Biquad {
  const w = (2 * Math.PI * hertz) / CALL_RATE;
  const alpha = Math.sin(w) / Math.SQRT2;
  const cos = Math.cos(w);
  const a0 = 1 + alpha;
  const side = kind === 'low' ? (1 - cos) / 2 : (1 + cos) / 2;
  const middle = kind === 'low' ? 1 - cos : -(1 + cos);
  return [side / a0, middle / a0, side / a0, (-2 * cos) / a0, (1 - alpha) / a0];
}

function filter(samples: ArrayLike<number>, [b0, b1, b2, a1, a2]: Biquad): Float64Array {
  const out = new Float64Array(samples.length);
  let [x1, x2, y1, y2] = [0, 0, 0, 0];
  for (let at = 0; at < samples.length; at += 1) {
    const x = samples[at] ?? 0;
    const y = b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2;
    [x2, x1, y2, y1] = [x1, x, y1, y];
    out[at] = y;
  }
  return out;
}

/** Noise that falls by 3 dB an octave, as streets and fans make (Kellet's filter). */
export function pinkNoise(length: number, seed: number): Float64Array {
  const roll = fractions(seed);
  let [b0, b1, b2] = [0, 0, 0];
  return Float64Array.from({ length }, () => {
    const white = roll() * 2 - 1;
    b0 = 0.99765 * b0 + white * 0.099046;
    b1 = 0.963 * b1 + white * 0.2965164;
    b2 = 0.57 * b2 + white * 1.0526913;
    return b0 + b1 + b2 + white * 0.1848;
  });
}

/** Several voices at once, each begun somewhere else: a restaurant. */
export function babble(voices: readonly Int16Array[], length: number): Float64Array {
  const mix = new Float64Array(length);
  for (const [which, voice] of voices.entries()) {
    const start = Math.floor((voice.length * which) / Math.max(1, voices.length));
    for (let at = 0; at < length; at += 1) {
      mix[at] = (mix[at] ?? 0) + (voice[(start + at) % voice.length] ?? 0);
    }
  }
  return mix;
}

const power = (samples: ArrayLike<number>): number => {
  let sum = 0;
  for (let at = 0; at < samples.length; at += 1) sum += (samples[at] ?? 0) ** 2;
  return sum / Math.max(1, samples.length);
};

/** The voice amid noise that is `snrDb` weaker than it; both are as long as the voice. */
export function amid(voice: Int16Array, noise: ArrayLike<number>, snrDb: number): Int16Array {
  const gain = Math.sqrt(power(voice) / (power(noise) || 1) / 10 ** (snrDb / 10));
  return voice.map((sample, at) => clip(sample + gain * (noise[at % noise.length] ?? 0)));
}
