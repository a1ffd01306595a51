/** The clock of one machine: wrong where it was set wrong, and dead with the machine. */
import type { Clock } from '#device/ports/clock.ts';
import type { VirtualTime } from './time.ts';

export interface LivingClock extends Clock {
  /** The machine goes off: whatever waited for this clock waits for ever. */
  stop(): void;
}

/** Survives the machine's going off and on, as a clock with a battery does. */
export class MachineClock {
  /** How far it is off, ms; may be years. */
  wrongMs = 0;
  readonly #time: VirtualTime;
  readonly #beganAt: number;

  /** `beganAt` is when the world began, ms since 1970. */
  constructor(time: VirtualTime, beganAt: number) {
    this.#time = time;
    this.#beganAt = beganAt;
  }

  now(): number {
    return this.#beganAt + this.#time.now + this.wrongMs;
  }

  /** The machine goes on: its monotonic clock begins anew. */
  start(): LivingClock {
    const time = this.#time;
    const startedAt = time.now - 1;
    let runs = true;
    return {
      now: () => this.now(),
      monotonic: () => time.now - startedAt,
      after(ms, then) {
        return time.after(Math.ceil(ms), () => {
          if (runs) then();
        });
      },
      stop() {
        runs = false;
      },
    };
  }
}
