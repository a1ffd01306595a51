/**
 * `npm run race:vouchers`: both constellations, one after the other; with `--http` as programs of their
 * own that are killed on the way.
 */
import { parseArgs } from 'node:util';
import { losesAnswers, raceInProcess } from './in-process.ts';
import { raceOverHttp } from './over-http.ts';
import { chanceOf, race } from './voucher-race.ts';

const KINDS = ['together', 'apart'] as const;

const USAGE = `usage: npm run race:vouchers -- [options]
  --http          over HTTP, against processes that are killed and started again
  --kind NAME     together or apart: fund server and issuer in one process, or in two; default both
  --vouchers N    default 1000, over HTTP 200
  --parties N     how many race, default 200
  --kills N       over HTTP: how often they are killed, default 2
  --seed N        who does what, default 1`;

function refuse(why: string): never {
  process.stderr.write(`${why}\n\n${USAGE}\n`);
  process.exit(2);
}

function readOptions() {
  const text = { type: 'string' } as const;
  const more = { vouchers: text, parties: text, kills: text, seed: text, kind: text };
  try {
    const { values } = parseArgs({ options: { http: { type: 'boolean' }, ...more } });
    const { http = false } = values;
    const kinds = KINDS.filter((kind) => values.kind === undefined || values.kind === kind);
    if (kinds.length === 0) refuse('--kind: give together or apart');
    const count = (name: keyof typeof more, otherwise: number, least = 1): number => {
      const value = Number(values[name] ?? otherwise);
      if (Number.isSafeInteger(value) && value >= least) return value;
      return refuse(`--${name}: give a whole number, ${least} or more`);
    };
    return {
      ...{
        http,
        kinds,
        vouchers: count('vouchers', http ? 200 : 1000),
        parties: count('parties', 200),
      },
      ...{ kills: count('kills', 2, 0), seed: count('seed', 1) },
    };
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

const { http, kinds, vouchers, parties, kills, seed } = readOptions();
for (const kind of kinds) {
  const chance = chanceOf(seed);
  const begun = performance.now();
  const way = http
    ? await raceOverHttp(kind, parties, { kills })
    : await raceInProcess(kind, parties, losesAnswers(chance));
  // Over HTTP each act takes longer, and all that is done to a voucher has to be done in time.
  const say = (made: number): void => {
    if (made % 1000 === 0) process.stderr.write(`${kind}: ${made} of ${vouchers} vouchers\n`);
  };
  const raced = await race(way, { vouchers, parties, chance, fresh: http ? 0.02 : 0.007, say });
  const seconds = Number(((performance.now() - begun) / 1000).toFixed(1));
  const asked = { kind, over: http ? 'http' : 'calls', vouchers, parties, seed };
  process.stdout.write(`${JSON.stringify({ ...asked, seconds, ...raced })}\n`);
  if (raced.complaints.length > 0) process.exitCode = 1;
}
