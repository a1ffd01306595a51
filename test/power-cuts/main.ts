/**
 * `npm run power-cuts`: both real stores work for a while under a recorder; then the power goes at
 * moments of that time, with what was not synced dropped, kept or torn, and each store opens again.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SeededChance } from '#simulators/simulation/chance.ts';
import { cutStore, recordStore, STORES } from './run.ts';

const USAGE = `usage: npm run power-cuts -- [options]
  --minutes N   how long, both stores together (default a quarter)
  --seed N      the same moments again, of another recording; without it fresh ones`;

/** Share of the time in which the stores work; the rest is for looking. */
const WORK = 0.1;

const say = (text: string): void => void process.stderr.write(`power-cuts: ${text}\n`);

function refuse(why: string): never {
  process.stderr.write(`${why}\n\n${USAGE}\n`);
  process.exit(2);
}

function readOptions() {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({ options: { minutes: text, seed: text } });
    const minutes = Number(values.minutes ?? 1 / 4);
    if (!(minutes > 0)) refuse('--minutes: give a number above 0');
    return { minutes, seed: values.seed ?? String(Math.floor(Math.random() * 2 ** 32)) };
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

async function main(): Promise<number> {
  const { minutes, seed } = readOptions();
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
