/**
 * `npm run fuzz`: whatever comes in at any door is taken or refused; it never ends the program, hangs
 * it, or is half applied. A case that does is printed as a line that runs it again.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { readMinutes, readOptions, readSeed, speaker } from '#test/command.ts';
import { DOORS } from './doors.ts';

const USAGE = `usage: npm run fuzz -- [options]
  --minutes N       how long, all doors together (default a third)
  --seed N          the same inputs again; without it a fresh one
  --door NAME       this door alone: ${[...DOORS.keys()].join(', ')}
  --case NAME:HEX   one input alone`;

/** Without a sign of life for so long, a case hangs. */
const HANG_MS = 20_000;

const say = speaker('fuzz');

function readOrder() {
  const text = { type: 'string' } as const;
  const options = { minutes: text, seed: text, door: text, case: text };
  return readOptions(USAGE, options, (asked) => {
    const [name, input] = asked.case?.split(':') ?? [asked.door];
    if (name !== undefined && !DOORS.has(name)) throw new Error(`there is no door ${name}`);
    return {
      minutes: readMinutes(asked.minutes, 1 / 3),
      seed: readSeed(asked.seed),
      doors: name === undefined ? [...DOORS.keys()] : [name],
      input,
    };
  });
}

interface Told {
  readonly door: string;
  readonly cases: number;
  readonly why?: string;
  readonly input?: string;
}

/** The case that was begun last. */
function lastCase(file: string): string {
  const bytes = readFileSync(file);
  const length = bytes.readUInt32LE(32);
  const door = bytes.subarray(0, 32).toString().trim();
  return `${door}:${bytes.subarray(36, 36 + length).toString('hex')}`;
}

async function main(): Promise<number> {
  const { minutes, seed, doors, input } = readOrder();
  const directory = mkdtempSync(join(tmpdir(), 'hawker-fuzz-'));
  const file = join(directory, 'case');
  writeFileSync(file, new Uint8Array(36));
  const order = {
    file,
    seed,
    ms: minutes * 60_000,
    doors,
    ...(input === undefined ? {} : { input }),
  };
  say(`seed ${seed}`);
  const worker = spawn(
    process.execPath,
    [join(import.meta.dirname, 'worker.ts'), JSON.stringify(order)],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let complaint = '';
  worker.stderr.on('data', (part: Buffer) => {
    complaint = (complaint + part.toString()).slice(-4000);
  });
  let total = 0;
  let failed: string | null = null;
  const lines = createInterface({ input: worker.stdout });
  lines.on('line', (line) => {
    const told: Told = JSON.parse(line);
    total += told.cases;
    say(`${told.door.padEnd(14)} ${String(told.cases).padStart(8)} cases`);
    if (told.why === undefined) return;
    failed = `${told.why}\n--case ${told.door}:${told.input ?? input}`;
  });
  let before = '';
  let since = performance.now();
  const watch = setInterval(() => {
    const now = readFileSync(file).toString('latin1');
    if (now !== before) since = performance.now();
    before = now;
    if (performance.now() - since < HANG_MS) return;
    failed ??= `a case hangs\n--case ${lastCase(file)}`;
    worker.kill('SIGKILL');
  }, 1000);
  const code = await new Promise<number | null>((resolve) => worker.once('close', resolve));
  clearInterval(watch);
  if (code !== 0 && failed === null) failed = `ended: ${complaint}\n--case ${lastCase(file)}`;
  rmSync(directory, { recursive: true, force: true });
  if (failed === null) {
    say(`${total} cases held`);
    return 0;
  }
  say(`failed with seed ${seed}: ${failed}`);
  return 1;
}

process.exit(await main());
