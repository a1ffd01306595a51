/**
 * `npm run race:vouchers`: both constellations, one after the other; with `--http` as programs of their
 * own that are killed on the way.
 */

import { fractions } from '#simulators/simulation/chance.ts';
import { readCount, readOptions } from '#test/command.ts';
import { losesAnswers, raceInProcess } from './in-process.ts';
import { raceOverHttp } from './over-http.ts';
import { race } from './voucher-race.ts';

const KINDS = ['together', 'apart'] as const;

const USAGE = `usage: npm run race:vouchers -- [options]
  --http          over HTTP, against processes that are killed and started again
  --kind NAME     together or apart: fund server and issuer in one process, or in two; default both
  --vouchers N    default 1000, over HTTP 200
  --parties N     how many race, default 200
  --kills N       over HTTP: how often they are killed, default 2
  --seed N        who does what, default 1`;

function readRace() {
  const text = { type: 'string' } as const;
  const more = { vouchers: text, parties: text, kills: text, seed: text, kind: text };
  return readOptions(USAGE, { http: { type: 'boolean' }, ...more }, (asked) => {
    const { http = false } = asked;
    const kinds = KINDS.filter((kind) => asked.kind === undefined || asked.kind === kind);
    if (kinds.length === 0) throw new Error('--kind: give together or apart');
    return {
      http,
      kinds,
      vouchers: readCount('vouchers', asked.vouchers, http ? 200 : 1000),
      parties: readCount('parties', asked.parties, 200),
      kills: readCount('kills', asked.kills, 2, 0),
      seed: readCount('seed', asked.seed, 1),
    };
  });
}

const { http, kinds, vouchers, parties, kills, seed } = readRace();
for (const kind of kinds) {
  const chance = fractions(seed);
  const begun = performance.now();
  const way = http
    ? await raceOverHttp(kind, { vouchers, parties }, { kills })
    : await raceInProcess(kind, { vouchers, parties }, losesAnswers(chance));
  // Over HTTP each act takes longer, and all that is done to a voucher has to be done in time.
  const say = (made: number): void => {
    if (made % 1000 === 0) process.stderr.write(`${kind}: ${made} of ${vouchers} vouchers\n`);
  };
  const raced = await race(way, { vouchers, parties, chance, fresh: http ? 0.02 : 0.007, say });
  const seconds = Number(((performance.now() - begun) / 1000).toFixed(1));
  const asked = { kind, over: http ? 'http' : 'calls', vouchers, parties, seed };
  process.stdout.write(`${JSON.stringify({ ...asked, seconds, ...raced })}\n`);
  if (raced.complaints.length > 0) process.exitCode = 1;
  if (raced.captured_minor === 0) {
    process.stderr.write(`${kind}: nothing was captured; race more vouchers\n`);
    process.exitCode = 1;
  }
}
