/**
 * Runs the tests: `npm test` all but the slow ones, `npm test -- test/flows` those below a path,
 * `npm run proofs` the slow ones: second opinions of the simulators, and whole stories in real time.
 * Files whose other end counts milliseconds (a key held, a chip simulated, a call) run one by one, and
 * beside nothing but quick ones. Of those that start no programs several share a process: loading the
 * code and making it fast is most of their work.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const HOME = join(import.meta.dirname, '..');
const SLOW =
  /^test\/(hardware\/|browser\/(cashier-access|counter|kiosk|stall-call|vouchers)|gateway\/links-kill|journeys\/(power-cuts|sale-command|telephone-sale))/;
const ALONE =
  /^test\/(hardware\/|contracts\/(keypad|oled|panel-faults|reader|scanner)|journeys\/telephone-sale)/;
const WIRED = /^test\/(journeys|browser|contracts|telephone)\//;
const TOGETHER = /^test\/(bench|card|codecs|dialogue|flows|tidy|words|gateway\/(?!.*kill|main))/;
const OF_A_PROCESS = 8;

const USAGE = `usage: npm test -- [PATH…] [flags of node --test]
  without PATH      all tests but the slow ones; npm run proofs runs those
  PATH              the tests below it, such as test/flows`;

if (process.argv.includes('--help')) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}
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

/** Its exit code; with `later` what it prints comes when it is over, and not amid others' lines. */
async function run(which: readonly string[], concurrency: number, later = false): Promise<number> {
  if (which.length === 0) return 0;
  // A file whose set-up failed may leave a browser or a child behind: it must not hold up the rest.
  const limits = ['--test-timeout=120000', '--test-force-exit'];
  const args = ['--test', `--test-concurrency=${concurrency}`, ...limits, ...flags, ...which];
  const output = later ? 'pipe' : 'inherit';
  const child = spawn(process.execPath, args, { cwd: HOME, stdio: ['inherit', output, 'inherit'] });
  const printed: Buffer[] = [];
  child.stdout?.on('data', (part: Buffer) => printed.push(part));
  const [code] = (await once(child, 'close')) as [number | null];
  process.stdout.write(Buffer.concat(printed));
  return code ?? 1;
}

const shelf = mkdtempSync(join(tmpdir(), 'hawker-test-'));

/** A file's own hooks would be those of every file that it shares a process with. */
function canShare(file: string): boolean {
  const text = readFileSync(join(HOME, file), 'utf8');
  return TOGETHER.test(file) && !/^(before|after)(Each)?\(/m.test(text);
}

/** The same files, several in one. */
function gather(which: readonly string[]): string[] {
  const sharing = which.filter(canShare);
  const gathered = which.filter((file) => !sharing.includes(file));
  for (let at = 0; at < sharing.length; at += OF_A_PROCESS) {
    const own = sharing.slice(at, at + OF_A_PROCESS);
    const path = join(shelf, `${at}.test.mjs`);
    const lines = own.map((file) => `import '${pathToFileURL(join(HOME, file))}';\n`);
    writeFileSync(path, lines.join(''));
    gathered.push(path);
  }
  return gathered;
}

const alone = files.filter((file) => ALONE.test(file));
const wired = files.filter((file) => !ALONE.test(file) && WIRED.test(file));
const quick = gather(files.filter((file) => !ALONE.test(file) && !WIRED.test(file)));

// The quick ones first: what they find is seen soon. Most of a wired test's time is waiting.
const codes = slow
  ? [await run(quick, 3), await run(alone, 1), await run(wired, 3)]
  : [...(await Promise.all([run(quick, 2), run(alone, 1, true)])), await run(wired, 3)];
rmSync(shelf, { recursive: true });
process.exit(codes.find((code) => code !== 0) ?? 0);
