/** Real time for simulators that stand on real wires; the deterministic simulation has its own. */
import type { Clock } from '#device/ports/clock.ts';

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, then) {
    const timer = setTimeout(then, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
