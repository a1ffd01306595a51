/** Looks for a planted fault seed by seed, until the auditor names it. */
import type { PlantedFault } from './plant-kit.ts';
import { runWorld } from './world.ts';

export interface Catch {
  /** The seed that found it. */
  readonly seed: number;
  /** The auditor's words. */
  readonly says: string;
}

/** The first of `seeds` from `from` on that finds it; `null` where none does. */
export async function hunt(
  { planted, found }: PlantedFault,
  from: number,
  seeds: number,
): Promise<Catch | null> {
  for (let seed = from; seed < from + seeds; seed += 1) {
    const { violations } = await runWorld(seed, { planted, keptLines: 1 });
    const says = violations.find((each) => found.test(each));
    if (says !== undefined) return { seed, says };
  }
  return null;
}
