/** A process whose helper thread is stuck in the kernel ends all the same. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const ENDING = resolve(import.meta.dirname, '../../firmware/ending.ts');

test('an opening that never returns does not keep a process that has been told to end', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'hawker-ending-'));
  const fifo = join(directory, 'device');
  // Nobody writes to it: its opening for reading waits for ever, as that of a dead tty may.
  execFileSync('mkfifo', [fifo]);
  const script = `
    const { endWithin } = await import(${JSON.stringify(ENDING)});
    const { open } = await import('node:fs');
    open(${JSON.stringify(fifo)}, 'r', () => undefined);
    process.once('SIGTERM', () => { endWithin(300); process.exit(0); });
    setInterval(() => undefined, 1000);
    process.stdout.write('ready');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 30_000);
  const began = performance.now();
  await once(child, 'exit');
  clearTimeout(late);
  assert.ok(performance.now() - began < 25_000, 'it ended by itself');
  rmSync(directory, { recursive: true });
});
