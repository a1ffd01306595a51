/**
 * A call's audio on the modem's second serial port: raw 16-bit little-endian samples, 8 kHz, without
 * any frame. The modem's samples are the clock: for each 20 ms that come in, 20 ms go out.
 */
import { type CallFrame, FRAME_SAMPLES } from '#device/ports/modem.ts';

const FRAME_BYTES = 2 * FRAME_SAMPLES;
/** Frames handed to the operating system and not taken: beyond this they are thrown away, not kept. */
const MOST_UNWRITTEN = 25;

interface Utterance {
  readonly samples: Int16Array;
  at: number;
  readonly done: (whole: boolean) => void;
}

export class CallAudio {
  readonly #write: (bytes: Uint8Array) => Promise<void>;
  readonly #heardBytes = Buffer.alloc(FRAME_BYTES);
  readonly #heard = new Int16Array(FRAME_SAMPLES);
  readonly #said = new Int16Array(FRAME_SAMPLES);
  #filled = 0;
  #queue: Utterance[] = [];
  #frame: ((frame: CallFrame) => void) | null = null;
  #unwritten = 0;
  #lastFrameAt = 0;
  /** Frames that could not be sent because the port took no more. */
  dropped = 0;

  constructor(write: (bytes: Uint8Array) => Promise<void>) {
    this.#write = write;
  }

  /** From the next byte on, which begins a sample. */
  start(frame: (frame: CallFrame) => void): void {
    this.#frame = frame;
    this.#filled = 0;
    this.#unwritten = 0;
    this.#lastFrameAt = performance.now();
  }

  /** What was still to be said is forgotten. */
  stop(): void {
    this.#frame = null;
    this.hush();
  }

  /** Ms since the last frame, 0 where none is awaited. */
  get stalledMs(): number {
    return this.#frame === null ? 0 : performance.now() - this.#lastFrameAt;
  }

  /** The stream begins anew, at a sample; nothing else changes. */
  realign(): void {
    this.#filled = 0;
    this.#lastFrameAt = performance.now();
  }

  receive(bytes: Uint8Array): void {
    if (this.#frame === null) return;
    let out: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      const taken = Math.min(bytes.length - at, FRAME_BYTES - this.#filled);
      this.#heardBytes.set(bytes.subarray(at, at + taken), this.#filled);
      at += taken;
      this.#filled += taken;
      if (this.#filled < FRAME_BYTES) break;
      this.#filled = 0;
      out.push(this.#pass());
      // What hears the frame may have ended the call.
      if (this.#frame === null) out = [];
    }
    if (out.length > 0) this.#send(out);
  }

  say(samples: Int16Array): Promise<boolean> {
    if (this.#frame === null) return Promise.resolve(false);
    if (samples.length === 0) return Promise.resolve(true);
    return new Promise((done) => this.#queue.push({ samples, at: 0, done }));
  }

  hush(): void {
    for (const { done } of this.#queue.splice(0)) done(false);
  }

  get ahead(): number {
    return this.#queue.reduce((sum, { samples, at }) => sum + samples.length - at, 0);
  }

  /** One frame in, and the one that goes out for it. */
  #pass(): Buffer {
    for (let at = 0; at < FRAME_SAMPLES; at += 1) {
      this.#heard[at] = this.#heardBytes.readInt16LE(2 * at);
    }
    this.#fill();
    const bytes = Buffer.allocUnsafe(FRAME_BYTES);
    for (let at = 0; at < FRAME_SAMPLES; at += 1) bytes.writeInt16LE(this.#said[at] ?? 0, 2 * at);
    this.#lastFrameAt = performance.now();
    this.#frame?.({ heard: this.#heard, said: this.#said });
    return bytes;
  }

  #fill(): void {
    let filled = 0;
    while (filled < FRAME_SAMPLES) {
      const [next] = this.#queue;
      if (next === undefined) break;
      const piece = next.samples.subarray(next.at, next.at + FRAME_SAMPLES - filled);
      this.#said.set(piece, filled);
      filled += piece.length;
      next.at += piece.length;
      if (next.at < next.samples.length) break;
      this.#queue.shift();
      next.done(true);
    }
    this.#said.fill(0, filled);
  }

  #send(frames: readonly Buffer[]): void {
    if (this.#unwritten + frames.length > MOST_UNWRITTEN) {
      this.dropped += frames.length;
      return;
    }
    this.#unwritten += frames.length;
    const taken = (): void => {
      this.#unwritten -= frames.length;
    };
    this.#write(Buffer.concat(frames)).then(taken, taken);
  }
}
