/** Whether a process rests: the processor time it takes while nothing happens. */

/** How long one look lasts. */
const LOOK_MS = 500;
/** What a start leaves behind (a collection of garbage, code being compiled) is over after a few. */
const LOOKS = 10;

/**
 * The least share of a core, 0 to 1, that was taken in one of several looks of half a second; looks
 * no longer once one was at most `enough`. `spentMs` tells the processor time so far.
 */
export async function shareAtRest(spentMs: () => number, enough: number): Promise<number> {
  let least = Infinity;
  for (let look = 0; look < LOOKS && least > enough; look += 1) {
    const [before, began] = [spentMs(), performance.now()];
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    least = Math.min(least, (spentMs() - before) / (performance.now() - began));
  }
  return least;
}

/** Processor time of this process so far. */
export function ownMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
