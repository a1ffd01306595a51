/** What `npm run simulate` does: worlds by their seeds, on all cores. A world that fails can be run again. */
import { type ChildProcess, fork } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { answerHelp } from '#test/command.ts';
import { hunt } from './hunt.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { NOTHING_PLANTED, type Planted } from './plant-kit.ts';
import { PLANTED } from './planted.ts';
import { type Outcome, runWorld } from './world.ts';

/** Lines of a failed world's trace that are printed; its seed gives all of them. */
const LAST_LINES = 60;

/** How often a run that nobody watches says how far it is. */
const LOG_EVERY_MS = 60_000;

/** What a child tells of one world. */
type Report = Pick<
  Outcome,
  'seed' | 'violations' | 'lines' | 'terminalHours' | 'events' | 'counts'
> & {
  /** What it took of a core, s: others may use the machine, too. */
  readonly coreSeconds: number;
};

const say = (text: string): void => void process.stderr.write(`${text}\n`);

const plantOf = ({ plant }: Options): Planted =>
  (plant === null ? undefined : PLANTED[plant]?.planted) ?? NOTHING_PLANTED;

/** The one line that shows a world again. */
const replayOf = (seed: number, { plant }: Options): string =>
  `npm run simulate -- --seed ${seed}${plant === null ? '' : ` --plant ${plant}`}`;

function sayFailure(
  { seed, violations }: Pick<Report, 'seed' | 'violations'>,
  options: Options,
): void {
  for (const violation of violations) say(`seed ${seed}: ${violation}`);
  say(`again: ${replayOf(seed, options)}`);
}

// ── One world ───────────────────────────────────────────────────────────────────────────────────

async function runOne(seed: number, options: Options): Promise<number> {
  const began = performance.now();
  const outcome = await runWorld(seed, { planted: plantOf(options) });
  if (!options.quiet) process.stdout.write(`${outcome.lines.join('\n')}\n`);
  process.stdout.write(`trace ${outcome.digest}\n`);
  const { terminalHours, events, counts } = outcome;
  const ms = performance.now() - began;
  say(
    `seed ${seed}: ${terminalHours.toFixed(1)} terminal-hours in ${(ms / 1000).toFixed(1)} s, ` +
      `${events} events, ${counts.sales} sales, ${counts.paid} paid, ${counts.spoken} spoken`,
  );
  if (outcome.violations.length === 0) return 0;
  sayFailure(outcome, options);
  return 1;
}

// ── Many ────────────────────────────────────────────────────────────────────────────────────────

/** Runs the seeds that the parent sends, one after the other. */
function serveParent(options: Options): void {
  const planted = plantOf(options);
  process.on('message', (seed: number) => {
    const before = process.cpuUsage();
    runWorld(seed, { planted, keptLines: LAST_LINES }).then(
      ({ violations, lines, terminalHours, events, counts }) => {
        const kept = violations.length === 0 ? [] : lines;
        const { user, system } = process.cpuUsage(before);
        const coreSeconds = (user + system) / 1e6;
        const report = { seed, violations, lines: kept, terminalHours, events, counts };
        process.send?.({ ...report, coreSeconds });
      },
      (error: unknown) => {
        const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
        throw new Error(`seed ${seed}: ${why}`);
      },
    );
  });
  process.on('disconnect', () => process.exit(0));
  // A signal to all of the run: the parent ends it after the worlds it is in.
  process.on('SIGTERM', () => undefined);
}

/** Of `cards` what they committed; of `faults` strokes at machines and ways, and failed verbs of disks. */
const COUNTED = ['sales', 'cards', 'days', 'faults'] as const;

class Tally {
  readonly began = performance.now();
  worlds = 0;
  terminalHours = 0;
  readonly counts = { sales: 0, cards: 0, days: 0, faults: 0 };
  events = 0;
  coreSeconds = 0;
  failed: number[] = [];

  add(report: Report): void {
    this.worlds += 1;
    this.terminalHours += report.terminalHours;
    for (const name of COUNTED) this.counts[name] += report.counts[name];
    this.events += report.events;
    this.coreSeconds += report.coreSeconds;
    if (report.violations.length > 0) this.failed.push(report.seed);
  }

  text(): string {
    const seconds = (performance.now() - this.began) / 1000;
    const times = (this.terminalHours * 3600) / this.coreSeconds;
    return (
      `${this.worlds} worlds, ${this.terminalHours.toFixed(0)} terminal-hours: ` +
      COUNTED.map((name) => `${this.counts[name]} ${name}, `).join('') +
      `${this.events} events, ` +
      `${Math.round(times || 0).toLocaleString('en')} × real time a core, ${seconds.toFixed(0)} s`
    );
  }
}

function runMany(options: Options): Promise<number> {
  const { from, seeds, minutes, processes } = options;
  const deadline = minutes === null ? Infinity : performance.now() + minutes * 60_000;
  const tally = new Tally();
  const size = Math.min(processes, seeds);
  say(`seeds from ${from}, ${size} processes`);
  const { promise, resolve } = Promise.withResolvers<number>();
  const children: ChildProcess[] = [];
  let next = from;
  let busy = 0;
  let isStopped = false;
  process.once('SIGTERM', () => {
    isStopped = true;
  });
  const isOver = (): boolean =>
    isStopped ||
    (tally.failed.length > 0 && !options.goesOn) ||
    next >= from + seeds ||
    performance.now() >= deadline;
  const give = (child: ChildProcess): void => {
    if (!isOver()) {
      busy += 1;
      child.send(next);
      next += 1;
    } else if (busy === 0) end();
  };
  const end = (): void => {
    for (const child of children) child.disconnect();
    clearInterval(bar);
    if (!options.quiet && process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    say(tally.text());
    const { failed } = tally;
    const broken = failed.length === 0 ? 'no promise broken' : `broken at ${failed.join(', ')}`;
    say(`${broken}; seeds ${from} to ${next - 1}`);
    resolve(failed.length === 0 ? 0 : 1);
  };
  const bar = setInterval(
    () => showProgress(tally, options, next - from, deadline),
    process.stderr.isTTY ? 500 : LOG_EVERY_MS,
  );
  for (let at = 0; at < size; at += 1) {
    const child = fork(join(import.meta.dirname, 'main.ts'), ['--child', ...process.argv.slice(2)]);
    children.push(child);
    child.on('message', (report: Report) => {
      busy -= 1;
      tally.add(report);
      if (report.violations.length > 0) {
        process.stdout.write(`${report.lines.join('\n')}\n`);
        sayFailure(report, options);
      }
      give(child);
    });
    child.once('exit', (code, signal) => {
      if (code === 0) return;
      const how = signal === null ? 'see above' : `by ${signal}`;
      say(`a world's process has ended: ${how}; seeds ${from} to ${next - 1} were begun`);
      process.exit(1);
    });
    give(child);
  }
  return promise;
}

function showProgress(
  tally: Tally,
  { quiet, seeds }: Options,
  given: number,
  deadline: number,
): void {
  if (quiet) return;
  if (!process.stderr.isTTY) {
    say(`${tally.text()}; ${given} seeds given`);
    return;
  }
  const passed = performance.now() - tally.began;
  const share = Number.isFinite(deadline)
    ? passed / (passed + Math.max(0, deadline - performance.now()))
    : given / seeds;
  const filled = Math.round(Math.min(1, share) * 24);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(24 - filled)}`;
  process.stderr.write(`\r\x1b[K${bar} ${tally.text()}`);
}

// ── Planted faults ──────────────────────────────────────────────────────────────────────────────

/** Looks for every planted fault; the answer is 1 where one was not found. */
async function runHunts({ from, seeds }: Options): Promise<number> {
  let missed = 0;
  for (const [name, fault] of Object.entries(PLANTED)) {
    const caught = await hunt(fault, from, seeds);
    if (caught === null) missed += 1;
    const how = caught === null ? 'NOT FOUND' : `seed ${caught.seed}: ${caught.says.slice(0, 90)}`;
    process.stdout.write(`${name.padEnd(18)} ${how}\n`);
  }
  return missed === 0 ? 0 : 1;
}

/** Does what the command line says; sets the exit code. */
export async function simulate(): Promise<void> {
  let options: Options;
  answerHelp(USAGE);
  try {
    options = readOptions(process.argv.slice(2), () => randomInt(1, 2 ** 31));
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exit(2);
  }
  if (options.child) serveParent(options);
  else if (options.plant === 'all') process.exitCode = await runHunts(options);
  else if (options.seed !== null) process.exitCode = await runOne(options.seed, options);
  else process.exitCode = await runMany(options);
}
