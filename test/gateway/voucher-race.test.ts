/** Parties race for the same money, a short while; `npm run race:vouchers` is the long one. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fractions } from '#simulators/simulation/chance.ts';
import { raceInSimulation } from '#test/race/in-simulation.ts';
import { findInRace } from '#test/race/planted.ts';
import { type Raced, race } from '#test/race/voucher-race.ts';
import type { Kind } from '#test/race/way.ts';

async function raceOnce(kind: Kind, vouchers: number, seed: number) {
  const size = { vouchers, parties: 200 };
  const way = await raceInSimulation(kind, size, { kills: 5, seed });
  const raced: Raced = await race(way, { ...size, chance: fractions(seed) });
  return { raced, digest: way.digest() };
}

describe('200 parties race for the money of 20 accounts', () => {
  for (const kind of ['together', 'apart'] as const) {
    test(`issuer ${kind}`, async () => {
      const { raced } = await raceOnce(kind, 30, 7);
      assert.deepEqual(raced.complaints, []);
      assert.equal(raced.kills, 5);
      assert.ok(raced.acts > 500 && raced.refused > 50, JSON.stringify(raced));
      assert.ok(raced.captured_minor > 0 && raced.spent_elsewhere > 0, JSON.stringify(raced));
    });
  }

  test('a change that leaves money frozen on the first account is found', async () => {
    assert.match((await findInRace('forgets-first', 2))?.says ?? '', /^frozen: /);
  });

  test('the same seed runs the same race', async () => {
    const [once, again] = [await raceOnce('apart', 5, 3), await raceOnce('apart', 5, 3)];
    assert.deepEqual(again, once);
    assert.notEqual((await raceOnce('apart', 5, 4)).digest, once.digest);
  });
});
