/** What a seed says reaches the gateway whole, whatever of it the stall itself reads. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readSeed, SEED } from '#simulators/stall/wiring.ts';

test('a seed stays as it is, but for what the person at the stall wants otherwise', () => {
  const written = JSON.parse(readFileSync(SEED, 'utf8')) as { terminals: object[] };
  assert.deepEqual(readSeed(SEED, {}), written);
  assert.match(JSON.stringify(written), /"credit_minor":/, 'one of the payers has a credit line');
  const { terminals, ...rest } = readSeed(SEED, { language: 'zh-CN', orderLifetimeS: 30 });
  const [first] = written.terminals;
  assert.deepEqual(terminals, [{ ...first, language: 'zh-CN', order_lifetime_s: 30 }]);
  assert.deepEqual({ ...rest, terminals: written.terminals }, written);
});
