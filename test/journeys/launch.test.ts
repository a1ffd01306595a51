/** What npm starts ends with it, also where npm alone is told to and the shell between says nothing. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { until } from '#test/until.ts';

/** Processes that were started with this in their environment. */
function marked(mark: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(mark);
    } catch {
      return false; // It has ended meanwhile.
    }
  });
}

test('a command ends when npm is told to', async (t) => {
  const mark = `HAWKER_TEST_MARK=${process.pid}`;
  const npm = spawn('npm', ['run', '--silent', 'simulate', '--', '--minutes', '5'], {
    cwd: new URL('../..', import.meta.url),
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HAWKER_TEST_MARK: String(process.pid) },
  });
  t.after(() => {
    for (const pid of marked(mark)) process.kill(Number(pid), 'SIGKILL');
  });
  let said = '';
  npm.stderr.on('data', (bytes) => {
    said += String(bytes);
  });
  await until('the simulation', () => said.includes('seed'), 30_000);
  assert.ok(marked(mark).length >= 3, 'npm, the launcher, and what it runs');
  npm.kill('SIGTERM');
  await until('the end of all of them', () => marked(mark).length === 0, 30_000);
});
