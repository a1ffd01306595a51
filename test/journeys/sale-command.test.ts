/** `npm run sale`: a whole sale with its steps, and an honest end where there is none. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const SALE = join(import.meta.dirname, '..', '..', 'simulators', 'stall', 'sale.ts');

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [SALE, ...args], { encoding: 'utf8', timeout: 60_000 });
}

test('prints each step of a sale by broadcast, in Chinese', () => {
  const { status, stdout, stderr } = run(
    ...['--amount', '12.50', '--by', 'broadcast', '--language', 'zh-CN'],
  );
  assert.equal(status, 0, stderr);
  const steps = ['order on disk', 'QR on the screen', 'broadcast heard', 'matched by broadcast'];
  for (const step of [...steps, 'paid', 'first sample at the speaker', 'bill printed']) {
    assert.ok(stdout.includes(step), `${step}\n${stdout}`);
  }
  assert.match(stdout, /“收款十二元五角”/);
});

test('a wrong amount prints what the screen said, and fails', () => {
  const { status, stderr } = run('--amount', '1.234');
  assert.equal(status, 1);
  assert.match(stderr, /Only 2 figures can follow the point/);
});

test('a payer without money makes it fail', () => {
  const { status, stderr } = run('--amount', '5', '--payer', '4');
  assert.equal(status, 1);
  assert.match(stderr, /declined: insufficient_funds/);
});
