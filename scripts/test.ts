/**
 * Runs the tests: `npm test` all of them, `npm test -- test/flows` those below a path. Files whose
 * other end counts milliseconds (a key held, a chip simulated) run alone, one after the other. The
 * slow second opinions of test/hardware are `npm run judges`: they judge the simulators.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';

const HOME = join(import.meta.dirname, '..');
const JUDGES = /^test\/hardware\//;
const ALONE = /^test\/(hardware\/|contracts\/(keypad|reader))/;
const WIRED = /^test\/(journeys|browser|contracts|telephone)\//;

const wanted = process.argv.slice(2).filter((arg) => !arg.startsWith('-'));
const flags = process.argv.slice(2).filter((arg) => arg.startsWith('-'));
const files = globSync('test/**/*.test.ts', { cwd: HOME })
  .filter((file) =>
    wanted.length === 0 ? !JUDGES.test(file) : wanted.some((path) => file.startsWith(path)),
  )
  .sort();

if (files.length === 0) {
  process.stderr.write(`no test file begins with ${wanted.join(' or ')}\n`);
  process.exit(2);
}

function run(which: readonly string[], concurrency: number): number {
  if (which.length === 0) return 0;
  // A file whose set-up failed may leave a browser or a child behind: it must not hold up the rest.
  const limits = ['--test-timeout=120000', '--test-force-exit'];
  const args = ['--test', `--test-concurrency=${concurrency}`, ...limits, ...flags];
  const done = spawnSync(process.execPath, [...args, ...which], { cwd: HOME, stdio: 'inherit' });
  return done.status ?? 1;
}

/** The quick ones first: what they find is seen soon. Most of a wired test's time is waiting. */
const groups: readonly [files: readonly string[], concurrency: number][] = [
  [files.filter((file) => !ALONE.test(file) && !WIRED.test(file)), 3],
  [files.filter((file) => ALONE.test(file)), 1],
  [files.filter((file) => !ALONE.test(file) && WIRED.test(file)), 3],
];
const codes = groups.map(([which, concurrency]) => run(which, concurrency));
process.exit(codes.find((code) => code !== 0) ?? 0);
