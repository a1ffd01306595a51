/**
 * Runs the tests: `npm test` all but the slow ones, `npm test -- test/flows` those below a path,
 * `npm run proofs` the slow ones: second opinions of the simulators, and whole stories in real time.
 * Files whose other end counts milliseconds (a key held, a chip simulated, a call) run alone.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';

const HOME = join(import.meta.dirname, '..');
const SLOW =
  /^test\/(hardware\/|browser\/(cashier-access|kiosk|stall-call)|gateway\/links-kill|journeys\/(power-cuts|sale-command|telephone-sale))/;
const ALONE = /^test\/(hardware\/|contracts\/(keypad|reader)|journeys\/telephone-sale)/;
const WIRED = /^test\/(journeys|browser|contracts|telephone)\//;

const wanted = process.argv.slice(2).filter((arg) => !arg.startsWith('-'));
const slow = process.argv.includes('--slow');
const flags = process.argv.slice(2).filter((arg) => arg.startsWith('-') && arg !== '--slow');
const files = globSync('test/**/*.test.ts', { cwd: HOME })
  .filter((file) =>
    wanted.length === 0 ? SLOW.test(file) === slow : wanted.some((path) => file.startsWith(path)),
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
