/** What the caller hears, in the browser: the call's own samples as they come, 8 kHz. */

const RATE = 8000;
/** Kept before the first sample, so that a late one leaves no gap. */
const AHEAD_S = 0.15;
/** More waits than a caller would notice: it is left out. */
const MOST_S = 1;

export function buildCallSound(isLoud) {
  let stop = null;
  const start = () => {
    const end = new AbortController();
    const context = new AudioContext({ sampleRate: RATE });
    play(context, end.signal).catch(() => undefined);
    return () => {
      end.abort();
      context.close();
    };
  };
  return {
    update(on) {
      const wanted = on && isLoud();
      if (wanted && stop === null) stop = start();
      if (wanted || stop === null) return;
      stop();
      stop = null;
    },
  };
}

async function play(context, signal) {
  const { body } = await fetch('/v1/telephone/sound', { signal });
  const reader = body.getReader();
  let rest = new Uint8Array();
  let next = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const bytes = new Uint8Array([...rest, ...value]);
    const whole = bytes.length - (bytes.length % 2);
    rest = bytes.slice(whole);
    if (whole === 0) continue;
    const samples = new Int16Array(bytes.buffer, 0, whole / 2);
    const buffer = context.createBuffer(1, samples.length, RATE);
    buffer.copyToChannel(
      Float32Array.from(samples, (each) => each / 32_768),
      0,
    );
    const now = context.currentTime;
    if (next < now) next = now + AHEAD_S;
    if (next > now + MOST_S) continue;
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(context.destination);
    source.start(next);
    next += buffer.duration;
  }
}
