/** Runs cases at one door: the same seed gives the same inputs in the same order. */
import { SeededChance } from '#simulators/simulation/chance.ts';
import type { Door } from './door.ts';
import { mutateBytes, mutateJson } from './mutate.ts';

export interface Failure {
  readonly door: string;
  readonly input: Uint8Array;
  readonly why: string;
}

/** A case that takes longer hangs; on a busy machine a collection of garbage may take a part of it. */
const CASE_MS = 3000;
/** Cases between two looks at what only shows after many. */
const CHECK_EVERY = 50;

export interface Running {
  /** Told before each case, so that whoever watches knows which one does not end. */
  readonly begins?: (door: string, input: Uint8Array) => void;
  /** When to stop, of `performance.now()`. */
  readonly until: number;
}

/** The first failure, or how many cases held. */
export async function runDoor(
  door: Door,
  seed: string,
  running: Running,
): Promise<{ readonly cases: number; readonly failure: Failure | null }> {
  const chance = new SeededChance(seed).stream(door.name);
  let cases = 0;
  for (; performance.now() < running.until; cases += 1) {
    const from = door.golden[cases] ?? chance.pick(door.golden);
    const mutate = door.shape === 'json' ? mutateJson : mutateBytes;
    // The golden ones first: a door that refuses them tests nothing.
    const input =
      cases < door.golden.length && door.name !== 'mqtt'
        ? from
        : mutate(from, chance, chance.pick(door.golden));
    running.begins?.(door.name, input);
    const failure = await takeCase(door, input, cases % CHECK_EVERY === CHECK_EVERY - 1);
    if (failure !== null) return { cases, failure };
    // A door that never waits would keep signals and timers out.
    if (cases % 256 === 255) await new Promise((resolve) => setImmediate(resolve));
  }
  return { cases, failure: null };
}

/** Why one input fails, or `null`. */
export async function takeCase(
  door: Door,
  input: Uint8Array,
  checks: boolean,
  mostMs = CASE_MS,
): Promise<Failure | null> {
  const failed = (why: string): Failure => ({ door: door.name, input, why });
  const began = performance.now();
  try {
    await door.take(input.slice());
    if (checks) await door.check?.();
  } catch (error) {
    return failed(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const took = performance.now() - began;
  return took > mostMs ? failed(`took ${Math.round(took)} ms`) : null;
}
