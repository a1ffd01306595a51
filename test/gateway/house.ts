/** The organisations of the house over one store in memory, without doors and without terminals. */
import { systemChance } from '#gateway/clock.ts';
import { type Core, openCore } from '#gateway/core.ts';
import { deriveGatewayKeys } from '#gateway/keys.ts';
import type { LogEntry } from '#gateway/log.ts';
import { applySeed, type Seed, seedSchema } from '#gateway/seed.ts';
import { SEED } from './harness.ts';
import { ManualClock } from './stand.ts';

export interface House {
  readonly core: Core;
  readonly clock: ManualClock;
  readonly logged: LogEntry[];
}

/** `file` instead of memory, for what has to be on a disk. */
export async function openHouse(seed: Seed = SEED, file = ':memory:'): Promise<House> {
  const clock = new ManualClock();
  const logged: LogEntry[] = [];
  const core = openCore({
    database: file,
    keys: deriveGatewayKeys(new Uint8Array(32).fill(7)),
    clock,
    chance: systemChance,
    log: (entry) => logged.push(entry),
    defer: (then) => setImmediate(then),
  });
  await applySeed(core, seedSchema.parse(seed));
  return { core, clock, logged };
}
