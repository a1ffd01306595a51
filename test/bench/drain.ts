/**
 * `npm run bench:drain`: a terminal comes back with a long queue. Its loop, its journal on a real
 * disk and its link are the ones that ship; the gateway is a process of its own.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
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
import { enrol, SEED } from '#test/gateway/harness.ts';
import { spawnGateway } from '#test/gateway/process.ts';
import { until } from '#test/until.ts';
import { memoryOf } from './process.ts';

const USAGE = `usage: npm run bench:drain -- [options]
  --orders N    how many wait in the journal (default 10000)
  --short       the quick run that CI makes: 2000`;

const TARGET_A_SECOND = 1000;
/** Entries that share one write as the queue is made. */
const CHUNK = 500;
/** A lifetime in which none of them ends: what is measured is the sending. */
const LIFETIME_S = 3600;

const say = (text: string): void => void process.stderr.write(`drain: ${text}\n`);

function readOrders(): number {
  const { values } = parseArgs({
    options: { orders: { type: 'string' }, short: { type: 'boolean', default: false } },
  });
  const orders = Number(values.orders ?? (values.short ? 2000 : 10_000));
  if (Number.isInteger(orders) && orders > 0) return orders;
  process.stderr.write(`--orders: give a whole number\n\n${USAGE}\n`);
  return process.exit(2);
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
  /** When the receipt of the order keyed in mid-drain came, of the monotonic clock. */
  readonly receiptAt: Map<string, number>;
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
    { broker: identity.broker, terminal: identity.terminal, password },
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
  const orders: string[] = [];
  const quiet = () => undefined;
  const terminal = new Terminal(settings, entries, {
    clock: systemClock,
    chance: systemChance,
    journal: {
      async append(added) {
        await journal.append(added);
        for (const entry of added) {
          if (entry.kind === 'order') orders.push(entry.order.number);
          if (entry.kind !== 'receipt') continue;
          watched.received += 1;
          watched.receiptAt.set(entry.receipt.order, performance.now());
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
  return { push, close, orders, recallMs: performance.now() - began };
}

type Opened = Awaited<ReturnType<typeof openTerminal>>;

/** Keys one order and takes the time from Enter to the gateway's receipt, on disk. */
async function sellMeanwhile({ push, orders }: Opened, watched: Watched): Promise<number> {
  const before = orders.length;
  const began = performance.now();
  for (const key of ['cancel', '7', 'enter'] as const) push({ is: 'key', key });
  const number = await until('the new order', () => orders[before]);
  return (await until('its receipt', () => watched.receiptAt.get(number))) - began;
}

const MB = 1_048_576;

const grows = (from = Number.NaN, to: number): string => `${from.toFixed(0)} → ${to.toFixed(0)}`;

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
    const watched: Watched = { received: 0, receiptAt: new Map() };
    const terminal = await openTerminal(path, identity, watched);
    let most = 0;
    let gatewayMost = 0;
    /** Of both, as a fifth was received: by then everything is compiled and every cache is full. */
    let warm: readonly [number, number] | null = null;
    let meanwhile: Promise<number> | null = null;
    const began = performance.now();
    let told = began;
    while (watched.received < count) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      most = Math.max(most, process.memoryUsage.rss() / MB);
      gatewayMost = Math.max(gatewayMost, memoryOf(gateway.pid).resident);
      if (watched.received > count / 5) warm ??= [most, gatewayMost];
      if (watched.received > count / 2) meanwhile ??= sellMeanwhile(terminal, watched);
      if (performance.now() - told < 5000) continue;
      told = performance.now();
      say(`${watched.received} received, ${most.toFixed(0)} MB, gateway ${gatewayMost.toFixed(0)}`);
    }
    const seconds = (performance.now() - began) / 1000;
    const rate = count / seconds;
    const rows = [
      ['orders a second', rate.toFixed(0), `≥ ${TARGET_A_SECOND}`],
      ['recall of the journal, ms', terminal.recallMs.toFixed(0), ''],
      ['a new sale meanwhile, Enter → receipt, ms', ((await meanwhile) ?? 0).toFixed(0), ''],
      ['terminal, MB at most, of the first fifth → of all', grows(warm?.[0], most), 'flat'],
      ['gateway, MB at most, of the first fifth → of all', grows(warm?.[1], gatewayMost), 'flat'],
    ];
    process.stdout.write(`| ${count} queued orders | measured | target |\n|---|---|---|\n`);
    for (const row of rows) process.stdout.write(`| ${row.join(' | ')} |\n`);
    await terminal.close();
  } finally {
    await gateway.end('SIGTERM');
    rmSync(directory, { recursive: true, force: true });
  }
}

await main();
