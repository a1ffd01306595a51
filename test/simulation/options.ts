/** What `npm run simulate` is told. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { readMinutes } from '#test/command.ts';
import { PLANTED } from './planted.ts';

export const USAGE = `usage: npm run simulate -- [options]
  --seed N         one world, again: prints who did what when
  --seeds N        so many worlds, from --from on (default 100)
  --from N         the first seed (default: by chance)
  --minutes N      as many worlds as there is time for
  --processes N    how many at once (default: one a core)
  --plant NAME     a fault that must be found, or all of them: all, ${Object.keys(PLANTED).join(', ')}
  --go-on          a world that breaks a promise does not end the run
  --quiet          no progress bar, and of a single world no trace`;

export interface Options {
  readonly seed: number | null;
  readonly from: number;
  readonly seeds: number;
  readonly minutes: number | null;
  readonly processes: number;
  readonly plant: string | null;
  /** Runs on after a world that broke a promise. */
  readonly goesOn: boolean;
  readonly quiet: boolean;
  /** Runs in a child: outcomes go to the parent. */
  readonly child: boolean;
}

/** Reads the command line; throws an `Error` that names the option and what it takes. */
export function readOptions(args: readonly string[], chance: () => number): Options {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ seed: text, seeds: text, from: text, minutes: text, processes: text, plant: text },
      ...{ quiet: flag, child: flag, 'go-on': flag },
    },
  });
  const whole = (name: 'seed' | 'seeds' | 'from' | 'processes', least: number): number | null => {
    const given = values[name];
    if (given === undefined) return null;
    if (/^\d{1,15}$/.test(given) && Number(given) >= least) return Number(given);
    throw new Error(`--${name} ${given}: give a whole number from ${least} on`);
  };
  const minutes = values.minutes === undefined ? null : readMinutes(values.minutes, 1);
  const plant = values.plant ?? null;
  if (plant !== null && plant !== 'all' && !Object.hasOwn(PLANTED, plant)) {
    throw new Error(`--plant ${plant}: there are ${Object.keys(PLANTED).join(', ')}`);
  }
  const { quiet, child, 'go-on': goesOn } = values;
  const hunts = plant === 'all';
  return {
    seed: whole('seed', 0),
    from: whole('from', 0) ?? (hunts ? 1 : chance()),
    seeds: whole('seeds', 1) ?? (hunts ? 1000 : minutes === null ? 100 : Number.MAX_SAFE_INTEGER),
    minutes,
    processes: whole('processes', 1) ?? availableParallelism(),
    ...{ plant, quiet, child, goesOn },
  };
}
