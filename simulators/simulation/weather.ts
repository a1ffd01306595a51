/** What becomes of whatever is sent: late, lost, twice, out of order, or nothing at all for a while. */
import type { SeededChance } from './chance.ts';
import type { VirtualTime } from './time.ts';

export interface Climate {
  /** Share of messages that get lost. */
  loss: number;
  /** Share of messages that come twice, the second time up to a minute later. */
  doubling: number;
  /** Share of messages that are late enough to be overtaken. */
  delay: number;
  longestDelayMs: number;
}

export const CALM: Climate = { loss: 0, doubling: 0, delay: 0, longestDelayMs: 0 };

const LATEST_COPY_MS = 60_000;

/** One way between two places. */
export class Weather {
  climate: Climate;
  /** Nothing gets through, in either direction. */
  parted = false;
  readonly #time: VirtualTime;
  readonly #chance: SeededChance;

  constructor(time: VirtualTime, chance: SeededChance, climate: Climate = CALM) {
    this.#time = time;
    this.#chance = chance;
    this.climate = { ...climate };
  }

  /** Sends something: `arrive` is called once, twice or never. */
  carry(arrive: () => void): void {
    const { loss, doubling } = this.climate;
    if (this.parted || this.#chance.happens(loss)) return;
    this.#time.after(this.#latencyMs(), () => {
      if (!this.parted) arrive();
    });
    if (!this.#chance.happens(doubling)) return;
    this.#time.after(this.#chance.between(1, LATEST_COPY_MS), () => {
      if (!this.parted) arrive();
    });
  }

  #latencyMs(): number {
    const { delay, longestDelayMs } = this.climate;
    return this.#chance.happens(delay)
      ? this.#chance.between(1, longestDelayMs)
      : this.#chance.between(1, 30);
  }
}
