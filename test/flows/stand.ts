/** A terminal's loop on in-memory ports with a clock that the test turns by hand. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { base64url, concat, fromUtf8, utf8 } from '#device/codecs/bytes.ts';
import { peek } from '#device/codecs/jws.ts';
import { deriveKeys } from '#device/codecs/keys.ts';
import type { Settings } from '#device/flows/state.ts';
import { Journal } from '#device/journal.ts';
import { stallSchema } from '#device/messages/enrolment.ts';
import type { JournalEntry } from '#device/messages/journal.ts';
import type {
  Attempt,
  Downlink,
  Order,
  Pairing,
  Refund,
  Result,
  Uplink,
} from '#device/messages/order.ts';
import type { Broadcast } from '#device/ports/advertiser.ts';
import type { Clock } from '#device/ports/clock.ts';
import type { Disk } from '#device/ports/disk.ts';
import type { Screen } from '#device/ports/display.ts';
import type { Key } from '#device/ports/keypad.ts';
import type { PrintedReceipt } from '#device/ports/printer.ts';
import type { Heard } from '#device/ports/recogniser.ts';
import type { Scan } from '#device/ports/scanner.ts';
import { Terminal, type TerminalPorts } from '#device/terminal.ts';
import { textOf } from '#device/words/clips.ts';

export const SECRET = base64url(new Uint8Array(32).fill(7));
export const KEYS = deriveKeys(SECRET);
export const GATEWAY_SECRET = new Uint8Array(32).fill(9);
export const GATEWAY_KEY = ed25519.getPublicKey(GATEWAY_SECRET);

export const STALL = stallSchema.parse({
  vendor: 'Night Market Tofu',
  place: { name: 'East Gate', latitude: 31.23, longitude: 121.47, radius_m: 30 },
  currency: 'CNY',
  language: 'en',
  catalogue: [{ code: '2', name: 'Dumplings', unit_minor: 600 }],
  order_lifetime_s: 120,
});

export const SETTINGS: Settings = {
  terminal: 't-0001',
  stall: STALL,
  keys: KEYS,
  payUrl: 'http://pay.test/p/',
  qrFormat: 'url',
  powerAtOneMetre: -60,
  takesCards: false,
  organs: [
    { name: 'keypad', role: 'keypad' },
    { name: 'speaker', role: 'speaker' },
    { name: 'microphone', role: 'microphone' },
    { name: 'recogniser', role: 'recogniser' },
  ],
};

export const START = Date.UTC(2026, 0, 5, 8);

/** Time that moves when told to; timers fire in order. */
export class HandClock implements Clock {
  #elapsed = 0;
  #timers: { at: number; then: () => void }[] = [];
  wall = START;

  now(): number {
    return this.wall + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  after(ms: number, then: () => void): () => void {
    const timer = { at: this.#elapsed + ms, then };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  /** Lets `ms` pass, with whatever was waiting for it. */
  async pass(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    for (;;) {
      const next = this.#timers.filter((each) => each.at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((each) => each !== next);
      this.#elapsed = next.at;
      next.then();
      await settled();
    }
    this.#elapsed = end;
  }
}

/** Resolves when all promises that are due have run. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A disk in memory: what was not synced is lost by `crash`; `full` refuses with ENOSPC. */
export class MemoryDisk implements Disk {
  durable: Uint8Array = new Uint8Array();
  #written: Uint8Array = new Uint8Array();
  full = false;

  async append(bytes: Uint8Array): Promise<void> {
    const room = this.full ? Math.floor(bytes.length / 2) : bytes.length;
    this.#written = concat(this.#written, bytes.subarray(0, room));
    if (this.full) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  }

  async sync(): Promise<void> {
    this.durable = this.#written;
  }

  async read(): Promise<Uint8Array> {
    return this.#written;
  }

  async replace(bytes: Uint8Array): Promise<void> {
    if (this.full) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    this.#written = bytes;
    this.durable = bytes;
  }

  async truncate(length: number): Promise<void> {
    this.#written = this.#written.slice(0, length);
  }

  crash(): void {
    this.#written = this.durable;
  }

  get text(): string {
    return fromUtf8(this.durable);
  }

  write(text: string): void {
    this.#written = utf8(text);
    this.durable = this.#written;
  }
}

type Bare<T> = T extends Downlink ? Omit<T, 'terminal' | 'gateway_time'> : never;
type DownlinkBody = Bare<Downlink>;

export interface StandMore {
  readonly settings?: Partial<Settings>;
  readonly workCard?: NonNullable<TerminalPorts['workCard']>;
  readonly transmit?: NonNullable<TerminalPorts['transmit']>;
}

/** Fewer fields than the loop has outlets: what a person at the stall would notice. */
export class Stand {
  readonly clock: HandClock;
  readonly disk: MemoryDisk;
  readonly sent: Uplink[] = [];
  readonly spoken: string[] = [];
  readonly marks: string[] = [];
  /** The speaker takes sentences and does not say that they began to sound. */
  dumb = false;
  readonly printed: PrintedReceipt[] = [];
  readonly beeps: string[] = [];
  readonly logged: string[] = [];
  /** What was on the air, in order; `null` is silence. */
  readonly broadcasts: (Broadcast | null)[] = [];
  /** Whom to tell that the microphone is open, and what was heard; `null` while nobody listens. */
  listening: { started: () => void; heard: (heard: Heard) => void } | null = null;
  screen: Screen | null = null;
  lamp = '';
  terminal: Terminal;
  #chance = 0;

  private constructor(
    clock: HandClock,
    disk: MemoryDisk,
    journal: Journal,
    entries: JournalEntry[],
    more: StandMore,
  ) {
    this.clock = clock;
    this.disk = disk;
    this.terminal = new Terminal({ ...SETTINGS, ...more.settings }, entries, {
      ...(more.workCard === undefined ? {} : { workCard: more.workCard }),
      ...(more.transmit === undefined ? {} : { transmit: more.transmit }),
      clock,
      chance: { bytes: (count) => new Uint8Array(count).fill(++this.#chance) },
      journal,
      link: { publish: (token) => void this.sent.push(peek(token) as Uplink) },
      log: (what) => void this.logged.push(what),
      outlets: {
        show: (screen) => {
          this.screen = screen;
        },
        lamp: (signal) => {
          this.lamp = signal;
        },
        beep: (pattern) => void this.beeps.push(pattern),
        broadcast: (broadcast) => void this.broadcasts.push(broadcast),
        print: (receipt) => void this.printed.push(receipt),
        listen: (started, heard) => {
          this.listening = { started, heard };
        },
        hush: () => {
          this.listening = null;
        },
        speak: (clips, mark, started) => {
          this.spoken.push(textOf(clips));
          this.marks.push(mark ?? '');
          if (!this.dumb) started();
        },
      },
    });
  }

  /** A terminal on this disk, with a speaker unless told otherwise. */
  static async start(
    options: StandMore & {
      clock?: HandClock;
      disk?: MemoryDisk;
      speaker?: boolean;
      online?: boolean;
    } = {},
  ): Promise<Stand> {
    const disk = options.disk ?? new MemoryDisk();
    const { journal, entries } = await Journal.open(disk);
    const stand = new Stand(options.clock ?? new HandClock(), disk, journal, [...entries], options);
    stand.organ('keypad', true);
    stand.organ('microphone', true);
    stand.organ('recogniser', true);
    stand.organ('speaker', options.speaker ?? true);
    if (options.online ?? true) stand.link(true);
    await settled();
    return stand;
  }

  organ(name: string, works: boolean): void {
    const missing = { is: 'missing', code: 'absent', detail: 'unplugged' } as const;
    this.terminal.push({ is: 'organ', name, state: works ? { is: 'working' } : missing });
  }

  link(up: boolean): void {
    this.terminal.push({ is: 'link', up });
  }

  key(...keys: Key[]): void {
    for (const key of keys) this.terminal.push({ is: 'key', key });
  }

  scan(scan: Scan): void {
    this.terminal.push({ is: 'scan', scan });
  }

  /** Resolves when what is on its way to the disk is there. */
  settle(): Promise<void> {
    return settled();
  }

  /** Keys an amount, Enter, and waits until it is on disk. */
  async sell(amount: string): Promise<Order> {
    this.key(...(amount.split('') as Key[]), 'enter');
    await settled();
    const order = this.orders().at(-1);
    if (order === undefined) throw new Error('no order was sent');
    return order;
  }

  orders(): Order[] {
    return this.sent.flatMap((uplink) => (uplink.kind === 'order' ? [uplink.order] : []));
  }

  async receive(order: Order, said: 'recorded' | 'already_recorded' | 'conflicts' = 'recorded') {
    const gateway_time = this.clock.now();
    const receipt = {
      order: order.number,
      said,
      ...(said === 'conflicts' ? { field: 'place' } : {}),
    };
    this.terminal.push({
      is: 'downlink',
      downlink: { kind: 'receipt', terminal: 't-0001', gateway_time, receipt },
    });
    await settled();
  }

  /** Anything else that the gateway tells. */
  async told(body: DownlinkBody): Promise<void> {
    const gateway_time = this.clock.now();
    this.terminal.push({ is: 'downlink', downlink: { terminal: 't-0001', gateway_time, ...body } });
    await settled();
  }

  async attempt(attempt: Attempt): Promise<void> {
    const gateway_time = this.clock.now();
    this.terminal.push({
      is: 'downlink',
      downlink: { kind: 'attempt', terminal: 't-0001', gateway_time, attempt },
    });
    await settled();
  }

  async pairing(pairing: Pairing): Promise<void> {
    const gateway_time = this.clock.now();
    this.terminal.push({
      is: 'downlink',
      downlink: { kind: 'pairing', terminal: 't-0001', gateway_time, pairing },
    });
    await settled();
  }

  async refund(order: Order, change: Partial<Refund> = {}): Promise<void> {
    const gateway_time = this.clock.now();
    const refund: Refund = {
      ...{ order: order.number, refund: 'REF-1', amount_minor: 300, refunded_minor: 300 },
      ...{ currency: order.currency, at: gateway_time, ...change },
    };
    this.terminal.push({
      is: 'downlink',
      downlink: { kind: 'refund', terminal: 't-0001', gateway_time, refund },
    });
    await settled();
  }

  async result(order: Order, change: Partial<Result> = {}): Promise<void> {
    const gateway_time = this.clock.now();
    const result: Result = {
      order: order.number,
      outcome: 'paid',
      amount_minor: order.amount_minor,
      currency: order.currency,
      at: gateway_time,
      ...change,
    };
    this.terminal.push({
      is: 'downlink',
      downlink: { kind: 'result', terminal: 't-0001', gateway_time, result },
    });
    await settled();
  }
}
