/**
 * `npm run race:vouchers`: both constellations, one after the other, in the deterministic simulation; with
 * `--http` as programs of their own that are killed on the way.
 */

import { fractions } from '#simulators/simulation/chance.ts';
import { readCount, readOptions } from '#test/command.ts';
import { raceInSimulation } from './in-simulation.ts';
import { raceOverHttp } from './over-http.ts';
import { findInRace, RACE_FAULTS } from './planted.ts';
import { type Race, type Raced, race } from './voucher-race.ts';
import type { Kind } from './way.ts';

const KINDS = ['together', 'apart'] as const;

const USAGE = `usage: npm run race:vouchers -- [options]
  --http          over HTTP, against processes that are killed and started again;
                  without it in the simulation, where a seed repeats a race message by message
  --kind NAME     together or apart: fund server and issuer in one process, or in two; default both
  --vouchers N    default 1000, over HTTP 200
  --parties N     how many race, default 200
  --kills N       how often something is killed, default 2 over HTTP, else one for 20 vouchers
  --seed N        who does what, default 1
  --plant NAME    looks whether a race in the simulation finds a planted fault; all for each:
                  ${RACE_FAULTS.join(', ')}`;

function readRace() {
  const text = { type: 'string' } as const;
  const more = { vouchers: text, parties: text, kills: text, seed: text, kind: text, plant: text };
  return readOptions(USAGE, { http: { type: 'boolean' }, ...more }, (asked) => {
    const { http = false } = asked;
    const kinds = KINDS.filter((kind) => asked.kind === undefined || asked.kind === kind);
    if (kinds.length === 0) throw new Error('--kind: give together or apart');
    const plants = RACE_FAULTS.filter((name) => asked.plant === name || asked.plant === 'all');
    if (asked.plant !== undefined && plants.length === 0) {
      throw new Error(`--plant ${asked.plant}: there is no such fault`);
    }
    const vouchers = readCount('vouchers', asked.vouchers, http ? 200 : 1000);
    return {
      ...{ http, kinds: asked.plant === undefined ? kinds : [], vouchers, plants },
      parties: readCount('parties', asked.parties, 200),
      kills: readCount('kills', asked.kills, http ? 2 : Math.ceil(vouchers / 20), 0),
      seed: readCount('seed', asked.seed, 1),
    };
  });
}

const { http, kinds, vouchers, plants, parties, kills, seed } = readRace();
const size = { vouchers, parties };

async function run(kind: Kind): Promise<Raced & { readonly digest?: string }> {
  const say = (made: number): void => {
    if (made % 1000 === 0) process.stderr.write(`${kind}: ${made} of ${vouchers} vouchers\n`);
  };
  const asked: Race = { ...size, chance: fractions(seed), say };
  if (!http) {
    const way = await raceInSimulation(kind, size, { kills, seed });
    return { ...(await race(way, asked)), digest: way.digest() };
  }
  // There each act takes longer, and all that is done to a voucher has to be done in time.
  return race(await raceOverHttp(kind, size, { kills }), { ...asked, fresh: 0.012 });
}

for (const kind of kinds) {
  const begun = performance.now();
  const raced = await run(kind);
  const seconds = Number(((performance.now() - begun) / 1000).toFixed(1));
  const asked = { kind, over: http ? 'http' : 'simulation', vouchers, parties, seed };
  process.stdout.write(`${JSON.stringify({ ...asked, seconds, ...raced })}\n`);
  if (raced.complaints.length > 0) process.exitCode = 1;
  if (raced.captured_minor === 0) {
    process.stderr.write(`${kind}: nothing was captured; race more vouchers\n`);
    process.exitCode = 1;
  }
}

for (const name of plants) {
  const found = await findInRace(name, seed);
  const says = found === null ? 'NOT FOUND' : `found by seed ${found.seed}: ${found.says}`;
  process.stdout.write(`${name}: ${says}\n`);
  if (found === null) process.exitCode = 1;
}
