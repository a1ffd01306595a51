/** What is typed wrongly after `npm start --` is told at once, before anything is started. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const MAIN = join(import.meta.dirname, '..', '..', 'simulators', 'stall', 'main.ts');

test('a voice model that is not there is told with its place and the mend', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'stall-options-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const data = join(directory, 'data');
  for (const [model, lacks] of [
    [join(directory, 'nowhere'), 'is not there'],
    [directory, 'has no tokens.txt'],
  ] as const) {
    const args = [MAIN, '--data', data, '--port', '0', '--model-zh', model];
    const { status, stderr } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      timeout: 20_000,
    });
    assert.equal(status, 2);
    assert.ok(stderr.startsWith(`--model-zh: ${model} ${lacks}; name the directory`), stderr);
  }
  assert.deepEqual(readdirSync(directory), [], 'nothing was begun');
});
