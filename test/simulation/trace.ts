/** Who did what when, a line each; the same seed writes the same bytes. */
import { createHash } from 'node:crypto';
import type { VirtualTime } from '#simulators/simulation/time.ts';

export class Trace {
  readonly #time: VirtualTime;
  readonly #lines: string[] = [];
  readonly #hash = createHash('sha256');
  #kept: number;

  /** Keeps the last `kept` lines; the digest is of all. */
  constructor(time: VirtualTime, kept = Number.POSITIVE_INFINITY) {
    this.#time = time;
    this.#kept = kept;
  }

  say(who: string, what: string): void {
    const line = `${clockOf(this.#time.now)} ${who.padEnd(12)} ${what}`;
    this.#hash.update(line);
    this.#lines.push(line);
    if (this.#lines.length > 2 * this.#kept) this.#lines.splice(0, this.#lines.length - this.#kept);
  }

  /** What was kept, oldest first. */
  lines(): readonly string[] {
    return this.#lines.slice(-Math.min(this.#kept, this.#lines.length));
  }

  /** Of every line so far, hexadecimal. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }
}

/** `+01:02:03.004` since the world began. */
export function clockOf(ms: number): string {
  const pad = (value: number, width = 2): string => String(value).padStart(width, '0');
  const s = Math.floor(ms / 1000);
  const hours = pad(Math.floor(s / 3600));
  return `+${hours}:${pad(Math.floor(s / 60) % 60)}:${pad(s % 60)}.${pad(Math.floor(ms) % 1000, 3)}`;
}
