/**
 * The loop: every organ pushes into one bounded queue; one input is taken, one step is run, its
 * effects are performed. A card leaving the field and a timer going off can then never race.
 */
import type { CardOutcome, CardTask } from './card-work.ts';
import { seal } from './codecs/jws.ts';
import { outlookOf } from './flows/outlook.ts';
import type { Effect, Input, Moment, Outlook, Settings, TerminalState } from './flows/state.ts';
import { beginTerminal, needsTick, stepTerminal } from './flows/terminal.ts';
import type { JournalEntry } from './messages/journal.ts';
import type { Broadcast } from './ports/advertiser.ts';
import type { Chance, Clock } from './ports/clock.ts';
import type { Screen } from './ports/display.ts';
import type { BeepPattern, LampSignal } from './ports/lamp.ts';
import type { Link } from './ports/link.ts';
import type { PrintedReceipt } from './ports/printer.ts';
import type { CardPresence, TransmitResult } from './ports/reader.ts';
import type { Heard } from './ports/recogniser.ts';
import { runGroup } from './relay-group.ts';

/** Where the loop's effects go. Each call returns at once; an organ that is missing takes nothing. */
export interface Outlets {
  show(screen: Screen): void;
  lamp(signal: LampSignal): void;
  beep(pattern: BeepPattern): void;
  broadcast(broadcast: Broadcast | null): void;
  /**
   * Listens once. Waits until the terminal itself is silent, then calls `started` at most once and
   * `heard` at most once; neither after {@link Outlets.hush}.
   */
  listen(started: () => void, heard: (heard: Heard) => void): void;
  /** Ends the listening. */
  hush(): void;
  print(receipt: PrintedReceipt): void;
  /**
   * Calls exactly one of the two, once. What was heard under `mark` before is not heard again, also
   * where the terminal was killed since, and counts as started.
   */
  speak(
    clips: readonly string[],
    mark: string | null,
    started: () => void,
    failed: () => void,
  ): void;
}

export interface TerminalPorts {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly journal: {
    /** Hash over everything written so far. */
    readonly head?: string;
    append(entries: readonly JournalEntry[]): Promise<void>;
  };
  readonly link: Pick<Link, 'publish'>;
  readonly outlets: Outlets;
  /** Does one task at one card; absent where the terminal has no keys of cards. */
  readonly workCard?: (reader: string, card: CardPresence, task: CardTask) => Promise<CardOutcome>;
  /** Sends one command of the gateway's to a card; absent where there are no readers. */
  readonly transmit?: (
    reader: string,
    card: CardPresence,
    apdu: Uint8Array,
    timeoutMs: number,
  ) => Promise<TransmitResult>;
  readonly log: (what: string) => void;
}

/** More waiting inputs than any burst of keys and messages makes; what is over it is refused. */
const QUEUE_LIMIT = 4096;
const TICK_MS = 1000;

export class Terminal {
  readonly #ports: TerminalPorts;
  readonly #queue: Input[] = [];
  #state: TerminalState;
  #shown: { screen: string; lamp: string; broadcast: string } = {
    screen: '',
    lamp: '',
    broadcast: '',
  };
  #running = false;
  #stopped = false;
  #cancelTick: (() => void) | null = null;

  /** Starts with what the journal holds; nothing is done before the first input. */
  constructor(settings: Settings, entries: readonly JournalEntry[], ports: TerminalPorts) {
    this.#ports = ports;
    this.#state = beginTerminal(settings, entries, this.#moment());
  }

  /** Takes an input; `false` where the queue is full and the sender must keep or drop it. */
  push(input: Input): boolean {
    if (this.#queue.length >= QUEUE_LIMIT) return false;
    this.#queue.push(input);
    if (!this.#running) this.#run();
    return true;
  }

  /** Stops the clock; inputs are still taken, so that what is being saved can finish. */
  stop(): void {
    this.#stopped = true;
    this.#cancelTick?.();
    this.#cancelTick = null;
  }

  #moment(): Moment {
    const { clock, chance, journal } = this.#ports;
    const { head = '' } = journal;
    return { now: clock.now(), monotonic: clock.monotonic(), chance: chance.bytes(4), head };
  }

  #run(): void {
    this.#running = true;
    for (let input = this.#queue.shift(); input !== undefined; input = this.#queue.shift()) {
      const moment = this.#moment();
      const before = this.#state;
      const { state, effects } = stepTerminal(before, input, moment);
      this.#state = state;
      // What time alone changes on a screen is seen at the next tick.
      const fresh = state !== before || input.is === 'tick' || this.#shown.screen === '';
      if (fresh) this.#present(outlookOf(state, moment.monotonic));
      for (const effect of effects) this.#perform(effect);
    }
    this.#running = false;
    if (!this.#stopped && this.#cancelTick === null && needsTick(this.#state)) this.#scheduleTick();
  }

  #scheduleTick(): void {
    this.#cancelTick = this.#ports.clock.after(TICK_MS, () => {
      this.#cancelTick = null;
      this.push({ is: 'tick' });
    });
  }

  /** Hands on what changed: an organ never hears the same thing twice. */
  #present(outlook: Outlook): void {
    const { outlets } = this.#ports;
    const screen = JSON.stringify(outlook.screen);
    const broadcast = outlook.broadcast?.manufacturerData.join() ?? '';
    if (screen !== this.#shown.screen) outlets.show(outlook.screen);
    if (outlook.lamp !== this.#shown.lamp) outlets.lamp(outlook.lamp);
    if (broadcast !== this.#shown.broadcast) outlets.broadcast(outlook.broadcast);
    this.#shown = { screen, lamp: outlook.lamp, broadcast };
  }

  #perform(effect: Effect): void {
    const { outlets, link, log } = this.#ports;
    switch (effect.do) {
      case 'journal':
        this.#journal(effect.entry);
        break;
      case 'publish':
        link.publish(seal('HS256', this.#state.settings.keys.uplink, effect.uplink));
        break;
      case 'speak':
        this.#speak(effect);
        break;
      case 'say':
        outlets.speak(
          effect.clips,
          null,
          () => undefined,
          () => undefined,
        );
        break;
      case 'card':
        this.#workCard(effect);
        break;
      case 'relay':
        this.#relay(effect);
        break;
      case 'listen':
        outlets.listen(
          () => this.push({ is: 'listening', id: effect.id }),
          (heard) => this.push({ is: 'heard', id: effect.id, heard }),
        );
        break;
      case 'hush':
        outlets.hush();
        break;
      case 'beep':
        outlets.beep(effect.pattern);
        break;
      case 'print':
        outlets.print(effect.receipt);
        break;
      case 'log':
        log(effect.what);
        break;
    }
  }

  #speak({ clips, order, refund, web }: Extract<Effect, { do: 'speak' }>): void {
    const of = web === undefined ? { order } : { order, web };
    const about = refund === undefined ? of : { order, refund: refund.refund };
    // What went back so far grows with each refund: no two of an order have one mark.
    const mark = refund === undefined ? order : `${order}-${refund.refunded_minor}`;
    const spoken = (heard: boolean) => () => void this.push({ is: 'spoken', ...about, heard });
    this.#ports.outlets.speak(clips, mark, spoken(true), spoken(false));
  }

  #workCard({ work, reader, card, task }: Extract<Effect, { do: 'card' }>): void {
    const { workCard = noKeys, log } = this.#ports;
    workCard(reader, card, task).then(
      (outcome) => this.push({ is: 'card_work', work, outcome }),
      (error: unknown) => {
        log(`${reader}: ${error instanceof Error ? error.message : String(error)}`);
        // Nobody knows how far it came: the card itself tells, at its next tap.
        const outcome: CardOutcome = { is: 'gone', gone: 'reader', sent: task.is === 'debit' };
        this.push({ is: 'card_work', work, outcome });
      },
    );
  }

  #relay({ relay, step, reader, card, apdus, timeoutMs }: Extract<Effect, { do: 'relay' }>): void {
    const { clock, transmit = noReader } = this.#ports;
    const send = (apdu: Uint8Array, ms: number) => transmit(reader, card, apdu, ms);
    runGroup(apdus, timeoutMs, clock, send).then(
      (ran) => this.push({ is: 'relay_ran', relay, step, ran }),
      // Nobody knows how far it came; settlement asks the card.
      () => this.push({ is: 'relay_ran', relay, step, ran: { answers: [], ended: 'reader' } }),
    );
  }

  #journal(entry: JournalEntry): void {
    this.#ports.journal.append([entry]).then(
      () => this.push({ is: 'saved', entry }),
      (error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        this.push({ is: 'not_saved', entry, why });
      },
    );
  }
}

const noReader = (): Promise<TransmitResult> => Promise.resolve({ ok: false, gone: 'reader' });
const noKeys = (): Promise<CardOutcome> => Promise.reject(new Error('there are no keys of cards'));
