/**
 * Telephone keys as tones (ITU-T Q.23): one of four low and one of four high frequencies at once. The
 * reader takes what Q.24 asks of receivers: 40 ms of tone and of pause, 1.5 % off, 15 dB above noise.
 */
import { CALL_RATE, type TelephoneKey } from '../ports/modem.ts';

const LOW = [697, 770, 852, 941] as const;
const HIGH = [1209, 1336, 1477, 1633] as const;
const KEYS = '123A456B789C*0#D';

/** 12.75 ms: short enough for two in a tone, long enough to part 697 Hz from 770. */
const BLOCK = 102;
/** Blocks overlap by half. */
const HOP = 51;
/** Blocks alike before it is a key: 32 ms. What is shorter is talk, or a click. */
const HITS = 4;
/** Blocks without it before the same key counts again; a gap of 10 ms spoils no more than three. */
const MISSES = 5;
/** Of full scale, for each of the two: 38 dB below it. */
const LEAST_AMPLITUDE = 400;
/** The low one may be 8 dB stronger, the high one 4 (Q.24), and a little for what leaks between them. */
const MOST_LOW = 10 ** 1.1;
const MOST_HIGH = 10 ** 0.5;
/** Each is so much stronger than the other three of its group: 8 dB. */
const APART = 6.3;
/** Share of all energy that the two have; voices spread theirs over harmonics. */
const SHARE = 0.78;

/** The sound of a key, 8 kHz: `amplitude` of each frequency, the high one `twistDb` stronger. */
export function dtmfTone(
  key: TelephoneKey,
  { ms = 100, amplitude = 5000, twistDb = 0, offShare = 0 } = {},
): Int16Array {
  const at = KEYS.indexOf(key);
  const turn = (hertz: number): number => (2 * Math.PI * hertz * (1 + offShare)) / CALL_RATE;
  const [low, high] = [turn(LOW[at >> 2] ?? 0), turn(HIGH[at & 3] ?? 0)];
  const stronger = 10 ** (twistDb / 20);
  return Int16Array.from({ length: (CALL_RATE * ms) / 1000 }, (_, i) =>
    Math.round(amplitude * (Math.sin(low * i) + stronger * Math.sin(high * i))),
  );
}

/** Energy at one frequency of a block (Goertzel); a sine of amplitude A gives (A × BLOCK ÷ 2)². */
function energyAt(block: Int16Array, hertz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hertz) / CALL_RATE);
  let [last, before] = [0, 0];
  for (let i = 0; i < block.length; i += 1) {
    const next = (block[i] ?? 0) + coefficient * last - before;
    before = last;
    last = next;
  }
  return last * last + before * before - coefficient * last * before;
}

/** The strongest of a group, where it stands out; else `null`. */
function strongest(block: Int16Array, group: readonly number[]) {
  const energies = group.map((hertz) => energyAt(block, hertz));
  const most = Math.max(...energies);
  const at = energies.indexOf(most);
  const alone = energies.every((each, i) => i === at || each * APART < most);
  return alone ? { at, energy: most } : null;
}

function keyOf(block: Int16Array): TelephoneKey | null {
  let all = 0;
  for (let i = 0; i < block.length; i += 1) all += (block[i] ?? 0) ** 2;
  const least = ((LEAST_AMPLITUDE * BLOCK) / 2) ** 2;
  // Two sines of that amplitude and nothing else.
  if (all < LEAST_AMPLITUDE ** 2 * BLOCK * SHARE) return null;
  const low = strongest(block, LOW);
  const high = low === null ? null : strongest(block, HIGH);
  if (low === null || high === null || Math.min(low.energy, high.energy) < least) return null;
  if (low.energy > high.energy * MOST_LOW || high.energy > low.energy * MOST_HIGH) return null;
  if (((low.energy + high.energy) * 2) / (BLOCK * all) < SHARE) return null;
  return (KEYS[low.at * 4 + high.at] ?? null) as TelephoneKey | null;
}

/** Reads keys out of the sound of one call. */
export class DtmfReader {
  readonly #block = new Int16Array(BLOCK);
  #filled = 0;
  #candidate: TelephoneKey | null = null;
  #hits = 0;
  #pressed: TelephoneKey | null = null;
  #misses = 0;

  /** Takes samples of any number, 8 kHz; answers the keys that began with them. */
  push(samples: Int16Array): readonly TelephoneKey[] {
    const keys: TelephoneKey[] = [];
    for (let at = 0; at < samples.length; ) {
      const taken = Math.min(samples.length - at, BLOCK - this.#filled);
      this.#block.set(samples.subarray(at, at + taken), this.#filled);
      at += taken;
      this.#filled += taken;
      if (this.#filled < BLOCK) break;
      const key = this.#take(keyOf(this.#block));
      if (key !== null) keys.push(key);
      this.#block.copyWithin(0, HOP);
      this.#filled = BLOCK - HOP;
    }
    return keys;
  }

  #take(key: TelephoneKey | null): TelephoneKey | null {
    if (key === this.#pressed) this.#misses = 0;
    else this.#misses += 1;
    if (this.#misses >= MISSES) this.#pressed = null;
    this.#hits = key === this.#candidate ? this.#hits + 1 : 1;
    this.#candidate = key;
    if (key === null || this.#hits !== HITS || key === this.#pressed) return null;
    this.#pressed = key;
    this.#misses = 0;
    return key;
  }
}
