/** `npm run check`: lint, format and types, as CI runs them. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const HOME = join(import.meta.dirname, '..');
const BIN = join(HOME, 'node_modules', '.bin');

const steps: readonly [name: string, program: string, args: readonly string[]][] = [
  ['lint and format', join(BIN, 'biome'), ['ci', '--error-on-warnings', '.']],
  ['types', join(BIN, 'tsc'), ['--project', '.']],
];

let failed = 0;
for (const [name, program, args] of steps) {
  const done = spawnSync(program, args, { cwd: HOME, stdio: 'inherit' });
  process.stdout.write(`${name}: ${done.status === 0 ? 'good' : 'failed'}\n`);
  if (done.status !== 0) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);
