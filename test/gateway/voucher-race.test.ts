/** Parties race for the same money, a short while; `npm run race:vouchers` is the long one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fractions } from '#simulators/simulation/chance.ts';
import { losesAnswers, raceInProcess } from '#test/race/in-process.ts';
import { race } from '#test/race/voucher-race.ts';

const SIZE = { vouchers: 60, parties: 200 };

for (const kind of ['together', 'apart'] as const) {
  test(`200 parties race for the money of 20 accounts, issuer ${kind}`, async () => {
    const chance = fractions(7);
    const way = await raceInProcess(kind, SIZE, losesAnswers(chance));
    const raced = await race(way, { ...SIZE, chance });
    assert.deepEqual(raced.complaints, []);
    assert.ok(raced.acts > 500 && raced.refused > 50, JSON.stringify(raced));
    assert.ok(raced.captured_minor > 0 && raced.spent_elsewhere > 0, JSON.stringify(raced));
  });
}
