/** Another sample rate for a sound, without what the new rate can't carry. */
/** Zero crossings of the kernel on each side: more is steeper and slower. */
const REACH = 16;

/**
 * Samples at `from` a second as samples at `rate`; a windowed sinc, so that nothing above the new band
 * folds back into it.
 */
export function resample(samples: Int16Array, from: number, rate: number): Int16Array {
  if (from === rate) return samples;
  const scale = Math.min(1, rate / from) * 0.95;
  const reach = Math.ceil(REACH / scale);
  const length = Math.floor((samples.length * rate) / from);
  const out = new Int16Array(length);
  for (let at = 0; at < length; at += 1) {
    const centre = (at * from) / rate;
    const first = Math.max(0, Math.ceil(centre - reach));
    const last = Math.min(samples.length - 1, Math.floor(centre + reach));
    let sum = 0;
    let weights = 0;
    for (let near = first; near <= last; near += 1) {
      const weight = kernel((near - centre) * scale);
      sum += weight * (samples[near] ?? 0);
      weights += weight;
    }
    const level = weights === 0 ? 0 : Math.round(sum / weights);
    out[at] = Math.max(-32_768, Math.min(32_767, level));
  }
  return out;
}

/** Sinc under a Hann window of {@link REACH}. */
function kernel(x: number): number {
  if (Math.abs(x) >= REACH) return 0;
  if (x === 0) return 1;
  const angle = Math.PI * x;
  return (Math.sin(angle) / angle) * (0.5 + 0.5 * Math.cos(angle / REACH));
}
