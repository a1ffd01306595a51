/**
 * Where a voice begins and ends in a stream of sound: louder than the place by some decibels for some
 * time, then not. What the place sounds like is learnt before anybody speaks, and on.
 */

const FRAME_MS = 20;
/** Louder than the place by this, a frame is voice. */
const MARGIN_DB = 9;
/** A crowd’s loudest moments are so much above its softest: a voice is above them, or as near to its own peak. */
const CROWD_DB = 20;
const BELOW_PEAK_DB = 18;
/** Softer than this, nothing is voice: −54 dB of full scale. */
const LEAST_RMS = 65;
/** Of the last five frames so many are voice: it has begun. */
const BEGIN_FRAMES = 3;
const WINDOW = 5;
/** A cough or a click is shorter. */
const SHORTEST_MS = 160;
const PAUSE_MS = 320;
const END_MS = 620;
/** Kept before the voice, whose first sound may be soft. */
const LEAD_MS = 260;
const TRAIL_MS = 300;
const LONGEST_MS = 9000;

export type Activity =
  /** `pause`: it may be over, and is worth decoding; `resume`: it was not. */
  | 'begin'
  | 'pause'
  | 'resume'
  | 'end' /* It was a cough or a knock: nobody has spoken yet. */
  | 'nothing';

/** Follows one utterance; make a new one for the next. */
export class VoiceActivity {
  readonly #rate: number;
  readonly #pauseMs: number;
  readonly #frame: number;
  readonly #parts: Int16Array[] = [];
  #rest = new Int16Array();
  /** Frames that are kept in `parts`. */
  #kept = 0;
  #floorDb: number | null = null;
  /** The loudest moment since it began. */
  #peakDb: number | null = null;
  readonly #recent: boolean[] = [];
  #voiced = 0;
  #silentMs = 0;
  #state: 'waiting' | 'voice' | 'pause' | 'over' = 'waiting';

  /** `rate` in samples a second; `pauseMs` of silence may be the end. */
  constructor(rate: number, pauseMs = PAUSE_MS) {
    this.#rate = rate;
    this.#pauseMs = pauseMs;
    this.#frame = (rate * FRAME_MS) / 1000;
  }

  /** Takes sound of any length; answers what happened in it, in order. */
  push(samples: Int16Array): Activity[] {
    const all = new Int16Array(this.#rest.length + samples.length);
    all.set(this.#rest);
    all.set(samples, this.#rest.length);
    const happened: Activity[] = [];
    let at = 0;
    for (; at + this.#frame <= all.length; at += this.#frame) {
      if (this.#state === 'over') break;
      const activity = this.#take(all.slice(at, at + this.#frame));
      if (activity !== null) happened.push(activity);
    }
    this.#rest = all.slice(at);
    return happened;
  }

  /** The utterance so far, with a little of the place at both ends. */
  utterance(): Int16Array {
    const surplus = Math.max(0, this.#silentMs - TRAIL_MS) / FRAME_MS;
    const frames = this.#parts.slice(0, this.#parts.length - Math.floor(surplus));
    const out = new Int16Array(frames.length * this.#frame);
    for (const [at, frame] of frames.entries()) out.set(frame, at * this.#frame);
    return out;
  }

  get rate(): number {
    return this.#rate;
  }

  #take(frame: Int16Array): Activity | null {
    const level = loudness(frame);
    const floor = this.#floorDb ?? Math.min(level, decibels(LEAST_RMS) + 20);
    const peak = Math.max(level, this.#peakDb ?? level);
    if (this.#state !== 'waiting') this.#peakDb = peak;
    const least = Math.min(peak - BELOW_PEAK_DB, floor + CROWD_DB);
    const loud = level > Math.max(floor + MARGIN_DB, least) && level > decibels(LEAST_RMS);
    // Down at once, up slowly: a voice does not become the place.
    const drift = level < floor ? 0.3 : loud ? 0.002 : 0.05;
    this.#floorDb = floor + drift * (level - floor);
    this.#parts.push(frame);
    this.#kept += 1;
    return this.#step(loud);
  }

  #step(loud: boolean): Activity | null {
    if (this.#state === 'waiting') {
      this.#recent.push(loud);
      if (this.#recent.length > WINDOW) this.#recent.shift();
      const lead = LEAD_MS / FRAME_MS + WINDOW;
      while (this.#parts.length > lead) this.#parts.shift();
      if (this.#recent.filter(Boolean).length < BEGIN_FRAMES) return null;
      this.#state = 'voice';
      this.#kept = 0;
      this.#voiced = BEGIN_FRAMES;
      return 'begin';
    }
    this.#silentMs = loud ? 0 : this.#silentMs + FRAME_MS;
    if (loud) this.#voiced += 1;
    if (this.#silentMs >= END_MS || this.#kept * FRAME_MS >= LONGEST_MS) return this.#end();
    if (loud && this.#state === 'pause') {
      this.#state = 'voice';
      return 'resume';
    }
    if (this.#state === 'voice' && this.#silentMs >= this.#pauseMs) {
      this.#state = 'pause';
      return 'pause';
    }
    return null;
  }

  /** What was no voice after all is forgotten, and the next is waited for. */
  #end(): Activity | null {
    if (this.#voiced * FRAME_MS >= SHORTEST_MS) {
      this.#state = 'over';
      return 'end';
    }
    this.#state = 'waiting';
    this.#recent.length = 0;
    this.#parts.length = 0;
    this.#silentMs = 0;
    this.#peakDb = null;
    return 'nothing';
  }
}

const decibels = (rms: number): number => 20 * Math.log10(Math.max(1, rms));

/** Of a frame, in dB above one step. */
export function loudness(frame: Int16Array): number {
  let energy = 0;
  for (const sample of frame) energy += sample * sample;
  return decibels(Math.sqrt(energy / Math.max(1, frame.length)));
}
