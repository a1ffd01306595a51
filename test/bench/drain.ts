/**
 * `npm run bench:drain`: a terminal comes back with a long queue. Its loop, its journal on a real
 * disk and its link are the ones that ship; the gateway is a process of its own.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { base64url, fromBase64url } from '#device/codecs/bytes.ts';
import { deriveKeys } from '#device/codecs/keys.ts';
import { mintOrderNumber } from '#device/codecs/order-number.ts';
import type { Input, Settings } from '#device/flows/state.ts';
import { Journal } from '#device/journal.ts';
import type { Identity } from '#device/messages/enrolment.ts';
import type { JournalEntry } from '#device/messages/journal.ts';
import type { Order } from '#device/messages/order.ts';
import { readDownlink } from '#device/messages/signed.ts';
import { Terminal } from '#device/terminal.ts';
import { systemChance, systemClock } from '#firmware/clock.ts';
import { openFileDisk } from '#firmware/disk.ts';
import { openLink } from '#firmware/link.ts';
import { readCount, readOptions, speaker } from '#test/command.ts';
import { enrol, SEED } from '#test/gateway/harness.ts';
import { spawnGateway } from '#test/gateway/process.ts';
import { until } from '#test/until.ts';
import { memoryOf, runMs } from './process.ts';

const USAGE = `usage: npm run bench:drain -- [options]
  --orders N    how many wait in the journal (default 100000)
  --short       the quick run that CI makes: 2000`;

const TARGET_A_SECOND = 1000;
/** Entries that share one write as the queue is made. */
const CHUNK = 500;
/** A lifetime in which none of them ends: what is measured is the sending. */
const LIFETIME_S = 3600;

const say = speaker('drain');

function readOrders(): number {
  const options = { orders: { type: 'string' }, short: { type: 'boolean' } } as const;
  return readOptions(USAGE, options, ({ orders, short }) =>
    readCount('orders', orders, short ? 2000 : 100_000),
  );
}

function settingsOf(identity: Identity): Settings {
  return {
    takesCards: false,
    terminal: identity.terminal,
    stall: identity.stall,
    keys: deriveKeys(identity.secret),
    payUrl: identity.pay_url,
    qrFormat: 'url',
    powerAtOneMetre: -60,
    organs: [],
  };
}

function makeOrder({ terminal, stall }: Identity, at: number): Order {
  const { vendor, place, currency } = stall;
  const number = mintOrderNumber(Date.now(), new Uint8Array(new Uint32Array([at]).buffer));
  const lines = [{ name: 'Dumplings', quantity: 1, unit_minor: 1250 }];
  const made = { number, terminal, vendor, place, currency, lines };
  return { ...made, amount_minor: 1250, made_at: Date.now(), lifetime_s: LIFETIME_S };
}

/** As the loop would have written them without a network. */
async function fillJournal(path: string, identity: Identity, count: number): Promise<void> {
  const disk = await openFileDisk(path);
  const { journal } = await Journal.open(disk);
  for (let at = 0; at < count; at += CHUNK) {
    const entries = Array.from({ length: Math.min(CHUNK, count - at) }, (_, each): JournalEntry => {
      return { kind: 'order', order: makeOrder(identity, at + each) };
    });
    await journal.append(entries);
  }
  await disk.close();
}

interface Watched {
  received: number;
  /** Number of the order keyed in last → when its receipt was on disk, of the monotonic clock. */
  keyed: string | null;
  receiptAt: number | null;
}

/** The terminal that ships, without organs; told of each receipt. */
async function openTerminal(path: string, identity: Identity, watched: Watched) {
  const disk = await openFileDisk(path);
  const began = performance.now();
  const { journal, entries } = await Journal.open(disk);
  const gatewayKey = fromBase64url(identity.gateway_key) ?? new Uint8Array();
  const push = (input: Input): void => {
    if (!terminal.push(input)) throw new Error(`a ${input.is} was dropped`);
  };
  const settings = settingsOf(identity);
  const password = base64url(settings.keys.broker);
  const link = openLink(
    {
      ...{ broker: identity.broker, terminal: identity.terminal, password },
      ...{ clock: systemClock, chance: systemChance },
    },
    {
      up: () => push({ is: 'link', up: true }),
      down: () => push({ is: 'link', up: false }),
      message(token) {
        const read = readDownlink(token, identity.terminal, gatewayKey);
        if (!read.ok) throw new Error(read.why);
        push({ is: 'downlink', downlink: read.downlink });
      },
    },
  );
  const quiet = () => undefined;
  const terminal = new Terminal(settings, entries, {
    clock: systemClock,
    chance: systemChance,
    journal: {
      async append(added) {
        await journal.append(added);
        for (const entry of added) {
          if (entry.kind === 'order') watched.keyed = entry.order.number;
          if (entry.kind !== 'receipt') continue;
          watched.received += 1;
          if (entry.receipt.order === watched.keyed) watched.receiptAt = performance.now();
        }
      },
    },
    link,
    outlets: {
      ...{
        listen: quiet,
        hush: quiet,
        show: quiet,
        lamp: quiet,
        beep: quiet,
        broadcast: quiet,
        print: quiet,
      },
      speak: (_clips, _mark, _started, failed) => failed(),
    },
    log: say,
  });
  const close = async (): Promise<void> => {
    terminal.stop();
    await link.close();
    await disk.close();
  };
  return { push, close, recallMs: performance.now() - began };
}

type Opened = Awaited<ReturnType<typeof openTerminal>>;

/** Keys one order after the other, and takes the time of each from Enter to its receipt on disk. */
async function sellMeanwhile({ push }: Opened, watched: Watched, goesOn: () => boolean) {
  const took: number[] = [];
  while (goesOn()) {
    watched.receiptAt = null;
    const began = performance.now();
    for (const key of ['cancel', '7', 'enter'] as const) push({ is: 'key', key });
    took.push((await until('the receipt of a new order', () => watched.receiptAt)) - began);
    // One a second is what a busy stall makes.
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  return took.sort((left, right) => left - right);
}

/** What both hold at one moment. */
interface Held {
  readonly received: number;
  readonly seconds: number;
  /** Resident MB, and of the terminal also what is left of its heap after a collection. */
  readonly terminal: number;
  readonly heap: number;
  readonly gateway: number;
}

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

function hold(received: number, began: number, gateway: number): Held {
  collect();
  const { rss, heapUsed } = process.memoryUsage();
  const seconds = (performance.now() - began) / 1000;
  const terminal = { terminal: rss / MB, heap: heapUsed / MB };
  return { received, seconds, ...terminal, gateway: memoryOf(gateway).resident };
}

const MB = 1_048_576;
const QUARTERS = 4;

/** Both at the start and as each quarter of the queue was received. */
async function watch(count: number, watched: Watched, gateway: number): Promise<Held[]> {
  const began = performance.now();
  const curve = [hold(0, began, gateway)];
  while (curve.length <= QUARTERS) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (watched.received < (count * curve.length) / QUARTERS) continue;
    const held = hold(watched.received, began, gateway);
    curve.push(held);
    say(`${held.received} received after ${held.seconds.toFixed(1)} s`);
  }
  return curve;
}

interface Measured {
  readonly count: number;
  readonly curve: readonly Held[];
  /** Ms of each new sale, the shortest first. */
  readonly took: readonly number[];
  /** Seconds that the terminal and the gateway ran: what other work on the machine does not change. */
  readonly ranS: readonly number[];
  readonly recallMs: number;
}

/** Of memory, what counts is what comes after the first quarter: by then everything is compiled. */
function tell({ count, curve, took, ranS, recallMs }: Measured): void {
  const rate = count / (curve.at(-1)?.seconds ?? 0);
  const each = (of: (held: Held) => number): string =>
    curve.map((held) => of(held).toFixed(0)).join(' → ');
  const middle = took[took.length >> 1] ?? 0;
  const rows = [
    ['orders a second', rate.toFixed(0), `≥ ${TARGET_A_SECOND}`],
    ['seconds at 0, 25, 50, 75, 100 %', each(({ seconds }) => seconds), ''],
    ['seconds of a core, terminal and gateway', ranS.map((s) => s.toFixed(1)).join(' and '), ''],
    ['terminal, MB', each(({ terminal }) => terminal), 'flat'],
    ['terminal, MB of its heap in use', each(({ heap }) => heap), 'flat'],
    ['gateway, MB', each(({ gateway }) => gateway), 'flat'],
    ['recall of the journal, ms', recallMs.toFixed(0), ''],
    [
      `${took.length} new sales meanwhile, Enter → receipt on disk, ms`,
      `${middle.toFixed(0)} half of them, ${(took.at(-1) ?? 0).toFixed(0)} at most`,
      '',
    ],
  ];
  process.stdout.write(`| ${count} queued orders | measured | target |\n|---|---|---|\n`);
  for (const row of rows) process.stdout.write(`| ${row.join(' | ')} |\n`);
}

async function main(): Promise<void> {
  const count = readOrders();
  const directory = mkdtempSync(join(tmpdir(), 'hawker-drain-'));
  const seed = join(directory, 'seed.json');
  writeFileSync(seed, JSON.stringify(SEED));
  const args = ['--data', join(directory, 'store'), '--seed', seed];
  const gateway = await spawnGateway([
    ...args,
    ...['--http', '127.0.0.1:0', '--plain-mqtt', '127.0.0.1:0'],
  ]);
  try {
    const identity = await enrol(gateway.http);
    const path = join(directory, 'journal');
    say(`writing ${count} orders …`);
    await fillJournal(path, identity, count);
    const watched: Watched = { received: 0, keyed: null, receiptAt: null };
    const terminal = await openTerminal(path, identity, watched);
    let draining = true;
    const ranBefore = [runMs(process.pid), runMs(gateway.pid)];
    const [curve, took] = await Promise.all([
      watch(count, watched, gateway.pid).finally(() => {
        draining = false;
      }),
      sellMeanwhile(terminal, watched, () => draining),
    ]);
    await until('the rest', () => watched.received >= count + took.length || null);
    const ran = [runMs(process.pid), runMs(gateway.pid)];
    const ranS = ran.map((ms, at) => (ms - (ranBefore[at] ?? 0)) / 1000);
    tell({ count, curve, took, ranS, recallMs: terminal.recallMs });
    await terminal.close();
  } finally {
    await gateway.end('SIGTERM');
    rmSync(directory, { recursive: true, force: true });
  }
}

await main();
