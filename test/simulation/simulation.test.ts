/** The simulation repeats itself to the byte, finds what is planted, and finds nothing else. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { useNativeCurves } from './native-curves.ts';

// As `main.ts` has it; native-curves.test.ts shows that both make the same bytes.
useNativeCurves();
const { hunt } = await import('./hunt.ts');
const { PLANTED } = await import('./planted.ts');
const { runWorld } = await import('./world.ts');

/** Short ones, of each kind of house. */
const SEEDS = [105, 121, 139];

/** Each planted fault of these tests shows in the first of them, or soon after. */
const FEW = 40;

describe('simulation', () => {
  for (const seed of SEEDS) {
    test(`seed ${seed} breaks no promise, and both sides agree`, async () => {
      const { violations, counts } = await runWorld(seed);
      assert.deepEqual(violations, []);
      assert.ok(counts.sales > 0 && counts.paid > 0 && counts.spoken > 0);
    });
  }

  test('the same seed gives the same trace, byte for byte, in another process, too', async () => {
    const first = await runWorld(121);
    const again = await runWorld(121);
    assert.deepEqual(again.lines, first.lines);
    const main = join(import.meta.dirname, 'main.ts');
    const other = spawnSync(process.execPath, [main, '--seed', '121'], { encoding: 'utf8' });
    assert.equal(other.status, 0, other.stderr);
    assert.equal(other.stdout, `${first.lines.join('\n')}\ntrace ${first.digest}\n`);
    const another = await runWorld(139);
    assert.notEqual(another.digest, first.digest);
  });

  /** All of them: npm run simulate -- --plant all. */
  for (const name of ['new-number', 'keeps-frozen', 'short-day', 'any-refund']) {
    test(`finds ${name}, which is planted, in a few worlds`, async () => {
      const fault = PLANTED[name];
      assert.ok(fault !== undefined);
      assert.notEqual(await hunt(fault, 1, FEW), null);
    });
  }

  test('a wrong option is named with what it takes', () => {
    const main = join(import.meta.dirname, 'main.ts');
    const done = spawnSync(process.execPath, [main, '--seed', 'x'], { encoding: 'utf8' });
    assert.equal(done.status, 2);
    assert.match(done.stderr, /--seed x: give a whole number/);
  });
});
