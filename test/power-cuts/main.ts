/**
 * `npm run power-cuts`: both real stores work for a while under a recorder; then the power goes at
 * moments of that time, with what was not synced dropped, kept or torn, and each store opens again.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SeededChance } from '#simulators/simulation/chance.ts';
import { readMinutes, readOptions, readSeed, speaker } from '#test/command.ts';
import { cutStore, recordStore, STORES } from './run.ts';

const USAGE = `usage: npm run power-cuts -- [options]
  --minutes N   how long, both stores together (default a quarter)
  --seed N      the same moments again, of another recording; without it fresh ones`;

/** Share of the time in which the stores work; the rest is for looking. */
const WORK = 0.1;

const say = speaker('power-cuts');

async function main(): Promise<number> {
  const options = { minutes: { type: 'string' }, seed: { type: 'string' } } as const;
  const { minutes, seed } = readOptions(USAGE, options, (asked) => ({
    minutes: readMinutes(asked.minutes, 1 / 4),
    seed: readSeed(asked.seed),
  }));
  say(`seed ${seed}`);
  const share = (minutes * 60_000) / STORES.length;
  for (const store of STORES) {
    const directory = mkdtempSync(join(tmpdir(), 'hawker-power-'));
    const ends = performance.now() + share;
    const events = await recordStore(store, directory, Math.min(60, (share / 1000) * WORK));
    const chance = new SeededChance(seed).stream(store.name);
    const many = Math.ceil(2000 * minutes);
    const told = await cutStore(store, events, { chance, many, until: ends });
    const { syncs, promises, cuts, failure } = told;
    say(`${store.name}: ${told.events} events, ${syncs} syncs, ${promises} promises, ${cuts} cuts`);
    if (failure !== null) {
      const { at, loss } = failure.cut;
      say(`failed with seed ${seed} at event ${at}, ${loss}: ${failure.why}`);
      say(`the recording is kept: ${directory}`);
      return 1;
    }
    rmSync(directory, { recursive: true, force: true });
  }
  return 0;
}

process.exit(await main());
