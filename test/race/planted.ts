/** Faults that the race has to find: those of the simulation that touch what it races for. */
import { fractions } from '#simulators/simulation/chance.ts';
import type { PlantedFault } from '#test/simulation/plant-kit.ts';
import { PLANTED } from '#test/simulation/planted.ts';
import { raceInSimulation } from './in-simulation.ts';
import { race } from './voucher-race.ts';

export const RACE_FAULTS = [
  'spends-frozen',
  'keeps-frozen',
  'forgets-first',
  'forgets-part',
  'spent-again',
  'never-freezes',
  'issues-unfrozen',
  'never-expires',
] as const;
export type RaceFault = (typeof RACE_FAULTS)[number];

const SIZE = { vouchers: 40, parties: 200 };
/** A small race need not come to what a fault spoils: a few have to. */
const RACES = 5;

export interface Found {
  readonly seed: number;
  /** The complaint that names it, in the words in which the auditor does. */
  readonly says: string;
}

/** Hunts it in a few races, whose first seed is given; `null` where nobody notices. */
export async function findInRace(name: RaceFault, from: number): Promise<Found | null> {
  for (let seed = from; seed < from + RACES; seed += 1) {
    const says = await findInOne(name, seed);
    if (says !== null) return { seed, says };
  }
  return null;
}

async function findInOne(name: RaceFault, seed: number): Promise<string | null> {
  const fault: PlantedFault | undefined = PLANTED[name];
  if (fault === undefined) throw new Error(`${name} is not a planted fault`);
  const { planted, found } = fault;
  const way = await raceInSimulation('apart', SIZE, { kills: 10, seed, planted });
  const { complaints } = await race(way, { ...SIZE, chance: fractions(seed) });
  return complaints.find((each) => found.test(each)) ?? null;
}
