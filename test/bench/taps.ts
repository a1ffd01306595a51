/**
 * A tap: the terminal's own loop with its journal on a real disk, the PC/SC driver in its process, the
 * real daemon, and a card that takes its time. What card, wire and disk took is measured apart;
 * what is left is this project's own.
 */
import { join } from 'node:path';
import { workCard } from '#device/card-work.ts';
import type { Settings } from '#device/flows/state.ts';
import { Journal } from '#device/journal.ts';
import { offlineLimitsSchema } from '#device/messages/card.ts';
import type { JournalEntry } from '#device/messages/journal.ts';
import type { CardPresence, Reader } from '#device/ports/reader.ts';
import { Terminal } from '#device/terminal.ts';
import { systemChance, systemClock } from '#firmware/clock.ts';
import { openFileDisk } from '#firmware/disk.ts';
import { openPcscReader } from '#firmware/reader/pcsc.ts';
import type { Card } from '#simulators/card/card.ts';
import { openPurseCard } from '#simulators/card/purse-card.ts';
import { REAL_TIMING } from '#simulators/card/work.ts';
import { openPcscBench, SETTINGS as READER } from '#test/contracts/pcsc-bench.ts';
import { SETTINGS, STALL } from '#test/flows/stand.ts';
import { until } from '#test/until.ts';

/** Milliseconds of one tap, by where they went. */
export interface TapTimes {
  /** Put into the field → the driver says that it arrived: the virtual reader's polling. */
  readonly poll: number;
  /** Arrived → the debit is committed and on disk. */
  readonly tap: number;
  readonly card: number;
  readonly wire: number;
  readonly disk: number;
  readonly own: number;
}

const key = (seed: number): Uint8Array => new Uint8Array(16).fill(seed);
const HOUSE = {
  ...{ card: key(6), master: key(1), debit: key(2), load: key(3), read: key(4) },
  transaction: key(5),
};
const READER_NAME = 'reader';

/** Resolved by whoever sees it. */
interface Mark {
  at: number;
  card: number;
  transmit: number;
  disk: number;
}

class TapBench {
  readonly #terminal: Terminal;
  readonly #reader: { open: Reader | null } = { open: null };
  arrived: Mark | null = null;
  committed: Mark | null = null;
  now: Omit<Mark, 'at'> = { card: 0, transmit: 0, disk: 0 };
  opened = false;

  constructor(journal: Journal) {
    const transmit = async (_reader: string, card: CardPresence, apdu: Uint8Array) => {
      const began = performance.now();
      const { open } = this.#reader;
      if (open === null) throw new Error('the reader is not open');
      const answer = await open.transmit(card, apdu);
      this.now.transmit += performance.now() - began;
      return answer;
    };
    const keys = { debit: HOUSE.debit, read: HOUSE.read };
    const nothing = (): void => undefined;
    const outlets = {
      listen: nothing,
      hush: nothing,
      show: nothing,
      lamp: nothing,
      beep: nothing,
      broadcast: nothing,
    };
    const organs = [{ name: READER_NAME, role: 'reader' } as const];
    const stall = {
      ...STALL,
      card_limits: offlineLimitsSchema.parse({ count: 1000, sum_minor: 1e8 }),
    };
    const settings: Settings = { ...SETTINGS, stall, organs, takesCards: true };
    this.#terminal = new Terminal(settings, [], {
      ...{ clock: systemClock, chance: systemChance, log: nothing },
      journal: { append: (entries) => this.#append(journal, entries) },
      link: { publish: nothing },
      outlets: { ...outlets, print: nothing, speak: (_c, _m, started) => started() },
      workCard: (reader, card, task) =>
        workCard({ keys, chance: systemChance, transmit }, reader, card, task),
    });
    this.#terminal.push({ is: 'organ', name: READER_NAME, state: { is: 'working' } });
    // The list of blocked cards is fresh; else nothing is taken without network.
    const hotlist = { version: 1, full: true, entries: [], removed: [], issued_at: Date.now() };
    const downlink = { kind: 'hotlist', terminal: 't-0001', gateway_time: Date.now() } as const;
    this.#terminal.push({ is: 'downlink', downlink: { ...downlink, hotlist } });
  }

  async #append(journal: Journal, entries: readonly JournalEntry[]): Promise<void> {
    const began = performance.now();
    await journal.append(entries);
    const at = performance.now();
    this.now.disk += at - began;
    if (entries.some(({ kind }) => kind === 'order')) this.opened = true;
    if (entries.some(({ kind }) => kind === 'card_done')) this.committed = { at, ...this.now };
  }

  attach(reader: Reader): void {
    this.#reader.open = reader;
  }

  event(event: { is: 'arrived' | 'left'; card: CardPresence }): void {
    if (event.is === 'arrived') this.arrived = { at: performance.now(), ...this.now };
    this.#terminal.push({ is: 'card', reader: READER_NAME, event });
  }

  async sell(): Promise<void> {
    this.opened = false;
    this.arrived = null;
    this.committed = null;
    for (const pressed of ['1', 'enter'] as const) this.#terminal.push({ is: 'key', key: pressed });
    await until('the order is open', () => this.opened || undefined);
  }

  stop(): void {
    this.#terminal.stop();
  }
}

/** Each debits 1.00 without network, one after the other, in a directory on the disk to be measured. */
export async function measureTaps(directory: string, count: number): Promise<TapTimes[]> {
  const disk = await openFileDisk(join(directory, 'taps'));
  const { journal } = await Journal.open(disk);
  const bench = new TapBench(journal);
  const { stand, close } = await openPcscBench();
  const reader = await openPcscReader(READER_NAME, READER, {
    lost: (error) => {
      throw error;
    },
    arrived: (card) => bench.event({ is: 'arrived', card }),
    left: (card) => bench.event({ is: 'left', card }),
    unreadable: () => undefined,
  });
  bench.attach(reader);
  const card = await openPurseCard({
    ...{ name: 'card', uid: Uint8Array.of(4, 1, 2, 3, 4, 5, 6), keys: HOUSE, currency: 156 },
    ...{ nowS: Date.now() / 1000, chance: (bytes) => systemChance.bytes(bytes) },
    balanceMinor: 900_000,
  });
  card.timing = REAL_TIMING;
  timeCard(card, bench);
  const times: TapTimes[] = [];
  // The first one measures a compiler.
  for (let at = 0; at <= count; at += 1) {
    await bench.sell();
    const put = performance.now();
    await stand.present(card);
    const committed = await until('the debit is on disk', () => bench.committed ?? undefined);
    const { arrived } = bench;
    if (arrived === null) throw new Error('nothing arrived');
    if (at > 0) times.push(between(put, arrived, committed));
    await stand.remove();
  }
  bench.stop();
  await reader.close();
  await close();
  await disk.close();
  return times;
}

function timeCard(card: Card, bench: TapBench): void {
  const real = card.process.bind(card);
  card.process = (apdu) => {
    const answer = real(apdu);
    bench.now.card += answer.durationMs;
    return answer;
  };
}

function between(put: number, arrived: Mark, committed: Mark): TapTimes {
  const tap = committed.at - arrived.at;
  const card = committed.card - arrived.card;
  const transmit = committed.transmit - arrived.transmit;
  const disk = committed.disk - arrived.disk;
  const own = tap - transmit - disk;
  return { poll: arrived.at - put, tap, card, wire: transmit - card, disk, own };
}
