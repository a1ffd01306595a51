/** Sound at another sample rate: a windowed-sinc filter, so that nothing above either rate folds down. */

/** Zero crossings of the kernel on each side; more would only cost time. */
const CROSSINGS = 12;

const greatestDivisor = (a: number, b: number): number => (b === 0 ? a : greatestDivisor(b, a % b));

/** The kernel for each of the `up` positions of an output sample between input samples. */
function phases(up: number, cutoff: number): Float64Array[] {
  const half = Math.ceil(CROSSINGS / cutoff);
  return Array.from({ length: up }, (_, phase) => {
    const taps = new Float64Array(2 * half);
    for (let at = 0; at < taps.length; at += 1) {
      const x = at - half + 1 - phase / up;
      const angle = Math.PI * x * cutoff;
      const sinc = Math.abs(angle) < 1e-9 ? 1 : Math.sin(angle) / angle;
      const window = Math.abs(x) >= half ? 0 : 0.5 + 0.5 * Math.cos((Math.PI * x) / half);
      taps[at] = sinc * window * cutoff;
    }
    return taps;
  });
}

const KERNELS = new Map<string, Float64Array[]>();

/** `samples` of rate `from` as samples of rate `to`; 16-bit in, 16-bit out, clipped. */
export function resample(samples: Int16Array, from: number, to: number): Int16Array {
  if (from === to) return samples;
  const divisor = greatestDivisor(from, to);
  const up = to / divisor;
  const down = from / divisor;
  const key = `${up}/${down}`;
  const kernel = KERNELS.get(key) ?? phases(up, Math.min(1, to / from));
  KERNELS.set(key, kernel);
  const out = new Int16Array(Math.floor((samples.length * up) / down));
  for (let at = 0; at < out.length; at += 1) {
    const place = at * down;
    const taps = kernel[place % up] ?? new Float64Array();
    const start = Math.floor(place / up) - taps.length / 2 + 1;
    let sum = 0;
    for (let tap = 0; tap < taps.length; tap += 1) {
      sum += (taps[tap] ?? 0) * (samples[start + tap] ?? 0);
    }
    out[at] = Math.max(-32_768, Math.min(32_767, Math.round(sum)));
  }
  return out;
}
