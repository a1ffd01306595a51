/**
 * The audio port of a modem: while a call is on and the port is switched to it, 320 octets every 20 ms
 * in each direction, raw, without any frame.
 */
import type { Clock } from '#device/ports/clock.ts';
import { FRAME_MS, FRAME_SAMPLES } from '#device/ports/modem.ts';
import type { Phone } from './phone.ts';

const FRAME_BYTES = 2 * FRAME_SAMPLES;
/** Frames that may be unanswered where a call is faster than real ones. */
const WINDOW = 10;
const SOON_MS = 5;

export interface AudioOptions {
  readonly clock: Clock;
  readonly send: (bytes: Uint8Array) => void;
  /** Times as fast as a real call; above 1 no faster than the terminal answers. */
  readonly speed: number;
}

export class AudioWire {
  readonly #options: AudioOptions;
  readonly #frame = new Int16Array(FRAME_SAMPLES);
  #phone: Phone | null = null;
  #startedAt = 0;
  #sent = 0;
  #answered = 0;
  #odd: number | null = null;
  #run = 0;
  /** The port gives nothing, though the call goes on. */
  mute = false;

  constructor(options: AudioOptions) {
    this.#options = options;
  }

  start(phone: Phone): void {
    this.#phone = phone;
    this.#startedAt = this.#options.clock.monotonic();
    this.#sent = 0;
    this.#answered = 0;
    this.#odd = null;
    this.#run += 1;
    this.#tick(this.#run);
  }

  stop(): void {
    this.#phone = null;
    this.#run += 1;
  }

  get on(): boolean {
    return this.#phone !== null;
  }

  /** Frames that went to the terminal in this call. */
  get frames(): number {
    return this.#sent;
  }

  /** What the terminal wrote: samples for the phone while the port is switched to a call. */
  receive(bytes: Uint8Array): void {
    const phone = this.#phone;
    if (phone === null) return;
    const whole = this.#odd === null ? bytes : Uint8Array.of(this.#odd, ...bytes);
    this.#odd = whole.length % 2 === 1 ? (whole.at(-1) ?? 0) : null;
    const samples = new Int16Array(whole.length >> 1);
    const view = new DataView(whole.buffer, whole.byteOffset, whole.byteLength);
    for (let at = 0; at < samples.length; at += 1) samples[at] = view.getInt16(2 * at, true);
    this.#answered += samples.length;
    phone.hear(samples);
    if (this.#options.speed === Number.POSITIVE_INFINITY) this.#tick(this.#run);
  }

  #tick(run: number): void {
    if (run !== this.#run) return;
    const { clock, speed } = this.#options;
    const elapsed = Math.max(1, clock.monotonic() - this.#startedAt);
    const byTime = Math.floor((elapsed * speed) / FRAME_MS) - this.#sent;
    const byAnswers = WINDOW - (this.#sent - Math.floor(this.#answered / FRAME_SAMPLES));
    const due = speed > 1 ? Math.min(byTime, byAnswers) : byTime;
    if (due > 0) this.#send(due);
    if (speed === Number.POSITIVE_INFINITY) return;
    clock.after(SOON_MS, () => this.#tick(run));
  }

  #send(frames: number): void {
    const bytes = new Uint8Array(frames * FRAME_BYTES);
    const view = new DataView(bytes.buffer);
    for (let frame = 0; frame < frames; frame += 1) {
      this.#phone?.sound(this.#frame);
      for (const [at, sample] of this.#frame.entries()) {
        view.setInt16(frame * FRAME_BYTES + 2 * at, sample, true);
      }
    }
    this.#sent += frames;
    if (!this.mute) this.#options.send(bytes);
  }
}
