/**
 * A call's audio on the modem's second serial port: raw 16-bit little-endian samples, 8 kHz, without
 * any frame. The modem's samples are the clock: for each 20 ms that come in, 20 ms go out.
 */
import { type CallFrame, FRAME_SAMPLES } from '#device/ports/modem.ts';

const FRAME_BYTES = 2 * FRAME_SAMPLES;
/** Frames handed to the operating system and not taken: beyond this they are thrown away, not kept. */
const MOST_UNWRITTEN = 25;

/** Frames of one buffer: a modem gives one to a few at once. */
const BUFFER_FRAMES = 16;

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
  readonly #buffers: Buffer[] = [];
  #filled = 0;
  #queue: Utterance[] = [];
  #frame: ((frame: CallFrame) => void) | null = null;
  #unwritten = 0;
  #lastFrameAt = 0;
  /** Frames that came in all calls. */
  frames = 0;
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
    const frames = Math.floor((this.#filled + bytes.length) / FRAME_BYTES);
    const out = this.#take(frames);
    let passed = 0;
    for (let at = 0; at < bytes.length; ) {
      const taken = Math.min(bytes.length - at, FRAME_BYTES - this.#filled);
      this.#heardBytes.set(bytes.subarray(at, at + taken), this.#filled);
      at += taken;
      this.#filled += taken;
      if (this.#filled < FRAME_BYTES) break;
      this.#filled = 0;
      this.#pass(out, passed * FRAME_BYTES);
      passed += 1;
      // What heard the frame may have ended the call.
      if (this.#frame === null) {
        this.#give(out);
        return;
      }
    }
    if (passed > 0) this.#send(out, passed);
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
  #pass(out: Buffer, at: number): void {
    for (let i = 0; i < FRAME_SAMPLES; i += 1) this.#heard[i] = this.#heardBytes.readInt16LE(2 * i);
    this.#fill();
    for (let i = 0; i < FRAME_SAMPLES; i += 1) out.writeInt16LE(this.#said[i] ?? 0, at + 2 * i);
    this.#lastFrameAt = performance.now();
    this.frames += 1;
    this.#frame?.({ heard: this.#heard, said: this.#said });
  }

  /** Buffers are used again: garbage of a call would pile up for minutes before it is collected. */
  #take(frames: number): Buffer {
    if (frames > BUFFER_FRAMES) return Buffer.allocUnsafe(frames * FRAME_BYTES);
    return this.#buffers.pop() ?? Buffer.allocUnsafeSlow(BUFFER_FRAMES * FRAME_BYTES);
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

  #send(out: Buffer, frames: number): void {
    if (this.#unwritten + frames > MOST_UNWRITTEN) {
      this.dropped += frames;
      this.#give(out);
      return;
    }
    this.#unwritten += frames;
    const taken = (): void => {
      this.#unwritten -= frames;
      this.#give(out);
    };
    this.#write(out.subarray(0, frames * FRAME_BYTES)).then(taken, taken);
  }

  #give(buffer: Buffer): void {
    if (buffer.length === BUFFER_FRAMES * FRAME_BYTES && this.#buffers.length < 8) {
      this.#buffers.push(buffer);
    }
  }
}
