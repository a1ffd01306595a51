/** A terminal put together on in-memory ports: the real loop and journal on a machine that fails. */
import { type CardMasterKeys, workCard } from '#device/card-work.ts';
import { fromBase64url } from '#device/codecs/bytes.ts';
import { readMerchantPresented } from '#device/codecs/emvco.ts';
import { lineKey, readJournalLines } from '#device/codecs/journal-line.ts';
import { peek, seal } from '#device/codecs/jws.ts';
import { deriveKeys } from '#device/codecs/keys.ts';
import { offerOrder } from '#device/codecs/offer.ts';
import { keepEntries } from '#device/flows/kept.ts';
import type { Input, Settings } from '#device/flows/state.ts';
import { Journal, JournalError } from '#device/journal.ts';
import type { Identity } from '#device/messages/enrolment.ts';
import type { JournalEntry } from '#device/messages/journal.ts';
import type { Downlink, Uplink } from '#device/messages/order.ts';
import type { readDownlink } from '#device/messages/signed.ts';
import type { Disk } from '#device/ports/disk.ts';
import type { Screen } from '#device/ports/display.ts';
import type { Key } from '#device/ports/keypad.ts';
import type { Link, LinkEvents } from '#device/ports/link.ts';
import { Terminal, type TerminalPorts } from '#device/terminal.ts';
import { ENGLISH_TEXTS } from '#device/words/catalogue-en.ts';
import { CHINESE_TEXTS } from '#device/words/catalogue-zh.ts';
import type { SeededChance } from '#simulators/simulation/chance.ts';
import { type DiskFault, type DiskVerb, SimulatedDisk } from '#simulators/simulation/disk.ts';
import { type LivingClock, MachineClock } from '#simulators/simulation/machine-clock.ts';
import { SimulatedSpeaker } from '#simulators/simulation/speaker.ts';
import type { VirtualTime } from '#simulators/simulation/time.ts';
import type { Auditor } from './auditor.ts';
import { CardReader, READER } from './card-reader.ts';
import type { Trace } from './trace.ts';

export interface TerminalParts {
  readonly time: VirtualTime;
  readonly chance: SeededChance;
  readonly trace: Trace;
  readonly auditor: Auditor;
  readonly identity: Identity;
  readonly beganAt: number;
  readonly openLink: (terminal: string, events: LinkEvents) => Link;
  /** What the disk does to a verb just now. */
  readonly diskFault: (terminal: string, verb: DiskVerb) => DiskFault;
  /** Planted faults wrap what the terminal is put together of. */
  readonly plant: TerminalPlant;
}

export interface TerminalPlant {
  readonly disk: (disk: Disk) => Disk;
  readonly ports: (ports: TerminalPorts, sealed: (uplink: Uplink) => string) => TerminalPorts;
  readonly read: typeof readDownlink;
  readonly forgetsMarks: boolean;
}

interface Life {
  readonly clock: LivingClock;
  link: Link | null;
  terminal: Terminal | null;
  /** Its gateway's clock minus its monotonic one, as it was told. */
  offsetMs: number;
}

const RESTART_MS = 5000;
const JOURNAL_KEY = new Uint8Array(32).fill(21);
/** So few that a journal is compacted within hours. */
const KEPT_SALES = 5;
const PAID_TITLES = [ENGLISH_TEXTS, CHINESE_TEXTS].map(({ outcome }) => outcome.paid);

export class TerminalMachine {
  readonly id: string;
  readonly clock: MachineClock;
  readonly speaker: SimulatedSpeaker;
  readonly reader: CardReader;
  /** What a passer-by sees; `null` while it is off. */
  screen: Screen | null = null;
  /** Called with each order that is offered for the first time by a screen. */
  onOffer: (order: string) => void = () => undefined;
  readonly #parts: TerminalParts;
  readonly #disk: SimulatedDisk;
  readonly #settings: Settings;
  readonly #cardKeys: CardMasterKeys | null;
  readonly #seen = new Set<string>();
  #life: Life | null = null;
  /** An older version signs nothing and keeps all. */
  #signs: boolean;
  #meetsOlder = false;
  #plugged = true;
  #unpluggedAt = 0;
  /** How long it stood in a drawer: those are no hours of a terminal. */
  unpluggedMs = 0;

  constructor(parts: TerminalParts) {
    const { time, chance, identity, auditor } = parts;
    this.#parts = parts;
    this.id = identity.terminal;
    this.clock = new MachineClock(time, parts.beganAt);
    this.speaker = new SimulatedSpeaker({
      time,
      chance: chance.stream('speaker'),
      heard: (clips, mark) =>
        auditor.journals.spoken(this.id, clips, mark ?? '', identity.stall.language),
    });
    this.#disk = new SimulatedDisk(time, chance.stream('disk'), {
      of: (verb) => parts.diskFault(this.id, verb),
      cut: () => this.cutPower('during a write'),
    });
    this.#signs = chance.stream('version').happens(0.5);
    this.#cardKeys = keysIn(identity);
    this.reader = new CardReader(time, {
      card: (event) => this.#push({ is: 'card', reader: READER, event }),
      did: (purse, record) => auditor.cardDid(purse, record),
    });
    this.#settings = {
      terminal: this.id,
      stall: identity.stall,
      keys: deriveKeys(identity.secret),
      payUrl: identity.pay_url,
      qrFormat: chance.happens(0.3) ? 'emvco' : 'url',
      powerAtOneMetre: -60,
      takesCards: this.#cardKeys !== null,
      organs: [
        { name: 'speaker', role: 'speaker' },
        { name: READER, role: 'reader' },
      ],
    };
  }

  get isOn(): boolean {
    return this.#life !== null;
  }

  get isReady(): boolean {
    return (this.#life?.terminal ?? null) !== null;
  }

  /** The power comes, or the program starts again. */
  start(): void {
    if (this.#life !== null || !this.#plugged) return;
    const clock = this.clock.start();
    const life: Life = { clock, link: null, terminal: null, offsetMs: 0 };
    this.#life = life;
    this.#open(life).catch((error: unknown) => {
      if (this.#life !== life) return;
      this.#parts.trace.say(this.id, `did not start: ${String(error)}`);
      this.end('did not start');
      this.#parts.time.after(RESTART_MS, () => this.start());
    });
  }

  /** The program ends, however; the operating system stays. */
  end(why: string): void {
    const life = this.#off(why);
    if (life !== null) this.#disk.abandon();
  }

  cutPower(why: string): void {
    if (this.#off(`the power is cut ${why}`) === null) return;
    this.#disk.tear();
    // Whoever sells has the plug back in some time; healing does not wait for it.
    this.#parts.time.after(this.#parts.chance.between(500, 120_000), () => this.start());
  }

  /** Its vendor goes home: it stays off until {@link plug}. */
  unplug(): void {
    if (this.#plugged) this.#unpluggedAt = this.#parts.time.now;
    this.#plugged = false;
    this.cutPower('until tomorrow');
  }

  plug(): void {
    if (!this.#plugged) this.unpluggedMs += this.#parts.time.now - this.#unpluggedAt;
    this.#plugged = true;
    this.start();
  }

  /** The order on its screen, for whoever looks over the payer's shoulder. */
  offers(): { readonly number: string; readonly amount_minor: number } | null {
    const number = this.screen === null ? null : orderOn(this.screen);
    if (number === null) return null;
    const amount_minor = Math.round(Number(this.screen?.big.replace(/[^\d.]/g, '')) * 100);
    return { number, amount_minor };
  }

  key(...keys: readonly Key[]): void {
    for (const key of keys) this.#push({ is: 'key', key });
  }

  #push(input: Input): void {
    const terminal = this.#life?.terminal;
    if (terminal !== undefined && terminal !== null && !terminal.push(input)) {
      this.#parts.auditor.report(`lost: ${this.id} dropped a ${input.is}`);
    }
  }

  #off(why: string): Life | null {
    const life = this.#life;
    if (life === null) return null;
    this.#life = null;
    this.screen = null;
    this.#parts.trace.say(this.id, why);
    life.clock.stop();
    this.reader.abandon();
    void life.link?.close();
    return life;
  }

  async #open(life: Life): Promise<void> {
    const { trace, auditor, identity, chance, plant } = this.#parts;
    const disk = plant.disk(this.#disk);
    if (this.#meetsOlder) await this.#refuseOlder(life, disk);
    const key = this.#signs ? JOURNAL_KEY : null;
    const keep = (all: readonly JournalEntry[]) => {
      // What it had written and not said yet may be why the rest is dropped.
      if (this.#life === life) auditor.booted(this.id, all);
      return keepEntries(all, KEPT_SALES);
    };
    const options = key === null ? {} : { key, keep };
    const { journal, entries, torn } = await Journal.open(disk, options);
    if (this.#life !== life) return;
    trace.say(this.id, `starts with ${entries.length} entries, ${torn.length} bytes torn`);
    auditor.booted(this.id, entries);
    const isOn = (): boolean => this.#life === life;
    const events: LinkEvents = {
      up: () => this.#push({ is: 'link', up: true }),
      down: () => this.#push({ is: 'link', up: false }),
      message: (token) => this.#hear(token, fromBase64url(identity.gateway_key)),
    };
    const link = this.#parts.openLink(this.id, events);
    const ports: TerminalPorts = {
      clock: life.clock,
      chance,
      journal: {
        append: async (batch) => {
          await journal.append(batch);
          if (isOn()) auditor.journalled(this.id, batch);
        },
      },
      link,
      transmit: this.reader.transmit,
      ...this.#cardWorker(chance),
      outlets: this.#outlets(isOn),
      log: (what) => trace.say(this.id, what),
    };
    const sealed = (uplink: Uplink): string => seal('HS256', this.#settings.keys.uplink, uplink);
    life.link = link;
    if (plant.forgetsMarks) this.speaker.marks.clear();
    life.offsetMs = life.clock.now() - life.clock.monotonic();
    life.terminal = new Terminal(this.#settings, entries, plant.ports(ports, sealed));
    const { works } = this.speaker;
    const missing = { is: 'missing', code: 'absent', detail: 'unplugged' } as const;
    const state = works ? ({ is: 'working' } as const) : missing;
    this.#push({ is: 'tick' });
    this.#push({ is: 'organ', name: 'speaker', state });
    this.#push({ is: 'organ', name: READER, state: { is: 'working' } });
    this.reader.begin();
  }

  #cardWorker(chance: SeededChance): Pick<TerminalPorts, 'workCard'> {
    const keys = this.#cardKeys;
    const { transmit } = this.reader;
    if (keys === null) return {};
    return {
      workCard: (reader, card, task) => workCard({ keys, chance, transmit }, reader, card, task),
    };
  }

  /** Its next program: a newer one, which signs; or, for one start, an older one that does not. */
  upgrade(): void {
    this.#meetsOlder = this.#signs;
    this.#signs = true;
  }

  /** An older version must refuse what a newer one wrote, and change nothing of it. */
  async #refuseOlder(life: Life, disk: Disk): Promise<void> {
    const { trace, auditor } = this.#parts;
    const before = await disk.read();
    const { signed } = readJournalLines(before, lineKey(JOURNAL_KEY));
    if (!signed || this.#life !== life) return;
    this.#meetsOlder = false;
    const refused = await Journal.open(disk).then(
      () => false,
      (error: unknown) => error instanceof JournalError,
    );
    trace.say(this.id, 'is downgraded, refuses, and is upgraded again');
    const same = Buffer.compare(before, await disk.read()) === 0;
    if (!refused || !same) auditor.report(`journal: an older version takes that of ${this.id}`);
  }

  #hear(token: string, gatewayKey: Uint8Array | null): void {
    const { plant, trace } = this.#parts;
    const read = plant.read(token, this.id, gatewayKey ?? new Uint8Array());
    if (read.ok) {
      this.#parts.auditor.wire.believed('down', this.id, token);
      const said = peek(token) as Downlink;
      this.#learn(said);
      this.#push({ is: 'downlink', downlink: read.downlink });
    } else trace.say(this.id, `refused a downlink: ${read.why}`);
  }

  /** What the auditor has to know of what it was told. */
  #learn(said: Downlink): void {
    const life = this.#life;
    if (life === null) return;
    const { clock } = life;
    if (said.kind === 'time') life.offsetMs = said.gateway_time - clock.monotonic();
    if (said.kind !== 'hotlist') return;
    this.#parts.auditor.toldHotlist(this.id, said.hotlist, clock.monotonic() + life.offsetMs);
  }

  #outlets(isOn: () => boolean): TerminalPorts['outlets'] {
    const { auditor } = this.#parts;
    return {
      show: (screen) => {
        if (isOn()) this.#show(screen);
      },
      lamp: () => undefined,
      beep: () => undefined,
      broadcast: () => undefined,
      listen: (_started, heard) => heard({ is: 'failed' }),
      hush: () => undefined,
      print: (receipt) => {
        const order = receipt.rows.map(({ value = '' }) => numberIn(value)).find((each) => each);
        if (isOn() && order) auditor.journals.shownPaid(this.id, order);
      },
      speak: (clips, mark, started, failed) =>
        this.speaker.speak(clips, mark, isOn, started, failed),
    };
  }

  #show(screen: Screen): void {
    const { auditor } = this.#parts;
    this.screen = screen;
    const order = orderOn(screen);
    if (order !== null && !this.#seen.has(order)) {
      this.#seen.add(order);
      auditor.journals.offered(this.id, order);
      this.onOffer(order);
    }
    if (screen.tone !== 'good' || screen.qr !== undefined) return;
    // A card that was loaded looks as good.
    if (!PAID_TITLES.includes(screen.title)) return;
    // Further up stands what became of another order.
    const paid = screen.lines.map(numberIn).findLast((number) => number !== null);
    if (paid) auditor.journals.shownPaid(this.id, paid);
  }
}

function keysIn({ card_keys }: Identity): CardMasterKeys | null {
  const [debit, read] = [card_keys?.debit, card_keys?.read].map((key) => fromBase64url(key ?? ''));
  return debit?.length === 16 && read?.length === 16 ? { debit, read } : null;
}

/** The number of the order whose QR is shown. */
export function orderOn({ qr }: Screen): string | null {
  const token = qr?.startsWith('http') === true ? qr.split('/').at(-1) : tokenIn(qr ?? '');
  return token === undefined ? null : offerOrder(token);
}

const tokenIn = (payload: string): string | undefined => {
  const read = readMerchantPresented(payload);
  return read.ok ? read.token : undefined;
};

/** `06D2-A8Y1-Z5W3-KQ7M` as it stands in a line of a screen or a bill. */
function numberIn(line: string): string | null {
  const grouped = /[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}/.exec(line)?.[0];
  return grouped?.replaceAll('-', '') ?? null;
}
