/**
 * `npm run bench`: how fast the stall sells, and what the terminal takes, beside the bare wires' own
 * times in the same run. A figure over its target is marked; only what does not work at all fails.
 */
import { spawnSync } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import node from '#firmware/node.json' with { type: 'json' };
import { readCount, readOptions, speaker } from '#test/command.ts';
import { BareBroker, passReport, passScreen, playSample, syncDisk } from './bare.ts';
import { cardsTable } from './cards.ts';
import { chain, type Figure, tableOf } from './figures.ts';
import { measurePayments, type Measured as PaymentRun } from './payments.ts';
import { idleShare, type Memory, memoryOf } from './process.ts';
import { paint, type SaleTimes, sell } from './sales.ts';
import { BenchStall, Place } from './stand.ts';

const USAGE = `usage: npm run bench -- [options]
  --sales N     how many sales, one after the other (default 10, with --short 4)
  --short       the quick run that CI makes, about half a minute`;

function readRun() {
  const options = { sales: { type: 'string' }, short: { type: 'boolean' } } as const;
  return readOptions(USAGE, options, ({ sales: asked, short = false }) => {
    const sales = readCount('sales', asked, short ? 4 : 10);
    return short
      ? { sales, restarts: 2, paints: 0, wires: 12, idleMs: 4000, payments: 3000, taps: 4 }
      : { sales, restarts: 5, paints: 5, wires: 20, idleMs: 10_000, payments: 20_000, taps: 20 };
  });
}

type Options = ReturnType<typeof readRun>;
const say = speaker('bench');
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 3000));

/** The wires alone; `disk` is the directory whose disk the terminal's journal is on. */
async function measureWires(place: Place, disk: string, count: number) {
  const report = await passReport(place.directory, count);
  const sync = await syncDisk(disk, count);
  const screen = await passScreen(count);
  const broker = await BareBroker.open();
  // Whoever measures a first message measures a compiler.
  await broker.pass(20);
  const message = await broker.pass(count);
  const both = await broker.passBoth(count);
  await broker.close();
  const drawn = spawnSync(
    process.execPath,
    [...node.flags, join(import.meta.dirname, 'draw-qr.ts'), String(count)],
    { encoding: 'utf8' },
  );
  return { report, sync, screen, message, both, qr: JSON.parse(drawn.stdout) as number[] };
}

type Wires = Awaited<ReturnType<typeof measureWires>>;

interface Measured {
  readonly firstOpen: number;
  readonly secondOpen: number;
  readonly firstReady: number;
  readonly ready: readonly number[];
  readonly sales: readonly SaleTimes[];
  readonly painted: readonly number[];
  readonly wires: Wires;
  readonly samples: readonly number[];
  readonly first: Memory;
  readonly afterSales: Memory;
  readonly later: Memory;
  readonly idle: number;
}

async function measureSales(stall: BenchStall, place: Place, options: Options) {
  await stall.phoneListens();
  await stall.followScreen(place);
  const sales: SaleTimes[] = [];
  for (let at = 0; at < options.sales; at += 1) {
    sales.push(await sell(stall, 1 + (at % 9)));
    if ((at + 1) % 20 === 0) say(`${at + 1} sales, ${describe(memoryOf(place.terminalPid))}`);
  }
  return sales;
}

const describe = ({ resident, peak }: Memory): string =>
  `${resident.toFixed(1)} MB resident, ${peak.toFixed(1)} MB at most`;

async function measure(place: Place, options: Options): Promise<Measured> {
  say('first start, nothing compiled yet …');
  let stall = await BenchStall.open(place);
  try {
    const firstOpen = stall.openMs;
    const firstReady = stall.client.state.terminal.ready_ms ?? Number.NaN;
    await settle();
    const first = memoryOf(place.terminalPid);
    say('later starts …');
    const ready: number[] = [];
    for (let at = 0; at < options.restarts; at += 1) ready.push(await stall.restartTerminal());
    await settle();
    const later = memoryOf(place.terminalPid);
    const idle = await idleShare(place.terminalPid, options.idleMs);
    say(`${options.sales} sales …`);
    const sales = await measureSales(stall, place, options);
    const afterSales = memoryOf(place.terminalPid);
    const painted = options.paints === 0 ? [] : await paint(stall, place.screenUrl, options.paints);
    say('the wires alone …');
    const wires = await measureWires(place, place.terminal, options.wires);
    const samples = stall.works('speaker') ? await playSample(place.directory, options.wires) : [];
    await stall.close();
    stall = await BenchStall.open(place);
    const secondOpen = stall.openMs;
    const starts = { firstOpen, secondOpen, firstReady, ready };
    return { ...starts, sales, painted, wires, samples, first, afterSales, later, idle };
  } finally {
    await stall.close();
  }
}

function saleFigures({ sales, painted, wires, samples }: Measured): Figure[] {
  const column = (name: keyof SaleTimes): number[] => sales.flatMap((sale) => sale[name] ?? []);
  const { report, sync, screen, message, both, qr } = wires;
  const toCard = { bare: chain(message, samples), wire: 'MQTT message, aplay → sample' };
  const air = { bare: column('air'), wire: 'air: sent → heard' };
  return [
    {
      what: 'Enter → QR in the kiosk’s event',
      samples: column('qr'),
      bare: chain(report, sync, screen),
      wire: 'report, fdatasync, event',
      target: 50,
    },
    { what: '· report through the pty', samples: report },
    { what: '· append and fdatasync', samples: sync },
    { what: '· QR drawn as SVG', samples: qr },
    { what: '· event over loopback', samples: screen },
    {
      what: 'digit → digit in the kiosk’s event',
      samples: column('digit'),
      bare: chain(report, screen),
      wire: 'report, event',
    },
    ...(painted.length === 0 ? [] : [{ what: 'Enter → QR painted by Chromium', samples: painted }]),
    { what: 'Enter → heard by a phone at 1 m', samples: column('heard'), ...air },
    {
      what: 'order → receipt',
      samples: column('receipt'),
      bare: both,
      wire: 'MQTT there and back',
    },
    {
      what: 'commit → first sample',
      samples: column('sampleAfterRecord'),
      ...toCard,
      target: 100,
    },
    { what: 'phone’s answer → first sample', samples: column('sampleAfterAnswer'), ...toCard },
  ];
}

function footprintFigures(measured: Measured): Figure[] {
  const { firstOpen, secondOpen, firstReady, ready, first, afterSales, later, idle } = measured;
  const count = measured.sales.length;
  const memory = (what: string, value: number): Figure => ({
    what: `terminal: resident ${what}`,
    samples: [value],
    unit: 'MB',
    target: 120,
  });
  return [
    { what: 'terminal: start → ready', samples: ready, target: 2000 },
    { what: '· its first start', samples: [firstReady], target: 2000 },
    memory('after a start', later.resident),
    memory(`after ${count} sales`, afterSales.resident),
    memory('at most, until then', afterSales.peak),
    memory('after its first start', first.resident),
    { what: 'terminal: idle, of a core', samples: [idle], unit: '%', target: 2 },
    { what: 'stall: second start', samples: [secondOpen], target: 4000 },
    { what: 'stall: first start', samples: [firstOpen] },
  ];
}

/** Name of the run → what it is, and the run that it is compared with. */
const PAYMENT_RUNS: readonly [name: string, what: string, bare?: string][] = [
  ['bare', 'bare loop: the same rows, engine and group size'],
  ['hot', '256 payers, one merchant', 'bare'],
  ['cold', '256 payers, a thousand merchants', 'bare'],
  ['slow_bare', 'bare loop, each commit 4 ms slower'],
  ['slow', '256 payers, each commit 4 ms slower', 'slow_bare'],
  ['alone_bare', 'bare loop, one at a time'],
  ['alone', 'one payer at a time', 'alone_bare'],
];

/** Durable payments through the whole path, as a table in Markdown. */
function paymentsTable(runs: Readonly<Record<string, PaymentRun>>): string {
  const rows = PAYMENT_RUNS.flatMap(([name, what, bare]) => {
    const run = runs[name];
    if (run === undefined) return [];
    const other = bare === undefined ? undefined : runs[bare];
    const share = other === undefined ? '' : (run.per_second / other.per_second).toFixed(2);
    const cells = [run.per_second, run.cpu_us].map((value) => value.toFixed(0));
    return [`| ${[what, ...cells, run.p99_ms.toFixed(1), share].join(' | ')} |`];
  });
  const head = '| payments | a second | CPU µs each | p99 ms | of the bare loop |';
  return [head, '| --- | ---: | ---: | ---: | ---: |', ...rows].join('\n');
}

/** Whose figures these are. */
function describeMachine(disk: string): string {
  const [first] = cpus();
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  const load = loadavg()[0]?.toFixed(1);
  return [
    `${cpus().length} × ${first?.model.trim() ?? process.arch}, ${memory} GB`,
    `Linux ${release()}, Node ${process.version}`,
    `${disk}; load ${load} before`,
  ].join('; ');
}

const EXT4 = 0xef53;

const options = readRun();
const place = new Place();
const machine = describeMachine(
  statfsSync(place.directory).type === EXT4 ? 'ext4' : 'another file system',
);
try {
  const measured = await measure(place, options);
  const figures = [...saleFigures(measured), ...footprintFigures(measured)];
  process.stdout.write(`${tableOf(figures)}\n\n`);
  say(`${options.payments} payments, and as many by a bare loop …`);
  const payments = await measurePayments(place.directory, options.payments);
  process.stdout.write(`${paymentsTable(payments)}\n\n`);
  say(`${options.taps} taps of a card …`);
  process.stdout.write(`${await cardsTable(place.directory, options.taps)}\n\n${machine}\n`);
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  place.remove();
}
