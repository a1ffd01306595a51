/**
 * One direction of a serial line: bytes arrive one after the other at its baud, not in a heap when
 * the last has been sent. A pseudo-terminal has no speed of its own.
 */
import type { Clock } from '#device/ports/clock.ts';

/** Eight data bits, a start and a stop bit. */
const BITS_PER_BYTE = 10;

export class Line {
  readonly #bytesPerMs: number;
  readonly #clock: Clock;
  readonly #deliver: (bytes: Uint8Array) => void;
  #waiting: number[] = [];
  /** When the first waiting byte began. */
  #since = 0;
  #cancel: (() => void) | null = null;

  constructor(bitsPerSecond: number, clock: Clock, deliver: (bytes: Uint8Array) => void) {
    this.#bytesPerMs = bitsPerSecond / BITS_PER_BYTE / 1000;
    this.#clock = clock;
    this.#deliver = deliver;
  }

  push(bytes: Uint8Array): void {
    if (this.#waiting.length === 0) this.#since = this.#clock.monotonic();
    for (const byte of bytes) this.#waiting.push(byte);
    this.#tick();
  }

  clear(): void {
    this.#waiting = [];
    this.#cancel?.();
    this.#cancel = null;
  }

  #tick(): void {
    if (this.#cancel !== null || this.#waiting.length === 0) return;
    const due = this.#waiting.length / this.#bytesPerMs - (this.#clock.monotonic() - this.#since);
    this.#cancel = this.#clock.after(Math.min(1, Math.max(0, due)), () => {
      this.#cancel = null;
      const now = this.#clock.monotonic();
      const count = Math.floor((now - this.#since) * this.#bytesPerMs);
      const arrived = this.#waiting.splice(0, count);
      this.#since = this.#waiting.length === 0 ? now : this.#since + count / this.#bytesPerMs;
      if (arrived.length > 0) this.#deliver(Uint8Array.from(arrived));
      this.#tick();
    });
  }
}
