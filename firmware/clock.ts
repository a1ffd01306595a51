/** Time and chance of the operating system, behind the ports of device/ports/clock.ts. */
import { randomBytes } from 'node:crypto';
import type { Chance, Clock } from '#device/ports/clock.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, then) {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
};

export const systemChance: Chance = { bytes: (count) => new Uint8Array(randomBytes(count)) };
