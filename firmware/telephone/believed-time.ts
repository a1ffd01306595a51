/**
 * The time of day by which recordings are deleted. A clock that leapt ahead (an empty battery, a wrong
 * answer of the network) would delete them all: it is believed when it has run on for a day.
 */
import { z } from 'zod';
import type { Clock } from '#device/ports/clock.ts';
import { readStored, writeDurably } from '#firmware/durable.ts';

const DAY_MS = 86_400_000;
/** Longer than a machine is off at night. */
const LEAP_MS = DAY_MS;
/** Of running: long enough for a network, or a person, to set the clock right. */
const DOUBT_MS = DAY_MS;

const stateSchema = z.strictObject({ believed_at: z.number(), doubted_ms: z.number().min(0) });

export class BelievedTime {
  readonly #path: string;
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  #believedAt: number;
  #doubtedMs: number;
  #lookedAt: number;

  private constructor(path: string, clock: Pick<Clock, 'now' | 'monotonic'>, state: State) {
    this.#path = path;
    this.#clock = clock;
    this.#believedAt = state.believed_at;
    this.#doubtedMs = state.doubted_ms;
    this.#lookedAt = clock.monotonic();
  }

  /** Goes on from what `path` has; without it from `newest`, the last moment that is known of. */
  static async open(
    path: string,
    clock: Pick<Clock, 'now' | 'monotonic'>,
    newest: number,
  ): Promise<BelievedTime> {
    const state = await readStored(path, stateSchema);
    return new BelievedTime(path, clock, state ?? { believed_at: newest, doubted_ms: 0 });
  }

  /** Ms since 1970, and how far behind the clock that is on purpose; rejects where no disk takes it. */
  async look(): Promise<{ readonly at: number; readonly behindMs: number }> {
    const now = this.#clock.now();
    const ranMs = this.#clock.monotonic() - this.#lookedAt;
    this.#lookedAt += ranMs;
    const certain = this.#believedAt + ranMs;
    this.#doubtedMs += ranMs;
    const good = now - certain <= LEAP_MS || this.#doubtedMs >= DOUBT_MS;
    this.#believedAt = good ? now : certain;
    if (good) this.#doubtedMs = 0;
    const state: State = { believed_at: this.#believedAt, doubted_ms: this.#doubtedMs };
    await writeDurably(this.#path, `${JSON.stringify(state)}\n`);
    return { at: this.#believedAt, behindMs: now - this.#believedAt };
  }
}

type State = z.infer<typeof stateSchema>;
