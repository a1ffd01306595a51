/** The bench's arithmetic: what a table says must be what was measured. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chain, median, percentile, tableOf } from './figures.ts';

test('percentiles are samples, by nearest rank', () => {
  const samples = [5, 1, 4, 2, 3];
  assert.equal(median(samples), 3);
  assert.equal(percentile(samples, 0.95), 5);
  assert.equal(median([2, 1]), 1);
  assert.deepEqual(samples, [5, 1, 4, 2, 3], 'they are left as they came');
  assert.ok(Number.isNaN(median([])));
});

test('wires in a chain are as many as the shortest was measured', () => {
  assert.deepEqual(chain([1, 2, 3], [10, 20]), [11, 22]);
});

test('a median over its target is marked, one at it is not', () => {
  const table = tableOf([
    { what: 'slow', samples: [49, 51, 52], bare: [10, 10, 10], wire: 'pty', target: 50 },
    { what: 'quick', samples: [50], target: 50 },
    { what: 'large', samples: [121.2], target: 120, unit: 'MB' },
    { what: 'absent', samples: [], target: 50 },
  ]);
  const [, , slow, quick, large, absent] = table.split('\n');
  assert.match(slow ?? '', /51\.0 ms .* 52\.0 ms .* ≤ 50 ms OVER .* 10\.0 ms .* 5\.1 × \| pty/);
  assert.match(quick ?? '', /≤ 50 ms held/);
  assert.match(large ?? '', /121\.2 MB .* ≤ 120 MB OVER/);
  assert.match(absent ?? '', /not measured/);
});
