/** Parties race for the same money, a short while; `npm run race:vouchers` is the long one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { race } from '#test/race/voucher-race.ts';

for (const kind of ['together', 'apart'] as const) {
  test(`200 parties race for the money of 20 accounts, issuer ${kind}`, async () => {
    const raced = await race({ kind, vouchers: 110, parties: 200, seed: 7 });
    assert.deepEqual(raced.complaints, []);
    assert.ok(raced.acts > 500 && raced.refused > 50, JSON.stringify(raced));
    assert.ok(raced.captured_minor > 0 && raced.spent_elsewhere > 0, JSON.stringify(raced));
  });
}
